"""The exercise on drawing from a VAE that is told a label: z comes from the prior."""

import numpy as np
import torch
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Row
from gentutor.exercises._networks import expect_fresh, expect_standard_normal, recorded
from gentutor.exercises._outcome import Outcome, close, read_tensor, value_difference
from gentutor.exercises._verdict import Exercise, NotAttempted, Wrong
from gentutor.models.conditional import OneHot
from gentutor.models.cvae import CVAE, mlp_cvae
from gentutor.objectives.variational import bernoulli_log_prob

LATENT, CLASSES, SHAPE = 20, 4, (1, 3, 4)
CRASHES = {
    "expected latents of shape": "z has one row for each label: shape (len(y), cvae.latent_dim).",
    "missing 1 required positional argument": "The decoder is told the label, too: cvae.decode(z, y).",
    "vmap": "The model looks at the labels, which vmap does not allow; decode(z, y) takes whole batches.",
    "can't call numpy() on tensor that requires grad": "Sampling needs no gradient: torch.no_grad().",
}
MISTAKES: list[Row] = [  # of the logits
    (lambda logits: logits, "These are logits: the mean of a Bernoulli pixel is their sigmoid."),
    (lambda logits: logits.sigmoid().sigmoid(), "The sigmoid is taken twice."),
    (lambda logits: (logits + 1) / 2,
     "(x + 1) / 2 undoes a tanh; a Bernoulli decoder returns logits, and their sigmoid is the mean."),
    (lambda logits: logits.clamp(0, 1), "You clamp the logits to [0, 1]; the mean is their sigmoid."),
    (torch.tanh, "A tanh lies in [-1, 1]; the probability of ink is the sigmoid of the logit."),
    (lambda logits: logits.flatten(1).softmax(dim=1).view_as(logits),
     "A softmax over all pixels shares one unit of ink among them; each pixel has its own sigmoid."),
    (lambda logits: (logits > 0).float(),
     "You round: these are the likelier values of each pixel, not the means."),
]  # fmt: skip


def _judge(answer: object) -> None:
    cvae = mlp_cvae(bernoulli_log_prob, OneHot(CLASSES), LATENT, (9,), image_shape=SHAPE)
    for parameter in cvae.parameters():
        nn.init.normal_(parameter, 0.0, 0.7)
    many = torch.tensor([3, 0, 1, 1, 2, 0, 3, 2, 1, 0])
    seen: list[Tensor] = []
    for y in (many, many, torch.tensor([2])):
        with recorded(cvae.decoder) as decoded, recorded(cvae.posterior) as encoded:
            result = _call(answer, cvae, y)
        images = read_tensor(torch.from_numpy(result) if isinstance(result, np.ndarray) else result)
        if encoded:
            raise Wrong(
                "Your function calls the encoder. q(z|x, y) needs the image that is yet to be made: in "
                "sampling z comes from the prior, N(0, I)."
            )
        if not decoded:
            raise Wrong("Your function never calls the decoder: cvae.decode(z, y) gives the logits.")
        z, code, logits = _drawn(cvae, images.detach(), decoded, len(y))
        expect_standard_normal([z], (len(y), LATENT))
        expect_fresh([z], seen)
        seen.append(z)
        if not torch.equal(code.argmax(dim=1), y):
            raise Wrong(
                "The decoder is told other labels than those asked for, or the images are in another order."
            )
        _judge_images(images, logits)
        if images.requires_grad:
            raise Wrong("The images drag the decoder's whole graph along: draw them under torch.no_grad().")


def _drawn(cvae: CVAE, images: Tensor, decoded: list[Tensor], count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of each image its z, code and logits, in whatever batches and order it was decoded.

    Images that are not the decoder's means belong to what was decoded last.
    """
    rows = torch.cat([batch.flatten(0, -2) for batch in decoded])
    if len(rows) < count:
        raise Wrong(f"Only {len(rows)} of the {count} labels get a z of their own: draw a row for each.")
    with torch.no_grad():
        logits = cvae.decoder(rows).view(-1, *SHAPE)
    place = torch.arange(len(rows))[-count:]
    if images.shape == (count, *SHAPE):
        means = logits.sigmoid().flatten(1)
        distance, nearest = torch.cdist(
            images.flatten(1).to(means), means, compute_mode="donot_use_mm_for_euclid_dist"
        ).min(dim=1)
        place = nearest if bool((distance < 1e-3).all()) else place
        if len(rows) > count and len(rows) % count == 0 and close(images, _average(logits, count), 1e-4):
            raise Wrong("You average over several z for each label: each image is the mean at one z.")
    if len(place.unique()) < count:
        raise Wrong("Several examples are given the same noise: draw a row for each.")
    z, code = rows[place].split([LATENT, CLASSES], dim=1)
    return z, code, logits[place]


def _average(logits: Tensor, count: int) -> Tensor:
    """Over all draws, for each of so many labels."""
    return logits.sigmoid().view(-1, count, *SHAPE).mean(dim=0)


def _call(answer: object, cvae: CVAE, y: Tensor) -> object:
    try:
        return call(answer, {"cvae": cvae, "y": y}, CRASHES)
    except NotAttempted as stub:
        if "forward" in str(stub.__cause__):
            raise Wrong(
                "The CVAE cannot be called as a whole: it has encode(x, y) and decode(z, y)."
            ) from stub
        raise


def _judge_images(images: Tensor, logits: Tensor) -> None:
    got = Outcome(images.detach())
    found = value_difference(got, Outcome(logits.sigmoid()), 1e-4)
    if found is None:
        return
    for mistake, hint in MISTAKES:
        if value_difference(got, Outcome(mistake(logits)), 1e-4) is None:
            raise Wrong(hint)
    if images.shape == logits.shape and bool(((images == 0) | (images == 1)).all()):
        raise Wrong(
            "These are draws of binary pixels. They are samples of the model indeed, but the means of "
            "p(x|z, y) are asked for: the probabilities themselves."
        )
    raise Wrong(f"The images differ from the sigmoid of cvae.decode(z, y): {found.text}")


SAMPLE = Exercise(_judge, "z from the prior, the label to the decoder, and the encoder is not needed.")
