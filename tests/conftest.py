"""What all tests share: the quick profile, one thread, figures without a screen, one build of the book."""

import os

os.environ.setdefault("GENTUTOR_PROFILE", "ci")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest  # noqa: E402 (the environment comes first)
import torch  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from gentutor.running.cli import app  # noqa: E402
from tools import build  # noqa: E402


@pytest.fixture(scope="session")
def executed_notebooks():
    """Every notebook, executed from top to bottom; the same runs that the pages are made from."""
    try:
        build.execute("ci")
    except build.BuildError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def html(executed_notebooks):
    """The folder of the built pages."""
    build.build_html("ci")
    return build.HTML


def pytest_configure(config):
    """The tests see no GPU, so that they do the same everywhere; ``-m gpu`` selects those that need one."""
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_modifyitems(items):
    """With two workers: one makes the book and opens it in a browser, the other does the rest meanwhile."""
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a GPU (make test-gpu)"))

    def turn(item):
        if item.get_closest_marker("browser"):
            return 0
        return 2 if "executed_notebooks" in getattr(item, "fixturenames", ()) else 1

    turns: dict[object, int] = {}  # of files, since a worker takes whole files
    for item in items:
        turns[item.path] = max(turns.get(item.path, 0), turn(item))
    items.sort(key=lambda item: turns[item.path])


class Commands:
    """The command line in the test's own process; looks at its exit status."""

    def __call__(self, *arguments: object, status: int = 0) -> str:
        """What the command prints; its exit status is checked, and that no traceback came."""
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result.output

    def train(self, out: object, *arguments: object, status: int = 0) -> str:
        """Trains a DCGAN."""
        return self("train", "dcgan-mnist", "--out", out, *arguments, status=status)

    def fails(self, *arguments: object) -> str:
        """The error of a command: one line and exit status 1."""
        lines = [line for line in self(*arguments, status=1).splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        return lines[0]


@pytest.fixture(scope="session")
def command() -> Commands:
    """The command line: ``command("list")``, ``command.train(out)``, ``command.fails("train", "nope")``."""
    return Commands()
