"""Adversarial losses on unbounded scores, and gradient penalties.

Where ``adversarial`` reads the discriminator's output as a log-odds, these losses read it as a
score. Each expectation is the mean of its own argument, whatever its shape.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check


def least_squares_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The least-squares discriminator loss, without a factor 1/2.

    .. math:: L_D^{\mathrm{LS}} = E[(D(x) - 1)^2] + E[D(G(z))^2]

    Args:
        real_scores: any shape, unbounded scores of data.
        fake_scores: any shape, unbounded scores of generated samples.

    Returns:
        A scalar, at least 0, to minimise; 1/2 where D = 1/2 everywhere.

    Source:
        eq-ls-discriminator; Mao et al. 2017, Eq. 2 with a = 0, b = 1 (theirs is half of it).

    >>> least_squares_discriminator_loss(torch.tensor([1.0, 3.0]), torch.tensor([2.0])).item()
    6.0
    """
    check.not_empty(real_scores=real_scores, fake_scores=fake_scores)
    return (real_scores - 1).square().mean() + fake_scores.square().mean()


def least_squares_generator_loss(fake_scores: Tensor) -> Tensor:
    r"""The least-squares generator loss, without a factor 1/2.

    .. math:: L_G^{\mathrm{LS}} = E[(D(G(z)) - 1)^2]

    Args:
        fake_scores: any shape, unbounded scores of generated samples.

    Returns:
        A scalar, at least 0, to minimise.

    Source:
        eq-ls-generator; Mao et al. 2017, Eq. 2 with c = 1 (theirs is half of it).

    >>> least_squares_generator_loss(torch.tensor([1.0, 3.0])).item()
    2.0
    """
    check.not_empty(fake_scores=fake_scores)
    return (fake_scores - 1).square().mean()


def hinge_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The hinge discriminator loss: scores beyond the margin of 1 cost nothing.

    .. math:: L_D^{\mathrm{hinge}} = E[\max(0, 1 - D(x))] + E[\max(0, 1 + D(G(z)))]

    Args:
        real_scores: any shape, unbounded scores of data.
        fake_scores: any shape, unbounded scores of generated samples.

    Returns:
        A scalar, at least 0, to minimise; 2 at D = 0. Its generator loss is
        ``critic_generator_loss``.

    Source:
        eq-hinge-discriminator; Miyato et al. 2018, Eq. 16.

    >>> hinge_discriminator_loss(torch.tensor([2.0, 0.0]), torch.tensor([-0.5])).item()
    1.0
    """
    check.not_empty(real_scores=real_scores, fake_scores=fake_scores)
    return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    r"""The Wasserstein critic's loss, before its penalty.

    .. math:: L_C = E[C(G(z))] - E[C(x)]

    Args:
        real_scores: any shape, unbounded scores of data.
        fake_scores: any shape, unbounded scores of generated samples.

    Returns:
        A scalar of either sign, to minimise; for a 1-Lipschitz critic its negative is a lower
        bound on the Wasserstein-1 distance, in the unit of x.

    Source:
        eq-critic-loss; Gulrajani et al. 2017, Eq. 3, its first two terms.

    >>> critic_loss(torch.tensor([3.0, 1.0]), torch.tensor([0.5])).item()
    -1.5
    """
    check.not_empty(real_scores=real_scores, fake_scores=fake_scores)
    return fake_scores.mean() - real_scores.mean()


def critic_generator_loss(fake_scores: Tensor) -> Tensor:
    r"""The generator's loss against a Wasserstein critic, and against a hinge discriminator.

    .. math:: L_G^{\mathrm{critic}} = -E[C(G(z))]

    Args:
        fake_scores: any shape, unbounded scores of generated samples.

    Returns:
        A scalar of either sign, to minimise. Its value alone says nothing about quality.

    Source:
        eq-critic-generator; Arjovsky et al. 2017, Theorem 3; Miyato et al. 2018, Eq. 17.

    >>> critic_generator_loss(torch.tensor([3.0, 1.0])).item()
    -2.0
    """
    check.not_empty(fake_scores=fake_scores)
    return -fake_scores.mean()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""How far the critic's gradient norm is from 1, on lines between data and samples.

    .. math::
        \mathrm{GP} = E\big[(\|\nabla_{\hat x} C(\hat x)\|_2 - 1)^2\big], \qquad
        \hat x = \varepsilon x + (1 - \varepsilon) G(z), \quad \varepsilon \sim U[0, 1]

    Args:
        critic: maps (B, ...) to one score per example, of any shape with B elements.
        real: (B, ...), data.
        fake: (B, ...), samples; no gradient flows into it.
        generator: source of the B random numbers; PyTorch's own if None.

    Returns:
        A scalar, at least 0, unweighted, differentiable with respect to the critic's parameters.

    Source:
        eq-gradient-penalty; Gulrajani et al. 2017, Eq. 3, its last term without the weight.

    >>> real, fake = torch.zeros(4, 2), torch.ones(4, 2)
    >>> gradient_penalty(lambda x: 3 * x[:, 0], real, fake).item()  # slope 3: (3 - 1)^2
    4.0
    """
    check.same_shape(real=real, fake=fake)
    shape = (len(real),) + (1,) * (real.dim() - 1)
    epsilon = torch.rand(shape, generator=generator, device=real.device, dtype=real.dtype)
    between = (epsilon * real + (1 - epsilon) * fake).detach()
    return (_input_gradient(critic, between).norm(dim=1) - 1).square().mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    r"""The squared gradient norm of the discriminator on data.

    .. math:: R_1 = E\big[\|\nabla_x D(x)\|_2^2\big]

    Args:
        discriminator: maps (B, ...) to one logit per example, of any shape with B elements.
        real: (B, ...), data.

    Returns:
        A scalar, at least 0, unweighted (the usual weight is gamma/2), differentiable with
        respect to the discriminator's parameters.

    Source:
        eq-r1; Mescheder et al. 2018, Eq. 9, without the weight.

    >>> r1_penalty(lambda x: 3 * x[:, 0], torch.zeros(4, 2)).item()
    9.0
    """
    check.not_empty(real=real)
    return _squared_slope(discriminator, real)


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

    >>> r2_penalty(lambda x: 3 * x[:, 0], torch.zeros(4, 2)).item()
    9.0
    """
    check.not_empty(fake=fake)
    return _squared_slope(discriminator, fake)


def _input_gradient(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of each example's score with respect to that example, (B, D), with its graph."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    return gradient.reshape(len(x), -1)


def _squared_slope(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The mean over examples of the squared norm of that gradient."""
    return _input_gradient(network, x.detach()).square().sum(dim=1).mean()
