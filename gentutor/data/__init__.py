"""Embedded data as whole tensors, batches of them, and toy densities whose truth is known."""

from gentutor.data.batching import Batches, batches
from gentutor.data.images import Images, mnist, to_signed, to_unit, torchvision_root

__all__ = ["Batches", "Images", "batches", "mnist", "to_signed", "to_unit", "torchvision_root"]
