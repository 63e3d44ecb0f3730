"""The history pool of CycleGAN: earlier fakes, shown to the discriminator again."""

from typing import Any

import torch
from torch import Tensor, nn

from gentutor import _checks as check


class HistoryPool(nn.Module):
    """A pool of earlier fakes; once it is full, half of what it hands out comes from the past.

    While it fills, it stores every image and hands the same image out. Once full, each image, with
    probability 1/2, takes the place of a stored one, drawn at random, which is handed out instead.
    Within a batch the drawn places differ (as long as the batch is no larger than the pool), so that
    half of a batch is expected from earlier batches. A stored image stays 2 ``capacity`` images on average.

    Args:
        capacity: the number of images kept, at least 0; 0 switches the pool off.

    Source:
        Shrivastava et al. 2017, section 2.3; Zhu et al. 2017, section 4 (50 images).

    >>> pool = HistoryPool(capacity=2)
    >>> pool(torch.tensor([[1.0], [2.0]])).flatten().tolist()  # it fills: what comes in goes out
    [1.0, 2.0]
    >>> later = [pool(torch.tensor([[3.0]])).item() for _ in range(100)]
    >>> sorted(set(later))  # the old images were handed out, each of them once
    [1.0, 2.0, 3.0]
    >>> later.count(1.0), later.count(2.0)
    (1, 1)
    """

    images: Tensor
    count: Tensor

    def __init__(self, capacity: int = 50) -> None:
        super().__init__()
        check.at_least(0, capacity=capacity)
        self.capacity = capacity
        self.register_buffer("images", torch.empty(0))  # (capacity, ...) after the first batch
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))  # images seen, at most capacity

    @torch.no_grad()
    def forward(self, fake: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A batch (B, ...) -> a detached batch of its shape, partly from the past.

        Args:
            fake: (B, ...), new images, of the same shape, type and device at each call.
            generator: of the random choices; PyTorch's global one if None.

        Raises:
            TypeError: fake has another data type than the stored images.
            ValueError: it has another shape or device, or no batch dimension.
        """
        fake = fake.detach()
        if self.capacity == 0:
            return fake
        self._expect(fake)
        batch = torch.arange(len(fake), device=fake.device)
        swap = _uniform((len(fake),), fake, generator) < 0.5  # (B,)
        place = self.count + batch  # (B,), where the image is stored while the pool fills
        fills = place < self.capacity
        place = torch.where(fills, place, self._random_places(fake, generator))
        writes = fills | swap

        # As a loop over the images would find it: an earlier image of this batch may lie in the place.
        written = (place[:, None] == place) & writes  # (B, B): does image j write to the place of image i?
        earlier = torch.where(written.tril(-1), batch, -1).amax(dim=1)  # the last before i, -1 if none
        past = _choose(earlier, fake, self.images[place])
        handed_out = torch.where(_like(swap & ~fills, fake), past, fake)

        places = torch.arange(self.capacity, device=fake.device)
        written = (places[:, None] == place) & writes  # (capacity, B)
        last = torch.where(written, batch, -1).amax(dim=1)  # who is in each place in the end
        self.images.copy_(_choose(last, fake, self.images))
        self.count.add_(len(fake)).clamp_(max=self.capacity)
        return handed_out

    def _random_places(self, fake: Tensor, generator: torch.Generator | None) -> Tensor:
        """A place for each image; every run of ``capacity`` images gets each place once."""
        runs = -(-len(fake) // self.capacity)
        order = _uniform((runs, self.capacity), fake, generator).argsort(dim=1)  # (runs, capacity)
        return order.flatten()[: len(fake)]  # (B,)

    def _expect(self, fake: Tensor) -> None:
        """Raise unless ``fake`` fits the stored images; make room for them at the first call."""
        if fake.dim() == 0 or len(fake) == 0:
            raise ValueError(f"expected images of shape (B, ...), B at least 1, got {tuple(fake.shape)}")
        if self.images.dim() == 1 and self.images.numel() == 0:
            self.images = fake.new_zeros(self.capacity, *fake.shape[1:])
            self.count = self.count.to(fake.device)
        if fake.shape[1:] != self.images.shape[1:]:
            wanted = ", ".join(str(size) for size in ("B", *self.images.shape[1:]))
            raise ValueError(f"the pool holds images of shape ({wanted}), got {tuple(fake.shape)}")
        if fake.device != self.images.device:
            raise ValueError(f"the pool is on {self.images.device}, but the images are on {fake.device}")
        if fake.dtype != self.images.dtype:
            raise TypeError(f"the pool holds {self.images.dtype}, but the images are {fake.dtype}")

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: Any) -> None:
        """Let a saved pool of another image shape (an untouched pool has none yet) take this one's place."""
        saved = state_dict.get(f"{prefix}images")
        if saved is not None and (saved.numel() == 0 or len(saved) == self.capacity):
            self.images = self.images.new_empty(saved.shape, dtype=saved.dtype)
        super()._load_from_state_dict(state_dict, prefix, *arguments)


def _uniform(shape: tuple[int, ...], fake: Tensor, generator: torch.Generator | None) -> Tensor:
    """Random numbers that do not depend on the images' data type: bfloat16 has 256 of them."""
    return torch.rand(shape, generator=generator, dtype=torch.float32, device=fake.device)


def _choose(index: Tensor, images: Tensor, otherwise: Tensor) -> Tensor:
    """``images[index]`` where the index is not negative, else ``otherwise``."""
    return torch.where(_like(index >= 0, otherwise), images[index.clamp(min=0)], otherwise)


def _like(condition: Tensor, images: Tensor) -> Tensor:
    """(B,) -> (B, 1, ...), with as many dimensions as the images."""
    return condition.view(-1, *[1] * (images.dim() - 1))
