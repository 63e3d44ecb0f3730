"""What a recipe is: a noun with four verbs."""

from dataclasses import asdict
from typing import Any, ClassVar, Protocol

import torch
from torch import nn

from gentutor.settings import Steps
from gentutor.showing.samples import Sample
from gentutor.training import Run


class Recipe(Protocol):
    """A run of the book: how its model is made, trained, asked for samples, and measured.

    It is a frozen dataclass; its fields are hyper-parameters of the run, each one used, and perhaps a
    ``design``, which holds what it is composed of: networks, a step, what is made.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def takes(self) -> tuple[str, ...]:
        """What can be given to ``sample``: "label", "picture", "sentence"."""

    @property
    def columns(self) -> int:
        """Samples in a row of a picture; 0 where there is nothing to show."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def steps(self) -> Steps: ...
    @property
    def seed(self) -> int: ...
    @property
    def batch_size(self) -> int: ...

    def model(self) -> nn.Module:
        """An untrained model: what a checkpoint of this recipe holds."""

    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: networks, optimisers, batches and step."""

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Sample:
        """What the model makes: n samples, the same for the same arguments.

        Args:
            model: trained; used in eval mode, and left in the mode it had.
            n: how many.
            seed: of the noise.
            given: what the recipe ``takes``, one for all samples or one for each; examples by default.

        Raises:
            ValueError: the model makes nothing that could be shown, or ``given`` does not fit.
        """

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """How good the model is, in numbers by name (``evaluation``).

        Args:
            model: trained, float32; measured on the device it is on.
            n: samples to draw, and to compare with as many of the test set (10,000 digits; of glyphs,
                emoji and images of your own all there are, if they are fewer).
            seed: of every random draw.

        Raises:
            TypeError: the model is not float32.
            ValueError: fewer samples than the distances need, or more than there are digits.
        """


def hyper_parameters(recipe: Recipe) -> dict[str, Any]:
    """The numbers of a recipe by name, as a card and a saved state hold them: all but its ``design``."""
    return {name: value for name, value in asdict(recipe).items() if name != "design"}


class NothingToShow:
    """What the recipes of models that make nothing have in common."""

    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 0
    name: str

    def sample(self, model: nn.Module, n: int, seed: int = 0, given: Any = None) -> Sample:
        """It makes no samples.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.name!r} makes no images: it is a {type(model).__name__}")
