"""The modern baseline's losses: the judge compares a pair, and its slope is penalised on both sides.

Scores are unbounded; those of a pair stand at the same place of the two arguments. Scores of different
shapes, or none, raise ``ValueError``; what is no floating-point tensor raises ``TypeError``.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.critics import r1_penalty


def relativistic_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The surprise of a judge that is shown a pair, and is to say which of the two is data.

    .. math:: L_D^{\mathrm{pair}} = E\big[-\log \sigma\big(D(x) - D(G(z))\big)\big]

    Args:
        real_scores: any shape, scores of data.
        fake_scores: the same shape, scores of generated samples.

    Returns:
        A scalar in nats, at least 0, to minimise; log 2 where a pair's scores are equal.

    Source:
        Jolicoeur-Martineau 2019, section 3; Huang et al. 2024, Eq. 2.

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
        Jolicoeur-Martineau 2019, section 3.

    >>> import torch
    >>> relativistic_generator_loss(torch.tensor([100.0]), torch.tensor([0.0])).item()
    100.0
    """
    return relativistic_discriminator_loss(fake_scores, real_scores)


def r2_penalty(discriminator: Callable[[Tensor], Tensor], fake: Tensor) -> Tensor:
    r"""The squared gradient norm of the discriminator on generated samples.

    .. math:: R_2 = E\big[\|\nabla_x D(G(z))\|_2^2\big]

    Args:
        discriminator: maps (B, ...) to one logit per example, of any shape with B elements.
        fake: (B, ...), samples; no gradient flows into the generator.

    Returns:
        A scalar, at least 0, unweighted (the usual weight is gamma/2), differentiable with respect to the
        discriminator's parameters.

    Source:
        Mescheder et al. 2018, Eq. 10, without the weight.

    >>> import torch
    >>> r2_penalty(lambda x: 3 * x[:, 0], torch.zeros(4, 2)).item()
    9.0
    """
    return r1_penalty(discriminator, fake)
