"""The check of the gradient penalty judges the points, the value and the gradient."""

import pytest
import torch
import torch.nn.functional as F

ID = "gan.gradient_penalty"
pytestmark = pytest.mark.filterwarnings("ignore:Using backward")  # create_graph=True


def line(x):
    """The shape of one number per example."""
    return (len(x),) + (1,) * (x.dim() - 1)


def norm(gradient):
    return gradient.flatten(1).norm(dim=1)


def penalty(
    epsilon=lambda real: torch.rand(line(real)), of=lambda g: (norm(g) - 1).square().mean(), graph=True
):
    """An answer that draws ε and turns the critic's gradient into a penalty in its own way."""

    def answer(critic, real, fake):
        e = epsilon(real)
        x = (e * real + (1 - e) * fake).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=graph)
        return of(gradient)

    return answer


def other_way_round(critic, real, fake):
    e = torch.rand(len(real)).reshape(line(real))
    x = torch.autograd.Variable(((1 - e) * real + e * fake).detach(), requires_grad=True)
    scores = critic(x)
    gradient = torch.autograd.grad(scores, x, torch.ones_like(scores), create_graph=True, retain_graph=True)[
        0
    ]
    return ((gradient.reshape(len(real), -1).norm(2, dim=1) - 1) ** 2).mean()


def with_lerp_and_safe_root(critic, real, fake):
    x = torch.lerp(fake, real, torch.rand(line(real), dtype=real.dtype)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return ((gradient.square().flatten(1).sum(dim=1) + 1e-12).sqrt() - 1).square().mean()


def with_own_generator(critic, real, fake):
    source = torch.Generator().manual_seed(3)
    return penalty(lambda x: torch.rand(line(x), generator=source))(critic, real, fake)


def functional(critic, real, fake):
    e = torch.rand(line(real))
    gradient = torch.func.grad(lambda x: critic(x).sum())((e * real + (1 - e) * fake).detach())
    return (norm(gradient) - 1).square().mean()


def per_example(critic, real, fake):
    e = torch.rand(line(real))
    x = (e * real + (1 - e) * fake).detach()
    slope = torch.func.vmap(torch.func.grad(lambda one: critic(one[None]).sum()))
    return (norm(slope(x)) - 1).square().mean()


def in_a_loop(critic, real, fake):
    total = 0.0
    for a, b in zip(real, fake.detach(), strict=True):
        e = torch.rand(())
        x = (e * a + (1 - e) * b)[None].requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        total = total + (gradient.norm() - 1) ** 2
    return total / len(real)


def with_looks_at_the_critic(critic, real, fake):
    before = critic(real).mean() - critic(fake).mean()
    value = penalty()(critic, real, fake)
    critic(torch.cat([real, fake]))
    return value + 0 * before


def in_float64(critic, real, fake):
    e = torch.rand(line(real), dtype=torch.float64)
    x = (e * real + (1 - e) * fake).to(real.dtype).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (norm(gradient.double()) - 1).square().mean()


def attached(critic, real, fake):
    x = torch.rand(line(real)).mul(real - fake).add(fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (norm(gradient) - 1).square().mean()


def for_columns(critic, real, fake):
    e = torch.rand(line(real))
    x = (e * real + (1 - e) * fake).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x), x, torch.ones(len(real), 1), create_graph=True)
    return (norm(gradient) - 1).square().mean()


def without_requires_grad(critic, real, fake):
    e = torch.rand(line(real))
    x = (e * real + (1 - e) * fake).detach()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (norm(gradient) - 1).square().mean()


def without_sum(critic, real, fake):
    x = torch.rand(line(real)).mul(real - fake).add(fake).detach().requires_grad_()
    return (norm(torch.autograd.grad(critic(x), x, create_graph=True)[0]) - 1).square().mean()


def by_backward(critic, real, fake, graph=False):
    x = torch.rand(line(real)).mul(real - fake).add(fake).detach().requires_grad_()
    critic(x).sum().backward(create_graph=graph)
    return (norm(x.grad) - 1).square().mean()


def by_backward_with_graph(critic, real, fake):
    return by_backward(critic, real, fake, graph=True)


def by_backward_and_clear(critic, real, fake):
    value = penalty()(critic, real, fake)
    value.backward()
    critic.zero_grad()
    return value


def by_backward_for_x_alone(critic, real, fake):
    x = torch.rand(line(real)).mul(real - fake).add(fake).detach().requires_grad_()
    critic(x).sum().backward(create_graph=True, inputs=[x])
    return (norm(x.grad) - 1).square().mean()


def for_images(critic, real, fake):
    return penalty(lambda real: torch.rand(len(real), 1, 1, 1))(critic, real, fake)


@pytest.mark.parametrize(
    "answer",
    [
        penalty(),
        other_way_round,
        with_lerp_and_safe_root,
        with_own_generator,
        functional,
        by_backward_for_x_alone,
        per_example,
        in_a_loop,
        with_looks_at_the_critic,
        in_float64,
    ],
)
def test_right_answers(answer, accepts):
    accepts(ID, answer)


@pytest.mark.parametrize(
    ("epsilon", "phrase"),
    [
        (torch.rand_like, "not one for each element"),
        (lambda real: torch.randn(line(real)), "randn is normal"),
        (lambda real: torch.rand(()), "All examples share one ε"),
        (lambda real: torch.tensor(0.5), "All examples share one ε"),
        (lambda real: torch.tensor(0.0), "only at the fakes"),
        (lambda real: torch.tensor(1.0), "only at the real data"),
        (lambda real: torch.rand(line(real)) ** 2, "another distribution"),
        (lambda real: torch.rand(line(real)).round(), "another distribution"),
        (lambda real: torch.randn(line(real)).clamp(0, 1), "another distribution"),
        (lambda real: torch.rand(len(real), 1), "as many dimensions as real"),
        (lambda real: (torch.manual_seed(0), torch.rand(line(real)))[1], "sets the random seed"),
    ],
)
def test_wrong_points(epsilon, phrase, rejects):
    rejects(ID, penalty(epsilon), phrase)


@pytest.mark.parametrize(
    ("of", "phrase"),
    [
        (lambda g: (norm(g) - 1).square().sum(), "take the sum over the batch"),
        (lambda g: 10 * (norm(g) - 1).square().mean(), "weight (often 10)"),
        (lambda g: (norm(g).square() - 1).square().mean(), "compare the squared norm with 1"),
        (lambda g: norm(g).square().mean(), "near 1, not near 0"),
        (lambda g: (norm(g) - 1).abs().mean(), "absolute value"),
        (lambda g: norm(g).mean() - 1, "square is missing"),
        (lambda g: F.relu(norm(g) - 1).square().mean(), "one-sided"),
        (lambda g: (norm(g).mean() - 1) ** 2, "square the mean of the norms"),
        (lambda g: (g.norm() - 1) ** 2, "one norm over the whole batch"),
        (lambda g: (norm(g / len(g)) - 1).square().mean(), "mean of the scores"),
        (lambda g: (g.norm(2, dim=1) - 1).square().mean(), "dimension 1 alone"),
        (lambda g: (g - 1).square().mean(), "There is no norm"),
        (lambda g: (g.abs().flatten(1).sum(dim=1) - 1).square().mean(), "1-norm"),
        (lambda g: (norm(g) - 1).square(), "One number is expected"),
        (lambda g: (norm(g) - 1).square().mean().item(), "returns a float"),
        (lambda g: (norm(g) - 1).square().mean().detach(), "create_graph=True"),
        (lambda g: (norm(g).detach() - 1).square().mean(), "create_graph=True"),
        (lambda g: (norm(g) - 1).square().mean() + 0.01, "Given x̂"),
    ],
)
def test_wrong_values(of, phrase, rejects):
    rejects(ID, penalty(of=of), phrase)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (penalty(graph=False), "create_graph=True"),
        (attached, "runs on through x̂ into the generator"),
        (by_backward, "create_graph=True"),
        (by_backward_with_graph, "fills the critic's own gradients"),
        (by_backward_and_clear, "calls backward() itself"),
        (for_columns, "torch.ones_like(scores)"),
        (without_requires_grad, "requires_grad_() before the critic"),
        (without_sum, "Differentiate the sum of the scores"),
        (for_images, "as many dimensions"),
        (lambda critic, real, fake: torch.tensor(0.0), "never calls the critic"),
        (lambda critic, real, fake: (critic(real) - critic(fake)).mean() ** 2, "only at the fakes"),
        (lambda critic, real, fake: critic(real[:2]).mean(), "expected (256, 2) as real is"),
    ],
)
def test_wrong_calls(answer, phrase, rejects):
    rejects(ID, answer, phrase)
