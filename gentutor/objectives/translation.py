"""The losses of translation between two domains without pairs.

G translates images of domain A to domain B, and F those of B to A. Both losses are mean absolute
differences over all numbers of a batch; the adversarial part is in ``adversarial`` (least squares).

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

from torch import Tensor

from gentutor import _checks as check

__all__ = ["cycle_consistency_loss", "cyclegan_objective", "identity_loss"]


def cycle_consistency_loss(reconstructed: Tensor, original: Tensor) -> Tensor:
    r"""How far an image is from itself after the way there and back, per number, in the image's unit.

    .. math:: L_{\mathrm{cyc}}(G, F) = E_a\big[\tfrac1n \|F(G(a)) - a\|_1\big], \qquad a \in \mathbb R^n

    Args:
        reconstructed: any shape, e.g. (B, C, H, W), F(G(a)) for images a (or G(F(b)) for images b).
        original: the same shape, the images a (or b).

    Returns:
        A scalar, at least 0, to minimise: the mean of absolute differences over all elements. CycleGAN
        adds this loss of domain A and that of domain B.

    Source:
        eq-cycle-consistency; Zhu et al. 2017, Eq. 2 (there a sum over pixels, in the published code a mean).

    >>> import torch
    >>> cycle_consistency_loss(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.0, 1.0]]))  # (0.5 + 2) / 2
    tensor(1.2500)
    """
    check.same_shape(reconstructed=reconstructed, original=original)
    return (reconstructed - original).abs().mean()


def identity_loss(mapped: Tensor, original: Tensor) -> Tensor:
    r"""How much a generator changes an image that is already in its target domain, per number.

    .. math:: L_{\mathrm{id}}(G) = E_b\big[\tfrac1n \|G(b) - b\|_1\big], \qquad b \in \mathbb R^n

    Args:
        mapped: any shape, e.g. (B, C, H, W), G(b) for images b of the domain that G translates *to*.
        original: the same shape, the images b; so both domains have as many channels.

    Returns:
        A scalar, at least 0, to minimise: the mean of absolute differences over all elements.

    Source:
        eq-identity-loss; Zhu et al. 2017, section 5.2.

    >>> import torch
    >>> identity_loss(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.5, 1.0]]))  # (0 + 2) / 2
    tensor(1.)
    """
    check.same_shape(mapped=mapped, original=original)
    return (mapped - original).abs().mean()


def cyclegan_objective(
    adversarial: Tensor,
    cycle: Tensor,
    identity: Tensor,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
    adversarial_weight: float = 1.0,
) -> Tensor:
    r"""What the two generators of CycleGAN minimise together: three weighted parts.

    .. math:: L(G, F) = \lambda_{\mathrm{adv}} L_{\mathrm{adv}} + \lambda L_{\mathrm{cyc}}
        + \lambda_{\mathrm{id}} L_{\mathrm{id}}

    Args:
        adversarial: a scalar, the generators' adversarial losses, of G and of F, added.
        cycle: a scalar, the cycle-consistency losses of both domains, added.
        identity: a scalar, the identity losses of both generators, added.
        cycle_weight: lambda >= 0.
        identity_weight: lambda_id >= 0.
        adversarial_weight: lambda_adv >= 0, 1 in the paper.

    Returns:
        A scalar, to minimise.

    Source:
        eq-cyclegan-objective; Zhu et al. 2017, Eq. 3, with the identity term of section 5.2.

    >>> import torch
    >>> cyclegan_objective(torch.tensor(0.5), torch.tensor(0.2), torch.tensor(0.1))  # 0.5 + 2 + 0.5
    tensor(3.)
    """
    parts = {"adversarial": adversarial, "cycle": cycle, "identity": identity}
    check.not_empty(**parts)
    for name, part in parts.items():
        if part.dim():
            raise ValueError(f"{name} must be a scalar, got shape {tuple(part.shape)}")
    weights = adversarial_weight, cycle_weight, identity_weight
    check.at_least(0, **{f"{name}_weight": weight for name, weight in zip(parts, weights, strict=True)})
    return adversarial_weight * adversarial + cycle_weight * cycle + identity_weight * identity
