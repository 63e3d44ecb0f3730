"""The numbers on the cards: what the classifier sees, and what is measured for each kind of recipe."""

import math

import pytest
import torch
from torch import nn

from gentutor import data, recipes
from gentutor.evaluation import digit_features, frechet_distance
from gentutor.models.gan import Generator
from gentutor.models.sampling import ConditionalSampler

GAN = recipes.get("dcgan-mnist")
CLASSIFIER = recipes.get("digit-classifier")


class Replay(Generator):
    """A "generator" that plays images back, whatever its noise."""

    latent_dim = 2
    image_shape = (1, 28, 28)

    def __init__(self, images: torch.Tensor) -> None:
        super().__init__()
        self.played = nn.Parameter(data.to_signed(images), requires_grad=False)
        self.position = 0

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        self.position += len(z)
        return self.played[self.position - len(z) : self.position]


def some(split: str, n: int, seed: int = 5) -> data.Images:
    images, labels = data.mnist(split)
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]
    return data.Images(images[chosen], labels[chosen])


def test_features_of_images():
    images = data.to_unit(some("test", 30).images)
    features = digit_features(images, chunk=7)
    assert features.shape == (30, 64) and features.dtype == torch.float32
    assert features.abs().max() <= 1 and not features.requires_grad
    torch.testing.assert_close(digit_features(images.double()), features)
    model, _ = recipes.pretrained("digit-classifier")
    with torch.no_grad():
        torch.testing.assert_close(model.features(images), features)


def test_features_tell_the_classes_apart():
    images, labels = some("test", 2000)
    features = digit_features(data.to_unit(images))
    centres = torch.stack([features[labels == digit].mean(dim=0) for digit in range(10)])
    nearest = torch.cdist(features, centres).argmin(dim=1)
    assert (nearest == labels).double().mean() > 0.97


def test_images_that_have_no_features():
    with pytest.raises(TypeError, match="got torch.uint8"):
        digit_features(torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got -1 to 1"):
        digit_features(torch.linspace(-1, 1, 2 * 784).view(2, 1, 28, 28))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got nan"):
        digit_features(torch.full((2, 1, 28, 28), torch.nan))
    for shape in ((2, 28, 28), (2, 1, 32, 32), (0, 1, 28, 28)):
        with pytest.raises(ValueError, match=r"expected images of shape \(N, 1, 28, 28\), got"):
            digit_features(torch.zeros(shape))


def test_measuring_real_images_gives_the_best_numbers():
    numbers = GAN.measure(Replay(some("train", 500).images), n=500)
    names = ["frechet", "kernel", "precision", "recall"]
    assert list(numbers) == [*names, *(f"{name}_train" for name in names), "frechet_noise"]
    assert all(isinstance(number, float) for number in numbers.values())
    assert 0.5 < numbers["frechet"] / numbers["frechet_train"] < 2
    assert numbers["frechet"] < 0.1 * numbers["frechet_noise"]
    for name in ("precision", "recall"):
        assert numbers[name] == pytest.approx(numbers[f"{name}_train"], abs=0.1)
        assert numbers[name] > 0.6


def test_measuring_one_class_alone():
    images, labels = some("train", 8000)
    ones = GAN.measure(Replay(images[labels == 1]), n=500)
    assert ones["frechet"] > 10 * ones["frechet_train"]
    assert ones["precision"] > 0.7 and ones["recall"] < 0.25  # good samples, little variety


def test_measuring_noise():
    generator = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 256, (500, 1, 28, 28), generator=generator).to(torch.uint8)
    numbers = GAN.measure(Replay(noise), n=500)
    assert numbers["frechet"] == pytest.approx(numbers["frechet_noise"], rel=0.05)
    assert numbers["recall"] < 0.05


def test_a_measurement_is_reproducible_and_leaves_no_trace():
    torch.manual_seed(0)
    model = GAN.model().train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    first = GAN.measure(model, n=100, seed=3)
    assert GAN.measure(model, n=100, seed=3) == first
    assert GAN.measure(model, n=100, seed=4) != first
    assert model.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_the_reference_is_random_and_not_the_first_images():
    first = digit_features(data.to_unit(data.mnist("test").images[:5000]))
    last = digit_features(data.to_unit(data.mnist("test").images[5000:]))
    drawn = digit_features(data.to_unit(some("test", 5000).images))
    other = digit_features(data.to_unit(some("test", 5000, seed=6).images))
    assert frechet_distance(first, last) > 3 * frechet_distance(drawn, other)


def test_measuring_a_classifier():
    model, card = recipes.pretrained("digit-classifier")
    numbers = CLASSIFIER.measure(model)
    assert numbers["accuracy"] >= 0.992
    assert numbers == pytest.approx(card.metrics, abs=5e-4)
    assert 0 < numbers["cross_entropy"] < 0.05
    untrained = CLASSIFIER.measure(CLASSIFIER.model(), n=300)
    assert untrained["accuracy"] < 0.5 and untrained["cross_entropy"] > 1.5


def test_measuring_a_vae():
    torch.manual_seed(0)
    recipe = recipes.get("vae-mnist")
    vae = recipe.model()
    numbers = recipe.measure(vae, n=60)
    assert numbers["negative_elbo"] == pytest.approx(numbers["distortion"] + numbers["kl"])
    assert numbers["nll"] < numbers["negative_elbo"]  # 30 draws against one
    assert numbers["nll"] == pytest.approx(784 * math.log(2), rel=0.05)  # it knows nothing yet
    assert 0 < numbers["nll_error"] < 5 and 0 <= numbers["active"] <= 50 and numbers["frechet"] > 0
    assert recipe.measure(vae, n=60) == numbers != recipe.measure(vae, n=60, seed=1)


def test_measuring_an_autoencoder():
    recipe = recipes.get("autoencoder-2d-mnist")
    numbers = recipe.measure(recipe.model(), n=60)
    assert numbers == {"distortion": pytest.approx(784 * math.log(2), rel=0.05)}


def test_measuring_a_conditional_gan():
    torch.manual_seed(0)
    recipe = recipes.get("cgan-mnist")
    generator = recipe.model()
    numbers = recipe.measure(generator, n=300)
    names = ["accuracy", "accuracy_low", "accuracy_high", "information", "frechet", "class_frechet"]
    names += ["variance", "precision", "recall"]
    assert list(numbers) == [*names, *(f"{name}_train" for name in names)]
    assert numbers["accuracy"] < 0.4 and numbers["information"] < 0.5  # it knows nothing yet
    assert numbers["accuracy_train"] > 0.97 and numbers["information_train"] > 2.1
    assert numbers["variance_train"] == pytest.approx(1, abs=0.15)
    assert numbers["class_frechet_train"] < 0.3 * numbers["class_frechet"]
    assert recipe.measure(generator, n=300) == numbers


def test_a_conditional_gan_is_asked_for_the_labels_of_the_test_images():
    asked = []

    class Told(ConditionalSampler, Replay):
        examples = torch.arange(10)

        def forward(self, z, y):
            asked.append(y)
            return super().forward(z)

    chosen = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:300]
    numbers = recipes.get("cgan-mnist").measure(Told(data.mnist("test").images[chosen]), n=300)
    assert torch.equal(torch.cat(asked), data.mnist("test").labels[chosen])
    assert numbers["accuracy"] > 0.97  # the test images themselves, played back
    assert numbers["variance"] == pytest.approx(1) and numbers["class_frechet"] == pytest.approx(0, abs=1e-6)


def test_measuring_a_conditional_vae():
    torch.manual_seed(0)
    recipe = recipes.get("cvae-mnist")
    cvae = recipe.model()
    numbers = recipe.measure(cvae, n=200)
    assert numbers["negative_elbo"] == pytest.approx(numbers["distortion"] + numbers["kl"])
    assert numbers["nll"] == pytest.approx(784 * math.log(2), rel=0.05)  # it knows nothing yet
    for suffix in ("", "_drawn", "_train", "_binary"):
        assert {f"accuracy{suffix}", f"variance{suffix}", f"recall{suffix}"} <= numbers.keys()
    assert numbers["variance"] < 0.05  # every mean is grey
    assert numbers["variance_drawn"] == pytest.approx(784 / 4 / 56, rel=0.1)  # and every draw is noise
    assert numbers["variance_binary"] == pytest.approx(1, abs=0.1)
    assert numbers["accuracy_train"] > numbers["accuracy_binary"] > 0.9
    assert recipe.measure(cvae, n=200) == numbers


def test_what_cannot_be_measured():
    with pytest.raises(ValueError, match="samples must be more than 3, got 3"):
        GAN.measure(GAN.model(), n=3)
    with pytest.raises(ValueError, match="samples must lie in 1 to 10000, the images there are, got 0"):
        CLASSIFIER.measure(CLASSIFIER.model(), n=0)
