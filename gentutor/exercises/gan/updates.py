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

    def d_backward(self, real: Tensor, fake: Tensor, loss: Callable[..., Tensor] = d_loss) -> None:
        """Differentiate the discriminator's loss."""
        loss(self.discriminator(real), self.discriminator(fake)).backward()

    def g_backward(self, z: Tensor, loss: Callable[..., Tensor] = g_loss, freeze: bool = False) -> None:
        """Differentiate the generator's loss, with the discriminator frozen or not."""
        with frozen(self.discriminator) if freeze else contextlib.nullcontext():
            loss(self.discriminator(self.generator(z))).backward()


Step = Callable[[Tensor, list[Tensor], Players], None]  # real data, each player's noise or one batch for both


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
        if clear_d:
            p.d_optimizer.zero_grad()
        p.d_backward(real, fake if attached else fake.detach(), d_loss)
        p.d_optimizer.step()
        if clear_d_after:
            p.d_optimizer.zero_grad()
        if clear_g:
            p.g_optimizer.zero_grad()
        p.g_backward(noise[-1], g_loss, freeze)
        p.g_optimizer.step()

    return step


def _attached_and_g_cleared_early(real: Tensor, noise: list[Tensor], p: Players) -> None:
    p.g_optimizer.zero_grad()
    update(attached=True, clear_g=False)(real, noise, p)


def _generator_first(real: Tensor, noise: list[Tensor], p: Players) -> None:
    fake = p.generator(noise[-1])
    p.g_optimizer.zero_grad()
    p.g_backward(noise[0])
    p.g_optimizer.step()
    p.d_optimizer.zero_grad()
    p.d_backward(real, (fake if len(noise) == 1 else p.generator(noise[-1])).detach())
    p.d_optimizer.step()


def _generator_against_the_old(real: Tensor, noise: list[Tensor], p: Players) -> None:
    p.d_optimizer.zero_grad()
    p.d_backward(real, p.generator(noise[0]).detach())
    p.g_optimizer.zero_grad()
    p.g_backward(noise[-1], freeze=True)
    p.d_optimizer.step()
    p.g_optimizer.step()


def _both_backward_first(real: Tensor, noise: list[Tensor], p: Players, attached: bool = False) -> None:
    p.d_optimizer.zero_grad()
    p.g_optimizer.zero_grad()
    fake = p.generator(noise[0])
    p.d_backward(real, fake if attached else fake.detach())
    p.g_backward(noise[-1])
    p.d_optimizer.step()
    p.g_optimizer.step()


def _one_batch_of_both(real: Tensor, noise: list[Tensor], p: Players) -> None:
    both = p.discriminator(torch.cat([real, p.generator(noise[0]).detach()]))
    p.d_optimizer.zero_grad()
    d_loss(*both.chunk(2)).backward()
    p.d_optimizer.step()
    p.g_optimizer.zero_grad()
    p.g_backward(noise[-1])
    p.g_optimizer.step()


def _d_again(step: Step) -> Step:
    """The step, and the discriminator moves once more."""

    def longer(real: Tensor, noise: list[Tensor], p: Players) -> None:
        step(real, noise, p)
        p.d_optimizer.step()

    return longer


D_NOT_CLEARED = (
    "The discriminator's gradients are not cleared right before its backward, so earlier ones leak into this "
    "update: d_optimizer.zero_grad() is missing or in the wrong place."
)
NEITHER_CLEARED = "Neither optimiser's gradients are cleared: both need zero_grad() before their backward."
INTO_G = (
    "The discriminator's loss went back into the generator, and its gradient was added to the generator's "
    "own: detach the fakes in the discriminator's step."
)
OLD_D = (
    "The generator's loss comes from the discriminator as it was before its update: let the discriminator "
    "step first, then compute the generator's loss."
)
BOTH_FIRST = (
    "Both losses are differentiated before either step, so the gradient of the generator's loss is also in "
    "the discriminator's update. Finish the discriminator's step first."
)
D_MOVES = "The discriminator moves in the generator's step, too: only g_optimizer steps there."
BUGS: list[tuple[Step, str]] = [
    (update(clear_d=False), D_NOT_CLEARED),
    (update(clear_d=False, freeze=True), D_NOT_CLEARED),
    (update(clear_d=False, clear_d_after=True), D_NOT_CLEARED),
    (update(clear_g=False),
     "The generator's gradients are not cleared before its backward: g_optimizer.zero_grad() is missing."),
    (update(clear_d=False, clear_g=False), NEITHER_CLEARED),
    (update(clear_d=False, clear_g=False, freeze=True), NEITHER_CLEARED),
    (_attached_and_g_cleared_early, INTO_G),
    (update(attached=True, clear_g=False), INTO_G),
    (_generator_first, OLD_D),
    (_generator_against_the_old, OLD_D),
    (_both_backward_first, BOTH_FIRST),
    (partial(_both_backward_first, attached=True), BOTH_FIRST),
    (_d_again(update()), D_MOVES),
    (_d_again(update(freeze=True)), D_MOVES),
    (_d_again(update(clear_d_after=True)), D_MOVES),
    (update(lambda real, fake: d_loss(fake, real)),
     "The labels of the discriminator are swapped: 1 is for real, 0 for fake."),
    (update(lambda real, fake: entropy(real, 1) + entropy(fake, 1)),
     "The discriminator is told that the fakes are real; in its own step their label is 0."),
    (update(g_loss=lambda fake: entropy(fake, 0)),
     "The generator labels its fakes 0: it lowers the discriminator's loss instead of fooling it. In its "
     "step the label of the fakes is 1."),
    (update(g_loss=lambda fake: -entropy(fake, 0)),
     "The generator minimises E[log(1 - D)], the saturating loss; asked for is the non-saturating one."),
    (update(g_loss=lambda fake: -g_loss(fake)),
     "The sign of the generator's loss is turned: it learns to be found out."),
    (update(lambda real, fake: d_loss(real, fake) / 2),
     "The discriminator's loss is halved; it is the sum of two means."),
    (update(lambda real, fake: entropy(real, 1)),
     "The discriminator never sees the fakes: its loss lacks their term."),
    (update(lambda real, fake: entropy(fake, 0)),
     "The discriminator never sees the real data: its loss lacks their term."),
    (update(lambda real, fake: len(real) * d_loss(real, fake), lambda fake: len(fake) * g_loss(fake)),
     "The losses are sums over the batch; take means."),
    (update(lambda real, fake: d_loss(real.sigmoid(), fake.sigmoid()), lambda fake: g_loss(fake.sigmoid())),
     "The sigmoid is taken twice: the discriminator returns logits, and the loss takes logits."),
    (_one_batch_of_both,
     "Real and fake go through the discriminator in one batch, and BatchNorm normalises each by the other: "
     "call it on the real batch, and then on the fakes."),
]  # fmt: skip
