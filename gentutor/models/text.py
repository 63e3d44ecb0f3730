"""Text as a condition: the words of a name as a code, and a conditional VAE of 32 x 32 colour pictures."""

import torch
from torch import Tensor, nn

from gentutor.models.cvae import CVAE
from gentutor.models.vae import Likelihood, mlp

PICTURE = (3, 32, 32)


class TextEncoder(nn.Module):
    """A bag of words: the sum of learned vectors of a name's words, whatever their order, and a layer.

    A sum lets words meet that were never seen together: "orange heart" is "orange" plus "heart".

    Args:
        words: size of the vocabulary; tokens are 1 to ``words``, and 0 is no word, or an unknown one.
        width: numbers per code.
    """

    def __init__(self, words: int, width: int = 64) -> None:
        super().__init__()
        self.words, self.width = words, width
        self.embedding = nn.Embedding(words + 1, width, padding_idx=0)
        self.net = nn.Sequential(nn.Linear(width, width), nn.SiLU())

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) int64, 0 to ``words`` -> (B, width)."""
        if tokens.dtype != torch.int64:
            raise TypeError(f"tokens must be an int64 tensor, got {tokens.dtype}")
        if tokens.dim() != 2:
            raise ValueError(f"expected tokens of shape (B, T), got {tuple(tokens.shape)}")
        if not tokens.is_cuda and tokens.numel():  # looking at them would make the processor wait for a GPU
            low, high = int(tokens.min()), int(tokens.max())
            if not 0 <= low <= high <= self.words:
                raise ValueError(f"tokens must lie in 0 to {self.words}, got {low} to {high}")
        return self.net(self.embedding(tokens).sum(dim=1))


def text_cvae(
    likelihood: Likelihood,
    words: int,
    examples: Tensor,
    latent_dim: int = 4,
    hidden: tuple[int, ...] = (256,),
) -> CVAE:
    """A conditional VAE of colour pictures given their names.

    Args:
        likelihood: as for ``CVAE``.
        words: size of the vocabulary.
        examples: (N, T), int64, the names to draw where none are given, as tokens.
        latent_dim: numbers of latent variables per picture.
        hidden: widths of the hidden layers of q(z|x, c); the decoder's are the same in reverse.
    """
    encoder = TextEncoder(words)
    features = nn.Sequential(
        nn.Conv2d(3, 16, 4, stride=2, padding=1),  # 32 -> 16
        nn.SiLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),  # 16 -> 8
        nn.SiLU(),
        nn.Conv2d(32, 64, 4, stride=2, padding=1),  # 8 -> 4
        nn.SiLU(),
        nn.Flatten(),
    )
    posterior = mlp((64 * 4 * 4 + encoder.width, *hidden, 2 * latent_dim), nn.SiLU)
    decoder = nn.Sequential(
        *mlp((latent_dim + encoder.width, *reversed(hidden), 64 * 4 * 4), nn.SiLU),
        nn.SiLU(),
        nn.Unflatten(1, (64, 4, 4)),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),  # 4 -> 8
        nn.SiLU(),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),  # 8 -> 16
        nn.SiLU(),
        nn.ConvTranspose2d(16, 3, 4, stride=2, padding=1),  # 16 -> 32
    )
    return CVAE(encoder, features, posterior, decoder, likelihood, latent_dim, PICTURE, examples)
