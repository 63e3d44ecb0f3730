"""Embedded data as whole tensors, batches of them, and toy densities whose truth is known.

An argument of another type than stated raises ``TypeError``, and one of another shape, out of its range
or unknown (a split, a style) raises ``ValueError``. A file of the package that is truncated or altered
raises ``ValueError``, one that is missing ``FileNotFoundError``.
"""

from gentutor.data.batching import Batches, UnpairedBatches, batches, unpaired
from gentutor.data.deform import crop_and_flip, deform, jitter
from gentutor.data.domains import CHANNELS, domain_digits, domain_images
from gentutor.data.folders import SMALLEST, image_files, read_image, read_images
from gentutor.data.glyphs import Emoji, Glyphs, character_names, characters, emoji, emoji_table
from gentutor.data.images import Images, fashion_mnist, mnist, to_signed, to_unit, torchvision_root
from gentutor.data.names import emoji_names, emoji_words, name_tokens, tokens, vocabulary, words
from gentutor.data.printed import printed_digits
from gentutor.data.texts import text
from gentutor.data.toy import GaussianMixture, TwoMoons, grid, mixture_1d, ring, two_moons

__all__ = [
    "name_tokens",
    "emoji_words",
    "emoji_names",
    "domain_images",
    "domain_digits",
    "CHANNELS",
    "SMALLEST",
    "Batches",
    "Emoji",
    "GaussianMixture",
    "Glyphs",
    "Images",
    "TwoMoons",
    "UnpairedBatches",
    "batches",
    "character_names",
    "characters",
    "crop_and_flip",
    "deform",
    "emoji",
    "emoji_table",
    "fashion_mnist",
    "grid",
    "image_files",
    "jitter",
    "mixture_1d",
    "mnist",
    "printed_digits",
    "read_image",
    "read_images",
    "ring",
    "text",
    "to_signed",
    "to_unit",
    "tokens",
    "torchvision_root",
    "two_moons",
    "unpaired",
    "vocabulary",
    "words",
]
