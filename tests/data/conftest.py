"""These tests keep their unpacked data in a folder of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gentutor.data import _files


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All tests share one cache folder, which the first load fills."""
    monkeypatch.setenv("GENTUTOR_CACHE", str(shared_cache))
    _files._warn_once.cache_clear()
    yield
    _files._warn_once.cache_clear()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GENTUTOR_CACHE", str(folder))
    return folder
