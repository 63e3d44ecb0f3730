"""What readers take for the objective of the two generators: its parts, and parts put together wrongly."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn


class Networks(NamedTuple):
    """Two translators and two discriminators."""

    G: nn.Module
    F: nn.Module
    D_A: nn.Module
    D_B: nn.Module


Part = Callable[[Tensor, Tensor, Networks], Tensor]
Loss = Callable[[Tensor], Tensor]
Distance = Callable[[Tensor, Tensor], Tensor]


def _squares(scores: Tensor) -> Tensor:
    return (scores - 1).square().mean()


def _adversarial(loss: Loss, other: Loss | None = None) -> Part:
    """The generators' losses by this one, or by another for F."""
    return lambda a, b, n: loss(n.D_B(n.G(a))) + (other or loss)(n.D_A(n.F(b)))


def _cycle(distance: Distance) -> Part:
    return lambda a, b, n: distance(n.F(n.G(a)), a) + distance(n.G(n.F(b)), b)


def _identity(distance: Distance) -> Part:
    return lambda a, b, n: distance(n.G(b), b) + distance(n.F(a), a)


l1, l2 = functional.l1_loss, functional.mse_loss
fool, cycle, identity = _adversarial(_squares), _cycle(l1), _identity(l1)


def total(adversarial: Part = fool, around: Part = cycle, same: Part = identity) -> Part:
    """The objective with these parts."""
    return lambda a, b, n: adversarial(a, b, n) + 10 * around(a, b, n) + 5 * same(a, b, n)


def _no(a: Tensor, b: Tensor, n: Networks) -> Tensor:
    return torch.zeros(())


def _times(factor: float, part: Part) -> Part:
    return lambda a, b, n: factor * part(a, b, n)


def _by(*losses: Loss) -> list[Part]:
    """The objectives with another adversarial loss: in both directions, or in one."""
    return [
        total(part)
        for loss in losses
        for part in (_adversarial(loss), _adversarial(loss, _squares), _adversarial(_squares, loss))
    ]


def _inside(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).mean().abs()


def _sum(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().sum()


def _pixel_sum(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().sum(dim=1).mean()


BUGS: list[tuple[list[Part], str]] = [
    ([total(same=lambda a, b, n: l1(n.G(a), a) + l1(n.F(b), b))],
     "The identity loss is turned round: G translates to B, so it must leave images of B alone, G(b) ≈ b. "
     "With G(a) ≈ a it is told not to translate at all."),
    ([total(lambda a, b, n: _squares(n.D_A(n.G(a))) + _squares(n.D_B(n.F(b))))],
     "The discriminators are swapped: G makes images of B, and D_B judges those."),
    (_by(lambda s: s.square().mean()),
     "The generators' target is 1: they want their fakes to be taken for real. With 0 they would work for "
     "the discriminators."),
    ([total(_times(-1, fool)), total(_adversarial(lambda s: -s.square().mean()))],
     "The sign of the adversarial loss is turned: a generator minimises (D - 1)²."),
    (_by(lambda s: (s.mean() - 1).square()),
     "The mean is inside the square: (E[D] - 1)² asks only that the scores are 1 on average. Take the square "
     "of each score's difference from 1, and then the mean."),
    (_by(lambda s: functional.softplus(-s).mean()),
     "The adversarial loss is a cross-entropy; asked for are least squares, the mean of (D - 1)²."),
    (_by(lambda s: -s.mean(), lambda s: (1 - s).mean()),
     "The adversarial loss is linear in the scores, as for a critic; asked for are least squares, the mean "
     "of (D - 1)²."),
    (_by(lambda s: (s - 1).abs().mean(), lambda s: _squares(s).sqrt()),
     "The adversarial loss is a mean absolute difference or a root; asked for are least squares, the mean of "
     "(D - 1)²."),
    (_by(lambda s: _squares(s.sigmoid())),
     "A sigmoid of the scores is taken: least squares compare the scores themselves with 1."),
    (_by(lambda s: (1 - s).relu().mean(), lambda s: (1 - s).relu().square().mean(),
         lambda s: _squares(s.clamp(0, 1)), lambda s: _squares(s.clamp(max=1))),
     "Scores above 1 cost nothing in your loss; least squares pull from both sides."),
    (_by(lambda s: (s - 1).square().sum()), "The adversarial loss is a sum over the batch; it is a mean."),
    ([total(_times(0.5, fool))], "The least-squares losses are halved; the text has no factor 1/2."),
    ([total(_no)], "The adversarial loss is missing: without it nobody asks for images of the other domain."),
    ([total(lambda a, b, n: _squares(n.D_B(n.G(a)))), total(lambda a, b, n: _squares(n.D_A(n.F(b))))],
     "The adversarial loss of one direction is missing: both G and F must fool somebody."),
    ([total(around=_no)], "The cycle-consistency loss is missing."),
    ([total(around=lambda a, b, n: l1(n.F(n.G(a)), a)), total(around=lambda a, b, n: l1(n.G(n.F(b)), b))],
     "Only one of the two cycles is there: the way A → B → A, and the way B → A → B."),
    ([total(around=lambda a, b, n: l1(n.G(n.F(a)), a) + l1(n.F(n.G(b)), b))],
     "The cycles run the wrong way: F takes images of B, so after a comes G(a), then F(G(a))."),
    ([total(around=_cycle(l2))], "The cycle-consistency loss is a squared error; it is an absolute one, L1."),
    ([total(around=_cycle(torch.dist)), total(around=_cycle(torch.dist), same=_identity(torch.dist))],
     "A distance is a Euclidean length; it is a mean absolute difference, L1."),
    ([total(same=_identity(l2))], "The identity loss is a squared error; it is an absolute one, L1."),
    ([total(around=_cycle(l2), same=_identity(l2))],
     "Cycles and identity are squared errors; they are absolute ones, L1."),
    ([total(around=_cycle(_inside)), total(same=_identity(_inside)),
      total(around=_cycle(_inside), same=_identity(_inside))],
     "The mean is inside the absolute value, where errors of opposite sign cancel."),
    ([total(same=_no)], "The identity loss is missing."),
    ([total(same=lambda a, b, n: l1(n.G(b), b)), total(same=lambda a, b, n: l1(n.F(a), a))],
     "Only one of the two identity losses is there: G(b) with b, and F(a) with a."),
    ([total(same=_times(0.1, identity)), total(same=_times(2.0, identity))],
     "The identity loss is weighted by 0.5 or 10. Its weight is half of the cycle's, 0.5 · 10 = 5."),
    ([total(around=_times(0.1, cycle))], "The cycle-consistency loss lacks its weight of 10."),
    ([total(around=_times(0.1, cycle), same=_times(0.2, identity))],
     "The weights are missing: 10 for the cycles, 5 for the identity."),
    ([total(_times(10, fool), _times(0.1, cycle))],
     "The weight of 10 belongs to the cycles, not to the adversarial loss."),
    ([total(around=_times(0.5, cycle), same=_times(2.0, identity))],
     "The weights of the cycle and of the identity are swapped: 10 and 5."),
    ([total(adversarial, _cycle(distance), _identity(distance))
      for adversarial in (fool, _adversarial(lambda s: (s - 1).square().sum()))
      for distance in (_sum, _pixel_sum)],
     "You take sums where the losses are means: the weights would mean something else for each size."),
    ([_times(0.5, total()), total(around=_times(0.5, cycle)),
      total(around=_times(0.5, cycle), same=_times(0.5, identity))],
     "You take half of the sum over the two domains; their losses are added."),
    ([total(lambda a, b, n: 2 * _squares(torch.cat([n.D_B(n.G(a)), n.D_A(n.F(b))]))),
      total(around=lambda a, b, n: 2 * torch.cat([n.F(n.G(a)) - a, n.G(n.F(b)) - b]).abs().mean())],
     "You pool the two domains into one mean, so the larger batch weighs more. Each expectation is the mean "
     "over its own batch."),
    ([lambda a, b, n: total()(a, b, n) + (n.D_A(a) - 1).square().mean() + (n.D_B(b) - 1).square().mean()],
     "The discriminators' own loss is in it, too: here they are only asked, and learn in their own step."),
]  # fmt: skip
