"""Nothing in the repository drifts from what it was copied from, and its style is one."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import api_modules
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import pins, sync

ROOT = sync.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"pytorch": "torch"}


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).exists()]


def pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_requirement_is_pinned_to_a_version_that_it_admits():
    versions = pinned()
    for requirement in pins.direct_requirements():
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement}: {version}"


def test_everything_that_is_brought_along_is_pinned():
    assert set(pins.installed_closure()) <= set(pinned()), "make pins writes constraints.txt"


def test_pins_leave_out_what_only_some_platforms_have():
    assert not [name for name in pinned() if pins.LEFT_OUT.match(name)]


def test_conda_environment_asks_for_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert environment[-1] == {"pip": ["-e .[book]"]}, "the rest must come from pyproject.toml"
    known = {canonicalize_name(requirement.name): requirement for requirement in pins.direct_requirements()}
    for line in environment[:-1]:
        conda = Requirement(line.replace("=", "==", 1) if re.search(r"\w=\d", line) else line)
        if conda.name == "python":
            version = str(conda.specifier).removeprefix("==")
            assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(version)
        elif (name := CONDA_NAMES.get(conda.name, conda.name)) in known:
            assert conda.specifier == known[name].specifier, line


def test_copies_of_the_address_are_up_to_date():
    stale = [
        path.name for path, text in sync.up_to_date().items() if path.read_text(encoding="utf-8") != text
    ]
    assert not stale, "make sync writes them"


def test_the_address_stands_only_where_it_is_copied_to():
    address = sync.repository().url.removeprefix("https://")
    allowed = {ROOT / "_config.yml", *sync.up_to_date()}
    texts = tracked("*.py", "*.md", "*.yml", "*.toml", "*.cff", "*.ipynb", "*.json", "Makefile", ".ci/run")
    assert [
        path for path in texts if path not in allowed and address in path.read_text(encoding="utf-8")
    ] == []


def test_setup_cell_installs_only_what_is_missing():
    cell = sync.Repository("https://example.org/owner/name", "dev").setup_cell()
    assert 'find_spec("gentutor") is None' in cell
    assert "git+https://example.org/owner/name@dev" in cell


def test_setup_cell_is_replaced_and_nothing_else():
    repo = sync.Repository("https://example.org/owner/name", "dev")
    cells = [{"metadata": {"gentutor": "setup"}, "source": ["old"]}, {"metadata": {}, "source": ["x"]}]
    text = json.dumps({"cells": cells})
    new = sync.with_setup_cell(text, "a.ipynb", repo)
    assert "git+https://example.org/owner/name@dev" in new and '"x"' in new and "old" not in new
    assert sync.with_setup_cell(new, "a.ipynb", repo) == new
    with pytest.raises(ValueError, match="0 cells"):
        sync.with_setup_cell('{"cells": []}', "a.ipynb", repo)


def test_no_python_file_is_too_long():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in tracked("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > 250} == {}


def test_every_import_is_a_declared_requirement():
    declared = {canonicalize_name(requirement.name) for requirement in pins.direct_requirements()}
    own = {
        "gentutor",
        "tools",
        "tests",
        "benchmarks",
        *(path.stem for path in (ROOT / "book" / "_ext").glob("*.py")),
    }
    providers = packages_distributions()
    missing = {}
    for path in tracked("gentutor/*.py", "tests/*.py", "tools/*.py", "book/_ext/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module]
            for module in {name.split(".")[0] for name in modules} - own - set(sys.stdlib_module_names):
                names = {canonicalize_name(name) for name in providers.get(module, [module])}
                if not names & declared and not (path.parent / f"{module}.py").exists():
                    missing[module] = path.name
    assert missing == {}, "declare them in pyproject.toml"


def test_the_reference_lists_every_public_module_once():
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "book" / "api").glob("*.md"))]
    lines = [line for page in pages for line in re.findall(r"^gentutor\S*$", page, re.MULTILINE)]
    listed = [module for line in lines for module in api_modules.modules_of(line, ROOT)]
    assert len(set(listed)) == len(listed)
    assert all(importlib.util.find_spec(name) for name in listed)
    exporting = [line for line in lines if (ROOT / line.replace(".", "/") / "__init__.py").exists()]
    for path in tracked("gentutor/*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        public = not any(part.startswith("_") and part != "__init__" for part in parts)
        of_package = any(module.startswith(f"{package}.") for package in exporting)
        assert module == "gentutor" or not public or module in listed or of_package, (
            f"{module} is on no page of book/api"
        )


def test_a_line_of_the_reference_is_a_module_or_a_package_with_its_public_modules(tmp_path):
    for name in ("__init__", "zoo", "apes", "_hidden", "deep/__init__", "deep/er", "_deep/one"):
        (tmp_path / "some" / "pack" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "some" / "pack" / f"{name}.py").touch()
    assert api_modules.modules_of("some.pack", tmp_path) == ["some.pack"]
    found = api_modules.modules_of("some.pack.*", tmp_path)
    assert found == ["some.pack", *(f"some.pack.{name}" for name in ("apes", "deep", "deep.er", "zoo"))]
    with pytest.raises(ValueError, match=r"no package some\.other"):
        api_modules.modules_of("some.other.*", tmp_path)


def test_contributing_names_only_what_there_is():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:book|gentutor|tests)/[^`\s]*)`", text)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    "arguments", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join
)
def test_style_and_types(arguments):
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
