"""Networks that complete a digit: halves, shapes, and where the visible half enters."""

import pytest
import torch

from gentutor.models.completion import (
    CompletionDiscriminator,
    HalfEncoder,
    HalfRegression,
    completion_cvae,
    half_generator,
    halves,
)
from gentutor.objectives.variational import bernoulli_log_prob


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def visible(n: int = 3) -> torch.Tensor:
    return torch.rand(n, 1, 14, 28, generator=torch.Generator().manual_seed(1))


def test_halves_make_the_whole():
    images = torch.rand(3, 1, 28, 28)
    upper, lower = halves(images)
    assert torch.equal(torch.cat([upper, lower], dim=2), images)
    assert torch.equal(upper, images[:, :, :14]) and upper.shape == lower.shape
    for wrong in ((3, 28, 28), (3, 1, 32, 32), (3, 3, 28, 28)):
        with pytest.raises(ValueError, match=r"expected images of shape \(B, 1, 28, 28\), got \("):
            halves(torch.zeros(wrong))


def test_the_encoder_sees_the_visible_half_alone():
    encoder = HalfEncoder(width=9)
    assert encoder(visible()).shape == (3, 9) and encoder.width == 9
    with pytest.raises(ValueError, match=r"shape \(B, 1, 14, 28\), got \(3, 1, 28, 28\)"):
        encoder(torch.zeros(3, 1, 28, 28))


def test_each_model_answers_with_a_hidden_half_that_depends_on_the_visible_one():
    c, other, z = visible(), visible().flip(3), torch.randn(3, 32)
    cvae = completion_cvae(bernoulli_log_prob, visible(2))
    generator, regression = half_generator(visible(2)).eval(), HalfRegression()
    for answer in (lambda c: cvae.decode(z, c), lambda c: generator(z, c), regression):
        assert answer(c).shape == (3, 1, 14, 28)
        assert (answer(c) - answer(other)).flatten(1).abs().amax(dim=1).min() > 1e-4
    assert generator(z, c).abs().max() <= 1
    for model in (cvae, generator):
        assert torch.equal(model.examples, visible(2)) and "examples" not in model.state_dict()
        assert model.image_shape == (1, 14, 28)


def test_noise_makes_many_answers_to_one_question():
    c = visible(1).expand(6, -1, -1, -1)
    cvae, generator = completion_cvae(bernoulli_log_prob, c), half_generator(c).eval()
    z = torch.randn(6, 32)
    for answers in (cvae.decode(z, c), generator(z, c)):
        assert answers.std(dim=0).max() > 1e-3


def test_the_regression_is_the_cvaes_decoder_without_z():
    cvae, regression = completion_cvae(bernoulli_log_prob, visible()), HalfRegression()
    regression.condition.load_state_dict(cvae.condition.state_dict())
    with torch.no_grad():
        regression.decoder[0].weight.copy_(cvae.decoder[0].weight[:, 32:])
        regression.decoder[0].bias.copy_(cvae.decoder[0].bias)
    for layer, other in zip(regression.decoder[1:], cvae.decoder[1:], strict=True):
        layer.load_state_dict(other.state_dict())
    torch.testing.assert_close(regression(visible()), cvae.decode(torch.zeros(3, 32), visible()))


def test_the_discriminator_sees_the_whole_digit_in_one_range():
    discriminator = CompletionDiscriminator().eval()
    upper, lower = halves(torch.rand(3, 1, 28, 28))
    whole = torch.cat([upper, lower], dim=2)
    torch.testing.assert_close(discriminator(2 * lower - 1, upper), discriminator.net(2 * whole - 1))


def test_every_parameter_gets_a_gradient():
    c, x = visible(), visible().round()
    cvae, generator, regression = (
        completion_cvae(bernoulli_log_prob, c),
        half_generator(c),
        HalfRegression(),
    )
    mean, log_var = cvae.encode(x, c)
    cvae.log_px_z(x, mean + (log_var / 2).exp(), c).sum().backward()
    CompletionDiscriminator()(generator(torch.randn(3, 32), c), c).sum().backward()
    bernoulli_log_prob(regression(c), x).sum().backward()
    for model in (cvae, generator, regression):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
