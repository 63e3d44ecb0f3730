"""The regression that completes half a digit, stopped in time: how much of its error was learned by heart."""

import time
from dataclasses import replace
from typing import Any

import torch

from gentutor import recipes
from gentutor.evaluation.measures.completion import completion_metrics, questions
from gentutor.models.sampling import evaluating
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.steps import binarize
from gentutor.training import fit

DEVICE = torch.device("cpu")


def shorter_regression(
    seeds: tuple[int, ...] = (0, 1, 2), steps: int = 2000, samples: int = 10_000
) -> dict[str, Any]:
    """``regression-completion`` with a tenth of its steps, once for each seed, measured as on its card."""
    visible, hidden, labels, random = questions(samples, 0)
    x = binarize(hidden, random)
    recipe = recipes.REGRESSION_COMPLETION
    rows = []
    for seed in seeds:
        run = replace(recipe, seed=seed, steps=replace(recipe.steps, full=steps)).start(DEVICE)
        started = time.process_time()
        fit(run.step, run.batches, steps=steps, every=steps, progress=False)
        seconds = time.process_time() - started
        with torch.no_grad(), evaluating(run.model):
            logits = torch.cat([run.model(part) for part in visible.split(1000)])
        numbers = completion_metrics(logits.sigmoid()[None], hidden, visible, labels)
        numbers["nll"] = -bernoulli_log_prob(logits, x).double().mean().item()
        rounded = {key: round(value, 4) for key, value in numbers.items()}
        rows.append({"seed": seed, **rounded, "cpu_seconds": round(seconds, 1)})
    return {"settings": {"seeds": seeds, "steps": steps, "samples": samples}, "rows": rows}
