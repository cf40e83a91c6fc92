"""Names of torch's devices, what is said of those that cannot be used, and their memory."""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import Any

import pytest

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.targets import memory_limit
from fitness import torch_devices
from fitness.torch_devices import (
    check_device_name,
    device_named,
    device_title,
    free_bytes,
    is_out_of_memory,
)

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def nothing_kept() -> Any:
    torch_devices._try_out.cache_clear()
    yield
    torch_devices._try_out.cache_clear()


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    monkeypatch.setattr(torch_devices, "_try_out", lambda index: None)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_the_module_imports_no_torch() -> None:
    code = "import sys, fitness.torch_devices as d; d.check_device_name('cuda:1'); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("two_gpus")
def test_names_of_devices() -> None:
    assert device_named("auto") == device_named("cuda") == torch.device("cuda", 0)
    assert device_named("cuda:1") == torch.device("cuda", 1)
    assert device_named("cpu") == torch.device("cpu")
    assert device_title(device_named("cuda:1")) == "cuda:1 (GPU 1)"
    assert device_title(device_named("cpu")) == "cpu"


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_the_cpu_without_a_gpu() -> None:
    assert device_named("auto") == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="expected cpu or cuda:0 to cuda:1, got 'cuda:3'"):
        device_named("cuda:3")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="expected cpu or cuda:0, got 'cuda:1'"):
        device_named("cuda:1")


@pytest.mark.parametrize(
    ("name", "guess"), [("gpu", "cuda"), ("CUDA", "cuda"), ("cuda0", "cuda"), ("cpus", "cpu")]
)
def test_unknown_names_have_a_guess(name: str, guess: str) -> None:
    with pytest.raises(UsageError, match="unknown device") as caught:
        check_device_name(name)
    assert f"did you mean '{guess}'?" in caught.value.hint


@pytest.mark.parametrize("name", ["quantum", "", "cuda:", "cuda:-1", "cuda:x", 3, None])
def test_unknown_names(name: object) -> None:
    with pytest.raises(UsageError, match="unknown device") as caught:
        check_device_name(name)
    assert "known: auto, cpu, cuda" in caught.value.hint


def test_mps_has_no_double_precision() -> None:
    with pytest.raises(UsageError, match="'mps' has no double precision") as caught:
        device_named("mps")
    assert "cpu" in caught.value.hint


@pytest.mark.usefixtures("no_gpu")
def test_which_of_gpu_and_cuda_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(EnvironmentMismatchError, match="built without CUDA") as caught:
        device_named("cuda")
    assert "pytorch.org" in caught.value.hint
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(EnvironmentMismatchError, match="finds no GPU in this machine") as caught:
        device_named("cuda:1")
    assert "nvidia-smi" in caught.value.hint


def test_a_gpu_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)

    def ones(*shape: int, **options: Any) -> Any:
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy\nCompile with ...")

    monkeypatch.setattr(torch, "ones", ones)
    with pytest.raises(EnvironmentMismatchError, match="cuda:0 cannot be used: CUDA error") as told:
        device_named("cuda")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "torch is not installed"),
        (ModuleNotFoundError("No module named 'sympy'", name="sympy"), "cannot be imported: No"),
        (OSError("libcudart.so.12: cannot open"), "torch cannot be imported: libcudart"),
    ],
)
def test_torch_that_cannot_be_imported(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "torch":
            raise error
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentMismatchError, match=words) as caught:
        device_named("auto")
    assert "pip install 'evosynth[torch]'" in caught.value.hint


def test_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < free_bytes(torch.device("cpu")) <= memory_limit()
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1_000, 10_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 500)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 200)
    assert free_bytes(torch.device("cuda", 0)) == 1_300


def test_what_says_that_memory_has_ended() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(10**15)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("sizes do not match"))
    assert not is_out_of_memory(ValueError("out of memory"))
