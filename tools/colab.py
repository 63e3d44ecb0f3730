"""Runs the notebooks as Colab does: the package from its wheel, an empty folder, and nothing else.

    python -m tools.colab [NOTEBOOK ...] [--keep FOLDER]

1. The wheel is built from the files that git tracks, as the notebooks' setup cell would have it built;
   it must hold all of the package's files, data and checkpoints included, and be at most 60 MB.
2. A fresh virtual environment outside the repository gets Jupyter and matplotlib, which Colab has, and
   the wheel with its requirements. This needs the network.
3. Each notebook (by default all of them) is executed there from top to bottom with the profile ci, alone
   in an empty folder and without a network: in a network namespace of its own (``unshare``), which has
   nothing but its loopback. Where there is no such thing, with proxies that lead nowhere, which only
   stops programs that obey them; the output says which of the two it was.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from tools import build

COLAB_HAS = ("jupyter", "matplotlib")
MAX_WHEEL = 60e6  # bytes
TIMEOUT = 900  # seconds for a cell
NOWHERE = "http://127.0.0.1:9"
# A new namespace's loopback is down, and Jupyter talks to its kernel through it. SIOCSIFFLAGS sets IFF_UP.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
if [name for _, name in socket.if_nameindex()] != ["lo"]:
    sys.exit("the network is still there")
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 1))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def package_files() -> list[Path]:
    """What git tracks of the package, relative to the root: modules, data, checkpoints; no hidden files."""
    command = ["git", "ls-files", "gentutor"]
    listed = subprocess.run(command, cwd=build.ROOT, capture_output=True, text=True, check=True)
    paths = [Path(line) for line in listed.stdout.splitlines()]
    return [path for path in paths if not path.name.startswith(".") and (build.ROOT / path).exists()]


def build_wheel(folder: Path) -> Path:
    """The wheel, built in ``folder`` from a copy of the tracked files: nothing else can get into it."""
    source = folder / "source"
    for path in [*package_files(), *map(Path, ("pyproject.toml", "README.md", "LICENSE"))]:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(build.ROOT / path, source / path)
    command = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", str(folder)]
    subprocess.run([*command, str(source)], check=True)
    return next(folder.glob("*.whl"))


def problems(wheel: Path) -> list[str]:
    """What is wrong with the wheel, as sentences: files that are missing, or its size."""
    size = wheel.stat().st_size
    found = (
        []
        if size <= MAX_WHEEL
        else [f"{wheel.name} has {size / 1e6:.1f} MB, at most {MAX_WHEEL / 1e6:.0f} are allowed"]
    )
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    missing = [path.as_posix() for path in package_files() if path.as_posix() not in names]
    return [*found, *(f"{name} is not in the wheel" for name in missing)]


def make_environment(folder: Path, wheel: Path) -> Path:
    """A fresh virtual environment with what Colab has and with the wheel; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*install, *COLAB_HAS], check=True)
    subprocess.run([*install, f"gentutor @ {wheel.as_uri()}"], check=True)
    return python


def without_network(python: Path) -> tuple[list[str], dict[str, str], str]:
    """What goes before a command, what it finds in its environment, and what this does, in words."""
    command = ["unshare", "--map-root-user", "--net", str(python), "-c", LOOPBACK_UP]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
        return [], {**proxies, "PIP_NO_INDEX": "1"}, "with proxies that lead nowhere"
    return command, {}, "in a namespace without a network"


def run(notebook: Path, python: Path, folder: Path) -> str:
    """Execute a notebook, alone in an empty folder; returns "" if it went well, else the end of the log."""
    before, extra, _ = without_network(python)
    empty, home = folder / "run" / build.page_name(notebook), folder / "home"
    for path in (empty, home):
        path.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(notebook, empty / notebook.name)
    left_out = ("PYTHONPATH", "PYTHONHOME", "GENTUTOR_STRICT", "MPLBACKEND", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"HOME": str(home), "GENTUTOR_PROFILE": "ci", **extra}
    command = [*before, str(python), "-m", "jupyter", "execute", f"--timeout={TIMEOUT}", notebook.name]
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)
    return "" if done.returncode == 0 else "\n".join((done.stdout + done.stderr).splitlines()[-40:])


def main() -> None:
    """Build, install, run; fails if anything did."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    parser.add_argument("--keep", type=Path, help="work in this folder, new or empty, and leave it")
    arguments = parser.parse_args()
    folder = arguments.keep.resolve() if arguments.keep else Path(tempfile.mkdtemp(prefix="gentutor-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wheel = build_wheel(folder)
        if found := problems(wheel):
            sys.exit("\n".join(found))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB; installing it ...", flush=True)
        python = make_environment(folder / "environment", wheel)
        print(f"executing each notebook {without_network(python)[2]} (profile ci) ...", flush=True)
        failed = []
        for notebook in arguments.notebooks or build.notebooks():
            name, started = build.page_name(notebook.resolve()), time.perf_counter()
            if trouble := run(notebook.resolve(), python, folder):
                failed.append(name)
                print(trouble)
            seconds = time.perf_counter() - started
            print(f"{name}: {'failed' if trouble else 'passed'}, {seconds:.0f} s", flush=True)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
