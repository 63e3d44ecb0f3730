"""The exercise on the loss of a discriminator that judges pairs of an image and a label."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Row
from gentutor.exercises._networks import expect_fresh, expect_standard_normal, expect_trainable, recorded
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


d_loss = adversarial.discriminator_loss
MISTAKES: list[Row] = [  # of the logits of the real images and of the fakes
    (lambda real, fake: d_loss(fake, real),
     "The labels of real and fake are swapped: -log D on real, -log(1 - D) on fake."),
    (lambda real, fake: d_loss(real, fake) / 2,
     "You average the two terms; the loss in the text is their sum."),
    (lambda real, fake: -d_loss(real, fake),
     "The sign is turned: this is the value of the game, and the loss is minus that."),
    (lambda real, fake: -F.logsigmoid(-fake).mean(), "The term of the real images is missing."),
    (lambda real, fake: -F.logsigmoid(real).mean(), "The term of the fakes is missing."),
    (lambda real, fake: d_loss(real, fake) * len(real),
     "You sum over the batch; each expectation is a mean."),
    (lambda real, fake: d_loss(real.sigmoid(), fake.sigmoid()),
     "A sigmoid is taken twice: the discriminator returns logits."),
    (lambda real, fake: d_loss(real.mean(), fake.mean()),
     "You take the mean of the logits first; each expectation is a mean of logarithms."),
    (lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
     "That is the least-squares loss; the one of the text has logarithms."),
]  # fmt: skip
CRASHES = {
    "missing 1 required positional argument": "Both networks are told the labels: generator(z, y) and "
    "discriminator(x, y).",
    "expected noise of shape": "The generator takes noise of shape (B, generator.latent_dim).",
    "expected one condition": "Noise and labels go in pairs: one row of z for each label.",
    "expected one label": "Images and labels go in pairs: one label for each image.",
}
OTHER_LABELS = (
    "Taken together, the fakes have other labels than the real images: the discriminator may tell the two "
    "batches apart by their labels. Make the fakes for the labels y, in any order."
)


def _judge_loss(answer: object) -> None:
    discriminator = _Judge()
    generator = ConditionalGenerator(MLPGenerator(5 + 3, (1, 2, 2), (6,)), OneHot(3), 5, torch.arange(3))
    for parameter in (*discriminator.parameters(), *generator.parameters()):
        nn.init.normal_(parameter, 0.0, 0.8)
    many = torch.tensor([2, 0, 1, 1, 2, 0, 2, 1, 0, 0, 2, 1])
    seen: list[Tensor] = []
    for y in (many, many, torch.tensor([1])):
        real = torch.rand(len(y), 1, 2, 2) * 2 - 1
        networks = {"discriminator": discriminator, "generator": generator}
        with (
            recorded(generator) as noise,
            recorded(generator, 1) as asked,
            recorded(discriminator) as shown,
            recorded(discriminator, 1) as told,
        ):
            loss = read_tensor(call(answer, {**networks, "real": real, "y": y}, CRASHES))
        expect_no_backward(discriminator, generator)
        expect_trainable(networks)
        if not noise:
            raise Wrong("Your function never calls generator(z, y).")
        if not shown:
            raise Wrong("Your function never calls discriminator(x, y), which gives the logits.")
        z, c = torch.cat(noise), torch.cat(asked)
        judged = _judged((torch.cat(shown), torch.cat(told)), (real, y), (generator(z, c).detach(), c))
        if len(judged) != len(y):
            raise Wrong(
                f"The discriminator judges {len(judged)} different fakes for {len(y)} real images: make one "
                "for each label, and no two from the same noise."
            )
        z, c = z[judged], c[judged]
        expect_standard_normal([z], (len(y), 5))
        expect_fresh([z], seen)
        seen.append(z)
        if not torch.equal(c.sort().values, y.sort().values):
            raise Wrong(OTHER_LABELS)
        fake = generator(z, c).detach()
        _judge_value(loss, discriminator(real, y).detach(), discriminator(fake, c).detach())
        _judge_gradients(loss, discriminator, generator, (real, y), (fake, c))


Pairs = tuple[Tensor, Tensor]  # images and their labels


def _judged(shown: Pairs, real: Pairs, fake: Pairs) -> Tensor:
    """Which fakes the discriminator was shown, in whatever batches and order; if none, the last ones made."""
    known, labels = (torch.cat([of_real, of_fake]) for of_real, of_fake in zip(real, fake, strict=True))
    images, told = shown
    distances = torch.cdist(images.flatten(1), known.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
    distance, place = distances.min(dim=1)
    if bool((distance > 1e-4).any()):
        raise Wrong("The discriminator is shown what is neither a real image nor one of the fakes.")
    count, is_fake = len(real[0]), place >= len(real[0])
    wrong = told != labels[place]
    if bool(wrong[is_fake].any()):
        raise Wrong(
            "The fakes are made for some labels and judged under others: then the discriminator learns that "
            "any image goes with any label, and the condition is lost. Give both the same y."
        )
    if bool(wrong[~is_fake].any()):
        raise Wrong("The real images are judged under labels that are not theirs.")
    judged = place[is_fake].unique() - count
    return judged if len(judged) else torch.arange(len(fake[0]))[-count:]


def _judge_value(loss: Tensor, on_real: Tensor, on_fake: Tensor) -> None:
    right = d_loss(on_real, on_fake)
    if loss.dim():
        raise Wrong(f"The loss is one number, but yours has the shape {tuple(loss.shape)}.")
    if close(loss.detach(), right, 1e-5):
        return
    for mistake, hint in MISTAKES:
        if len(on_real) > 1 and close(loss.detach(), mistake(on_real, on_fake), 1e-5):
            raise Wrong(hint)
    raise Wrong(f"Expected {right.item():.5g} for these images and this noise, got {loss.item():.5g}.")


def _judge_gradients(
    loss: Tensor, discriminator: nn.Module, generator: nn.Module, real: Pairs, fake: Pairs
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
    right = slopes(d_loss(discriminator(*real), discriminator(*fake)), moved)
    for got, expected in zip(gradients, right, strict=False):
        if got is None or expected is None or not close(got, expected, 1e-4):
            raise Wrong(
                "The value is right, but the discriminator does not learn from both of its terms: detach "
                "the fakes alone, and keep detach() and torch.no_grad() away from its two scores."
            )


LOSS = Exercise(
    _judge_loss, "both players are told the same labels, and the gradient stays with the discriminator."
)
