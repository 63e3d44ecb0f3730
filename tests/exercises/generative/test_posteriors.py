"""The checks of posteriors with pixels missing, and of soft labels."""

import math

import pytest
import torch
import torch.nn.functional as F

MISSING, EM = "generative.missing_pixels", "generative.em_responsibilities"


def terms(x, pixel):
    """(N, K, D), 0 where x is nan."""
    x = x[:, None]
    return torch.where(x.isnan(), 0.0, torch.where(x == 1, pixel.log(), (1 - pixel).log()))


def joint(x, prior, pixel):
    return prior.log() + terms(x, pixel).sum(2)


def products(x, prior, pixel):
    return prior.log() + x @ pixel.log().T + (1 - x) @ (1 - pixel).log().T


def posterior(x, seen, prior, pixel):
    return joint(torch.where(seen, x, math.nan), prior, pixel).softmax(1)


def masked_terms(x, seen, prior, pixel):
    kept = torch.where(x[:, None] == 1, pixel.log(), (1 - pixel).log()) * seen[:, None]
    log_joint = prior.log() + kept.sum(2)
    return (log_joint - log_joint.logsumexp(1, keepdim=True)).exp()


def image_by_image(x, seen, prior, pixel):
    rows = []
    for image, mask in zip(x, seen, strict=True):
        theta, ones = pixel[:, mask], image[mask]
        log_joint = prior.log() + (ones * theta.log() + (1 - ones) * (1 - theta).log()).sum(1)
        rows.append(F.softmax(log_joint, dim=0))
    return torch.stack(rows)


def filled(fill):
    return lambda x, seen, prior, pixel: products(torch.where(seen, x, fill), prior, pixel).softmax(1)


def log_joint_of_seen(x, seen, prior, pixel):
    return joint(torch.where(seen, x, math.nan), prior, pixel)


def by_division(x, seen, prior, pixel, add=0.0):
    p = log_joint_of_seen(x, seen, prior, pixel).exp()
    return p / (p.sum(1, keepdim=True) + add)


def share(t, largest):
    p = (t - largest).exp()
    return p / p.sum(1, keepdim=True)


def one_maximum(*given):
    t = log_joint_of_seen(*given)
    return share(t, t.max())


def mask_times_x(x, seen, prior, pixel):
    ones, zeros = x * seen, (1 - x) * seen
    return (prior.log() + ones @ pixel.log().T + zeros @ (1 - pixel).log().T).softmax(1)


def labels(soft, first=None):
    def answer(log_joint, y, num_classes):
        known = F.one_hot(y, num_classes).to(log_joint.dtype) if first is None else first(y, num_classes)
        return torch.cat([known, soft(log_joint)])

    return answer


def in_place(log_joint, y, num_classes):
    soft = torch.zeros(len(y) + len(log_joint), num_classes, dtype=log_joint.dtype)
    soft[torch.arange(len(y)), y] = 1
    soft[len(y) :] = (log_joint - log_joint.logsumexp(1, keepdim=True)).exp()
    return soft


def side_by_side(log_joint, y, num_classes):
    return torch.cat([F.one_hot(y, num_classes), log_joint.softmax(1)], dim=1)


def softmax(t):
    return t.softmax(1)


RIGHT = [
    (MISSING, posterior),
    (MISSING, image_by_image),
    (MISSING, masked_terms),
    (EM, labels(softmax)),
    (EM, in_place),
    (EM, labels(softmax, lambda y, k: torch.eye(k)[y])),
    (EM, labels(softmax, F.one_hot)),
]

WRONG = [
    # missing pixels
    (MISSING, filled(0.0), "counted as empty"),
    (MISSING, filled(1.0), "counted as ink"),
    (MISSING, filled(0.5), "set to 1/2"),
    (
        MISSING,
        lambda x, seen, prior, pixel: products(torch.where(seen, x, prior @ pixel), prior, pixel).softmax(1),
        "their mean over all classes",
    ),
    (MISSING, lambda x, seen, prior, pixel: joint(x, prior, pixel).softmax(1), "You use all pixels"),
    (MISSING, lambda x, seen, prior, pixel: posterior(x, ~seen, prior, pixel), "mask is turned"),
    (
        MISSING,
        lambda x, seen, prior, pixel: (prior.log() + torch.where(seen, x, 0) @ pixel.log().T).softmax(1),
        "Only the ink",
    ),
    (MISSING, lambda x, seen, prior, pixel: posterior(x, seen, torch.ones_like(prior), pixel), "prior is"),
    (MISSING, lambda *given: log_joint_of_seen(*given).exp(), "not normalised"),
    (MISSING, log_joint_of_seen, "logarithm of the joint"),
    (MISSING, lambda *given: log_joint_of_seen(*given).log_softmax(1), "logarithm of the posterior"),
    (MISSING, lambda *given: log_joint_of_seen(*given).softmax(0), "normalise over the images"),
    (MISSING, lambda *given: posterior(*given).T, "transposed"),
    (MISSING, lambda *given: F.one_hot(posterior(*given).argmax(1)).float(), "most likely class"),
    (MISSING, by_division, "their sum is 0, too"),
    (MISSING, lambda *given: by_division(*given, add=1e-8), "their sum is 0, too"),
    (MISSING, one_maximum, "one maximum for all images"),
    (MISSING, lambda x, seen, prior, pixel: (1 - seen) @ pixel.T, "~mask is the other mask"),
    (MISSING, lambda x, seen, prior, pixel: seen @ pixel.T, "make it with .to(pixel)"),
    (MISSING, mask_times_x, "nan times 0 is nan"),
    (MISSING, lambda *given: posterior(*given).argmax(1), "decimal numbers"),
    (MISSING, lambda *given: posterior(*given)[:, :1], "expected the shape (3, 2), got (3, 1)"),
    # EM
    (EM, lambda t, y, k: torch.cat([t.softmax(1), F.one_hot(y, k)]), "order is turned"),
    (EM, labels(lambda t: F.one_hot(t.argmax(1), t.shape[1])), "most likely class"),
    (EM, labels(lambda t: t.softmax(0)), "normalise over the images"),
    (EM, labels(torch.exp), "not normalised"),
    (EM, labels(lambda t: t), "take the softmax"),
    (EM, labels(lambda t: t.log_softmax(1)), "not log_softmax"),
    (EM, labels(torch.sigmoid), "A sigmoid treats each class by itself"),
    (EM, labels(lambda t: t.exp().softmax(1)), "exponential in it already"),
    (EM, labels(lambda t: t / t.sum(1, keepdim=True)), "divide the log-probabilities"),
    (EM, lambda t, y, k: t.softmax(1), "labelled images are missing"),
    (EM, lambda t, y, k: F.one_hot(y, k).float(), "unlabelled images are missing"),
    (EM, labels(lambda t: t.exp() / t.exp().sum(1, keepdim=True)), "are all 0 in float32"),
    (EM, labels(softmax, lambda y, k: F.one_hot(y)), "F.one_hot(y, num_classes)"),
    (EM, side_by_side, "Stack along dimension 0"),
    (EM, labels(softmax, lambda y, k: y), "The labels y are (N,)"),
    (EM, labels(softmax, lambda y, k: F.one_hot(y, k) * 0.9 + 0.1 / k), "one-hot, then the posteriors"),
    (EM, labels(lambda t: t.exp() / (t.exp().sum(1, keepdim=True) + 1e-8)), "are all 0 in float32"),
    (EM, labels(lambda t: share(t, t.max())), "one maximum for all images"),
    (EM, lambda t, y, k: F.one_hot(y, k) + t.softmax(1), "Put one below the other"),
    (EM, lambda t, y, k: torch.cat([F.one_hot(y, 3), t.softmax(1)]), "third argument, num_classes"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
