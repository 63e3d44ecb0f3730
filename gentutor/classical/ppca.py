"""Probabilistic PCA: a Gaussian whose covariance has few free directions, fitted in closed form."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.classical import low_rank_gaussian_log_prob


@dataclass(frozen=True)
class ProbabilisticPCA:
    """z ~ N(0, I), x | z ~ N(weight z + mean, variance I): a latent-variable model with exact log p(x).

    Args:
        mean: (D,), in the unit of x.
        weight: (D, Q), in the unit of x: what each latent dimension adds.
        variance: above 0, of the noise on every coordinate, in the unit of x squared.

    >>> x = torch.tensor([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])  # variances 9 and 1
    >>> model = ProbabilisticPCA.fit(x, latent_dim=1)
    >>> round(model.variance, 4), (model.weight @ model.weight.T).round(decimals=4)  # 9 = 8 + 1
    (1.0, tensor([[8., 0.],
            [0., 0.]]))
    """

    mean: Tensor
    weight: Tensor
    variance: float

    @classmethod
    def fit(cls, x: Tensor, latent_dim: int) -> "ProbabilisticPCA":
        """The maximum of the likelihood (Tipping & Bishop 1999, section 3.2), computed in float64.

        The noise takes the mean of the covariance's smallest D - Q eigenvalues; each direction kept has
        the rest of its eigenvalue.

        Args:
            x: (N, D), N >= 2, float32 or float64, any unit.
            latent_dim: Q, 1 to D - 1.

        Raises:
            ValueError: the points lie in Q dimensions exactly, which leaves no noise.
        """
        check.examples(x)
        check.precise(x=x)
        check.count(latent_dim=latent_dim)
        n, d = x.shape
        if n < 2 or not latent_dim < d:
            raise ValueError(
                f"expected two points or more and a latent_dim below {d}, got {n} and {latent_dim}"
            )
        exact = x.double()
        mean = exact.mean(dim=0)
        centred = exact - mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / n)  # ascending
        variance = float(values[: d - latent_dim].mean())
        if not variance > 1e-12 * float(values[-1]):
            raise ValueError(f"the points lie in {latent_dim} dimensions: no noise is left to fit")
        kept, directions = values[d - latent_dim :].flip(0), vectors[:, d - latent_dim :].flip(1)
        weight = directions * (kept - variance).clamp(min=0).sqrt()  # (D, Q), the largest first
        return cls(mean.to(x.dtype), weight.to(x.dtype), variance)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), nats: (N, D) -> (N,). Exact: the latent dimensions are integrated out."""
        return low_rank_gaussian_log_prob(x, self.mean, self.weight, self.variance)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """p(z | x) is Gaussian: its means (N, Q), and its covariance (Q, Q), the same for every x."""
        check.examples(x, len(self.mean))
        q = self.weight.shape[1]
        identity = torch.eye(q, dtype=self.weight.dtype, device=self.weight.device)
        root = torch.linalg.cholesky(self.weight.T @ self.weight + self.variance * identity)
        mean = torch.cholesky_solve(((x - self.mean) @ self.weight).T, root).T
        return mean, self.variance * torch.cholesky_inverse(root)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n draws of x, the noise included: (n, D)."""
        check.count(n=n)
        d, q = self.weight.shape
        noise = torch.randn(n, q + d, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        z, rest = noise.split([q, d], dim=1)
        return self.mean + z @ self.weight.T + self.variance**0.5 * rest

    def marginal(self, seen: Tensor) -> "ProbabilisticPCA":
        """The model of some coordinates alone, the others integrated out.

        Args:
            seen: (D,), bool, True for the coordinates to keep; one at least.
        """
        if not isinstance(seen, Tensor) or seen.dtype != torch.bool:
            raise TypeError(f"seen must be a bool tensor, got {check.kind(seen)}")
        if seen.shape != self.mean.shape or not bool(seen.any()):
            raise ValueError(
                f"expected seen of shape {tuple(self.mean.shape)} with a True in it, got {tuple(seen.shape)}"
            )
        return ProbabilisticPCA(self.mean[seen], self.weight[seen], self.variance)
