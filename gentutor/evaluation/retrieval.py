"""Is what was made nearer to what was meant than to everything else?"""

from torch import Tensor

from gentutor import _checks as check
from gentutor.evaluation.distances import exact_distances


def retrieval_ranks(made: Tensor, candidates: Tensor) -> Tensor:
    r"""The place of each example's own candidate among all of them, by Euclidean distance.

    .. math:: r_i = 1 + \#\{ j \ne i : \|g_i - t_j\|_2 \le \|g_i - t_i\|_2 \}

    A candidate at the same distance counts as nearer: an answer that does not tell two apart has not
    found the right one.

    Args:
        made: (N, ...), e.g. generated pictures or their features.
        candidates: (N, ...), of the same shape; candidate i is what example i was meant to be.

    Returns:
        (N,), int64, 1 (found) to N. The share of ranks <= k is the retrieval accuracy at k, k/N by chance.

    Raises:
        TypeError: an argument is no floating-point tensor.
        ValueError: the shapes differ, there are no examples, or values are not finite.

    Source:
        eq-retrieval-rank.

    >>> import torch
    >>> candidates = torch.tensor([[0.0], [1.0], [5.0]])
    >>> retrieval_ranks(torch.tensor([[0.2], [0.1], [4.0]]), candidates)
    tensor([1, 2, 1])
    """
    check.finite(made=made, candidates=candidates)
    if made.shape != candidates.shape or made.dim() < 2 or len(made) == 0:
        seen = f"{tuple(made.shape)} and {tuple(candidates.shape)}"
        raise ValueError(f"expected two tensors of one shape (N, ...), N >= 1, got {seen}")
    distance = exact_distances(made.detach().double().flatten(1), candidates.detach().double().flatten(1))
    return (distance <= distance.diagonal()[:, None]).sum(dim=1)  # its own is one of them
