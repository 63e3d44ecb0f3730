"""The exercise on the loss of a discriminator that judges pairs of an image and a label."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._noise import expect_fresh, expect_standard_normal, recorded
from gentutor.exercises._outcome import close, expect_no_backward, read_tensor, slopes
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.models.conditional import ConditionalGenerator, OneHot, concat_condition
from gentutor.models.gan import MLPGenerator
from gentutor.objectives import adversarial


class _Judge(nn.Module):
    """A discriminator that is told the label, small and without randomness."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4 + 3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.net(concat_condition(x.flatten(1), y, 3)).squeeze(1)


def discriminator_loss(
    discriminator: nn.Module, generator: ConditionalGenerator, real: Tensor, y: Tensor
) -> Tensor:
    """The solution: the loss of a discriminator that is told the labels."""
    fake = generator(torch.randn(len(real), generator.latent_dim), y).detach()
    return adversarial.discriminator_loss(discriminator(real, y), discriminator(fake, y))


def _judge_loss(answer: object) -> None:
    discriminator = _Judge()
    generator = ConditionalGenerator(MLPGenerator(5 + 3, (1, 2, 2), (6,)), OneHot(3), 5, torch.arange(3))
    for parameter in (*discriminator.parameters(), *generator.parameters()):
        nn.init.normal_(parameter, 0.0, 0.8)
    many = torch.tensor([2, 0, 1, 1, 2, 0, 2, 1, 0, 0, 2, 1])
    seen: list[Tensor] = []
    for y in (many, many, torch.tensor([1])):
        real = torch.rand(len(y), 1, 2, 2) * 2 - 1
        arguments = {"discriminator": discriminator, "generator": generator, "real": real, "y": y}
        with (
            recorded(generator) as noise,
            recorded(generator, 1) as asked,
            recorded(discriminator, 1) as judged,
        ):
            loss = read_tensor(call(answer, arguments, LOSS_CRASHES))
        expect_no_backward(discriminator, generator)
        expect_standard_normal(noise, (len(y), 5))
        expect_fresh(noise, seen)
        seen += noise
        _judge_labels(asked, judged, y)
        _judge_value(loss, discriminator, generator, real, y, noise[-1])
        _judge_gradients(loss, discriminator, generator, real, y, noise[-1])


LOSS_CRASHES = {
    "missing 1 required positional argument": "Both networks are told the labels: generator(z, y) and "
    "discriminator(x, y).",
    "expected noise of shape": "The generator takes noise of shape (B, generator.latent_dim).",
}


def _judge_labels(asked: list[Tensor], judged: list[Tensor], y: Tensor) -> None:
    if not judged:
        raise Wrong("Your function never calls the discriminator: discriminator(x, y) gives its logits.")
    if len(judged) == 1 and len(judged[0]) == 2 * len(y):
        judged = list(judged[0].split(len(y)))  # real and fake in one batch
    if not all(torch.equal(labels, asked[-1]) for labels in judged[1:]):
        raise Wrong(
            "The fakes are made for some labels and judged under others: then the discriminator learns that "
            "any image goes with any label, and the condition is lost. Give both the same y."
        )
    if not torch.equal(judged[0], y):
        raise Wrong("The real images are judged under labels that are not theirs.")
    if not torch.equal(asked[-1], y):
        raise Wrong(
            "The fakes are made for labels of your own. That can work, but the two batches then differ in "
            "their labels as well, which the discriminator may notice: take the real images' labels y."
        )


def _judge_value(
    loss: Tensor, discriminator: nn.Module, generator: nn.Module, real: Tensor, y: Tensor, z: Tensor
) -> None:
    with torch.no_grad():
        fake = generator(z, y)
        on_real, on_fake = discriminator(real, y), discriminator(fake, y)
    right = adversarial.discriminator_loss(on_real, on_fake)
    known = {
        "The labels of real and fake are swapped: -log D on real, -log(1 - D) on fake.": (
            adversarial.discriminator_loss(on_fake, on_real)
        ),
        "You average the two terms; the loss in the text is their sum.": right / 2,
        "The sign is turned: this is the value of the game, and the loss is minus that.": -right,
        "The term of the real images is missing.": -F.logsigmoid(-on_fake).mean(),
        "The term of the fakes is missing.": -F.logsigmoid(on_real).mean(),
        "You sum over the batch; each expectation is a mean.": right * len(y),
        "A sigmoid is taken twice: the discriminator returns logits.": (
            adversarial.discriminator_loss(on_real.sigmoid(), on_fake.sigmoid())
        ),
    }
    if loss.dim():
        raise Wrong(f"The loss is one number, but yours has the shape {tuple(loss.shape)}.")
    if close(loss.detach(), right, 1e-5):
        return
    for hint, value in known.items():
        if len(y) > 1 and close(loss.detach(), value, 1e-5):
            raise Wrong(hint)
    raise Wrong(f"Expected {right.item():.5g} for these images and this noise, got {loss.item():.5g}.")


def _judge_gradients(
    loss: Tensor, discriminator: nn.Module, generator: nn.Module, real: Tensor, y: Tensor, z: Tensor
) -> None:
    if not loss.requires_grad:
        raise Wrong("The value is right, but no gradient reaches the discriminator: what cuts it?")
    moved, untouched = list(discriminator.parameters()), list(generator.parameters())
    gradients = slopes(loss, [*moved, *untouched])
    if any(gradient is not None for gradient in gradients[len(moved) :]):
        raise Wrong(
            "The loss's gradient reaches the generator: detach the fakes, for this is the discriminator's "
            "turn."
        )
    fake = generator(z, y).detach()
    right = slopes(adversarial.discriminator_loss(discriminator(real, y), discriminator(fake, y)), moved)
    for got, expected in zip(gradients, right, strict=False):
        if got is None or expected is None or not close(got, expected, 1e-4):
            raise Wrong(
                "The value is right, but the discriminator does not learn from both of its terms: detach "
                "the fakes alone, and keep detach() and torch.no_grad() away from its two scores."
            )


LOSS = Exercise(
    judge=_judge_loss,
    solution=discriminator_loss,
    praise="both players are told the same labels, and the gradient stays with the discriminator.",
    hints=(
        "Draw z, make fakes for the labels y, and cut their gradient.",
        "The discriminator judges (real, y) and (fake, y).",
        "adversarial.discriminator_loss of the two logits, with fake = generator(z, y).detach().",
    ),
)

EXERCISES = {"discriminator_loss": LOSS}
