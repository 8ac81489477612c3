import warnings

import pytest
import torch

from auscult.diagnose import choose_device
from auscult.errors import OptionError


@pytest.fixture
def claims_a_gpu(monkeypatch):
    """PyTorch says that there is CUDA; computing on it fails, unless CUDA is really there."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def fail(*args, **kwargs):
        if kwargs.get("device") == "cuda":
            raise RuntimeError("CUDA error: no kernel image is available\nCompile with TORCH_USE_CUDA_DSA")
        raise AssertionError

    monkeypatch.setattr(torch, "ones", fail)


def test_cpu():
    assert choose_device("cpu") == (torch.device("cpu"), None)


def test_a_gpu_that_does_not_compute_is_not_used_and_that_is_said(claims_a_gpu):
    device, warning = choose_device("auto")
    assert device.type == "cpu"
    assert warning == "learning on the processor: CUDA does not compute (CUDA error: no kernel image is available)"


def test_a_gpu_that_was_asked_for_and_does_not_compute(claims_a_gpu):
    with pytest.raises(OptionError, match=r"device: cuda does not compute: CUDA error: .* Use cpu, or install"):
        choose_device("cuda")


def test_a_gpu_that_computes_wrongly(monkeypatch):
    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda shape, device, **kw: (2 * ones(shape)).requires_grad_(**kw) if kw else ones(shape))  # fmt: skip # noqa: E501
    device, warning = choose_device()
    assert device.type == "cpu"
    assert "324 came out as" in warning


def test_a_gpu_that_computes(monkeypatch):
    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda shape, device, **kw: ones(shape, **kw))
    assert choose_device("auto") == choose_device("cuda") == (torch.device("cuda"), None)


def test_no_gpu_is_no_reason_to_warn(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == (torch.device("cpu"), None)
    with pytest.raises(OptionError, match="PyTorch finds no CUDA device"):
        choose_device("cuda")


def test_a_driver_that_is_too_old(monkeypatch):
    def warn():
        warnings.warn("The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", warn)
    device, warning = choose_device("auto")
    assert device.type == "cpu"
    assert "driver on your system is too old" in warning


@pytest.mark.parametrize("wanted", ["tpu", "", None])
def test_no_such_device(wanted):
    with pytest.raises(OptionError, match="expected one of auto, cpu, cuda"):
        choose_device(wanted)
