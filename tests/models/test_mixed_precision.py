"""Networks that compute in bfloat16 in training, where a device has it."""

import pytest
import torch

from gentutor.models.layers import MixedPrecision, has_bfloat16


@pytest.mark.parametrize("supported", [True, False])
def test_gpus_that_only_imitate_bfloat16_stay_in_float32(supported, monkeypatch):
    asked: list[bool] = []

    def is_bf16_supported(including_emulation: bool) -> bool:
        asked.append(including_emulation)
        return supported

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert has_bfloat16(torch.device("cuda")) == supported and asked == [False]
    assert has_bfloat16(torch.device("cpu"))


def test_in_eval_mode_nothing_is_mixed():
    net = MixedPrecision(torch.nn.Linear(3, 2), "cpu")
    x = torch.randn(4, 3)
    assert net(x).dtype == torch.float32 and not torch.equal(net(x), net.net(x))
    assert torch.equal(net.eval()(x), net.net(x))
