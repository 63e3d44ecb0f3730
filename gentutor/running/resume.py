"""The state of a run on disk, so that an interrupted run goes on as if it never was.

One does not, quite: a CycleGAN on several processes, each of which has a history pool of its own. The
state holds that of process 0, and all go on from it.

A state holds networks, optimisers, random numbers and history. Its file starts with the SHA-256
of the rest, is replaced at once or not at all, and is read by ``torch.load(weights_only=True)``,
which runs no code from it.
"""

import hashlib
import io
import json
import pickle
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from gentutor import settings
from gentutor._files import write_atomically
from gentutor.recipes import Recipe, hyper_parameters
from gentutor.running import checkpoint
from gentutor.showing.samples import run_of_png
from gentutor.training import Run

STATE = "state.pt"
MODEL = (".safetensors", ".json", ".webp")
GRID = re.compile(r"samples-(0|[1-9]\d*)\.png")
FORMAT = 2  # of the state; the first had no number, and its sample grids did not say whose they are
# Settings of an earlier version, without effect in the recipes that have lost them: a state may hold them.
ADDED = {"beta": 1.0}  # settings that an earlier version had not, and what it did
GONE = {"convolutional", "domains", "input_noise", "jitter", "latent_dim", "paired", "samples"}
STAGES = 8  # sample grids over training, besides the one before it


@dataclass(frozen=True)
class Plan:
    """What a run was asked to do; stored with its state."""

    profile: str
    steps: int
    record: int  # steps between records of the losses
    every: int | None = None  # steps between sample grids; None: at the eight stages
    sync_batch_norm: bool = False  # where several GPUs share the run (``distributed.shared``)

    def shows(self, step: int) -> bool:
        """Whether a sample grid is due at this record: one of its steps is a stage."""
        if self.every is not None:
            stages = [step // self.every * self.every, self.steps]
        else:  # early ones close together, where most changes
            stages = [round(self.steps * (k / STAGES) ** 2) for k in range(1, STAGES + 1)]
        return any(stage <= step < stage + self.record for stage in stages if stage > 0)


def new_plan(recipe: Recipe, profile: str | None, steps: int | None, every: int | None) -> Plan:
    """The plan of a fresh run; the profile's steps unless they are given."""
    steps = _steps(recipe, profile) if steps is None else steps
    return Plan(profile or settings.profile(), steps, _record(steps, every), every)


def changed_plan(
    plan: Plan, recipe: Recipe, profile: str | None, steps: int | None, every: int | None
) -> Plan:
    """The plan of a run that goes on: as it was, but for what is given now and follows from it."""
    if profile is not None or steps is not None:
        steps = _steps(recipe, profile) if steps is None else steps
        plan = replace(plan, steps=steps, profile=profile or plan.profile)
    every = plan.every if every is None else every
    return replace(plan, every=every, record=_record(plan.steps, every))


def _record(steps: int, every: int | None) -> int:
    record = -(-steps // checkpoint.MAX_RECORDS)
    return min(record, every or record)


def _steps(recipe: Recipe, profile: str | None) -> int:
    known = ("full", *settings.PROFILES)
    if profile is not None and profile not in known:
        raise ValueError(f"unknown profile {profile!r}; choose one of {', '.join(known)}")
    return recipe.steps.here() if profile is None else int(getattr(recipe.steps, profile))


def save_state(run: Run, recipe: Recipe, plan: Plan, out: Path) -> None:
    """Write the state of a run into its folder."""
    buffer = io.BytesIO()
    state = {"recipe": _plain(recipe), "plan": asdict(plan), "run": run.state_dict(), "format": FORMAT}
    torch.save(state, buffer)
    content = buffer.getvalue()
    write_atomically(out / STATE, hashlib.sha256(content).digest() + content)


def load_state(out: Path) -> dict[str, Any]:
    """The state in a folder: ``recipe`` and ``plan`` as dicts, and ``run`` for ``Run.load_state_dict``.

    Raises:
        ValueError: the file was altered or cut short, or is no state.
        OSError: it cannot be read.
    """
    path = out / STATE
    content = path.read_bytes()
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        raise ValueError(
            f"{path} was altered or cut short (its SHA-256 is wrong); start anew with --overwrite"
        )
    try:
        state = torch.load(io.BytesIO(content[32:]), map_location="cpu", weights_only=True)
        Plan(**state["plan"])
        whole = {"name", "seed"} <= state["recipe"].keys() and "done" in state["run"]["history"]
    except (RuntimeError, pickle.UnpicklingError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no state of a run; start anew with --overwrite") from error
    if not whole:
        raise ValueError(f"{path} is no whole state of a run; start anew with --overwrite")
    return state


def expect_same_recipe(state: dict[str, Any], recipe: Recipe, out: Path) -> None:
    """Raise unless the state was made by this recipe; the number of steps may differ, and the images' place.

    Raises:
        ValueError: a setting differs; the message names it.
    """
    there, here = state["recipe"], _plain(recipe)
    gone = GONE - here.keys()
    for name in {**there, **here}:
        was = there.get(name, ADDED.get(name))
        if name not in {"steps", "source", "folder", *gone} and was != here.get(name):
            raise ValueError(
                f"the run in {out} was made with {name} {was!r}, not {here.get(name)!r}; "
                "resume it with the same settings, or start anew with --overwrite"
            )


def expect_room(out: Path, name: str, overwrite: bool) -> None:
    """Raise if the folder holds an earlier run that is not to be overwritten.

    Raises:
        ValueError: it does, and ``overwrite`` is False.
    """
    files = (STATE, *(name + ending for ending in MODEL))
    if not overwrite and any((out / file).exists() for file in files):
        raise ValueError(f"{out} holds a run already; go on with --resume, or discard it with --overwrite")
    expect_own_grids(out, None if overwrite else {})


def make_room(out: Path, name: str) -> None:
    """Remove the files of an earlier run from the folder, also those of another recipe; the state last."""
    names, grids = {name}, grids_of(out)
    with suppress(OSError, ValueError):  # there is no state, or a damaged one
        names.add(load_state(out)["recipe"]["name"])
    models = [path for path in out.iterdir() if path.stem in names and path.suffix in MODEL]
    for path in [*models, *grids.values(), out / STATE]:
        path.unlink(missing_ok=True)


def grids_of(out: Path) -> dict[int, Path]:
    """The sample grids of the run in a folder, by their steps: they say of themselves that they are a run's.

    Those of a run whose state is of the first format do not: there each ``samples-STEP.png`` is taken as one.
    """
    first_format = False
    with suppress(OSError, ValueError):  # there is no state, or a damaged one
        first_format = "format" not in load_state(out)
    return {step: path for step, path in _numbered(out).items() if first_format or run_of_png(path)}


def expect_own_grids(out: Path, own: dict[int, Path] | None = None) -> None:
    """Raise if a picture in the folder has a name that the run's own may take, and is not the run's.

    Args:
        out: the folder.
        own: the pictures that may be there; by default the run's, ``grids_of``.

    Raises:
        ValueError: there is another; the message names it.
    """
    own = grids_of(out) if own is None else own
    for step, path in _numbered(out).items():
        if step not in own:
            raise ValueError(
                f"{path} is no picture of a run in {out}, and one of that name may come; "
                "move or rename it, or choose another --out"
            )


def model_steps(out: Path, name: str) -> int:
    """The steps that the trained model in the folder took; 0 if there is none, or its card cannot be read."""
    try:
        return checkpoint.read_card(name, out).steps
    except ValueError:
        return 0


def expect_finished(out: Path, name: str) -> None:
    """Raise if the run in the folder was interrupted: its model, if it has one, is of fewer steps.

    Raises:
        ValueError: it was, or its state is damaged. A model without a state is taken as it is.
    """
    if (out / STATE).exists() and load_state(out)["run"]["history"]["done"] != model_steps(out, name):
        go_on = f"gentutor train {name} --out {shlex.quote(str(out))} --resume"
        raise ValueError(f"the run in {out} is not finished; go on with: {go_on}")


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Within the block no other process can train in the folder.

    Raises:
        ValueError: another process is training there.
        OSError: the folder does not exist or cannot be written.
    """
    try:
        with FileLock(out / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise ValueError(f"another process is training in {out}; choose another --out") from error


def _numbered(out: Path) -> dict[int, Path]:
    """The files samples-STEP.png, by step, in order."""
    matches = [(GRID.fullmatch(path.name), path) for path in out.iterdir()]
    return dict(sorted((int(match[1]), path) for match, path in matches if match))


def _plain(recipe: Recipe) -> dict[str, Any]:
    return json.loads(json.dumps(hyper_parameters(recipe)))  # tuples become lists, as on a card
