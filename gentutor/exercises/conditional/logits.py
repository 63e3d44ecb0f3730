"""The exercise on a discriminator that judges a label by an inner product."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import PER_EXAMPLE
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import conditional

MATRIX = (
    "That is a matrix: every image with every label's vector. Each image has one label, so multiply element "
    "by element and sum over the features."
)
ROWS = "Row by row it is (features * vectors).sum(dim=1)."
LIMIT = "Large logits count in full: there is no limit."
TERMS = "An inner product of each image's features with its own label's vector, plus its score."


def _projection_cases() -> list[Case]:
    features = torch.tensor([[0.5, -1.0, 2.0, 0.3], [1.5, 0.4, -0.7, -1.1], [0.2, 0.9, 0.6, 1.3]])
    vectors = torch.tensor([[1.0, 0.5, -0.3, 0.8], [-0.6, 1.2, 0.4, 0.1], [0.7, -0.9, 1.1, -0.2]])
    score = torch.tensor([0.4, -1.3, 2.2])

    def case(features: Tensor, score: Tensor, vectors: Tensor, hint: str = TERMS) -> Case:
        return Case({"features": features, "score": score, "vectors": vectors}, hint)

    any_size = "Any number of images and of features must do."
    return [
        case(features, score, vectors),
        case(features[:1], score[:1], vectors[:1], any_size),
        case(features[:, :1], score, vectors[:, :1], any_size),
        case(torch.randn(4, 4), torch.randn(4), torch.randn(4, 4), any_size),
        case(torch.randn(7, 20), torch.randn(7), torch.randn(7, 20), any_size),
        case(1e3 * features.double(), score.double(), vectors.double(), LIMIT),
    ]


MISTAKES: list[Row] = [
    (lambda f, s, v: f @ v.T + s, MATRIX),
    (lambda f, s, v: f @ v.T + s[:, None], MATRIX),
    (lambda f, s, v: (f * v).sum(dim=1), "The score is missing."),
    (lambda f, s, v: s + 0 * f.sum(), "The inner product is missing: the label does not count."),
    (lambda f, s, v: (f * v).mean(dim=1) + s,
     "You take the mean over the features; an inner product is their sum."),
    (lambda f, s, v: (f * v).sum(dim=0)[: len(s)] + s,
     "You sum over the batch, dimension 0; an inner product sums over the features."),
    (lambda f, s, v: (f * v).sum() + s, f"{PER_EXAMPLE}yours sums over the batch, too."),
    (lambda f, s, v: (f + v).sum(dim=1) + s, "Features and vectors are added; they are multiplied."),
    (lambda f, s, v: (f * v).sum(dim=1) - s, "The score is subtracted; it is added."),
    (lambda f, s, v: F.cosine_similarity(f, v, dim=1) + s,
     "You divide by the lengths: that is a cosine. The inner product keeps them."),
    (lambda f, s, v: s - (f - v).square().sum(dim=1),
     "That is a squared distance; the label's vector enters by an inner product."),
    (lambda f, s, v: ((f * v).sum(dim=1) + s).sigmoid(),
     "A sigmoid is taken: return the logits, the losses take it."),
    (lambda f, s, v: (f * v + s[:, None]).sum(dim=1),
     "The score is counted once for each feature: sum the products first, then add it."),
    (lambda f, s, v: (f * v).sum(dim=1, keepdim=True) + s[:, None],
     f"{PER_EXAMPLE}a dimension of size 1 is left over."),
    (lambda f, s, v: (f * v).sum(dim=1, keepdim=True) + s,
     "(B, 1) + (B,) broadcasts to (B, B), in silence: sum without keepdim."),
]  # fmt: skip

PROJECTION = Exercise(
    SameFunction(
        conditional.projection_logits,
        _projection_cases,
        MISTAKES,
        crashes={
            "1d tensors expected": f"torch.dot wants two vectors. {ROWS}",
            "shapes cannot be multiplied": f"features @ vectors multiplies matrices. {ROWS}",
            "must match the size of tensor": "Sum over the features first: then (B,) + (B,) fit.",
        },
    ),
    "one logit per image: how real it looks, and how well it fits its label.",
)
