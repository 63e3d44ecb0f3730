"""Copies the repository's address and branch from _config.yml to the places that need a copy.

    python -m tools.sync [--check]

Those are: the setup cell of every notebook, the blocks between ``<!-- links -->`` and
``<!-- /links -->`` and the other addresses in README.md, those in pyproject.toml and CITATION.cff.
With ``--check`` nothing is written; the files that are out of date are listed, and it fails.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools import build

ROOT = Path(__file__).resolve().parent.parent

SETUP_CELL = """\
# Installs the book's package where it is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("gentutor") is None:
    %pip install --quiet "gentutor @ git+{url}@{branch}"

import gentutor.showing.notebook

gentutor.showing.notebook.setup(seed=0)"""


@dataclass(frozen=True)
class Repository:
    """The address of the repository, and all that follows from it."""

    url: str
    branch: str

    @property
    def name(self) -> str:
        """owner/name."""
        return "/".join(self.url.rstrip("/").split("/")[-2:])

    @property
    def pages(self) -> str:
        """Where the built book is published."""
        owner, name = self.name.split("/")
        return f"https://{owner.lower()}.github.io/{name}/"

    def colab(self, notebook: str) -> str:
        """The notebook in Colab."""
        return f"https://colab.research.google.com/github/{self.name}/blob/{self.branch}/{notebook}"

    def binder(self, notebook: str) -> str:
        """The notebook on Binder."""
        return f"https://mybinder.org/v2/gh/{self.name}/{self.branch}?urlpath=lab/tree/{notebook}"

    def setup_cell(self) -> str:
        """The first code cell of every notebook."""
        return SETUP_CELL.format(url=self.url, branch=self.branch)


def repository() -> Repository:
    """What _config.yml says."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return Repository(config["url"], config["branch"])


def links(repo: Repository) -> str:
    """The README's block: where to read the book and where to run each chapter."""
    lines = [f"Read the book: <{repo.pages}>", "", "| chapter | run it |", "| --- | --- |"]
    for path in build.notebooks():
        notebook = path.relative_to(ROOT).as_posix()
        places = f"[Colab]({repo.colab(notebook)}) · [Binder]({repo.binder(notebook)})"
        lines.append(f"| {title(path)} | {places} |")
    return "\n".join(lines)


def title(notebook: Path) -> str:
    """The notebook's first heading."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        heading = re.search(r"^# (.+)$", "".join(cell["source"]), re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            return heading[1].strip()
    raise ValueError(f"{build.page_name(notebook)} has no heading of the first level")


def with_setup_cell(text: str, name: str, repo: Repository) -> str:
    """The notebook with today's setup cell, which carries ``{"gentutor": "setup"}`` in its metadata."""
    notebook = json.loads(text)
    cells = [cell for cell in notebook["cells"] if cell["metadata"].get("gentutor") == "setup"]
    if len(cells) != 1:
        raise ValueError(f'{name} has {len(cells)} cells with metadata {{"gentutor": "setup"}}, expected one')
    if "".join(cells[0]["source"]) == repo.setup_cell():
        return text
    cells[0]["source"] = repo.setup_cell().splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def up_to_date() -> dict[Path, str]:
    """Every file with a copy -> what it should hold."""
    repo = repository()
    files = {}
    for path in build.notebooks():
        files[path] = with_setup_cell(path.read_text(encoding="utf-8"), build.page_name(path), repo)
    block = f"<!-- links -->\n{links(repo)}\n<!-- /links -->"
    patterns = {
        "README.md": [
            (r"<!-- links -->.*?<!-- /links -->", block),
            (r"git clone \S+", f"git clone {repo.url}"),
            (r"url = \{[^}]*\}", f"url = {{{repo.url}}}"),
        ],
        "pyproject.toml": [
            (r"(?m)^Repository = [^\n]*$", f'Repository = "{repo.url}"'),
            (r"(?m)^Book = [^\n]*$", f'Book = "{repo.pages}"'),
        ],
        "CITATION.cff": [(r"(?m)^(repository-code|url): [^\n]*$", rf"\1: {repo.url}")],
    }
    for name, substitutions in patterns.items():
        path = ROOT / name
        if path.exists():
            text = path.read_text(encoding="utf-8")
            for pattern, replacement in substitutions:
                text = re.sub(pattern, replacement, text, flags=re.DOTALL)
            files[path] = text
    return files


def main() -> None:
    """Write what has changed, or only say so."""
    stale = [path for path, text in up_to_date().items() if path.read_text(encoding="utf-8") != text]
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if "--check" in sys.argv[1:]:
        sys.exit(f"out of date: {names} (run make sync)" if stale else 0)
    for path, text in up_to_date().items():
        if path in stale:
            path.write_text(text, encoding="utf-8")
    print(f"written: {names}" if stale else "all copies are up to date")


if __name__ == "__main__":
    main()
