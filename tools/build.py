"""Builds the book: every notebook is executed once, and the pages are made from what it printed.

    python tools/build.py [--profile ci|cpu|gpu]

1. Each notebook of ``_toc.yml`` is copied to ``build/notebooks/PROFILE`` and run there by nbmake.
   Beside the result stands a digest of all that can change it; while it fits, nothing is run again.
2. The executed copies are put into an empty jupyter-cache, where Jupyter Book finds the outputs.
3. Jupyter Book builds the pages from clean, with warnings as errors, unless no source has changed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
HTML = ROOT / "_build" / "html"
FIRST_PAGE = HTML / "book" / "intro.html"
CACHE = BUILD / "jupyter-cache"
BUILD_LOG = BUILD / "html.log"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(RuntimeError):
    """A notebook or the pages could not be built; the message holds the log's end."""


def toc_files() -> list[Path]:
    """Every page of the book, in reading order."""

    def files(node: object) -> Iterable[str]:
        if isinstance(node, dict):
            yield from (node[key] for key in ("root", "file") if key in node)
            for value in node.values():
                yield from files(value)
        elif isinstance(node, list):
            for item in node:
                yield from files(item)

    names = files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
    pages = {
        name: [path for path in ROOT.glob(f"{name}.*") if path.suffix in (".ipynb", ".md")] for name in names
    }
    missing = [name for name, found in pages.items() if len(found) != 1]
    if missing:
        raise BuildError(f"_toc.yml names {', '.join(missing)}: expected one .md or .ipynb file of each name")
    return [path for found in pages.values() for path in found]


def notebooks() -> list[Path]:
    """The book's notebooks, in reading order."""
    return [path for path in toc_files() if path.suffix == ".ipynb"]


def page_name(notebook: Path) -> str:
    """The notebook's path in the book without its ending: lessons of two chapters may share a file name."""
    return notebook.relative_to(ROOT / "book").with_suffix("").as_posix()


def executed_copy(notebook: Path, profile: str) -> Path:
    """Where the notebook's executed copy stands. (nbmake skips every path that holds "_build".)"""
    return BUILD / "notebooks" / profile / f"{page_name(notebook)}.ipynb"


def is_executed(notebook: Path, profile: str) -> bool:
    """Whether an executed copy exists that today's sources would give."""
    stamp = executed_copy(notebook, profile).with_suffix(".sha256")
    return stamp.exists() and stamp.read_text() == _digest_of_run(notebook, profile)


def execute(profile: str) -> None:
    """Run the notebooks that have changed, or whose package has; raise if one fails."""
    with _lock():
        _execute(profile)


def _execute(profile: str) -> None:
    todo = [notebook for notebook in notebooks() if not is_executed(notebook, profile)]
    if not todo:
        return
    digests = {notebook: _digest_of_run(notebook, profile) for notebook in todo}
    copies = [executed_copy(notebook, profile) for notebook in todo]
    for notebook, copy in zip(todo, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.with_suffix(".sha256").unlink(missing_ok=True)
        shutil.copyfile(notebook, copy)
    command = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite", "--nbmake-timeout=900"]
    command += [
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--rootdir",
        str(BUILD / "notebooks" / profile),
    ]
    if len(copies) > 1 and profile == "ci":
        command += ["-n", "2"]
    failed = _run([*command, *map(str, copies)], BUILD / f"notebooks-{profile}.log", _environment(profile))
    for notebook, copy in zip(todo, copies, strict=True):
        if _finish(copy):
            copy.with_suffix(".sha256").write_text(digests[notebook])
    if failed:
        raise BuildError(f"a notebook failed\n{failed}")


def build_html(profile: str) -> None:
    """Make the pages, if any source has changed since they were made; raise on any warning."""
    with _lock():
        _build_html(profile)


def _lock() -> FileLock:
    """Only one process builds at a time; the next one finds everything done."""
    BUILD.mkdir(exist_ok=True)
    return FileLock(BUILD / "lock", is_singleton=True)


def _build_html(profile: str) -> None:
    execute(profile)
    digest = _digest_of_pages(profile)
    stamp = BUILD / "html.sha256"
    if FIRST_PAGE.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(HTML.parent, ignore_errors=True)
    _fill_cache(profile)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", str(ROOT), "-W", "-n", "--keep-going"]
    failed = _run(command, BUILD_LOG, _environment(profile))
    if failed:
        raise BuildError(f"the pages failed to build\n{failed}")
    stamp.write_text(digest)


def _environment(profile: str) -> dict[str, str]:
    environment = os.environ | {"GENTUTOR_PROFILE": profile, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    for name in ("GENTUTOR_STRICT", "MPLBACKEND"):  # the notebooks choose: figures are shown inline
        environment.pop(name, None)
    if profile == "ci":
        environment.setdefault("OMP_NUM_THREADS", "1")
    return environment


def _run(command: list[str], log: Path, environment: dict[str, str]) -> str:
    """Run with all output in ``log``; returns "" if it went well, else the warnings and the log's end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        return ""
    lines = COLOUR.sub("", log.read_text(encoding="utf-8")).splitlines()
    warnings = [line for line in lines if re.search(r"(^|: )(WARNING|ERROR|CRITICAL): ", line)]
    return "\n".join([*warnings, "...", *lines[-40:], f"(all of it: {log})"])


def _finish(copy: Path) -> bool:
    """Whether the copy ran to its end; drops the time stamps, which the cache would compare."""
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        cell["metadata"].pop("execution", None)
    copy.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
    errors = [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    allowed = [cell for cell in code if "raises-exception" in cell["metadata"].get("tags", [])]
    ran = all(cell["execution_count"] for cell in code if "".join(cell["source"]).strip())
    return ran and len(errors) <= len(allowed)


def _fill_cache(profile: str) -> None:
    """An empty cache with today's executed notebooks: its key knows nothing of the package's code."""
    from jupyter_cache import get_cache

    shutil.rmtree(CACHE, ignore_errors=True)
    cache = get_cache(str(CACHE))
    for notebook in notebooks():
        copy = executed_copy(notebook, profile)
        cache.cache_notebook_file(copy, uri=str(notebook), check_validity=False, overwrite=True)


def _digest_of_run(notebook: Path, profile: str) -> str:
    return _digest([notebook, *_files("gentutor")], profile)


def _digest_of_pages(profile: str) -> str:
    runs = [executed_copy(notebook, profile).with_suffix(".sha256") for notebook in notebooks()]
    pages = [*_files("book"), *_files("gentutor", ".py", ".md"), *_files("tests", ".py")]
    return _digest(
        [*runs, *pages, ROOT / "_config.yml", ROOT / "_toc.yml", ROOT / "constraints.txt"], profile
    )


def _files(folder: str, *suffixes: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*"))
    return [
        path
        for path in found
        if path.is_file()
        and "__pycache__" not in path.parts
        and (not suffixes or path.suffix in suffixes)
        and ".ipynb_checkpoints" not in path.parts
    ]


def _digest(files: Iterable[Path], profile: str) -> str:
    total = hashlib.sha256(f"{profile} {sys.version} {version('torch')}".encode())
    total.update(Path(__file__).read_bytes())
    for path in files:
        total.update(f"{path.relative_to(ROOT)}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def main() -> None:
    """Build the whole book and say where it is."""
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument("--profile", choices=["ci", "cpu", "gpu"], default="ci")
    profile = parser.parse_args().profile
    try:
        waiting = [page_name(path) for path in notebooks() if not is_executed(path, profile)]
        if waiting:
            print(f"executing {', '.join(waiting)} (profile {profile}) ...", flush=True)
        build_html(profile)
    except BuildError as error:
        sys.exit(str(error))
    print(f"The book: {FIRST_PAGE.as_uri()}\n(make serve serves it at http://127.0.0.1:8000)")


if __name__ == "__main__":
    main()
