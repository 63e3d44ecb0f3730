"""The numbers on a checkpoint's card: how good a trained model is, beside what bounds them.

``measure(recipe, model)`` gives them by name. Distances between sets of digits are taken between
the 64 features of the stored classifier, not those of a network trained on photographs: compare
them with each other, never with published values.
"""

from gentutor.metrics import conditional, text, translation, unconditional  # noqa: F401 (they register what they measure)
from gentutor.metrics.base import measure
from gentutor.metrics.classes import NEIGHBOURS, class_metrics, confusion
from gentutor.metrics.completion import completion_metrics
from gentutor.metrics.features import digit_features, digit_logits
from gentutor.metrics.translation import glyph_features

__all__ = [
    "NEIGHBOURS",
    "class_metrics",
    "completion_metrics",
    "confusion",
    "digit_features",
    "digit_logits",
    "glyph_features",
    "measure",
]
