"""Where a network learns: on a graphics processor that really computes, or on the processor."""

import warnings
from typing import TYPE_CHECKING

from auscult.errors import OptionError
from auscult.extras import require

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")


def choose_device(wanted: str = "auto") -> tuple["torch.device", str | None]:
    """Device to learn on, and a warning where it is not the one that the machine seems to have.

    A driver may be too old, the memory taken by others, the processor one that PyTorch has no code for: only computing
    shows it, so that a convolution is computed.

    Parameters
    ----------
    wanted : str
        ``auto`` takes CUDA if it computes; ``cpu``; ``cuda``.

    Returns
    -------
    device : torch.device
    warning : str or None
        Why a CUDA device that is there is not used.

    Raises
    ------
    OptionError
        If there is no such device, or ``cuda`` is asked for and does not compute.
    MissingExtraError
        Without PyTorch.
    """
    if wanted not in DEVICES:
        raise OptionError("device", f"expected one of {', '.join(DEVICES)}, got {wanted!r:.40}", "Use auto.")
    torch = require("torch", extra="train")
    if wanted == "cpu":
        return torch.device("cpu"), None
    is_there, problem = _trial()
    if is_there and problem is None:
        return torch.device("cuda"), None
    if wanted == "cuda":
        remedy = "Use cpu, or install a driver and a PyTorch that fit the graphics processor."
        raise OptionError("device", f"cuda does not compute: {problem}", remedy)
    return torch.device("cpu"), f"learning on the processor: CUDA does not compute ({problem})" if is_there else None


def _trial() -> tuple[bool, str | None]:
    """Whether there seems to be a CUDA device, and what is wrong with computing on it."""
    torch = require("torch", extra="train")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # PyTorch warns of an old driver, and then says there is no device
        is_available = torch.cuda.is_available()
    if not is_available:
        problem = _first_line(caught[0].message) if caught else "PyTorch finds no CUDA device"
        return bool(caught), problem
    try:
        ones = torch.ones((1, 1, 8, 8), device="cuda", requires_grad=True)
        total = torch.nn.functional.conv2d(ones, torch.ones((1, 1, 3, 3), device="cuda")).sum()
        total.backward()
        found, slope = float(total.item()), float(ones.grad.sum().item())
    except Exception as error:  # noqa: BLE001 - drivers fail in ways of their own
        return True, _first_line(error)
    is_right = found == slope == 9 * 36  # 36 windows of 9 ones
    return True, None if is_right else f"a sum that is 324 came out as {found:g} and {slope:g}"


def _first_line(error: object) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
