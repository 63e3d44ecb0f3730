"""CycleGAN between two folders of images of your own, with the published settings."""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._memory import expect_memory
from gentutor.evaluation.measures.translation import measure_cycles
from gentutor.models.cyclegan import Generators, PatchDiscriminator, ResnetGenerator
from gentutor.models.layers import MixedPrecision
from gentutor.recipes.translation import TranslationRecipe
from gentutor.settings import Steps

NAME = "cyclegan"
EPOCHS = 200  # as published; half of them with falling rates
FOLDERS = ("trainA", "trainB", "testA", "testB")
EARLIER = {"domains": ["A", "B"], "jitter": [0.0, 0.0], "paired": False}  # settings that changed nothing
SHOWN = 4  # test images of each domain in a sample grid


class OwnBatches(data.UnpairedBatches):
    """Batches of images that lie in a reader's folder: a run goes on only with the same ones."""

    def __init__(
        self, a: Tensor, b: Tensor, batch_size: int, generator: torch.Generator, device: torch.device
    ) -> None:
        super().__init__(a, b, batch_size, generator, device)
        self.digests = {
            d: hashlib.sha256(x.numpy().data).hexdigest() for d, x in zip("AB", (a, b), strict=True)
        }

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """Where both iterators stand, and the SHA-256 of the images."""
        return {**super().state_dict(), "images": self.digests}

    def load_state_dict(self, state: dict[str, dict[str, Any]]) -> None:
        """Go on where ``state`` was taken.

        Raises:
            ValueError: the state is of other images; one of an earlier version knows their number only.
        """
        super().load_state_dict(state)
        for domain, digest in state.get("images", self.digests).items():
            if digest != self.digests[domain]:
                raise ValueError(f"the images in train{domain} are not those that the run has seen")


@dataclass(frozen=True, kw_only=True)
class FolderRecipe(TranslationRecipe):
    """CycleGAN on colour images in trainA, trainB, testA and testB of a folder, cut to squares."""

    folder: str  # holds trainA, trainB, testA and testB
    size: int  # side of the squares, in pixels
    kernel: int  # side of a generator's first and last convolution
    mixed_precision: str  # the kind of device on which networks compute in bfloat16

    def channels(self) -> tuple[int, int]:
        """Three: all images are in colour."""
        return 3, 3

    def load_size(self) -> int:
        """The side to which training images are scaled before a random square is cut out: 286 for 256."""
        return round(self.size * 286 / 256)

    def images(self, split: str) -> tuple[Tensor, Tensor]:
        """Both domains, (N, 3, size, size) in [-1, 1], whole images scaled to squares; "train" or "test"."""
        a, b = (data.to_signed(data.read_images(self._folder(split, d), self.size)) for d in "AB")
        return a, b

    def examples(self) -> tuple[Tensor, Tensor]:
        """The first test images, at most four, as many of each domain."""
        a, b = (data.read_images(self._folder("test", d), self.size) for d in "AB")
        n = min(SHOWN, len(a), len(b))
        return data.to_signed(a[:n]), data.to_signed(b[:n])

    def augment(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """A random square of each image, half of them mirrored, in [-1, 1]."""
        return tuple(data.to_signed(data.crop_and_flip(images, self.size)) for images in batch)

    def measure(self, model: Generators, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_cycles``."""
        a, b = (images[:n] for images in self.images("test"))
        return measure_cycles(model, a, b, seed)

    def summary(self) -> str:
        """How many images there are, and what memory those of training take."""
        counts = [len(data.image_files(self._folder(part[:-1], part[-1]))) for part in FOLDERS]
        listed = ", ".join(f"{part} {count}" for part, count in zip(FOLDERS, counts, strict=True))
        side = self.load_size()
        megabytes = self._bytes() / 1e6
        return f"images: {listed}; training keeps {megabytes:.0f} MB, {side} x {side} pixels each"

    def _bytes(self) -> int:
        """What the images of training take."""
        files = sum(len(data.image_files(self._folder("train", domain))) for domain in "AB")
        return 3 * self.load_size() ** 2 * files

    def _folder(self, split: str, domain: str) -> Path:
        if split not in ("train", "test"):
            raise ValueError(f"unknown split {split!r}; known: train, test")
        folder = Path(self.folder) / (split + domain)
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}; say with --data where the images are now")
        return folder

    def _generator(self, channels_in: int, channels_out: int) -> nn.Module:
        net = ResnetGenerator(
            channels_in, channels_out, self.width, self.blocks, self.kernel, noise=self.noise
        )
        return MixedPrecision(net, self.mixed_precision)

    def _discriminator(self, channels: int) -> nn.Module:
        return MixedPrecision(
            PatchDiscriminator(channels, self.width, self.patch_layers), self.mixed_precision
        )

    def _batches(self, device: torch.device) -> data.UnpairedBatches:
        """Of uint8 images, which stay in the main memory.

        Raises:
            ValueError: they do not fit.
        """
        expect_memory(self._bytes(), "the images of training (see --size)")
        a, b = (data.read_images(self._folder("train", d), self.load_size()) for d in "AB")
        order = torch.Generator().manual_seed(self.seed)
        return OwnBatches(a, b, self.batch_size, order, device)


def folder_recipe(
    folder: Path | str,
    size: int = 256,
    width: int = 64,
    blocks: int | None = None,
    batch_size: int = 1,
    seed: int = 0,
) -> FolderRecipe:
    """The published settings of CycleGAN for the images in a folder, or smaller ones.

    As published but for what makes no checkerboards: nearest neighbours and convolutions in place of
    transposed convolutions. Training images are scaled to squares 286 / 256 times as large as ``size``.

    Args:
        folder: holds the folders trainA, trainB, testA and testB, as the published data sets have it.
        size: side of the squares that the networks see, a multiple of 4, at least 32 pixels.
        width: feature maps at full size, 64 in the paper.
        blocks: residual blocks; by default 9 from 256 pixels on, and 6 below, as in the paper.
        batch_size: images of each domain in a step, 1 in the paper.
        seed: of weights, order, crops and pools.

    Returns:
        A recipe whose full run takes 200 epochs of the larger domain.

    Raises:
        ValueError: a folder is missing or empty, or a number is out of its range.
    """
    root = Path(folder).expanduser().resolve()
    a, b, *_ = (len(_files(root / part)) for part in FOLDERS)
    blocks = (9 if size >= 256 else 6) if blocks is None else blocks
    _expect(size, width, blocks)
    if not 1 <= batch_size <= min(a, b):
        raise ValueError(
            f"batch must lie in 1 to {min(a, b)}, the images of the smaller domain, got {batch_size}"
        )
    epoch = -(-max(a, b) // batch_size)
    return FolderRecipe(
        name=NAME,
        source="Zhu et al. 2017, sections 4 and 7.2, with nearest neighbours for transposed convolutions",
        folder=str(root),
        size=size,
        width=width,
        blocks=blocks,
        kernel=7,
        noise=0.0,
        patch_layers=3,  # patches of 70 x 70 pixels
        pool=50,
        cycle_weight=10.0,
        identity_weight=5.0,
        adversarial_weight=1.0,
        batch_size=batch_size,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        ema_decay=0.0,  # the last weights
        mixed_precision="cuda",
        steps=Steps(ci=5, cpu=2 * epoch, gpu=EPOCHS * epoch, full=EPOCHS * epoch),
        seed=seed,
    )


def restored(settings: dict[str, Any]) -> FolderRecipe:
    """The recipe that a card or a state holds as a dict.

    Raises:
        ValueError: it is of another recipe, or a setting has no such value.
    """
    try:
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
            if EARLIER.get(name, ...) != value
        }
        if settings.get("name") != NAME:
            raise ValueError(f"expected a run of the recipe {NAME!r}, got one of {settings.get('name')!r}")
        if strange := plain.keys() ^ {field.name for field in fields(FolderRecipe)}:
            differ = ", ".join(sorted(strange))
            raise ValueError(f"the run of {NAME!r} was made by another version, which differs in {differ}")
        recipe = FolderRecipe(**{**plain, "steps": Steps(**settings["steps"])})
        _expect(recipe.size, recipe.width, recipe.blocks)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"expected the settings of a run of {NAME!r}, got others: {error}") from error
    return recipe


def _files(folder: Path) -> list[Path]:
    try:
        return data.image_files(folder)
    except ValueError as error:
        raise ValueError(f"{error}; --data takes a folder with {', '.join(FOLDERS)}") from error


def _expect(size: int, width: int, blocks: int) -> None:
    if size % 4 or size < 32:
        raise ValueError(f"size must be a multiple of 4, at least 32, got {size}")
    if width < 1 or blocks < 1:
        raise ValueError(f"width and blocks must be at least 1, got {width} and {blocks}")
