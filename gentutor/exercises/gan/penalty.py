"""The exercise on the gradient penalty.

Readers may draw their random numbers in any way, so the check watches at which points x̂ the critic
is asked, judges those, and then knows exactly what the penalty must be there.
"""

import torch
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Row
from gentutor.exercises._networks import recorded
from gentutor.exercises._outcome import Outcome, close, read_tensor, slopes, value_difference
from gentutor.exercises._verdict import Exercise, Wrong

CRASHES = {
    "does not require grad": "The gradient at x̂ needs x̂.requires_grad_() before the critic is called.",
    "must match the size": "Give ε as many dimensions as real: (B, 1) for points, (B, 1, 1, 1) for images.",
    "mat1 and mat2 shapes": "The shapes of x̂ and real differ: give ε as many dimensions, as in (B, 1, 1, 1).",
    "grad can be implicitly created only for scalar": (
        "Differentiate the sum of the scores: example i's score depends on example i alone, so the gradient "
        "of the sum holds every example's own gradient."
    ),
    "appears to not have been used": "Differentiate the critic's scores at x̂ with respect to that same x̂.",
    "mismatch in shape": "Use torch.ones_like(scores): scores may have the shape (B,) or (B, 1).",
}
ON_LINE = "The point x̂ must lie on the line between real[i] and fake[i]: ε x + (1 - ε) G(z)"
GRAPH = (
    "The value is right, but its gradient does not reach the critic's parameters, so the critic would not "
    "learn from it: ask torch.autograd.grad for create_graph=True, and detach nothing after that."
)
ATTACHED = (
    "The penalty's gradient runs on through x̂ into the generator, which the penalty is not for: detach x̂ "
    "(or the fakes) before requires_grad_()."
)
POLLUTED = (
    "Your function calls backward() itself, which also fills the critic's own gradients, .grad, and its step "
    "would use them: ask torch.autograd.grad(scores.sum(), x̂, create_graph=True) for the gradient at x̂ alone."
)


class _Critic(nn.Module):
    """A small critic of points or images."""

    def __init__(self, inputs: int, column: bool) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(inputs, 5), nn.Tanh(), nn.Linear(5, 1))
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0.0, 1.0)
        self.column = column

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, 1) or (B,)."""
        scores: Tensor = self.net(x)
        return scores if self.column else scores.squeeze(1)


def _norm(gradient: Tensor) -> Tensor:
    return gradient.flatten(1).norm(dim=1)


MISTAKES: list[Row] = [  # of the critic's gradient at x̂, shape (B, ...)
    (lambda g: (_norm(g) - 1).square().sum(), "You take the sum over the batch; the expectation is a mean."),
    (lambda g: 10 * (_norm(g) - 1).square().mean(),
     "The weight (often 10) is not part of this function; the training step multiplies by it."),
    (lambda g: (_norm(g).square() - 1).square().mean(),
     "You compare the squared norm with 1; take the norm, then subtract 1, then square."),
    (lambda g: _norm(g).square().mean(),
     "You penalise the squared norm itself. Here the norm should be near 1, not near 0."),
    (lambda g: (_norm(g) - 1).abs().mean(), "The square is missing, or is an absolute value."),
    (lambda g: (_norm(g) - 1).mean(), "The square is missing."),
    (lambda g: (_norm(g) - 1).relu().square().mean(),
     "This is one-sided: norms below 1 cost something, too."),
    (lambda g: (_norm(g).mean() - 1).square(),
     "You square the mean of the norms; take (norm - 1)² for every example, then the mean."),
    (lambda g: (g.norm() - 1).square(), "You take one norm over the whole batch; every example has its own."),
    (lambda g: (_norm(g) / len(g) - 1).square().mean(),
     "You differentiate the mean of the scores, so that every gradient is B times too small; use the sum."),
    (lambda g: (g.norm(dim=1) - 1).square().mean(),
     "The norm runs over dimension 1 alone, the channels. Flatten all but the batch first."),
    (lambda g: (g - 1).square().mean(),
     "There is no norm: the gradient's elements are compared with 1 one by one."),
    (lambda g: (g.flatten(1).norm(p=1, dim=1) - 1).square().mean(),
     "You take the 1-norm; the equation has the 2-norm."),
]  # fmt: skip


def _judge(answer: object) -> None:
    shapes = [(256, 2), (256, 1, 4, 3), (5, 3), (1, 2), (4, 2, 2, 2)]
    attached = False
    for number, shape in enumerate(shapes):
        real = torch.randn(shape)
        generator = torch.ones((), requires_grad=True)  # the fakes hang on it as on a generator's weights
        fake = real + torch.where(torch.rand(shape) < 0.5, -1, 1) * (1 + torch.rand(shape)) * generator
        critic = _Critic(real[0].numel(), column=number in (1, 4))
        arguments = {"critic": critic, "real": real, "fake": fake}
        with recorded(critic) as points:
            penalty = read_tensor(call(answer, arguments, CRASHES))
        if not points:
            raise Wrong(
                "Your function never calls the critic: the penalty is about the critic's gradient at x̂."
            )
        x_hat = _x_hat(points, real, fake.detach())
        _judge_points((x_hat - fake.detach()) / (real - fake.detach()))
        into_generator = _judge_penalty(penalty, critic, x_hat, generator)
        attached |= into_generator is not None and bool(into_generator)
    if attached:
        raise Wrong(ATTACHED)


def _x_hat(points: list[Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """The points x̂, (B, ...), among those at which the critic was asked, all at once or in parts.

    They are the last that are no data, no fakes, and not asked before (or the last, if there are too few).
    """
    shape = "The critic is called on x̂ of shape {}, expected " + f"{tuple(real.shape)} as real is."
    for x in points:
        if x.shape[1:] != real.shape[1:]:
            raise Wrong(shape.format(tuple(x.shape)))
    known, asked = torch.cat([real, fake]), torch.cat(points)
    rows = torch.cat([known, asked]).flatten(1)
    earliest = (rows[:, None] == rows).all(dim=2).int().argmax(dim=1)
    own = asked[(earliest == torch.arange(len(rows)))[len(known) :]]
    x_hat = (own if len(own) >= len(real) else asked)[-len(real) :]
    if len(x_hat) < len(real):
        raise Wrong(shape.format(tuple(x_hat.shape)))
    return x_hat


def _judge_points(epsilon: Tensor) -> None:
    """Judge what each element of x̂ says about ε, (B, ...): one number per example, uniform on [0, 1]."""
    epsilon = epsilon.flatten(1)
    per_example = epsilon.mean(dim=1)
    if bool((epsilon - per_example[:, None]).abs().max() > 1e-4):
        raise Wrong(
            f"{ON_LINE}. Draw one ε for each example, shape (B, 1, ...), which broadcasts, "
            "not one for each element."
        )
    if bool((per_example.min() < -1e-4) | (per_example.max() > 1 + 1e-4)):
        raise Wrong(
            f"{ON_LINE} with ε from 0 to 1; yours leaves that range. torch.rand is uniform, randn is normal."
        )
    if len(epsilon) < 100:
        return
    if bool(per_example.std() < 1e-4):
        for value, name in ((0, "the fakes"), (1, "the real data")):
            if abs(per_example[0].item() - value) < 1e-3:
                raise Wrong(f"You take the gradient only at {name}. {ON_LINE} with random ε.")
        raise Wrong("All examples share one ε. Draw one for each example: torch.rand of shape (B, 1, ...).")
    uniform = (torch.arange(len(epsilon)) + 0.5) / len(epsilon)
    if bool((per_example.sort().values - uniform).abs().max() > 0.15):
        raise Wrong(
            "The numbers ε are to be uniform on [0, 1], as from torch.rand; yours has another distribution."
        )


def _judge_penalty(penalty: Tensor, critic: _Critic, x_hat: Tensor, generator: Tensor) -> Tensor | None:
    """Judge the value and the critic's gradient, given x̂; return the gradient into the generator."""
    where = f"for real and fake of shape {tuple(x_hat.shape)}"
    x = x_hat.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    expected = (_norm(gradient) - 1).square().mean()
    found = value_difference(Outcome(penalty.detach()), Outcome(expected.detach()))
    if found:
        for mistake, hint in MISTAKES:
            known = Outcome(mistake(gradient).detach())
            unlike = value_difference(known, Outcome(expected.detach()))
            if unlike and not value_difference(Outcome(penalty.detach()), known):
                raise Wrong(f"{hint}\nThe first difference is {where}: {found.text}")
        advice = found.hint or "Given x̂, the penalty is the mean of (‖∇C(x̂)‖₂ - 1)², a norm for each example."
        raise Wrong(f"{advice}\nThe first difference is {where}: {found.text}")
    parameters = list(critic.parameters())
    if any(parameter.grad is not None for parameter in parameters):
        raise Wrong(POLLUTED)
    if not penalty.requires_grad:
        raise Wrong(GRAPH)
    right = torch.autograd.grad(expected, parameters, allow_unused=True)
    *got, into_generator = slopes(penalty, [*parameters, generator])
    for a, b in zip(right, got, strict=True):
        if a is not None and bool((a != 0).any()) and (b is None or not close(b, a, 1e-4)):
            raise Wrong(GRAPH)
    return into_generator


GRADIENT_PENALTY = Exercise(
    _judge,
    "x̂ is drawn as it should be, value and gradient are right for points and images, and the generator "
    "gets no gradient.",
)
