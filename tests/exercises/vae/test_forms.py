"""Right answers in forms that readers of other schools write: loops, vmap, distributions, float64."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence
from torch.func import vmap

from gentutor.objectives import variational

LIKELIHOOD, WEIGHTS, ELBO, IWAE, KL, FREE, SAMPLE, STEP, UNITS = (
    f"vae.{name}"
    for name in (
        "bernoulli_log_prob",
        "importance_log_weights",
        "elbo",
        "iwae_bound",
        "gaussian_kl",
        "free_bits",
        "reparameterize",
        "step",
        "active_units",
    )
)


def pixel_by_pixel(logits, x):
    rows = []
    for image, target in zip(logits, x, strict=True):
        pairs = zip(image.flatten(), target.flatten(), strict=True)
        rows.append(sum(F.logsigmoid(a if b == 1 else -a) for a, b in pairs))
    return torch.stack(rows)


def by_cross_entropy(logits, x):
    both = torch.stack([torch.zeros_like(logits), logits], dim=1)
    return -F.cross_entropy(both, x.long(), reduction="none").flatten(1).sum(dim=1)


def by_hand(logits, x):
    softplus = logits.clamp(min=0) + torch.log1p((-logits.abs()).exp())
    return (x * logits).flatten(1).sum(1) - softplus.flatten(1).sum(1)


def sample_by_sample(p, z, m, v):
    rows = [
        [
            a + Normal(0.0, 1.0).log_prob(b).sum() - Normal(c, (d / 2).exp()).log_prob(b).sum()
            for a, b, c, d in zip(*row, m, v, strict=True)
        ]
        for row in zip(p, z, strict=True)
    ]
    return torch.stack([torch.stack(row) for row in rows])


def by_covariances(p, z, m, v):
    prior = MultivariateNormal(torch.zeros(z.shape[-1]), torch.eye(z.shape[-1]))
    return p + prior.log_prob(z) - MultivariateNormal(m, v.exp().diag_embed()).log_prob(z)


def by_losses(p, z, m, v):
    loss = F.gaussian_nll_loss
    of_q = loss(m.expand_as(z), z, v.exp().expand_as(z), reduction="none")
    of_prior = loss(torch.zeros_like(z), z, torch.ones_like(z), reduction="none")
    return p + (of_q - of_prior).sum(dim=-1)


def one_after_the_other(w):
    total = w[0]
    for row in w[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(len(w))


def kl_of_covariances(m, v):
    q = MultivariateNormal(m, scale_tril=(v / 2).exp().diag_embed())
    return kl_divergence(q, MultivariateNormal(torch.zeros_like(m), torch.eye(m.shape[1])))


def terms(m, v):
    return (m**2 + v.exp() - 1 - v) / 2


def by_a_mask(m, v, floor):
    kl = terms(m, v).mean(dim=0)
    above = kl > floor
    return kl[above].sum() + floor * (~above).sum()


def max_of_python(m, v, floor):
    return sum(max(floor, kl) for kl in terms(m, v).mean(dim=0)) + 0 * m.sum()


def lerp(m, v):
    return torch.lerp(m, m + (v / 2).exp(), torch.randn_like(m))


def column_by_column(m, v):
    pairs = zip(m.unbind(-1), v.unbind(-1), strict=True)
    return torch.stack([Normal(a, (b / 2).exp()).rsample() for a, b in pairs], dim=-1)


RIGHT = [
    (LIKELIHOOD, pixel_by_pixel),
    (LIKELIHOOD, by_cross_entropy),
    (LIKELIHOOD, by_hand),
    (LIKELIHOOD, lambda a, x: (x * a).flatten(1).sum(1) - F.softplus(a).flatten(1).sum(1)),
    (LIKELIHOOD, lambda a, x: (F.logsigmoid(a) - (1 - x) * a).flatten(1).sum(1)),
    (LIKELIHOOD, lambda a, x: (x * a - torch.logaddexp(a, torch.zeros_like(a))).flatten(1).sum(1)),
    (LIKELIHOOD, lambda a, x: vmap(lambda b, y: (y * b - F.softplus(b)).sum())(a, x)),
    (LIKELIHOOD, lambda a, x: Independent(Bernoulli(logits=a.double()), a.dim() - 1).log_prob(x.double())),
    (WEIGHTS, sample_by_sample),
    (WEIGHTS, by_covariances),
    (WEIGHTS, by_losses),
    (WEIGHTS, lambda p, z, m, v: p + (((z - m).double() / (v / 2).exp()) ** 2 + v - z**2).sum(-1) / 2),
    (ELBO, lambda p, k, beta=1.0: torch.stack([p, k], dim=1) @ torch.tensor([1.0, -beta])),
    (ELBO, lambda p, k, beta=1.0: vmap(lambda a, b: a - beta * b)(p, k)),
    (ELBO, lambda p, k, **weight: torch.stack([a - weight.get("beta", 1) * b for a, b in zip(p, k)])),  # noqa: B905
    (IWAE, one_after_the_other),
    (IWAE, lambda w: w[0] - w.log_softmax(dim=0)[0] - math.log(len(w))),
    (IWAE, lambda w: vmap(lambda column: column.logsumexp(0) - np.log(len(w)), in_dims=1)(w)),
    (IWAE, lambda w: w.double().logsumexp(dim=0) - torch.tensor(float(len(w))).log()),
    (KL, kl_of_covariances),
    (KL, lambda m, v: vmap(lambda a, b: (a @ a + (b.exp() - b - 1).sum()) / 2)(m, v)),
    (KL, lambda m, v: sum(terms(m[:, j], v[:, j]) for j in range(m.shape[1]))),
    (KL, lambda m, v: terms(m.double(), v.double()).sum(dim=1)),
    (KL, lambda m, v: (m.norm(dim=1) ** 2 + v.exp().sum(1) - v.sum(1) - v.shape[1]) / 2),
    (FREE, by_a_mask),
    (FREE, max_of_python),
    (FREE, lambda m, v, floor: vmap(lambda a, b: terms(a, b).mean().clamp(min=floor))(m.T, v.T).sum()),
    (FREE, lambda m, v, floor: F.threshold(terms(m, v).mean(0), floor, floor).sum()),
    (FREE, lambda m, v, floor: floor * m.shape[1] + (terms(m, v).double().mean(0) - floor).relu().sum()),
    (SAMPLE, lerp),
    (SAMPLE, column_by_column),
    (SAMPLE, lambda m, v: m + (v / 2).exp() * torch.tensor(np.random.default_rng().normal(size=m.shape))),
    (SAMPLE, lambda m, v: m + (v / 2).exp() * math.sqrt(2) * torch.erfinv(2 * torch.rand_like(m) - 1)),
    (UNITS, lambda means: np.count_nonzero(np.var(means.numpy(), axis=0) > 0.01)),
    (UNITS, lambda means: sum(v > 0.01 for v in means.double().var(dim=0).tolist())),
    (UNITS, lambda means: (means.square().mean(0) - means.mean(0) ** 2 > 0.01).nonzero().numel()),
    (UNITS, lambda means: (means.var(dim=0) > 0.01).float().sum()[None]),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


def update(loss):
    """A step whose loss is computed in some way from x, the VAE, and the mean and log_var of q(z|x)."""

    def step(x, vae, optimizer):
        value = loss(x, vae, *vae.encode(x))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    return step


def by_importance(x, vae, mean, log_var):
    z = variational.reparameterize(mean, log_var)[None]
    log_w = variational.importance_log_weights(vae.log_px_z(x, z[0])[None], z, mean, log_var)
    return -variational.iwae_bound(log_w).mean()


def one_draw(x, vae, mean, log_var, sign=1, known=lambda t: t):
    q = Normal(mean, (log_var / 2).exp())
    z = q.rsample()
    log_q = Normal(known(mean), (known(log_var) / 2).exp()).log_prob(z)
    return -(vae.log_px_z(x, z) + (Normal(0.0, 1.0).log_prob(z) - sign * log_q).sum(dim=1)).mean()


def in_parts(x, vae, optimizer, size=20):
    optimizer.zero_grad()
    for part in x.split(size):
        mean, log_var = vae.encode(part)
        log_px_z = vae.log_px_z(part, variational.reparameterize(mean, log_var))
        ((variational.gaussian_kl(mean, log_var) - log_px_z).sum() / len(x)).backward()
    optimizer.step()


def with_a_look_at_the_mean(x, vae, mean, log_var):
    loss = variational.gaussian_kl(mean, log_var) - vae.log_px_z(x, variational.reparameterize(mean, log_var))
    vae.decode(mean)
    return loss.mean()


def by_autograd_grad(x, vae, optimizer):
    loss = one_draw(x, vae, *vae.encode(x))
    parameters = list(vae.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()


@pytest.mark.parametrize(
    "step",
    [
        update(one_draw),
        update(by_importance),
        update(lambda *given: one_draw(*given, known=torch.Tensor.detach)),
        update(with_a_look_at_the_mean),
        in_parts,
        lambda x, vae, optimizer: in_parts(x, vae, optimizer, size=1),
        by_autograd_grad,
    ],
)
def test_right_steps(step, accepts):
    accepts(STEP, step)


def one_draw_of_a_detached_sample(x, vae, mean, log_var):
    q = Normal(mean, (log_var / 2).exp())
    z = q.sample()
    return -(vae.log_px_z(x, z) + (Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(dim=1)).mean()


@pytest.mark.parametrize(
    ("loss", "phrase"),
    [
        (lambda *given: one_draw(*given, sign=0), "log q(z|x) is missing"),
        (lambda *given: one_draw(*given, sign=-1), "log q(z|x) has the wrong sign"),
        (lambda *given: -one_draw(*given), "you descend on the ELBO"),
        (lambda *given: len(given[0]) * one_draw(*given), "sum over the batch"),
        (one_draw_of_a_detached_sample, "does not pass through z"),
    ],
)
def test_wrong_steps_of_one_draw(loss, phrase, rejects):
    rejects(STEP, update(loss), phrase)
