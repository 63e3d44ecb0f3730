"""Networks that are told a condition: class labels appended, embedded, projected, or recognised.

A condition c is a batch of anything, such as labels (B,); a module turns it into codes (B, width).
A conditional generator maps noise and a condition to images; a conditional discriminator maps
images and labels to one logit per example. The VAE that is told a condition is in ``cvae``.

Labels that are no int64 tensor raise ``TypeError``; another shape, another number of conditions than
examples, or a label out of range, ``ValueError``. (On a GPU PyTorch's own assertion stops the program at
such a label: looking at them would make the processor wait at each step.)
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.gan import DCGANGenerator, GaussianNoise, Generator, dcgan_init
from gentutor.models.sampling import ConditionalSampler
from gentutor.objectives.conditional import projection_logits


def one_hot(y: Tensor, num_classes: int) -> Tensor:
    """Labels as rows of 0 with a single 1.

    Args:
        y: (B,), int64, 0 to num_classes - 1.
        num_classes: at least 1.

    Returns:
        (B, num_classes), of the default floating-point type.

    >>> one_hot(torch.tensor([2, 0]), 3)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    check.int64(labels=y)
    if y.dim() != 1:
        raise ValueError(f"labels must have shape (B,), one for each example, got {tuple(y.shape)}")
    if not y.is_cuda:
        check.below(num_classes, labels=y)
    return F.one_hot(y, num_classes).to(torch.get_default_dtype())


def concat_condition(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    r"""Features with the one-hot vectors of labels appended; to a map, each number as a constant map.

    .. math:: h' = (h, e_y), \qquad (e_y)_k = \mathbb 1[k = y]

    Args:
        h: (B, D) or (B, C, H, W), any unit.
        y: (B,), int64, 0 to num_classes - 1. Without labels there is no condition: they are required.
        num_classes: at least 1.

    Returns:
        (B, D + num_classes) or (B, C + num_classes, H, W), of h's data type.

    Source:
        eq-concat-condition; Mirza & Osindero 2014, section 3.2.

    >>> concat_condition(torch.tensor([[0.5, -0.5]]), torch.tensor([1]), num_classes=3)
    tensor([[ 0.5000, -0.5000,  0.0000,  1.0000,  0.0000]])
    """
    check.floats(h=h)
    if h.dim() not in (2, 4):
        raise ValueError(f"h must have shape (B, D) or (B, C, H, W), got {tuple(h.shape)}")
    code = one_hot(y, num_classes).to(h)  # (B, K)
    if len(code) != len(h):
        raise ValueError(f"expected one label for each of {len(h)} examples, got {len(code)}")
    if h.dim() == 4:
        code = code[:, :, None, None].expand(-1, -1, *h.shape[2:])  # (B, K) -> (B, K, H, W)
    return torch.cat([h, code], dim=1)


class OneHot(nn.Module):
    """Labels (B,) -> one-hot codes (B, num_classes): nothing is learned."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.num_classes = self.width = num_classes

    def forward(self, y: Tensor) -> Tensor:
        """(B,) int64 -> (B, num_classes)."""
        return one_hot(y, self.width)


class LabelEmbedding(nn.Module):
    """Labels (B,) -> learned codes (B, width): one-hot codes times a matrix, one row for each label.

    Args:
        num_classes: of the labels.
        width: numbers per code.
        std: of the codes at the start.
    """

    def __init__(self, num_classes: int = 10, width: int = 50, std: float = 1.0) -> None:
        super().__init__()
        self.num_classes, self.width = num_classes, width
        self.table = nn.Parameter(std * torch.randn(num_classes, width))

    def forward(self, y: Tensor) -> Tensor:
        """(B,) int64 -> (B, width)."""
        return one_hot(y, self.num_classes).to(self.table) @ self.table  # (B, K) @ (K, width)


class ConditionalGenerator(ConditionalSampler, Generator):
    """A generator that is told a condition: the condition's code is appended to its noise.

    Args:
        net: maps (B, latent_dim + condition.width) to images (B, C, H, W) in [-1, 1].
        condition: maps conditions (B, ...) to codes (B, width), e.g. ``OneHot`` or ``LabelEmbedding``.
        latent_dim: numbers of noise per image.
        examples: (N, ...), the conditions to show in turn where none are asked for.
    """

    def __init__(self, net: nn.Module, condition: nn.Module, latent_dim: int, examples: Tensor) -> None:
        super().__init__()
        self.net, self.condition = net, condition
        self.latent_dim = latent_dim
        self.image_shape = cast(tuple[int, ...], net.image_shape)
        self.register_buffer("examples", examples, persistent=False)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """(B, latent_dim) noise and B conditions -> (B, C, H, W) in [-1, 1]."""
        check.noise(z, self.latent_dim)
        check.one_each(z, c)
        told = torch.cat([z, self.condition(c).to(z.dtype)], dim=1)  # (B, latent_dim + width)
        return self.net(told)  # (B, C, H, W)


def label_generator(
    condition: OneHot | LabelEmbedding, latent_dim: int = 64, width: int = 64
) -> ConditionalGenerator:
    """A convolutional generator of 28 x 28 images of a class, by default with 64 numbers of noise."""
    net = DCGANGenerator(latent_dim + condition.width, width=width)
    return ConditionalGenerator(net, condition, latent_dim, torch.arange(condition.num_classes))


def convolutions(channels: int, width: int, noise: float = 0.0) -> nn.Sequential:
    """The body of a discriminator: two halvings, (B, channels, H, W) -> (B, 2 * width * H/4 * W/4)."""
    return nn.Sequential(
        GaussianNoise(noise),
        nn.Conv2d(channels, width, 4, stride=2, padding=1),  # (B, width, H/2, W/2)
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),  # (B, 2 width, H/4, W/4)
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),  # (B, 2 width H/4 W/4)
    )


class ConcatDiscriminator(nn.Module):
    """A discriminator that sees the label as one-hot maps beside the image."""

    def __init__(self, num_classes: int = 10, width: int = 32, noise: float = 0.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.body = convolutions(1 + num_classes, width, noise)
        self.head = nn.Linear(2 * width * 7 * 7, 1)
        self.apply(dcgan_init)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) -> (B,) logits."""
        told = concat_condition(x, y, self.num_classes)  # (B, 1 + num_classes, 28, 28)
        return self.head(self.body(told)).squeeze(1)  # (B, 1) -> (B,)


class EmbeddingDiscriminator(nn.Module):
    """A discriminator that sees the label as one learned map beside the image."""

    def __init__(self, num_classes: int = 10, width: int = 32, noise: float = 0.0) -> None:
        super().__init__()
        self.embedding = LabelEmbedding(num_classes, 28 * 28)
        self.body = convolutions(2, width, noise)
        self.head = nn.Linear(2 * width * 7 * 7, 1)
        self.apply(dcgan_init)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) -> (B,) logits."""
        check.one_each(x, y)
        label_map = self.embedding(y).view_as(x)  # (B, 784) -> (B, 1, 28, 28)
        told = torch.cat([x, label_map], dim=1)  # (B, 2, 28, 28)
        return self.head(self.body(told)).squeeze(1)  # (B, 1) -> (B,)


class ProjectionDiscriminator(nn.Module):
    """A discriminator whose logit is a score of the image plus an inner product with the label's vector."""

    def __init__(self, num_classes: int = 10, width: int = 32, noise: float = 0.0) -> None:
        super().__init__()
        features = 2 * width * 7 * 7
        self.body = convolutions(1, width, noise)
        self.head = nn.Linear(features, 1)
        self.vectors = LabelEmbedding(num_classes, features, std=0.02)
        self.apply(dcgan_init)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) -> (B,) logits."""
        check.one_each(x, y)
        h = self.body(x)  # (B, features)
        return projection_logits(h, self.head(h).squeeze(1), self.vectors(y))


class AuxiliaryDiscriminator(nn.Module):
    """A discriminator that is not told the label, and guesses it: AC-GAN's."""

    def __init__(self, num_classes: int = 10, width: int = 32, noise: float = 0.0) -> None:
        super().__init__()
        features = 2 * width * 7 * 7
        self.body = convolutions(1, width, noise)
        self.head = nn.Linear(features, 1)
        self.classes = nn.Linear(features, num_classes)
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, 28, 28) -> (B,) logits of being real and (B, num_classes) logits of the label."""
        h = self.body(x)
        return self.head(h).squeeze(1), self.classes(h)
