"""What all tests share: the quick profile, one thread, figures without a screen, one build of the book."""

import os

os.environ.setdefault("GENTUTOR_PROFILE", "ci")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest  # noqa: E402 (the environment comes first)

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


def pytest_collection_modifyitems(items):
    """With several workers, one of them makes the book and looks at it; the rest goes to the others."""
    for item in items:
        if "executed_notebooks" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("book"))
