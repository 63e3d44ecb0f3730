"""Mistakes in reducing terms to one number per example, for the exercises whose result is (B,)."""

from collections.abc import Callable

from torch import Tensor

from gentutor.exercises._compare import Row

PER_EXAMPLE = "One number for each example is expected, shape (B,): "
TURNED = " And the sign is turned."
# What people add inside a logarithm, or clamp at, to be safe; two are finfo's eps and tiny.
FUDGES = (1e-5, 1e-6, 1e-7, 2**-23, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-20, 1e-30, 2**-126)
CRASHES = {
    "greaterthan(lower_bound": (
        "A standard deviation must be positive, but a log-variance may be negative: std = exp(log_var / 2)."
    ),
    "std >= 0": "A standard deviation must be positive: it is exp(log_var / 2), not log_var itself.",
    "python scalars": (
        "The functions of math take one number: take torch's, as in torch.log(x) or x.log(), which take them "
        "all and pass gradients on."
    ),
    "call numpy() on tensor that requires grad": (
        "NumPy would cut the gradient, which training needs: take torch's function of the same name."
    ),
    "dimension out of range": "The batch is dimension 0, so sum over dimension 1 (or all but the first).",
}


def reductions(terms: Callable[..., Tensor], over: str) -> list[Row]:
    """The usual wrong reductions of terms (B, ...) that should be summed over all but the batch.

    Args:
        terms: makes the terms from the exercise's arguments, with the right sign.
        over: what they are summed over, e.g. "pixels".
    """
    mean = (
        f"You take the mean over the {over}; the logarithm of a product is the sum of all terms. (A mean "
        "here silently changes the weight of this term against the others.)"
    )
    total = (
        f"{PER_EXAMPLE}you also sum over the batch. Sum over the {over} alone; the one mean over the batch "
        "is taken by the training step."
    )
    whole_mean = (
        f"{PER_EXAMPLE}you take the mean over all elements, batch and {over} together, so that each counts "
        f"too little. Sum over the {over}, and leave the batch to the training step."
    )
    early = f"{PER_EXAMPLE}the sum is right, but the mean over the batch belongs in the training step."
    kinds: list[Row] = [
        (lambda t: t.flatten(1).mean(dim=1), mean),
        (lambda t: t.sum(), total),
        (lambda t: t.mean(), whole_mean),
        (lambda t: t.flatten(1).sum(dim=1).mean(), early),
        (lambda t: t.sum(dim=0), f"You sum over the batch, dimension 0; sum over the {over}."),
        (lambda t: t.mean(dim=0), f"You take the mean over the batch; sum over the {over}."),
        (lambda t: t, f"The sum over the {over} is missing: these are the single terms."),
        (lambda t: t.flatten(1).sum(dim=1, keepdim=True), f"{PER_EXAMPLE}your sum keeps its dimension."),
    ]

    def reduced(reduce: Callable[[Tensor], Tensor], sign: int) -> Callable[..., Tensor]:
        return lambda *arguments: sign * reduce(terms(*arguments))

    return [
        (reduced(reduce, sign), hint + extra)
        for sign, extra in ((1, ""), (-1, TURNED))
        for reduce, hint in kinds
    ]
