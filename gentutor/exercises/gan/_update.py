"""One update of a GAN, done right or with known bugs; the check of ``gan.step`` compares with it."""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from gentutor.optim import frozen

RIGHT = "D.zero_grad D.backward D.step G.zero_grad G.backward G.step"


@dataclass(frozen=True)
class How:
    """How an update is done; the defaults are right.

    ``program`` lists operations: zero_grad, backward and step of D and of G. After "D.backward" may
    stand ":attached" (the fakes are not detached), after "G.backward" ":frozen" (D's parameters get
    no gradient from it).
    """

    program: str = RIGHT
    real_label: float = 1.0
    fake_label: float = 0.0
    generator_label: float = 1.0
    generator_sign: float = 1.0  # with label 0 and sign -1: the saturating loss
    discriminator_weights: tuple[float, float] = (1.0, 1.0)  # of the real and the fake term
    reduction: str = "mean"
    sigmoid_first: bool = False
    joint: bool = False  # real and fake go through the discriminator in one batch

    def cross_entropy(self, logits: Tensor, label: float) -> Tensor:
        """The loss of logits that should have said ``label``."""
        logits = torch.sigmoid(logits) if self.sigmoid_first else logits
        labels = torch.full_like(logits, label)
        return F.binary_cross_entropy_with_logits(logits, labels, reduction=self.reduction)


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

    def update(self, real: Tensor, noise: list[Tensor], how: How) -> None:
        """One update, on the noise of each player in the order of their turns, or one batch for both."""
        program = how.program.split()
        d_turn, g_turn = (next(i for i, op in enumerate(program) if f"{p}.backward" in op) for p in "DG")
        z_d, z_g = (noise[0], noise[-1]) if d_turn < g_turn else (noise[-1], noise[0])
        first_fake = self.generator(z_d).detach()
        for operation in program:
            if operation.startswith("D.backward"):
                fake = (
                    self.generator(z_d) if operation.endswith(":attached") or len(noise) > 1 else first_fake
                )
                fake = fake if operation.endswith(":attached") else fake.detach()
                self._discriminator_loss(real, fake, how).backward()
            elif operation == "G.backward":
                self._generator_loss(z_g, how).backward()
            elif operation == "G.backward:frozen":
                with frozen(self.discriminator):
                    self._generator_loss(z_g, how).backward()
            else:
                player, method = operation.split(".")
                getattr(self.d_optimizer if player == "D" else self.g_optimizer, method)()

    def _discriminator_loss(self, real: Tensor, fake: Tensor, how: How) -> Tensor:
        real_weight, fake_weight = how.discriminator_weights
        if how.joint:
            real_logits, fake_logits = self.discriminator(torch.cat([real, fake])).chunk(2)
        else:
            real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        on_real = how.cross_entropy(real_logits, how.real_label)
        on_fake = how.cross_entropy(fake_logits, how.fake_label)
        return real_weight * on_real + fake_weight * on_fake

    def _generator_loss(self, z: Tensor, how: How) -> Tensor:
        logits = self.discriminator(self.generator(z))
        return how.generator_sign * how.cross_entropy(logits, how.generator_label)


def parameters(module: nn.Module) -> Tensor:
    """All parameters of a network in one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def gradients(module: nn.Module) -> Tensor:
    """All gradients that a network's parameters hold in one vector; 0 where there is none."""
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in module.parameters()]
    )
