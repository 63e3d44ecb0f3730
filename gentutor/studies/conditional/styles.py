"""What lets a style outlive a change of label, and what a label is worth: small conditional VAEs."""

import functools
import math
import time
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation import conditional_log_likelihood, digit_logits
from gentutor.evaluation.measures.drawing import CHUNK
from gentutor.evaluation.measures.styles import ink, other_labels, slant, style_correlation
from gentutor.models.conditional import OneHot
from gentutor.models.cvae import CVAE
from gentutor.models.vae import mlp
from gentutor.objectives import variational
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.optim import and_then, linear_decay
from gentutor.steps import binarize, cvae_step
from gentutor.training import fit

WIDTH, LATENT_DIM = 64, 8


class OneForEachLabel(nn.Module):
    """Ten networks of one shape; an example goes through that of its label alone.

    Args:
        widths: of each network's layers, without the label.
    """

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(mlp(widths, nn.SiLU) for _ in range(10))
        self.out = widths[-1]

    def forward(self, h: Tensor) -> Tensor:
        """(B, D + 10), the label's one-hot code last -> (B, out)."""
        h, y = h[:, :-10], h[:, -10:].argmax(dim=1)
        result = h.new_empty(len(h), self.out)
        for label, network in enumerate(self.networks):
            result[y == label] = network(h[y == label])
        return result


class Untold(nn.Module):
    """Labels (B,) -> zeros (B, 10): the same code for all."""

    width = 10

    def forward(self, y: Tensor) -> Tensor:
        """(B,) int64 -> (B, 10)."""
        return torch.zeros(len(y), self.width, device=y.device)


def small_cvae(encoder: str, decoder: str, told: bool = True) -> CVAE:
    """An untrained conditional VAE whose two networks are ``shared`` by the labels or ``own`` ones."""

    def network(kind: str, *widths: int) -> nn.Module:
        if kind == "own":
            return OneForEachLabel(*widths)
        return mlp((widths[0] + 10, *widths[1:]), nn.SiLU)

    return CVAE(
        OneHot(10) if told else Untold(),
        nn.Flatten(),
        network(encoder, 784, WIDTH, 2 * LATENT_DIM),
        network(decoder, LATENT_DIM, WIDTH, 784),
        bernoulli_log_prob,
        LATENT_DIM,
        (1, 28, 28),
        torch.arange(10),
    )


VARIANTS = {
    "both shared": ("shared", "shared", True),
    "own encoders": ("own", "shared", True),
    "own decoders": ("shared", "own", True),
    "nothing shared": ("own", "own", True),
    "label not told": ("shared", "shared", False),
}


@torch.no_grad()
def measured(model: CVAE, x: Tensor, y: Tensor, random: torch.Generator, draws: int) -> dict[str, float]:
    """A model on binary digits: its bound, its likelihood, and what a change of label keeps.

    Returns:
        ``nll``, ``negative_elbo``, ``distortion`` and ``kl`` in nats per image; ``worth``, nats: by how much
        log p(x|y) exceeds log p(x), the model's own with even labels; ``ink`` and ``slant``:
        ``style_correlation`` of a digit and of what its code becomes under another label; ``ink_kept`` and
        ``slant_kept``: under its own label; ``ink_chance`` and ``slant_chance``: under another one, with the
        code of another digit of the same labels; ``swapped``: how often the classifier sees the other label.
    """
    mean, log_var = model.encode(x, y)
    kl = variational.gaussian_kl(mean, log_var).mean().item()
    distortion = -model.log_px_z(x, variational.reparameterize(mean, log_var, random), y).mean().item()
    other = other_labels(y)
    kept, drawn = (model.decode(mean, label).sigmoid() for label in (y, other))
    mixed = torch.empty_like(drawn)
    for own in range(10):
        for new in range(10):
            pair = ((y == own) & (other == new)).nonzero()[:, 0]
            mixed[pair] = drawn[pair[torch.randperm(len(pair), generator=random)]]
    numbers = {
        f"{name}{suffix}": style_correlation(style(x), style(images), y, label)
        for name, style in (("ink", ink), ("slant", slant))
        for suffix, images, label in (("", drawn, other), ("_kept", kept, y), ("_chance", mixed, other))
    }
    log_px = conditional_log_likelihood(model, x[:2000], y[:2000], draws, CHUNK, random).double()
    few = x[:500]
    under = [torch.full((len(few),), label) for label in range(10)]
    each = torch.stack([conditional_log_likelihood(model, few, c, draws, CHUNK, random) for c in under])
    own_label = each.double().gather(0, y[None, :500])[0]  # log p(x|y), (500,)
    mixture = each.double().logsumexp(dim=0) - math.log(10)  # log p(x) of the model with even labels
    return {
        "nll": -log_px.mean().item(),
        "worth": (own_label - mixture).mean().item(),
        "negative_elbo": distortion + kl,
        "distortion": distortion,
        "kl": kl,
        **numbers,
        "swapped": (digit_logits(drawn).argmax(dim=1) == other).double().mean().item(),
    }


def shared_networks(
    seeds: tuple[int, ...] = (0, 1, 2, 3), steps: int = 800, samples: int = 5000, draws: int = 100
) -> dict[str, Any]:
    """Small conditional VAEs whose labels share encoder, decoder, both or nothing; and one without labels.

    All take ``steps`` steps of 128 digits at a rate that falls to zero over the second half, and are measured
    on the first ``samples`` test digits, the likelihood on 2,000 of them with ``draws`` draws of z, ``worth``
    on 500.
    """
    train, test = data.mnist("train"), data.mnist("test")
    images = data.to_unit(train.images)
    x = binarize(data.to_unit(test.images[:samples]), torch.Generator().manual_seed(0))
    rows = []
    for seed in seeds:
        for name, kind in VARIANTS.items():
            torch.manual_seed(seed)
            model = small_cvae(*kind)
            optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
            schedule = linear_decay(optimizer, steps)
            order = torch.Generator().manual_seed(seed)
            batches = data.batches(images, train.labels, batch_size=128, generator=order)
            started = time.process_time()
            step = functools.partial(cvae_step, cvae=model, optimizer=optimizer)
            fit(and_then(step, schedule.step), batches, steps=steps, every=steps, progress=False)
            seconds = time.process_time() - started
            random = torch.Generator().manual_seed(seed)
            numbers = measured(model.eval(), x, test.labels[:samples], random, draws)
            rounded = {key: round(value, 4) for key, value in numbers.items()}
            rows.append({"variant": name, "seed": seed, **rounded, "cpu_seconds": round(seconds, 1)})
    return {"settings": {"seeds": seeds, "steps": steps, "samples": samples, "draws": draws}, "rows": rows}
