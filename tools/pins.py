"""Writes constraints.txt: the exact versions installed here of all that the project needs.

    python tools/pins.py

Packages that only some platforms have (CUDA, Triton) and the installers are left out: it fits all.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = re.compile(r"nvidia-|cuda-|(triton|pip|setuptools|wheel)$")
HEADER = """\
# The exact versions that the tests ran with; `make pins` writes them. pip takes them only for what it
# installs anyway, so the file fits every platform: pip install -c constraints.txt ".[book,test]"
"""


def direct_requirements() -> list[Requirement]:
    """What pyproject.toml asks for: the package's own dependencies and every extra's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def installed_closure() -> dict[str, str]:
    """Name -> version, for all that the direct requirements bring along here."""
    versions: dict[str, str] = {}
    waiting = direct_requirements()
    seen = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, *sorted(requirement.extras))
        if key in seen or LEFT_OUT.match(name):
            continue
        seen.add(key)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # an optional or another platform's package
        versions[name] = found.version.split("+")[0]
        for line in found.requires or []:
            child = Requirement(line)
            extras = requirement.extras or {""}
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(child)
    return versions


def main() -> None:
    """Write the file."""
    lines = [f"{name}=={version}\n" for name, version in sorted(installed_closure().items())]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
