"""Gaussian discriminant analysis: one Gaussian per class, fitted by maximum likelihood."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.classical import linear_discriminant


@dataclass(frozen=True)
class GaussianClassifier:
    """p(x, y) = p(y) N(x; mean_y, covariance_y): it classifies, and it can be sampled.

    Args:
        prior: (K,), the class probabilities.
        means: (K, D), in the unit of x.
        covariances: (K, D, D), symmetric and positive definite; all equal if the classes share one.

    >>> x = torch.tensor([[0.0], [2.0], [5.0], [7.0]])
    >>> model = GaussianClassifier.fit(x, torch.tensor([0, 0, 1, 1]), num_classes=2, shared=True)
    >>> model.means.squeeze(), model.covariances.flatten()  # a variance divides by N, not N - 1
    (tensor([1., 6.]), tensor([1., 1.]))
    """

    prior: Tensor
    means: Tensor
    covariances: Tensor

    @classmethod
    def fit(cls, x: Tensor, y: Tensor, num_classes: int, shared: bool = False) -> "GaussianClassifier":
        """The maximum of the likelihood of p(x, y), computed in float64.

        Args:
            x: (N, D), float32 or float64, any unit.
            y: (N,), int64, labels 0 ... K - 1.
            num_classes: K, at least 1.
            shared: one covariance for all classes (linear borders) instead of one for each.

        Raises:
            ValueError: a class has no example, or a covariance is singular.
        """
        check.count(num_classes=num_classes)
        check.examples(x)
        check.precise(x=x)
        check.labels(y, len(x), num_classes)
        counts = torch.bincount(y, minlength=num_classes)
        if not bool((counts > 0).all()):
            raise ValueError(f"every class needs examples; the classes have {counts.tolist()}")
        labels = F.one_hot(y, num_classes).double()  # (N, K)
        exact, n = x.double(), counts.double()
        means = labels.T @ exact / n[:, None]
        centred = exact - means[y]
        scatter = torch.stack([centred[y == k].T @ centred[y == k] for k in range(num_classes)])  # (K, D, D)
        covariances = (
            (scatter.sum(dim=0) / len(x)).expand_as(scatter) if shared else scatter / n[:, None, None]
        )
        values = torch.linalg.eigvalsh(covariances)  # (K, D), ascending
        singular = bool((values[:, 0] <= 1e-12 * values[:, -1]).any())
        if singular or bool(torch.linalg.cholesky_ex(covariances.to(x.dtype)).info.any()):
            raise ValueError(
                f"a covariance is singular: {counts.tolist()} examples per class in {x.shape[1]} dimensions "
                "are too few, or a coordinate never varies"
            )
        return cls((n / len(x)).to(x.dtype), means.to(x.dtype), covariances.to(x.dtype).clone())

    def log_joint(self, x: Tensor) -> Tensor:
        """log p(x, y = k), nats: (N, D) -> (N, K)."""
        check.examples(x, self.means.shape[1])
        root = torch.linalg.cholesky(self.covariances)  # (K, D, D)
        centred = x - self.means[:, None]  # (K, N, D)
        white = torch.linalg.solve_triangular(root, centred.mT, upper=False)  # (K, D, N)
        log_det = 2 * root.diagonal(dim1=1, dim2=2).log().sum(dim=1)  # (K,)
        constant = log_det + x.shape[1] * math.log(2 * math.pi)
        return self.prior.log() - (white.square().sum(dim=1).T + constant) / 2

    def log_posterior(self, x: Tensor) -> Tensor:
        """log p(y = k | x), nats: (N, D) -> (N, K)."""
        return self.log_joint(x).log_softmax(dim=1)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), nats, the classes summed out: (N, D) -> (N,)."""
        return self.log_joint(x).logsumexp(dim=1)

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """n draws from p(x, y): points (n, D) and their labels (n,)."""
        check.count(n=n)
        y = torch.multinomial(self.prior, n, replacement=True, generator=generator)
        noise = torch.randn(
            n, self.means.shape[1], 1, generator=generator, dtype=self.means.dtype, device=self.means.device
        )
        root = torch.linalg.cholesky(self.covariances)
        return self.means[y] + (root[y] @ noise).squeeze(2), y

    def linear(self) -> tuple[Tensor, Tensor]:
        """(weight, bias) of the linear discriminant, (K, D) and (K,): their softmax is p(y | x).

        Raises:
            ValueError: the classes do not share a covariance.
        """
        if not torch.equal(self.covariances, self.covariances[:1].expand_as(self.covariances)):
            raise ValueError("the classes have different covariances, so the posterior is not linear in x")
        return linear_discriminant(self.means, self.covariances[0], self.prior)
