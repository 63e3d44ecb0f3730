"""Where the unpacked data is kept."""

import pytest

from gentutor.data import _files


@pytest.mark.parametrize("variable", ["GENTUTOR_CACHE", "XDG_CACHE_HOME"])
def test_the_home_folder_in_a_variable(variable, tmp_path, monkeypatch):
    """No shell replaces ~ in a settings file."""
    monkeypatch.delenv("GENTUTOR_CACHE", raising=False)
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    monkeypatch.setenv(variable, "~/cache")
    assert _files.cache_folder().is_relative_to(tmp_path / "cache")
