"""Text as a condition: the words of a name as a code, and a conditional VAE of 32 x 32 colour pictures.

Tokens that are no int64 tensor raise ``TypeError``; another shape, or a token out of range,
``ValueError``. (On a GPU PyTorch's own assertion stops the program at such a token: looking at them would
make the processor wait at each step.)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.cvae import CVAE
from gentutor.models.vae import Likelihood, mlp

PICTURE = (3, 32, 32)


def bag_of_words(tokens: Tensor, table: Tensor) -> Tensor:
    r"""The sum of the vectors of a name's words, in any order; token 0 counts nothing.

    .. math:: b_i = \sum_t \mathbb 1[w_{it} \ne 0]\, v_{w_{it}}

    Args:
        tokens: (B, T), int64, 0 to W; 0 is no word, or an unknown one.
        table: (W + 1, F), any unit: the words' vectors v; row 0 is not used.

    Returns:
        (B, F), of the table's data type; zeros for a name without a known word.

    Source:
        eq-bag-of-words; Iyyer et al. 2015, section 2.1 (there the mean).

    >>> table = torch.tensor([[9.0, 9.0], [1.0, 0.0], [0.0, 2.0]])
    >>> bag_of_words(torch.tensor([[2, 1, 0], [0, 1, 1], [0, 0, 0]]), table)
    tensor([[1., 2.],
            [2., 0.],
            [0., 0.]])
    """
    check.int64(tokens=tokens)
    check.floats(table=table)
    if tokens.dim() != 2 or table.dim() != 2:
        seen = f"{tuple(tokens.shape)} and {tuple(table.shape)}"
        raise ValueError(f"expected tokens of shape (B, T) and a table of shape (W + 1, F), got {seen}")
    if not tokens.is_cuda:
        check.below(len(table), tokens=tokens)
    vectors = F.embedding(tokens, table)  # (B, T, F)
    return (vectors * (tokens > 0)[:, :, None]).sum(dim=1)  # (B, F)


class TextEncoder(nn.Module):
    """A name as a code: its words' learned vectors, summed whatever their order, and a layer.

    A sum lets words meet that were never seen together: "orange heart" is "orange" plus "heart".

    Args:
        words: size of the vocabulary; tokens are 1 to ``words``, and 0 is no word, or an unknown one.
        width: numbers per code.
        dropout: in training, the share of words that are left out, each by chance.
    """

    def __init__(self, words: int, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.words, self.width, self.dropout = words, width, dropout
        self.table = nn.Parameter(torch.randn(words + 1, width))
        self.net = nn.Sequential(nn.Linear(width, width), nn.SiLU())

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) int64, 0 to ``words`` -> (B, width)."""
        if self.training and self.dropout:
            kept = torch.rand(tokens.shape, dtype=torch.float32, device=tokens.device) >= self.dropout
            tokens = tokens * kept
        code: Tensor = self.net(bag_of_words(tokens, self.table))  # (B, width)
        return code


def text_cvae(
    likelihood: Likelihood,
    words: int,
    examples: Tensor,
    latent_dim: int = 4,
    hidden: tuple[int, ...] = (128,),
    width: int = 64,
    dropout: float = 0.0,
) -> CVAE:
    """A conditional VAE of colour pictures given their names.

    Args:
        likelihood: as for ``CVAE``.
        words: size of the vocabulary.
        examples: (N, T), int64, the names to draw where none are given, as tokens.
        latent_dim: numbers of latent variables per picture.
        hidden: widths of the hidden layers of q(z|x, c); the decoder's are the same in reverse.
        width: numbers per word, and per name.
        dropout: in training, the share of words that are left out.
    """
    encoder = TextEncoder(words, width, dropout)
    features = nn.Sequential(
        nn.Conv2d(3, 16, 4, stride=2, padding=1),  # (B, 16, 16, 16)
        nn.SiLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),  # (B, 32, 8, 8)
        nn.SiLU(),
        nn.Conv2d(32, 32, 4, stride=2, padding=1),  # (B, 32, 4, 4)
        nn.SiLU(),
        nn.Flatten(),  # (B, 512)
    )
    posterior = mlp((32 * 4 * 4 + encoder.width, *hidden, 2 * latent_dim), nn.SiLU)
    decoder = nn.Sequential(
        *mlp((latent_dim + encoder.width, *reversed(hidden), 64 * 4 * 4), nn.SiLU),
        nn.SiLU(),
        nn.Unflatten(1, (64, 4, 4)),  # (B, 1024) -> (B, 64, 4, 4)
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),  # (B, 32, 8, 8)
        nn.SiLU(),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),  # (B, 16, 16, 16)
        nn.SiLU(),
        nn.ConvTranspose2d(16, 3, 4, stride=2, padding=1),  # (B, 3, 32, 32)
    )
    return CVAE(encoder, features, posterior, decoder, likelihood, latent_dim, PICTURE, examples)
