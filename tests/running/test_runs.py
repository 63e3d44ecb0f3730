"""The machine that a run's card names."""

import pytest
import torch

from gentutor.running import runs


@pytest.mark.parametrize(("threads", "words"), [(1, ", 1 thread"), (2, ", 2 threads")])
def test_a_processor_is_named_with_its_threads(monkeypatch, threads, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    name = runs.device_name()
    assert name.endswith(words) and len(name) > len(words)
