"""What unlabelled digits do for naive Bayes: labels alone and EM, one component a class and ten."""

from typing import Any

import torch

from gentutor.classical import BernoulliNaiveBayes, expectation_maximization
from gentutor.studies.generative.classifiers import binary_digits, summary


def unlabelled_digits(
    seeds: tuple[int, ...] = tuple(range(8)),
    labels: tuple[int, ...] = (20, 50, 100, 1000),
    smoothings: tuple[float, ...] = (0.1,),
    components: tuple[int, ...] = (1, 10),
    unlabelled: int = 2000,
    rounds: int = 8,
) -> dict[str, Any]:
    """Error on half of MNIST's test images, binarised, by number of labels, smoothing and components.

    Of each draw, all models see the same labelled images, and EM the same unlabelled ones beside them.
    With several components, the fit to the labels alone is EM, too: it shares out each class's images.
    """
    (x, y), (x_test, y_test) = binary_digits("train"), binary_digits("test")
    x_test, y_test = x_test[::2], y_test[::2]  # every other one: half of them say enough
    rows = []
    for n in labels:
        errors: dict[tuple[float, int, int], list[float]] = {}
        for seed in seeds:
            order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
            known, rest = order[:n], order[n : n + unlabelled]
            for smoothing in smoothings:
                for parts in components:
                    for more in (rest[:0], rest):
                        if parts == 1 and len(more) == 0:
                            model = BernoulliNaiveBayes.fit(x[known], y[known], 10, smoothing)
                        else:
                            model, _ = expectation_maximization(
                                x[known],
                                y[known],
                                x[more],
                                num_classes=10,
                                iterations=rounds,
                                smoothing=smoothing,
                                components=parts,
                                generator=torch.Generator().manual_seed(seed),
                            )
                        log_joint = model.log_joint(x_test).unflatten(1, (10, parts)).logsumexp(dim=2)
                        wrong = (log_joint.argmax(dim=1) != y_test).double().mean().item()
                        errors.setdefault((smoothing, parts, len(more)), []).append(wrong)
        rows += [
            {"labels": n, "smoothing": a, "components": c, "unlabelled": u, **summary(values)}
            for (a, c, u), values in errors.items()
        ]
    settings = {
        "seeds": seeds,
        "labels": labels,
        "smoothings": smoothings,
        "components": components,
        "unlabelled": unlabelled,
        "rounds": rounds,
    }
    return {"settings": settings, "rows": rows}
