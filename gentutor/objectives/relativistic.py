"""Adversarial losses on pairs: the judge is shown data and a sample at once, and says which is which.

Scores are unbounded; those of a pair stand at the same place of the two arguments. Scores of different
shapes, or none, raise ``ValueError``; what is no floating-point tensor raises ``TypeError``.
"""

import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check


def relativistic_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The surprise of a judge that is shown a pair, and is to say which of the two is data.

    .. math:: L_D^{\mathrm{pair}} = E\big[-\log \sigma\big(D(x) - D(G(z))\big)\big]

    Args:
        real_scores: any shape, scores of data.
        fake_scores: the same shape, scores of generated samples.

    Returns:
        A scalar in nats, at least 0, to minimise; log 2 where a pair's scores are equal.

    Source:
        Jolicoeur-Martineau 2019; as a baseline, with penalties, Huang et al. 2024.

    >>> import torch
    >>> relativistic_discriminator_loss(torch.tensor([3.0, 1.0]), torch.tensor([3.0, 1.0])).item()  # log 2
    0.6931471824645996
    """
    check.same_shape(real_scores=real_scores, fake_scores=fake_scores)
    return F.softplus(fake_scores - real_scores).mean()


def relativistic_generator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The same with the roles exchanged: of a pair, the generated one shall look more like data.

    .. math:: L_G^{\mathrm{pair}} = E\big[-\log \sigma\big(D(G(z)) - D(x)\big)\big]

    Args:
        real_scores: any shape, scores of data.
        fake_scores: the same shape, scores of generated samples.

    Returns:
        A scalar in nats, at least 0, to minimise; log 2 where a pair's scores are equal.

    Source:
        Jolicoeur-Martineau 2019.

    >>> import torch
    >>> relativistic_generator_loss(torch.tensor([100.0]), torch.tensor([0.0])).item()
    100.0
    """
    check.same_shape(real_scores=real_scores, fake_scores=fake_scores)
    return F.softplus(real_scores - fake_scores).mean()
