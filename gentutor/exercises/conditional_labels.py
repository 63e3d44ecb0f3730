"""The exercises on telling a network a label: what is appended, and what a discriminator is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Case, Mistake, same_function
from gentutor.exercises._noise import expect_standard_normal, recorded
from gentutor.exercises._outcome import close, read_tensor
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.models.conditional import ConditionalGenerator, OneHot, concat_condition
from gentutor.models.gan import MLPGenerator
from gentutor.objectives import adversarial

MAPS = (
    "To a map (B, C, H, W) each of the K numbers is appended as a constant map: (B, K) -> (B, K, 1, 1) -> "
    "(B, K, H, W), then torch.cat along dimension 1."
)
WIDTH = (
    "The number of columns is num_classes, not what happens to occur in this batch: "
    "F.one_hot(y, num_classes)."
)
CRASHES = {
    "sizes of tensors must match": MAPS,
    "same number of dimensions": MAPS,
    "dimension out of range": MAPS,
    "applicable only to index tensor": "F.one_hot wants int64 labels, as y has: do not convert them.",
}


def _code(y: Tensor, num_classes: int) -> Tensor:
    return F.one_hot(y, num_classes).float()


def _cases() -> list[Case]:
    h, y = torch.tensor([[0.5, -1.5], [2.0, 0.3], [-0.7, 1.1]]), torch.tensor([2, 0, 3])

    def case(h: Tensor, y: Tensor, num_classes: int, hint: str) -> Case:
        return Case({"h": h, "y": y, "num_classes": num_classes}, hint)

    return [
        case(h, y, 5, "Append the one-hot vector of each label to its features, along dimension 1."),
        case(torch.randn(3, 2, 4, 5), y, 5, MAPS),
        case(h[:1], y[:1], 5, WIDTH),
        case(torch.randn(4, 3, 4, 4), torch.tensor([1, 1, 0, 2]), 4, MAPS),
        case(h, y, 4, WIDTH),
        case(h.double(), y, 5, "The result keeps the data type of h: torch.cat of float64 and float32 does."),
    ]


def _append(code: Callable[[Tensor, int], Tensor], place: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """Append a code of the labels at a place, to features and maps alike."""

    def answer(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
        extra = code(y, num_classes).to(h)
        if h.dim() == 4:
            extra = extra[:, :, None, None].expand(-1, -1, *h.shape[2:])
        return place(h, extra)

    return answer


def _after(h: Tensor, extra: Tensor) -> Tensor:
    return torch.cat([h, extra], dim=1)


def _corner(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    code = _code(y, num_classes)
    if h.dim() == 2:
        return _after(h, code)
    maps = h.new_zeros(len(h), num_classes, *h.shape[2:])
    maps[:, :, 0, 0] = code
    return _after(h, maps)


def _reshaped(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """The codes, repeated, but in the order of memory of another shape."""
    code = _code(y, num_classes)
    if h.dim() == 2:
        return _after(h, code)
    pixels = h.shape[2] * h.shape[3]
    return _after(h, code.repeat(1, pixels).view(len(h), num_classes, *h.shape[2:]))


def _one_label(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return _append(lambda y, k: _code(y[:1], k).expand(len(y), -1), _after)(h, y, num_classes)


CONCAT = Exercise(
    judge=same_function(
        concat_condition,
        _cases,
        [
            Mistake(
                "You append the label as a number: then class 3 is between 2 and 4, though classes have no "
                "order. Append its one-hot vector.",
                _append(lambda y, k: y[:, None].float(), _after),
            ),
            Mistake(
                "You append the label as a fraction of num_classes; classes have no order. Append one-hot.",
                _append(lambda y, k: y[:, None] / k, _after),
            ),
            Mistake("The one-hot vector goes behind the features, not before them.",
                    _append(_code, lambda h, e: torch.cat([e, h], dim=1))),
            Mistake(
                "You multiply the features by something of the label, as some tutorials multiply noise by an "
                "embedding: a number near 0 then hides the label. Append.",
                lambda h, y, k: h * (y + 1).view(-1, *[1] * (h.dim() - 1)),
            ),
            Mistake("The features are returned as they are: where is the label?", lambda h, y, k: h * 1),
            Mistake(
                "The one-hot vector alone is returned: the features are missing.",
                _append(_code, lambda h, e: e + 0 * h.sum()),
            ),
            Mistake(
                "Every example is told the first one's label.",
                _one_label,
            ),
            Mistake(
                "The 1 is one place too far: label 0 is column 0.",
                _append(lambda y, k: _code((y + 1) % k, k), _after),
            ),
            Mistake(
                "Where the label is you put 0, and 1 elsewhere.",
                _append(lambda y, k: 1 - _code(y, k), _after),
            ),
            Mistake(WIDTH, _append(lambda y, k: F.one_hot(y).float(), _after)),
            Mistake(
                "Each map must be constant: you set one pixel alone, and a convolution sees it at one place.",
                _corner,
            ),
            Mistake(
                "The one-hot numbers are scattered over the maps: .view or .reshape after .repeat takes them "
                "in the order of memory. Add the dimensions first, code[:, :, None, None], then expand.",
                _reshaped,
            ),
        ],
        crashes=CRASHES,
    ),
    solution=concat_condition,
    praise="features get one-hot numbers, maps get constant maps, and the type of the features stays.",
    hints=(
        "F.one_hot(y, num_classes) is (B, K), int64: bring it to the type of h.",
        "For a map: code[:, :, None, None].expand(-1, -1, H, W), one constant map for each number.",
        "torch.cat([h, code], dim=1) in both cases.",
    ),
)  # fmt: skip


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


@contextmanager
def _told(network: nn.Module) -> Iterator[list[Tensor]]:
    """Within the block, the labels that a network is told, call by call."""
    labels: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        labels.extend(told.detach().clone() for told in inputs[1:2])  # none if it was called without

    handle = network.register_forward_pre_hook(note)
    try:
        yield labels
    finally:
        handle.remove()


def _judge_loss(answer: object) -> None:
    discriminator = _Judge()
    generator = ConditionalGenerator(MLPGenerator(5 + 3, (1, 2, 2), (6,)), OneHot(3), 5, torch.arange(3))
    for parameter in (*discriminator.parameters(), *generator.parameters()):
        nn.init.normal_(parameter, 0.0, 0.8)
    for y in (torch.tensor([2, 0, 1, 1, 2, 0, 2, 1, 0, 0, 2, 1]), torch.tensor([1])):
        real = torch.rand(len(y), 1, 2, 2) * 2 - 1
        arguments = {"discriminator": discriminator, "generator": generator, "real": real, "y": y}
        with recorded(generator) as noise, _told(generator) as asked, _told(discriminator) as judged:
            loss = read_tensor(call(answer, arguments, LOSS_CRASHES))
        expect_standard_normal(noise, (len(y), 5))
        _judge_labels(asked, judged, y)
        _judge_value(loss, discriminator, generator, real, y, noise[-1])
        _judge_gradients(loss, discriminator, generator)


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


def _judge_gradients(loss: Tensor, discriminator: nn.Module, generator: nn.Module) -> None:
    if not loss.requires_grad:
        raise Wrong("The value is right, but no gradient reaches the discriminator: what cuts it?")
    gradients = torch.autograd.grad(loss, list(generator.parameters()), allow_unused=True, retain_graph=True)
    if any(gradient is not None for gradient in gradients):
        raise Wrong(
            "The loss's gradient reaches the generator: detach the fakes, for this is the discriminator's "
            "turn."
        )
    moved = torch.autograd.grad(loss, list(discriminator.parameters()), allow_unused=True)
    if any(gradient is None for gradient in moved):
        raise Wrong("No gradient reaches the discriminator's parameters.")


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

EXERCISES = {"concat_condition": CONCAT, "discriminator_loss": LOSS}
