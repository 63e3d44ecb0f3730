"""Toy densities: mass 1, agreement with independent implementations, samples that follow them."""

import math

import pytest
import torch
from scipy.stats import chisquare
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from gentutor import data

PLANAR = {  # a density, its smallest standard deviation, half the side of a square that holds it
    "ring": (data.ring(), 0.02, 3.0),
    "wide ring": (data.ring(modes=5, radius=1.0, std=0.3), 0.3, 4.5),
    "grid": (data.grid(), 0.05, 5.5),
    "moons": (data.two_moons(0.1), 0.1, 2.6),
    "blurred moons": (data.two_moons(0.7), 0.7, 7.5),
}
UNEVEN = data.GaussianMixture(
    torch.tensor([[0.0, 1.0], [-2.0, 0.5], [3.0, -1.0]]), std=[0.5, 1.0, 0.2], weights=[1.0, 2.0, 5.0]
)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def integral(function, std: float, half: float) -> float:
    """Over the square of this half side around (0.5, 0.25), by midpoints of cells of 0.8 std.

    For sums of Gaussians the error is of the order exp(-2 (pi / 0.8)^2), about 1e-13.
    """
    side = math.ceil(2 * half / (0.8 * std))
    line = ((torch.arange(side, dtype=torch.float64) + 0.5) / side * 2 - 1) * half
    points = torch.cartesian_prod(line + 0.5, line + 0.25)
    return sum(function(part).sum().item() for part in points.split(20_000)) * (2 * half / side) ** 2


@pytest.mark.parametrize("name", PLANAR)
def test_mass_is_one(name):
    density, std, half = PLANAR[name]
    assert integral(lambda x: density.log_prob(x).exp(), std, half) == pytest.approx(1, abs=1e-9)


def test_mass_is_one_on_the_line():
    density = data.mixture_1d([-2.0, 0.5, 3.0], std=[0.3, 1.0, 0.1], weights=[1, 2, 3])
    points = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    assert density.log_prob(points).exp().sum().item() * 24 / 4000 == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("mixture", [UNEVEN, data.ring(), data.grid(), data.mixture_1d([0.0, 4.0], 0.5)])
def test_mixture_log_prob_is_that_of_torch_distributions(mixture):
    dims = mixture.means.shape[1]
    theirs = MixtureSameFamily(
        Categorical(mixture.weights.double()),
        Independent(Normal(mixture.means.double(), mixture.std.double()[:, None].expand(-1, dims)), 1),
    )
    x = 3 * torch.randn(500, dims, dtype=torch.float64, generator=seeded(0))
    torch.testing.assert_close(mixture.log_prob(x), theirs.log_prob(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("density", [UNEVEN, data.two_moons(0.3)])
def test_gradients(density):
    x = torch.randn(8, 2, dtype=torch.float64, generator=seeded(0)).requires_grad_()
    assert torch.autograd.gradcheck(density.log_prob, x)


def test_a_mixture_pulls_towards_its_nearest_mode_from_any_distance():
    ring = data.ring()
    x = torch.tensor([[1000.0, 0.0]], dtype=torch.float64, requires_grad=True)
    ring.log_prob(x).sum().backward()
    expected = (ring.means[:1] - x.detach()) / ring.std[0].double() ** 2
    torch.testing.assert_close(x.grad, expected)


def test_float_types_are_kept():
    for density in (data.grid(), data.two_moons()):
        for dtype in (torch.float32, torch.float64):
            x = density.sample(5, seeded(0)).to(dtype)
            assert density.log_prob(x).dtype == dtype and density.log_prob(x).shape == (5,)
        torch.testing.assert_close(
            density.log_prob(x.float()).double(), density.log_prob(x), rtol=1e-4, atol=1e-4
        )
    double = data.GaussianMixture(torch.zeros(1, 3, dtype=torch.float64), std=1.0)
    assert double.sample(4).dtype == torch.float64 and double.sample(4).shape == (4, 3)


def test_mixture_samples_have_the_moments_of_the_mixture():
    n, weights = 100_000, UNEVEN.weights[:, None]
    x = UNEVEN.sample(n, seeded(0))
    mean = (weights * UNEVEN.means).sum(dim=0)
    spread = UNEVEN.std[:, None] ** 2 + (UNEVEN.means - mean) ** 2
    variance = (weights * spread).sum(dim=0)
    assert bool(((x.mean(dim=0) - mean).abs() < 5 * (variance / n).sqrt()).all())
    error_of_variance = ((x - mean).square().var(dim=0) / n).sqrt()
    assert bool(((x.var(dim=0) - variance).abs() < 5 * error_of_variance).all())


@pytest.mark.parametrize("mixture", [data.ring(), data.grid(), UNEVEN])
def test_each_mode_gets_its_share(mixture):
    x = mixture.sample(20_000, seeded(0))
    nearest = torch.cdist(x, mixture.means).argmin(dim=1)
    counts = torch.bincount(nearest, minlength=len(mixture.means))
    if mixture is UNEVEN:  # two of its modes overlap: take the narrow one alone
        counts, weights = torch.stack([counts[:2].sum(), counts[2]]), torch.tensor([3 / 8, 5 / 8])
    else:
        weights = mixture.weights
    assert chisquare(counts, (weights / weights.sum() * len(x)).double()).pvalue > 1e-3


@pytest.mark.parametrize("name", PLANAR)
def test_samples_have_the_entropy_of_the_density(name):
    density, std, half = PLANAR[name]
    entropy = integral(lambda x: torch.special.entr(density.log_prob(x).exp()), std, half)
    surprise = -density.log_prob(density.sample(20_000, seeded(0)))
    assert abs(surprise.mean().item() - entropy) < 5 * surprise.std().item() / math.sqrt(20_000)


@pytest.mark.parametrize("density", [data.ring(), data.two_moons()])
def test_a_seed_fixes_the_samples_and_leaves_the_global_state_alone(density):
    before = torch.get_rng_state()
    same = [density.sample(9, seeded(seed)) for seed in (0, 0, 1)]
    assert torch.equal(same[0], same[1]) and not torch.equal(same[0], same[2])
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(3)
    first = density.sample(9)
    torch.manual_seed(3)
    assert torch.equal(density.sample(9), first)


def test_ring_and_grid_geometry():
    ring, grid = data.ring(), data.grid()
    assert ring.means.shape == (8, 2) and grid.means.shape == (25, 2)
    torch.testing.assert_close(ring.means.norm(dim=1), torch.full((8,), 2.0))
    neighbour = (ring.means - ring.means.roll(1, dims=0)).norm(dim=1)
    torch.testing.assert_close(neighbour, torch.full((8,), 4 * math.sin(math.pi / 8)))
    assert sorted(grid.means[:, 0].unique().tolist()) == [-4, -2, 0, 2, 4]
    distances = torch.cdist(grid.means, grid.means) + 100 * torch.eye(25)
    torch.testing.assert_close(distances.min(dim=1).values, torch.full((25,), 2.0))
    assert bool((grid.std == 0.05).all()) and bool((ring.std == 0.02).all())
    assert bool((data.ring(std=0.3).weights == 1 / 8).all())


def test_weights_are_shares_and_a_weight_of_zero_removes_a_mode():
    with_ghost = data.mixture_1d([0.0, 5.0], std=1.0, weights=[2, 0])
    x = torch.tensor([[0.0], [5.0]], requires_grad=True)
    log_prob = with_ghost.log_prob(x)
    log_prob.sum().backward()
    torch.testing.assert_close(log_prob, Normal(0.0, 1.0).log_prob(x[:, 0]))
    torch.testing.assert_close(x.grad, -x.detach())
    assert bool((with_ghost.sample(1000, seeded(0)) < 5).all())


TWO = torch.zeros(2, 2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: data.GaussianMixture(torch.zeros(2), 1.0), ValueError, r"means must.*\(N, D\).*\(2,\)"),
        (lambda: data.GaussianMixture(torch.zeros(0, 2), 1.0), ValueError, r"got \(0, 2\)"),
        (lambda: data.GaussianMixture(TWO.long(), 1.0), TypeError, "means must be a floating.*int64"),
        (lambda: data.GaussianMixture([[0.0]], 1.0), TypeError, "got list"),
        (lambda: data.GaussianMixture(TWO, 0.0), ValueError, "std must be positive"),
        (lambda: data.GaussianMixture(TWO, -1.0), ValueError, "std must be finite and not negative"),
        (lambda: data.GaussianMixture(TWO, math.inf), ValueError, "std must be finite"),
        (lambda: data.GaussianMixture(TWO, [1.0] * 3), ValueError, r"std must have shape \(2,\).*\(3,\)"),
        (lambda: data.GaussianMixture(TWO, 1.0, [1.0, -1.0]), ValueError, "weights must be finite and not"),
        (lambda: data.GaussianMixture(TWO, 1.0, [0.0, 0.0]), ValueError, "at least one of the weights"),
        (lambda: data.GaussianMixture(TWO, 1.0, [1.0]), ValueError, r"weights must have shape \(2,\)"),
        (lambda: data.mixture_1d([0.0, 1.0], [1.0]), ValueError, "one per mean"),
        (lambda: data.ring(modes=0), ValueError, "modes must be at least 1, got 0"),
        (lambda: data.ring(modes=2.5), TypeError, "modes must be an integer"),
        (lambda: data.ring(radius=-1.0), ValueError, "radius must be positive"),
        (lambda: data.ring(std=0), ValueError, "std must be positive"),
        (lambda: data.grid(side=0), ValueError, "side"),
        (lambda: data.grid(spacing=math.nan), ValueError, "spacing must be positive and finite, got nan"),
        (lambda: data.two_moons(0.0), ValueError, "noise must be positive"),
        (lambda: data.two_moons("0.1"), TypeError, "noise must be a number"),
        (lambda: data.ring().log_prob(torch.zeros(3)), ValueError, r"x must.*\(N, 2\).*\(3,\)"),
        (lambda: data.ring().log_prob(torch.zeros(3, 1)), ValueError, r"\(N, 2\).*\(3, 1\)"),
        (lambda: data.two_moons().log_prob(torch.zeros(3, 3)), ValueError, r"\(N, 2\).*\(3, 3\)"),
        (lambda: data.two_moons().log_prob(TWO.int()), TypeError, "int32"),
        (lambda: data.ring().sample(0), ValueError, "n must be at least 1"),
        (lambda: data.two_moons().sample(1.5), TypeError, "n must be an integer"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()
