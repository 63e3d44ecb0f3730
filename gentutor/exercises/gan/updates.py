"""One update of a GAN, done right and with known bugs; the check of ``gan.step`` compares with them."""

import contextlib
import copy
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from gentutor.optim import frozen


def entropy(logits: Tensor, label: float) -> Tensor:
    """The cross-entropy of logits that should have said ``label``."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss, from its logits."""
    return entropy(real, 1) + entropy(fake, 0)


def g_loss(fake: Tensor) -> Tensor:
    """The generator's loss, from the discriminator's logits."""
    return entropy(fake, 1)


class Players:
    """Two small networks with BatchNorm, and their optimisers.

    Plain gradient descent shows every gradient's size; BatchNorm, which batches and modes were used.
    """

    def __init__(self) -> None:
        self.generator = nn.Sequential(
            nn.Linear(8, 6),
            nn.BatchNorm1d(6),
            nn.LeakyReLU(),
            nn.Linear(6, 4),
            nn.Tanh(),
            nn.Unflatten(1, (1, 2, 2)),
        )
        self.generator.latent_dim = 8  # type: ignore[assignment]
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(4, 6), nn.BatchNorm1d(6), nn.LeakyReLU(), nn.Linear(6, 1), nn.Flatten(0)
        )
        for parameter in (*self.generator.parameters(), *self.discriminator.parameters()):
            nn.init.normal_(parameter, 0.0, 0.8)
        self.g_optimizer: Optimizer = SGD(self.generator.parameters(), lr=0.3)
        self.d_optimizer: Optimizer = SGD(self.discriminator.parameters(), lr=0.2)

    def copy(self) -> "Players":
        """The same players, sharing nothing with these."""
        return copy.deepcopy(self)

    def telling(self, real: Tensor, fake: Tensor, loss: Callable[..., Tensor] = d_loss) -> Tensor:
        """The discriminator's loss."""
        return loss(self.discriminator(real), self.discriminator(fake))

    def fooling(self, z: Tensor, loss: Callable[..., Tensor] = g_loss, freeze: bool = False) -> Tensor:
        """The generator's loss, with the discriminator frozen or not."""
        with frozen(self.discriminator) if freeze else contextlib.nullcontext():
            return loss(self.discriminator(self.generator(z)))


Step = Callable[[Tensor, list[Tensor], Players], None]  # real data, each player's noise or one batch for both


def move(optimizer: Optimizer, loss: Tensor, clear: bool = True) -> None:
    """One player's turn."""
    if clear:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def update(
    d_loss: Callable[..., Tensor] = d_loss,
    g_loss: Callable[..., Tensor] = g_loss,
    clear_d: bool = True,
    clear_d_after: bool = False,
    clear_g: bool = True,
    attached: bool = False,
    freeze: bool = False,
) -> Step:
    """A step in which the discriminator moves, and then the generator: right unless told otherwise."""

    def step(real: Tensor, noise: list[Tensor], p: Players) -> None:
        fake = p.generator(noise[0])
        move(p.d_optimizer, p.telling(real, fake if attached else fake.detach(), d_loss), clear_d)
        if clear_d_after:
            p.d_optimizer.zero_grad()
        move(p.g_optimizer, p.fooling(noise[-1], g_loss, freeze), clear_g)

    return step


def _attached_and_g_cleared_early(real: Tensor, noise: list[Tensor], p: Players) -> None:
    p.g_optimizer.zero_grad()
    update(attached=True, clear_g=False)(real, noise, p)


def _generator_first(real: Tensor, noise: list[Tensor], p: Players) -> None:
    fake = p.generator(noise[-1])
    move(p.g_optimizer, p.fooling(noise[0]))
    fake = fake if len(noise) == 1 else p.generator(noise[-1])
    move(p.d_optimizer, p.telling(real, fake.detach()))


def _generator_against_the_old(real: Tensor, noise: list[Tensor], p: Players) -> None:
    p.d_optimizer.zero_grad()
    p.telling(real, p.generator(noise[0]).detach()).backward()
    move(p.g_optimizer, p.fooling(noise[-1], freeze=True))
    p.d_optimizer.step()


def _both_backward_first(real: Tensor, noise: list[Tensor], p: Players, attached: bool = False) -> None:
    p.d_optimizer.zero_grad()
    p.g_optimizer.zero_grad()
    fake = p.generator(noise[0])
    p.telling(real, fake if attached else fake.detach()).backward()
    move(p.g_optimizer, p.fooling(noise[-1]), clear=False)
    p.d_optimizer.step()


def _one_batch_of_both(real: Tensor, noise: list[Tensor], p: Players) -> None:
    both = torch.cat([real, p.generator(noise[0]).detach()])
    move(p.d_optimizer, d_loss(*p.discriminator(both).chunk(2)))
    move(p.g_optimizer, p.fooling(noise[-1]))


def _d_again(step: Step) -> Step:
    """The step, and the discriminator moves once more."""

    def longer(real: Tensor, noise: list[Tensor], p: Players) -> None:
        step(real, noise, p)
        p.d_optimizer.step()

    return longer


BUGS: list[tuple[list[Step], str]] = [
    ([update(clear_d=False), update(clear_d=False, freeze=True), update(clear_d=False, clear_d_after=True)],
     "The discriminator's gradients are not cleared right before its backward, so earlier ones leak into "
     "this update: d_optimizer.zero_grad() is missing or in the wrong place."),
    ([update(clear_g=False)],
     "The generator's gradients are not cleared before its backward: g_optimizer.zero_grad() is missing."),
    ([update(clear_d=False, clear_g=False), update(clear_d=False, clear_g=False, freeze=True)],
     "Neither optimiser's gradients are cleared: both need zero_grad() before their backward."),
    ([_attached_and_g_cleared_early, update(attached=True, clear_g=False)],
     "The discriminator's loss went back into the generator, and its gradient was added to the generator's "
     "own: detach the fakes in the discriminator's step."),
    ([_generator_first, _generator_against_the_old],
     "The generator's loss comes from the discriminator as it was before its update: let the discriminator "
     "step first, then compute the generator's loss."),
    ([_both_backward_first, partial(_both_backward_first, attached=True)],
     "Both losses are differentiated before either step, so the gradient of the generator's loss is also in "
     "the discriminator's update. Finish the discriminator's step first."),
    ([_d_again(update()), _d_again(update(freeze=True)), _d_again(update(clear_d_after=True))],
     "The discriminator moves in the generator's step, too: only g_optimizer steps there."),
    ([update(lambda real, fake: d_loss(fake, real))],
     "The labels of the discriminator are swapped: 1 is for real, 0 for fake."),
    ([update(lambda real, fake: entropy(real, 1) + entropy(fake, 1))],
     "The discriminator is told that the fakes are real; in its own step their label is 0."),
    ([update(g_loss=lambda fake: entropy(fake, 0))],
     "The generator labels its fakes 0: it lowers the discriminator's loss instead of fooling it. In its "
     "step the label of the fakes is 1."),
    ([update(g_loss=lambda fake: -entropy(fake, 0))],
     "The generator minimises E[log(1 - D)], the saturating loss; asked for is the non-saturating one."),
    ([update(g_loss=lambda fake: -g_loss(fake))],
     "The sign of the generator's loss is turned: it learns to be found out."),
    ([update(lambda real, fake: d_loss(real, fake) / 2)],
     "The discriminator's loss is halved; it is the sum of two means."),
    ([update(lambda real, fake: entropy(real, 1))],
     "The discriminator never sees the fakes: its loss lacks their term."),
    ([update(lambda real, fake: entropy(fake, 0))],
     "The discriminator never sees the real data: its loss lacks their term."),
    ([update(lambda real, fake: len(real) * d_loss(real, fake), lambda fake: len(fake) * g_loss(fake))],
     "The losses are sums over the batch; take means."),
    ([update(lambda real, fake: d_loss(real.sigmoid(), fake.sigmoid()), lambda fake: g_loss(fake.sigmoid()))],
     "The sigmoid is taken twice: the discriminator returns logits, and the loss takes logits."),
    ([_one_batch_of_both],
     "Real and fake go through the discriminator in one batch, and BatchNorm normalises each by the other: "
     "call it on the real batch, and then on the fakes."),
]  # fmt: skip
