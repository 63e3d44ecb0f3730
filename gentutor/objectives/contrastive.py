"""The loss that pulls two views of one thing together and pushes views of different things apart.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check

__all__ = ["contrastive_loss"]


def contrastive_loss(first: Tensor, second: Tensor, temperature: float = 0.07) -> Tensor:
    r"""How badly each view finds its partner among a batch of others, in nats.

    .. math:: L = -\frac1{2B} \sum_i \Big[ \log\frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
        + \log\frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}} \Big], \qquad s_{ij} = u_i^\top v_j / \tau

    Args:
        first: (B, d), u, embeddings of length 1 of one view of each thing.
        second: (B, d), v, those of the other view, in the same order.
        temperature: tau > 0.

    Returns:
        A scalar, to minimise; log B where all embeddings are the same.

    Source:
        van den Oord et al. 2018, Eq. 4, in both directions as in Radford et al. 2021, Figure 3.

    >>> contrastive_loss(torch.ones(2, 1), torch.ones(2, 1))  # cannot tell two apart: log 2
    tensor(0.6931)
    """
    check.same_shape(first=first, second=second)
    if first.dim() != 2:
        raise ValueError(f"expected embeddings of shape (B, d), got {tuple(first.shape)}")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    similarity = first @ second.T / temperature
    own = torch.arange(len(first), device=first.device)
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2
