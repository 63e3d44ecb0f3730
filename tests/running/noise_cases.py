"""Every kind of random number that a step draws, and those that several processes cannot share."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def own() -> torch.Generator:
    """A generator that a step makes for itself."""
    return torch.Generator().manual_seed(5)


def map_of(x: Tensor) -> Tensor:
    """x (B, C) as maps (B, C, 2, 3)."""
    return x[:, :, None, None].repeat(1, 1, 2, 3)


F, L = nn.functional, torch.channels_last
# Every kind of random number that a step draws for the rows of x (B, 4), which lie in 1 to 32.
DRAWS: dict[str, Callable[[Tensor], Tensor]] = {
    "randn": lambda x: torch.randn(len(x), 2),
    "randn(size=)": lambda x: torch.randn(size=(len(x), 2)),
    "rand": lambda x: torch.rand(torch.Size([len(x), 1])),
    "randint": lambda x: torch.randint(1000, (len(x),)),
    "randint from below 0": lambda x: torch.randint(-3, 1000, size=(len(x), 2)),
    "randn_like": lambda x: torch.randn_like(input=x),
    "randn_like, channels last": lambda x: torch.randn_like(map_of(x).contiguous(memory_format=L)),
    "randn_like, expanded": lambda x: torch.randn_like(x[:, None].expand(-1, 5, -1)),
    "rand_like": lambda x: torch.rand_like(x),
    "rand_like, transposed": lambda x: torch.rand_like(x[..., None].repeat(1, 1, 8).transpose(1, 2)),
    "randint_like": lambda x: torch.randint_like(x, 9),
    "normal": lambda x: torch.normal(x, 2 * x),
    "normal of numbers": lambda x: torch.normal(1.0, 2.0, size=(len(x), 3)),
    "normal, mean of all rows": lambda x: torch.normal(torch.ones(4), x),
    "Normal": lambda x: torch.distributions.Normal(x, 2.0).sample(),
    "Normal of numbers": lambda x: torch.distributions.Normal(1.0, 2.0).rsample((len(x), 2)),
    "Uniform": lambda x: torch.distributions.Uniform(-x, x).sample(),
    "Categorical": lambda x: torch.distributions.Categorical(x).sample(),
    "bernoulli": lambda x: torch.bernoulli(x / 32),
    "bernoulli with p": lambda x: torch.bernoulli(x, 0.3),
    "bernoulli_": lambda x: torch.zeros(len(x), 4).bernoulli_(torch.tensor([0.1, 0.4, 0.6, 0.9])),
    "uniform_": lambda x: torch.zeros(len(x), 3).uniform_(),
    "uniform_ of a column": lambda x: torch.zeros(len(x), 3)[:, 1].uniform_(),
    "normal_": lambda x: torch.zeros(len(x), 3).normal_(1, 2),
    "exponential_": lambda x: torch.zeros(len(x), 3).exponential_(),
    "random_": lambda x: torch.zeros(len(x), 3).random_(9),
    "multinomial": lambda x: torch.multinomial(x, 2),
    "multinomial, one for all": lambda x: torch.multinomial(torch.ones(9), len(x), replacement=True),
    "dropout": lambda x: F.dropout(x, 0.5),
    "dropout2d": lambda x: F.dropout2d(map_of(x), 0.5),
    "alpha_dropout": lambda x: F.alpha_dropout(x, 0.5, training=True),
    "gumbel_softmax": lambda x: F.gumbel_softmax(x),
    "own randn": lambda x: torch.randn(len(x), 2, generator=own()),
    "own randint": lambda x: torch.randint(9, (len(x), 2), generator=own()),
    "own uniform_": lambda x: torch.zeros(len(x), 2).uniform_(generator=own()),
    "own bernoulli": lambda x: torch.bernoulli(x / 32, generator=own()),
    "attention": lambda x: F.scaled_dot_product_attention(*3 * [x.view(-1, 2, 2)]),
}
FOR_ALL: dict[str, Callable[[], Tensor]] = {  # numbers without a batch
    "rand": lambda: torch.rand(()),
    "randint": lambda: torch.randint(9, ()),
    "normal_": lambda: torch.zeros(()).normal_(),
    "Normal": lambda: torch.distributions.Normal(0.0, 1.0).sample(),
}
REFUSED: dict[str, Callable[[Tensor], Tensor]] = {
    "randperm": lambda x: torch.randperm(len(x)),
    "own randperm": lambda x: torch.randperm(len(x), generator=own()),
    "poisson": lambda x: torch.poisson(x),
    "gamma": lambda x: torch.distributions.Gamma(x, x).sample(),
    "beta": lambda x: torch.distributions.Beta(x, x).sample(),
    "rrelu": lambda x: F.rrelu(-x, training=True),
    "multinomial, one for all": lambda x: torch.multinomial(torch.ones(9), len(x)),
}


def draws(x: Tensor) -> dict[str, object]:
    """All of ``DRAWS`` and of ``FOR_ALL``, one after the other, and the random state after them."""
    torch.manual_seed(3)
    return {
        "of rows": {name: draw(x) for name, draw in DRAWS.items()},
        "for all": {name: draw() for name, draw in FOR_ALL.items()},
        "random": torch.get_rng_state(),
    }
