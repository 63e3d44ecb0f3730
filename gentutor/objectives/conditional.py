"""What generation under a condition adds to the losses: a label guessed, projected, and its information.

Labels y are int64 (B,), 0 to K - 1; everything else is in logits or counts, and the results are in
nats. The losses of the game itself are in ``adversarial``; the bound of a VAE that is told a
condition is ``variational.elbo``, with the condition in each of its terms.

An argument of another type than stated raises ``TypeError``; one that is empty, of another shape or out of
its range, ``ValueError``. (On a GPU the range of labels is left to PyTorch's own assertion.)
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check


def auxiliary_loss(class_logits: Tensor, y: Tensor) -> Tensor:
    r"""AC-GAN's second loss: the cross-entropy of the guessed class, in nats.

    .. math:: L_C = -E[\log q(y|x)], \qquad q(k|x) = \operatorname{softmax}(a(x))_k

    Discriminator and generator both lower it, on data and on samples alike.

    Args:
        class_logits: (B, K), nats, logits a of the classes.
        y: (B,), int64, 0 to K - 1: the class that an example is of, or was asked for.

    Returns:
        A scalar, at least 0, to minimise; log K for a guess that knows nothing.

    Source:
        eq-auxiliary-loss; Odena et al. 2017, Eq. 3 (there a log-likelihood, to maximise).

    >>> round(auxiliary_loss(torch.zeros(5, 10), torch.arange(5)).item(), 4)  # log 10
    2.3026
    """
    _expect_classes(class_logits, y)
    return F.cross_entropy(class_logits, y)


def projection_logits(features: Tensor, score: Tensor, vectors: Tensor) -> Tensor:
    r"""A projection discriminator's logits: a score of the image plus how well it fits the label, in nats.

    .. math:: l(x, y) = v_y^\top \phi(x) + \psi(\phi(x))

    Args:
        features: (B, F), phi(x).
        score: (B,), psi(phi(x)), the same whatever the label.
        vectors: (B, F), v_y of each example's own label.

    Returns:
        (B,). At the optimum the first term is log p(y|x) - log q(y|x) up to a term without x, and the
        second log p(x) - log q(x), with p of the data and q of the generator.

    Source:
        eq-projection-logits; Miyato & Koyama 2018, section 3.

    >>> features, vectors = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, -1.0]])
    >>> projection_logits(features, torch.tensor([3.0]), vectors)  # 3 + 0.5 - 2
    tensor([1.5000])
    """
    check.same_shape(features=features, vectors=vectors)
    check.not_empty(score=score)
    if features.dim() != 2 or score.shape != features.shape[:1]:
        seen = f"{tuple(features.shape)} and {tuple(score.shape)}"
        raise ValueError(f"expected features (B, F) and a score (B,), got {seen}")
    return (vectors * features).sum(dim=1) + score


def mutual_information(counts: Tensor) -> Tensor:
    r"""How much one of two discrete variables tells about the other, in nats, from a table of counts.

    .. math:: I(y; \hat y) = \sum_{y, \hat y} p(y, \hat y) \log \frac{p(y, \hat y)}{p(y)\, p(\hat y)}

    For the condition y of a sample and the class y-hat that a classifier sees in it, this measures
    control: 0 if the condition is ignored, H(y) (log K for K equally frequent ones) if it always
    shows. What a classifier sees of x cannot exceed what x tells: it is at most I(y; x).

    Args:
        counts: (K, M), any numbers >= 0 with a positive sum: a confusion matrix, or a joint distribution.

    Returns:
        A scalar, between 0 and log min(K, M). From N counts it is too high by about
        (K - 1)(M - 1) / (2N) if the variables are independent.

    Source:
        eq-mutual-information; Shannon 1948, section 12.

    >>> mutual_information(torch.tensor([[50, 0], [0, 50]]))  # log 2: the condition always shows
    tensor(0.6931)
    """
    check.numbers(counts=counts)
    if counts.dim() != 2:
        raise ValueError(f"expected counts of shape (K, M), got {tuple(counts.shape)}")
    p = counts if counts.is_floating_point() else counts.to(torch.get_default_dtype())
    if not bool(((p >= 0) & p.isfinite()).all()) or not bool(p.sum() > 0):
        raise ValueError("counts must be finite, nowhere negative, and not all 0")
    p = p / p.sum()
    independent = p.sum(dim=1, keepdim=True) * p.sum(dim=0)  # (K, M)
    seen = p > 0
    return (p[seen] * (p[seen] / independent[seen]).log()).sum()


def information_bound(class_logits: Tensor, y: Tensor) -> Tensor:
    r"""A lower bound on the information that samples carry about their condition, in nats.

    .. math:: I(y; x) \ge H(y) + E[\log q(y|x)] = H(y) - L_C

    with equality where the classifier q is the true posterior of the condition. So whoever lowers
    AC-GAN's L_C by changing x raises a bound on I(y; x).

    Args:
        class_logits: (B, K), nats, a classifier's logits for samples x.
        y: (B,), int64, 0 to K - 1: what the samples were asked to be; H(y) is that of their shares.

    Returns:
        A scalar, at most log K; negative if the classifier is confidently wrong.

    Source:
        eq-information-bound; Barber & Agakov 2003.

    >>> sure = 50 * torch.eye(2)
    >>> information_bound(sure, torch.tensor([0, 1]))  # log 2
    tensor(0.6931)
    """
    loss = auxiliary_loss(class_logits, y)
    shares = torch.bincount(y, minlength=class_logits.shape[1]).to(class_logits) / len(y)
    return -torch.xlogy(shares, shares).sum() - loss


def _expect_classes(class_logits: Tensor, y: Tensor) -> None:
    check.not_empty(class_logits=class_logits)
    check.int64(labels=y)
    if class_logits.dim() != 2 or y.shape != class_logits.shape[:1]:
        seen = f"{tuple(class_logits.shape)} and {tuple(y.shape)}"
        raise ValueError(f"expected class logits (B, K) and labels (B,), got {seen}")
    if not y.is_cuda:
        check.below(class_logits.shape[1], labels=y)
