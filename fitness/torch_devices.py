"""Devices that torch works on: which is meant, may it be used, how much memory has it left."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.registry import brief
from dsl.targets.memory import memory_limit

if TYPE_CHECKING:
    import torch

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"
NUMBERED = re.compile(r"cuda:([0-9]{1,4})")
# What other programs call a device, or people do.
OTHER_NAMES = {"gpu": CUDA, "nvidia": CUDA, "hip": CUDA, "rocm": CUDA, "metal": CPU, "host": CPU}
# How errors of torch read that say nothing but that memory has ended.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")

INSTALL = "pip install 'evosynth[torch]'"
USE_CPU = "--device cpu does without"


def check_device_name(name: object) -> None:
    """Checks that a name may be that of a device; imports nothing.

    Raises:
        UsageError: It is none, or of a device without double precision.
    """
    if name == MPS:
        raise UsageError(
            "device 'mps' has no double precision, which tells constants apart that differ "
            "by 1e-9 of their size",
            "choose cpu",
        )
    known = (AUTO, CPU, CUDA)
    if isinstance(name, str) and (name in known or NUMBERED.fullmatch(name)):
        return
    near = _nearest(name, known) if isinstance(name, str) else None
    guess = f"did you mean '{near}'? " if near else ""
    raise UsageError(f"unknown device {brief(name)}", f"{guess}known: auto, cpu, cuda, cuda:1 ...")


def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    lower = name.lower()
    if lower in OTHER_NAMES:
        return OTHER_NAMES[lower]
    return next(iter(difflib.get_close_matches(lower, known, n=1)), None)


def device_named(name: str) -> torch.device:
    """Returns the device of a name, ready for use.

    Args:
        name: "auto" for a GPU if there is one, else the CPU; "cpu"; "cuda" for the first
            GPU; "cuda:1" for another one.

    Raises:
        UsageError: There is no device of that name.
        EnvironmentMismatchError: torch is not installed, or finds no GPU, or cannot use it.
    """
    check_device_name(name)
    torch = _imported_torch()
    if name == CPU or (name == AUTO and not torch.cuda.is_available()):
        return torch.device(CPU)
    if not torch.cuda.is_available():
        reason, remedy = no_gpu_because()
        raise EnvironmentMismatchError(f"device '{name}': {reason}", f"{remedy}; {USE_CPU}")
    numbered = NUMBERED.fullmatch(name)
    index, count = int(numbered[1]) if numbered else 0, torch.cuda.device_count()
    if index >= count:
        last = f" to cuda:{count - 1}" if count > 1 else ""
        raise UsageError(
            f"expected cpu or cuda:0{last}, got '{name}'", "CUDA_VISIBLE_DEVICES may hide some"
        )
    _try_out(index)
    return torch.device(CUDA, index)


def device_title(device: torch.device) -> str:
    """Returns what people call a device, such as "cuda:0 (NVIDIA H200)"."""
    if device.type != CUDA:
        return str(device)
    return f"{device} ({_imported_torch().cuda.get_device_name(device)})"


def free_bytes(device: torch.device) -> int:
    """Returns about how many bytes an evaluator may allocate on a device now.

    Of a GPU all that is free, and what torch has kept for itself; of the CPU half of what a
    search may need.
    """
    if device.type != CUDA:
        return memory_limit() // 2
    cuda = _imported_torch().cuda
    kept = cuda.memory_reserved(device) - cuda.memory_allocated(device)
    return int(cuda.mem_get_info(device)[0] + kept)


def is_out_of_memory(error: BaseException) -> bool:
    """Says whether an error of torch means that smaller pieces may fit."""
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    is_told = any(words in str(error) for words in OUT_OF_MEMORY)
    return is_told or isinstance(error, _imported_torch().OutOfMemoryError)


@lru_cache(maxsize=16)
def _try_out(index: int) -> None:
    """Computes something on a GPU, which may be busy, or too new for this torch.

    Raises:
        EnvironmentMismatchError: That fails.
    """
    torch = _imported_torch()
    try:
        torch.ones(2, dtype=torch.float64, device=f"{CUDA}:{index}").sum().item()
    except RuntimeError as error:
        told = str(error).splitlines()[0][:200]
        raise EnvironmentMismatchError(f"cuda:{index} cannot be used: {told}", USE_CPU) from error


def no_gpu_because() -> tuple[str, str]:
    """Returns why torch finds no GPU, and what to do for one.

    Raises:
        EnvironmentMismatchError: torch is not installed, or cannot be imported.
    """
    torch = _imported_torch()
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return (
            f"torch {torch.__version__} is built without CUDA",
            "https://pytorch.org/get-started/locally says how to install one that is built with it",
        )
    return (
        f"torch {torch.__version__} finds no GPU in this machine",
        "`nvidia-smi` lists those that the driver finds",
    )


def _imported_torch() -> Any:
    """Returns the package; to import it takes seconds.

    Raises:
        EnvironmentMismatchError: It is not installed, or cannot be imported.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise _broken(error) from error
        raise EnvironmentMismatchError("torch is not installed", INSTALL) from error
    except (ImportError, OSError) as error:
        raise _broken(error) from error
    return torch


def _broken(error: Exception) -> EnvironmentMismatchError:
    told = (str(error).splitlines() or [""])[0][:200]
    return EnvironmentMismatchError(f"torch cannot be imported: {told}", f"anew: {INSTALL}")
