"""Naive Bayes for binary pixels, fitted by counting; and by EM where most labels are missing."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.classical import naive_bayes_log_joint, smoothed_probabilities


@dataclass(frozen=True)
class BernoulliNaiveBayes:
    """p(x, y) = p(y) times a product over pixels of p(x_j | y): given the class, pixels are independent.

    Args:
        prior: (K,), the class probabilities.
        pixel: (K, D), in (0, 1): the probability of a 1 in each pixel of each class.

    >>> x, y = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0, 1])
    >>> BernoulliNaiveBayes.fit(x, y, num_classes=2).pixel  # (2 + 1) / (2 + 2), (1 + 1) / (2 + 2), ...
    tensor([[0.7500, 0.5000],
            [0.3333, 0.6667]])
    """

    prior: Tensor
    pixel: Tensor

    @classmethod
    def fit(cls, x: Tensor, y: Tensor, num_classes: int, smoothing: float = 1.0) -> "BernoulliNaiveBayes":
        """The shares of the classes, and of ones in each pixel of each class, smoothed.

        Args:
            x: (N, D), 0 or 1.
            y: (N,), int64, labels 0 ... K - 1; or (N, K), floating-point, p(y = k) of each example.
            num_classes: K; a class without examples gets prior 0, and pixels of 1/2.
            smoothing: a > 0, added to the number of ones and to that of zeros in each pixel.
        """
        check.count(num_classes=num_classes)
        _expect_binary(x)
        if not 0 < smoothing < math.inf:
            raise ValueError(
                f"smoothing must be positive, or a pixel can have probability 0; got {smoothing}"
            )
        labels = _soft_labels(y, len(x), num_classes, x)
        n = labels.sum(dim=0, dtype=torch.float64)  # (K,)
        ones = (labels.T @ x).double()  # (K, D)
        counts = torch.stack([ones, (n[:, None] - ones).clamp(min=0)], dim=2)  # (K, D, 2)
        pixel = smoothed_probabilities(counts, smoothing)[..., 0]
        return cls((n / n.sum()).to(x.dtype), pixel.to(x.dtype))

    def log_joint(self, x: Tensor) -> Tensor:
        """log p(x, y = k), nats: (N, D) -> (N, K). Pixels that are nan were not seen and are summed out."""
        return naive_bayes_log_joint(x, self.prior, self.pixel)

    def log_posterior(self, x: Tensor) -> Tensor:
        """log p(y = k | x), nats: (N, D) -> (N, K)."""
        return self.log_joint(x).log_softmax(dim=1)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), nats, the classes summed out: (N, D) -> (N,)."""
        return self.log_joint(x).logsumexp(dim=1)

    def sample(self, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One image of zeros and ones for each label: int64 (N,) -> (N, D)."""
        if not isinstance(labels, Tensor) or labels.dim() != 1:
            raise TypeError("labels must be an int64 tensor (N,), one per image")
        check.labels(labels, len(labels), len(self.prior))
        return torch.bernoulli(self.pixel[labels], generator=generator)


def expectation_maximization(
    x: Tensor,
    y: Tensor,
    unlabelled: Tensor,
    num_classes: int,
    iterations: int,
    smoothing: float = 1.0,
    components: int = 1,
    generator: torch.Generator | None = None,
) -> tuple[BernoulliNaiveBayes, list[float]]:
    r"""Naive Bayes from a few labelled and many unlabelled images (Nigam et al. 2000).

    It starts from the labelled images alone. Then it alternates: E, the classes of the unlabelled
    images under the present model, p(y | x); M, a fit to all images, those classes as soft labels.
    No step can lower what it climbs, the log-likelihood of all that is known plus the logarithm of
    the prior that smoothing puts on the pixels (up to a constant):

    .. math::
        \sum_{\text{labelled}} \log p(x_i, y_i) + \sum_{\text{unlabelled}} \log p(x_i)
        + a \sum_{k, j} \log \theta_{kj} (1 - \theta_{kj})

    The error of the classifier may rise meanwhile: one set of independent pixels is a poor model of a
    digit. With several components each class is a mixture of such sets, and E also shares out the
    labelled images among the components of their class.

    Args:
        x: (N, D), 0 or 1, the labelled images.
        y: (N,), int64, their labels 0 ... K - 1.
        unlabelled: (M, D), 0 or 1; M may be 0, where the components alone are to be fitted.
        num_classes: K; a class without a labelled image stays without any.
        iterations: of E and M, at least 1.
        smoothing: a > 0, as in ``BernoulliNaiveBayes.fit``.
        components: C, of each class, at least 1; above 1 they start from the class's pixels with
            random changes, so that they can grow apart.
        generator: of those changes; PyTorch's global one if None.

    Returns:
        (model, objective): the last model, with C rows for each class (k's are k C ... k C + C - 1), so
        that ``model.log_joint(x).unflatten(1, (K, C)).logsumexp(dim=2)`` is log p(x, y = k); and the
        function above, nats, at the start and after each iteration: ``iterations + 1`` numbers, none
        smaller than the one before.
    """
    check.count(iterations=iterations)
    check.count(components=components)
    check.examples(x)
    if not isinstance(unlabelled, Tensor) or unlabelled.shape != (0, x.shape[1]):
        check.examples(unlabelled, x.shape[1])
    check.labels(y, len(x), num_classes)
    model = BernoulliNaiveBayes.fit(x, y, num_classes, smoothing)
    if components > 1:
        model = _split(model, components, generator)
    allowed = F.one_hot(y, num_classes).to(x.dtype).log().repeat_interleave(components, dim=1)  # 0 or -inf
    allowed = F.pad(allowed, (0, 0, 0, len(unlabelled)))  # (N + M, K C): nothing is ruled out without a label
    everything = torch.cat([x, unlabelled])
    objective = []
    for done in range(iterations + 1):
        log_joint = model.log_joint(everything) + allowed
        log_likelihood = log_joint.double().logsumexp(dim=1).sum()
        pixel = model.pixel.double()
        log_prior = smoothing * (pixel.log() + torch.log1p(-pixel)).sum()
        objective.append(float(log_likelihood + log_prior))
        if done < iterations:
            responsibilities = log_joint.softmax(dim=1)  # E
            model = BernoulliNaiveBayes.fit(everything, responsibilities, model.prior.numel(), smoothing)  # M
    return model, objective


def _split(
    model: BernoulliNaiveBayes, components: int, generator: torch.Generator | None
) -> BernoulliNaiveBayes:
    """Every class as a mixture of equally likely components whose pixels' log-odds differ a little."""
    log_odds = torch.logit(model.pixel).repeat_interleave(components, dim=0)  # (K C, D)
    noise = torch.randn(log_odds.shape, generator=generator, dtype=log_odds.dtype, device=log_odds.device)
    prior = model.prior.repeat_interleave(components) / components
    return BernoulliNaiveBayes(prior, torch.sigmoid(log_odds + noise / 2))


def _soft_labels(y: Tensor, n: int, num_classes: int, x: Tensor) -> Tensor:
    """(N, K): p(y = k) of each example, one-hot where y holds integers."""
    if not isinstance(y, Tensor) or not y.is_floating_point():
        check.labels(y, n, num_classes)
        return F.one_hot(y, num_classes).to(x.dtype)
    if y.shape != (n, num_classes):
        raise ValueError(f"soft labels must have shape ({n}, {num_classes}), got {tuple(y.shape)}")
    if not bool((y >= 0).all()) or not bool(((y.sum(dim=1) - 1).abs() < 1e-3).all()):
        raise ValueError("soft labels must be probabilities: at least 0, with sum 1 in every row")
    return y.to(x.dtype)


def _expect_binary(x: Tensor) -> None:
    check.examples(x)
    if not bool(((x == 0) | (x == 1)).all()):
        raise ValueError("x must hold 0 and 1 alone: binarise the images")
