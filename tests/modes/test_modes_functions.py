"""Objectives, evaluation, metrics and data in other data types, under other defaults, within autocast."""

import inspect

import pytest
import torch
import torch.nn.functional as F

from gentutor import data, evaluation
from gentutor.classical import GaussianClassifier, MarkovChain, ProbabilisticPCA
from gentutor.data import domain_images
from gentutor.evaluation.measures import styles
from gentutor.models.conditional import concat_condition
from gentutor.models.text import bag_of_words
from gentutor.objectives import (
    adversarial,
    classical,
    conditional,
    contrastive,
    critics,
    divergences,
    likelihood,
    relativistic,
    translation,
    variational,
)
from tests.modes import modes
from tests.modes.modes import rand, randn

Y = torch.arange(6) % 3
REAL, FAKE = randn(20), randn(30, seed=1) - 1
POINTS, OTHERS = randn(6, 3), randn(6, 3, seed=1) + 1
MEAN, LOG_VAR, Z = randn(6, 4), randn(6, 4, seed=1) / 2, randn(5, 6, 4)
P, Q = 10 * randn(100).softmax(dim=0), 10 * randn(100, seed=1).softmax(dim=0)
BITS, SCALAR = rand(6, 784).round(), torch.tensor(0.3)
A, B, MODES = randn(40, 3), randn(50, 3, seed=1) + 0.5, 2 * randn(4, 3)
OF_A, OF_B = torch.arange(40) % 3, torch.arange(50) % 3
SHARE, RIGHT = rand(30) * 0.9 + 0.05, randn(30) > 0
IMAGES, LABELS = (part[:60] for part in data.mnist("test"))
DIGITS, TOKENS = data.to_unit(IMAGES), torch.arange(48).view(6, 8) % 6
UPPER, LOWER = DIGITS.split(14, dim=2)
ANSWERS = torch.stack([LOWER, LOWER / 2])
GLYPHS = domain_images("printed", "test")[:10]


def linear(x):
    return 3 * x[:, 0]


def seed():
    return torch.Generator().manual_seed(0)


OBJECTIVES = {
    adversarial.minimax_value: [REAL, FAKE],
    adversarial.discriminator_loss: [REAL, FAKE],
    adversarial.generator_loss: [FAKE],
    adversarial.saturating_generator_loss: [FAKE],
    adversarial.smoothed_discriminator_loss: [REAL, FAKE],
    adversarial.optimal_discriminator_logits: [-rand(9), -rand(9, seed=1)],
    adversarial.jensen_shannon_divergence: [P, Q, 0.1],
    critics.least_squares_discriminator_loss: [REAL, FAKE],
    critics.least_squares_generator_loss: [FAKE],
    critics.hinge_discriminator_loss: [REAL, FAKE],
    critics.critic_loss: [REAL, FAKE],
    critics.critic_generator_loss: [FAKE],
    critics.gradient_penalty: [linear, POINTS, OTHERS],
    critics.r1_penalty: [linear, POINTS],
    relativistic.relativistic_discriminator_loss: [randn(9), randn(9, seed=1)],
    relativistic.relativistic_generator_loss: [randn(9), randn(9, seed=1)],
    critics.r2_penalty: [linear, POINTS],
    divergences.kl_divergence: [P, Q, 0.1],
    divergences.total_variation: [P, Q, 0.1],
    likelihood.bernoulli_log_prob: [3 * randn(6, 784), BITS],
    likelihood.gaussian_log_prob: [randn(6, 784), rand(6, 784), rand(784) + 0.5],
    variational.gaussian_kl_terms: [MEAN, LOG_VAR],
    variational.gaussian_kl: [MEAN, LOG_VAR],
    variational.free_bits_kl: [MEAN, LOG_VAR, 0.1],
    variational.reparameterize: [MEAN, LOG_VAR - 40],  # each data type has its own random numbers
    variational.elbo: [randn(6) - 90, rand(6)],
    variational.importance_log_weights: [randn(5, 6) - 9, Z, MEAN, LOG_VAR],
    variational.iwae_bound: [randn(5, 6) - 9],
    conditional.auxiliary_loss: [randn(6, 3), Y],
    conditional.projection_logits: [POINTS, randn(6), OTHERS],
    conditional.mutual_information: [rand(3, 4)],
    conditional.information_bound: [randn(6, 3), Y],
    classical.linear_discriminant: [randn(3, 2), torch.eye(2) + 0.1, torch.tensor([0.2, 0.3, 0.5])],
    classical.naive_bayes_log_joint: [BITS, torch.tensor([0.5, 0.5]), rand(2, 784) * 0.9 + 0.05],
    classical.low_rank_gaussian_log_prob: [randn(6, 20), randn(20, seed=1), randn(20, 3), 0.1],
    classical.smoothed_probabilities: [torch.tensor([3.0, 0.0, 1.0]), 1.0],
    classical.bits_per_symbol: [-rand(9)],
    contrastive.contrastive_loss: [F.normalize(POINTS), F.normalize(POINTS + randn(6, 3, seed=2))],
    translation.cycle_consistency_loss: [POINTS, OTHERS],
    translation.identity_loss: [POINTS, OTHERS],
    translation.cyclegan_objective: [SCALAR, SCALAR, SCALAR],
}
DECOMPOSING = (classical.linear_discriminant, classical.low_rank_gaussian_log_prob)
ROUNDED = (contrastive.contrastive_loss,)  # within autocast, by its matrix product
MEASURES = {
    evaluation.active_units: [MEAN],
    evaluation.class_frechet_distance: [A, OF_A, B, OF_B],
    evaluation.density_coverage: [A, B],
    evaluation.effective_sample_size: [randn(50, 6) - 9],
    evaluation.expected_calibration_error: [SHARE, RIGHT],
    evaluation.frechet_distance: [A, B],
    evaluation.kernel_distance: [A, B],
    evaluation.mode_count: [A, MODES, 0.3],
    evaluation.mode_hits: [A, MODES, 0.3],
    evaluation.monte_carlo: [REAL],
    evaluation.nearest_neighbours: [A, B],
    evaluation.neighbour_radii: [A],
    evaluation.precision_recall: [A, B],
    evaluation.reliability: [SHARE, RIGHT, 2],
    evaluation.retrieval_ranks: [A, A + 0.1],
    evaluation.widened: [LOG_VAR, 1.2],
    evaluation.wilson_interval: [3, 5],
    evaluation.within_class_variance: [A, OF_A],
    evaluation.class_metrics: [DIGITS, OF_B.repeat(2)[:60], DIGITS.flip(3), OF_B.repeat(2)[:60]],
    evaluation.completion_metrics: [ANSWERS, LOWER * 0.9, UPPER, LABELS],
    evaluation.confusion: [LABELS, LABELS.flip(0)],
    evaluation.digit_features: [DIGITS],
    evaluation.digit_logits: [DIGITS],
    styles.ink: [DIGITS],
    styles.other_labels: [LABELS],
    styles.slant: [DIGITS],
    styles.style_correlation: [randn(60), randn(60) + randn(60, seed=1), 0 * LABELS, 0 * LABELS + 1],
    bag_of_words: [TOKENS, randn(6, 4)],
    concat_condition: [POINTS, Y, 3],
}
WITH_A_MODEL = {"conditional_log_likelihood", "importance_sampling", "log_likelihood", "refit", "measure"}


def latent_information(mean, log_var):
    return evaluation.latent_information(mean, log_var, 50, seed())


def glyph_features(images):
    return evaluation.glyph_features("brush", images)


MEASURES |= {latent_information: [MEAN, LOG_VAR], glyph_features: [GLYPHS]}
FUNCTIONS = {**OBJECTIVES, **MEASURES}


def name(function):
    return function.__name__


def in_dtype(arguments, dtype):
    return [modes.cast(x, dtype) if isinstance(x, torch.Tensor) else x for x in arguments]


def test_every_public_function_has_a_case():
    modules = {inspect.getmodule(function) for function in OBJECTIVES}
    public = {f for m in modules for n, f in vars(m).items() if inspect.isfunction(f) and n[0] != "_"}
    checks = {f for f in public if name(f).startswith("expect_")}
    assert public - checks == set(OBJECTIVES) | {classical.plain_modes}
    public = set(evaluation.__all__) - {"NEIGHBOURS"} - WITH_A_MODEL
    assert public <= {name(function) for function in MEASURES}


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_functions_do_not_depend_on_the_defaults(function):
    expected = modes.seeded(function, *FUNCTIONS[function])
    with modes.other_defaults():
        found = modes.seeded(function, *FUNCTIONS[function])
    modes.expect_same(found, expected)


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_functions_within_autocast(function):
    expected = modes.tensors(modes.seeded(function, *FUNCTIONS[function]))
    with modes.autocast():
        found = modes.tensors(modes.seeded(function, *FUNCTIONS[function]))
    limit = 0.02 if function in ROUNDED else 0.0
    torch.testing.assert_close(found, expected, rtol=limit, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_functions_of_numbers_in_another_data_type(function, dtype):
    """As float32 says of the same numbers, up to four roundings to the data type."""
    arguments = in_dtype(FUNCTIONS[function], dtype)
    if dtype == torch.bfloat16 and function in DECOMPOSING:
        with pytest.raises(TypeError, match=r"must be float32 or float64, got torch.bfloat16"):
            function(*arguments)
        return
    found = modes.tensors(modes.seeded(function, *arguments))
    modes.expect_finite(tuple(found))
    if function in OBJECTIVES:
        assert {tensor.dtype for tensor in found} == {dtype}
    expected = modes.tensors(modes.seeded(function, *in_dtype(arguments, torch.float32)))
    limit = 4 * torch.finfo(torch.bfloat16).eps if dtype == torch.bfloat16 else 1e-4
    for tensor, exact in zip(found, expected, strict=True):
        torch.testing.assert_close(tensor.double(), exact.double(), rtol=limit, atol=limit)


def fitted(text="the cat sat on the mat and the dog sat too " * 9):
    markov = MarkovChain.fit(text, 2, 0.5)
    joint = GaussianClassifier.fit(A, OF_A, 3)
    pca = ProbabilisticPCA.fit(A, 1)
    numbers = (
        joint.log_joint(A),
        joint.sample(5, seed()),
        pca.log_prob(A),
        pca.posterior(A),
        pca.sample(5, seed()),
    )
    return markov.bits_per_character(text), markov.sample(30, seed()), numbers


def test_fitted_models_do_not_depend_on_the_defaults():
    *texts, numbers = fitted()
    with modes.other_defaults():
        *others, found = fitted()
    assert others == texts
    modes.expect_same(found, numbers)
    for fit in (lambda x: GaussianClassifier.fit(x, OF_A, 3), lambda x: ProbabilisticPCA.fit(x, 1)):
        with pytest.raises(TypeError, match="x must be float32 or float64, got torch.bfloat16"):
            fit(A.bfloat16())


@pytest.mark.parametrize(
    "load",
    [
        lambda: data.mnist("test"),
        data.fashion_mnist,
        lambda: data.characters("brush", "test"),
        lambda: data.emoji("noto", "test"),
        lambda: data.printed_digits("test"),
        lambda: data.tokens(["red heart"], ["heart"]),
    ],
)
def test_data_lie_on_the_processor_whatever_the_defaults(load):
    expected = load()
    with modes.other_defaults():
        modes.expect_same(load(), expected)
