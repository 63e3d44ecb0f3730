"""The exercise on drawing samples from a trained generator without disturbing it."""

import copy

import torch
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Row
from gentutor.exercises._networks import expect_fresh, expect_standard_normal, recorded
from gentutor.exercises._outcome import Difference, Outcome, read_tensor, value_difference
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.models.gan import DCGANGenerator

TRAIN_MODE = (
    "The images are made in training mode: BatchNorm then normalises by the batch at hand, so that an image "
    "depends on its neighbours, and its stored statistics move. Call generator.eval() first."
)
MISTAKES: list[Row] = [  # of the generator's images
    (lambda x: x, "The images are still in [-1, 1], as tanh made them: (x + 1) / 2 brings them to [0, 1]."),
    (lambda x: x.clamp(0, 1),
     "The images are clamped, which turns everything below 0 black: rescale with (x + 1) / 2."),
    (torch.sigmoid, "A sigmoid does not undo tanh's range: rescale with (x + 1) / 2."),
    (lambda x: x / 2, "Only half of the rescaling is there: x / 2 lies in [-1/2, 1/2]."),
    (lambda x: x + 1, "You add 1 but do not halve: the images lie in [0, 2]."),
    (lambda x: (x + 1) * 127.5, "The images are in [0, 255]; [0, 1] is asked for."),
    (lambda x: (x - x.min()) / (x.max() - x.min()),
     "The images are rescaled by their own extremes, so each batch gets another contrast: use (x + 1) / 2."),
    (lambda x: (1 - x) / 2, "Black and white are swapped: it is (x + 1) / 2."),
    (torch.abs, "You take absolute values: rescale with (x + 1) / 2."),
]  # fmt: skip
CRASHES = {
    "expected noise of shape": "The generator takes noise of shape (n, generator.latent_dim).",
    "can't call numpy() on tensor that requires grad": "Sampling needs no gradient: torch.no_grad().",
}


def rescaled(x: Tensor) -> Tensor:
    """From [-1, 1] to [0, 1]."""
    return (x + 1) / 2


def _judge_sample(answer: object) -> None:
    generator = DCGANGenerator(latent_dim=10, image_size=8, width=4)
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.1, 0.6)  # type: ignore[arg-type]
        elif isinstance(module, nn.Linear | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.3)
    seen: list[Tensor] = []
    for n, training in ((12, True), (12, False), (7, False), (1, True)):
        generator.train(training)
        before = copy.deepcopy(generator.state_dict())
        twin = copy.deepcopy(generator)
        with recorded(generator) as noise:
            images = read_tensor(call(answer, {"generator": generator, "n": n}, CRASHES))
        drawn = [torch.cat(noise)[-n:]] if noise else []  # in one call of the generator or in many
        expect_standard_normal(drawn, (n, 10))
        expect_fresh(drawn, seen)
        seen += drawn
        with torch.no_grad():
            evaluated, trained = twin.eval()(drawn[0]), (twin.train()(drawn[0]) if n > 1 else None)
        _judge_images(images, evaluated, trained)
        _judge_traces(generator, before, training)


def _judge_images(images: Tensor, evaluated: Tensor, trained: Tensor | None) -> None:
    def differ(expected: Tensor) -> Difference | None:
        return value_difference(Outcome(images.detach()), Outcome(expected), 1e-4)

    if found := differ(rescaled(evaluated)):
        scales = (rescaled, *(mistake for mistake, _ in MISTAKES))
        if trained is not None and not all(differ(rescale(trained)) for rescale in scales):
            raise Wrong(TRAIN_MODE)
        for mistake, hint in MISTAKES:
            if not differ(mistake(evaluated)):
                raise Wrong(hint)
        raise Wrong(f"The images differ from (generator(z) + 1) / 2 in evaluation mode: {found.text}")
    if images.requires_grad:
        raise Wrong(
            "The images drag the whole graph of the generator along: draw them under torch.no_grad()."
        )


def _judge_traces(generator: nn.Module, before: dict[str, Tensor], training: bool) -> None:
    changed = [name for name, value in generator.state_dict().items() if not torch.equal(value, before[name])]
    if changed:
        raise Wrong(
            f"{changed[0]} has changed: a forward pass in training mode moves it. Sample in evaluation mode."
        )
    if generator.training != training:
        kept, left = ("training", "evaluation") if training else ("evaluation", "training")
        raise Wrong(
            f"The generator was in {kept} mode and is left in {left} mode: note generator.training first, "
            "and put it back with generator.train(was_training)."
        )
    if not all(parameter.requires_grad for parameter in generator.parameters()):
        raise Wrong("The generator's parameters no longer ask for gradients: it could not be trained on.")


SAMPLE = Exercise(
    _judge_sample,
    "the images are in [0, 1], made in evaluation mode without gradients, and the generator is as before.",
)
