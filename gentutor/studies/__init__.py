"""Small experiments repeated over several seeds, and their stored results.

``load(name)`` reads a result that ships with the package; ``run(name)`` computes it again
(``gentutor study NAME``).
"""

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import gentutor
from gentutor._files import write_atomically
from gentutor.running.runs import device_name
from gentutor.showing.samples import from_webp, webp
from gentutor.studies.conditional.halves import shorter_regression
from gentutor.studies.conditional.ignored import ignored_condition
from gentutor.studies.conditional.labels import conditional_models, digit_baselines
from gentutor.studies.conditional.styles import shared_networks
from gentutor.studies.conditional.words import emoji_beta
from gentutor.studies.cyclegan.ablation import (
    cyclegan_ablation,
    cyclegan_training,
    digits_variants,
    emoji_ablation,
)
from gentutor.studies.cyclegan.controls import cyclegan_controls
from gentutor.studies.cyclegan.hidden import hidden_information
from gentutor.studies.cyclegan.translation import translation_toys
from gentutor.studies.gan.digits import dcgan_ablation, gan_measurements
from gentutor.studies.gan.judges import fresh_judges
from gentutor.studies.gan.mode_collapse import mode_collapse
from gentutor.studies.generative.classifiers import naive_bayes_or_logistic
from gentutor.studies.generative.two_gaussians import two_gaussians
from gentutor.studies.generative.unlabelled import unlabelled_digits
from gentutor.studies.vae.gaps import vae_overfitting
from gentutor.studies.vae.likelihoods import vae_measurements
from gentutor.studies.vae.uses import vae_uses
from gentutor.studies.vae.variants import vae_beta, vae_collapse, vae_mistakes

PICTURES = ("picture", "pictures")  # what a row calls them
FOLDER = Path(__file__).parent.parent / "checkpoints" / "studies"
STUDIES: dict[str, Callable[..., dict[str, Any]]] = {
    "mode-collapse": mode_collapse,
    "dcgan-ablation": dcgan_ablation,
    "gan-measurements": gan_measurements,
    "fresh-judges": fresh_judges,
    "ng-jordan": naive_bayes_or_logistic,
    "ng-jordan-toy": two_gaussians,
    "unlabelled-digits": unlabelled_digits,
    "vae-mistakes": vae_mistakes,
    "vae-collapse": vae_collapse,
    "vae-beta": vae_beta,
    "vae-overfitting": vae_overfitting,
    "vae-measurements": vae_measurements,
    "vae-uses": vae_uses,
    "conditional-models": conditional_models,
    "cyclegan-characters": cyclegan_ablation,
    "cyclegan-controls": cyclegan_controls,
    "cyclegan-digits": digits_variants,
    "cyclegan-emoji": emoji_ablation,
    "hidden-information": hidden_information,
    "cyclegan-training": cyclegan_training,
    "translation-toys": translation_toys,
    "ignored-condition": ignored_condition,
    "emoji-beta": emoji_beta,
    "digit-baselines": digit_baselines,
    "half-regression": shorter_regression,
    "label-styles": shared_networks,
}


def load(name: str) -> dict[str, Any]:
    """A stored result: the study's ``settings`` and ``rows``, with device, versions and seconds.

    Pictures in rows are uint8, (H, W) or (H, W, 3); they are stored beside the result, in NAME.webp.

    Raises:
        ValueError: no result of that name is stored; the message lists those there are.
    """
    path = FOLDER / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json"))) or "none"
        raise ValueError(f"no stored study {name!r}; known: {known}")
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    shown = _pictures(result)
    if shown:
        pictures = from_webp(path.with_suffix(".webp").read_bytes(), len(shown))
        for (row, key), picture in zip(shown, pictures, strict=True):
            row[key] = picture
    return result


def run(name: str, folder: Path = FOLDER, **settings: Any) -> Path:
    """Compute a study and store its result in ``folder``; returns the file's path.

    Raises:
        ValueError: no study has this name; the message lists those there are.
    """
    if name not in STUDIES:
        raise ValueError(f"unknown study {name!r}; known: {', '.join(STUDIES)}")
    started = time.perf_counter()
    result = {
        "study": name,
        **STUDIES[name](**settings),
        "device": device_name(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "gentutor": gentutor.__version__,
        },
        "seconds": round(time.perf_counter() - started, 1),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    shown = _pictures(result)
    if shown:
        write_atomically(path.with_suffix(".webp"), webp([row[key] for row, key in shown]))
    for number, (row, key) in enumerate(shown):
        row[key] = number
    write_atomically(path, (json.dumps(result, ensure_ascii=False) + "\n").encode())
    return path


def _pictures(result: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where a result has pictures: rows, and the key in each."""
    return [
        (row, key)
        for row in result.get("rows", [])
        if isinstance(row, dict)
        for key in PICTURES
        if key in row
    ]
