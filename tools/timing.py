"""Measures how long a chapter takes and stores the minutes, which the chapter shows its readers.

    python -m tools.timing book/ch02_gan/chapter.ipynb [--profile cpu] [--note TEXT]

The notebook is run from top to bottom on an otherwise idle machine; the result goes into the
package's stored studies under ``chapter-times``.
"""

import argparse
import json
import os
import time
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient

from gentutor.running.runs import device_name
from gentutor.studies import FOLDER
from tools import build

RESULT = FOLDER / "chapter-times.json"


def main() -> None:
    """Run one notebook and store its time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--profile", default="cpu", choices=("ci", "cpu", "gpu"))
    parser.add_argument("--note", help="what a reader must know, e.g. what ran beside it")
    arguments = parser.parse_args()
    os.environ["GENTUTOR_PROFILE"] = arguments.profile

    notebook = nbformat.read(arguments.notebook, as_version=4)
    started = time.perf_counter()
    folder = {"metadata": {"path": arguments.notebook.parent}}
    NotebookClient(notebook, timeout=900, resources=folder).execute()
    minutes = (time.perf_counter() - started) / 60

    times = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    entry = {"minutes": round(minutes, 2), "device": device_name(), "torch": torch.__version__}
    if arguments.note:
        entry["note"] = arguments.note
    name = build.page_name(arguments.notebook.resolve())
    times.setdefault(name, {})[arguments.profile] = entry
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {minutes:.2f} minutes in the profile {arguments.profile}")


if __name__ == "__main__":
    main()
