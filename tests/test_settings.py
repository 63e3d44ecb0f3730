"""Profiles and devices."""

import pytest
import torch

from gentutor import settings


@pytest.mark.parametrize("name", ["ci", "cpu", "gpu"])
def test_profile_from_the_environment(monkeypatch, name):
    monkeypatch.setenv("GENTUTOR_PROFILE", name)
    assert settings.profile() == name
    assert settings.by_profile(ci="ci", cpu="cpu", gpu="gpu") == name
    assert settings.Steps(ci=1, cpu=2, gpu=3, full=4).here() == {"ci": 1, "cpu": 2, "gpu": 3}[name]


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(("found", "name", "kind"), [(True, "gpu", "cuda"), (False, "cpu", "cpu")])
def test_profile_and_device_without_the_variable(monkeypatch, value, found, name, kind):
    monkeypatch.delenv("GENTUTOR_PROFILE", raising=False)
    if value is not None:
        monkeypatch.setenv("GENTUTOR_PROFILE", value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    assert settings.profile() == name
    assert settings.device() == torch.device(kind)


@pytest.mark.parametrize("value", ["CPU", "fast", " "])
def test_an_unknown_profile(monkeypatch, value):
    monkeypatch.setenv("GENTUTOR_PROFILE", value)
    for ask in (settings.profile, lambda: settings.by_profile(ci=1, cpu=2, gpu=3)):
        with pytest.raises(ValueError, match=f"'{value}' is unknown; choose one of ci, cpu, gpu"):
            ask()
