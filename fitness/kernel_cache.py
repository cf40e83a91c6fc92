"""Compiled functions kept on disk, where damage means that they are compiled again.

Numba's own cache unpickles whatever its files hold, and fails where that is not what it
wrote; nor does it see that a function in another module, or a constant, has changed. Here
a file holds one compiled function for one signature, and counts only if its digest is that
of its content and of all sources behind it. A folder that cannot be read or written is as
good as none.
"""

from __future__ import annotations

import hashlib
import pickle
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps
from numba.extending import is_jitted

SUFFIX = ".kernel"
DIGEST = hashlib.sha256().digest_size
# Values of globals that become part of the compiled code.
CONSTANTS = (bool, int, float, complex, str, tuple)


def cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Returns a decorator: `numba.njit` with these options, and kept on disk.

    Only what is called from Python is worth keeping: what compiled functions call is
    contained in them.
    """

    def compile_later(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(**options)(function)
        if _is_jitted(dispatcher):  # not with NUMBA_DISABLE_JIT
            # A RuntimeError says that no folder at all can be written.
            with suppress(RuntimeError, OSError):
                dispatcher._cache = KernelCache(function)
        return dispatcher

    return compile_later


class KernelCache(FunctionCache):  # type: ignore[misc]  # Numba is not annotated
    """The compiled forms of one function."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = KernelFiles(Path(self.cache_path), self._impl.filename_base, function)

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keeps a compiled form if it can be written; it is of use either way."""
        with suppress(OSError):
            super().save_overload(signature, result)

    @property
    def files(self) -> KernelFiles:
        """Where the compiled forms lie."""
        return self._cache_file


def files_of(function: Any) -> KernelFiles | None:
    """Returns where the compiled forms of a function lie; None if they are not kept."""
    cache = getattr(function, "_cache", None)
    return cache.files if isinstance(cache, KernelCache) else None


class KernelFiles:
    """The files of one function.

    Args:
        folder: Where they lie.
        name: How their names begin.
        function: The function.
    """

    def __init__(self, folder: Path, name: str, function: FunctionType) -> None:
        self.folder = folder
        self._name = name
        self._function = function

    def load(self, key: Any) -> Any:
        """Returns what was kept under a key; None if there is nothing sound."""
        body = self._sound(self._path(key))
        if body is None:
            return None
        try:
            kept, data = pickle.loads(body)
        except (pickle.UnpicklingError, ImportError, AttributeError):
            return None  # a module in which it looks for a class has changed
        return data if kept == key else None

    def save(self, key: Any, data: Any) -> None:
        """Keeps data under a key.

        Raises:
            OSError: They cannot be written; what was there is still there.
        """
        body = dumps((key, data))
        temporary = self.folder / f".{self._name}.{secrets.token_hex(8)}.tmp"
        try:
            temporary.write_bytes(self._digest(body) + body)
            temporary.replace(self._path(key))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def flush(self) -> None:
        """Removes all files."""
        for path in self._paths():
            path.unlink(missing_ok=True)

    def standing(self) -> tuple[int, int]:
        """Returns how many files are sound, and how many are outdated or damaged."""
        found = [self._sound(path) is not None for path in self._paths()]
        return sum(found), len(found) - sum(found)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self._name}.*{SUFFIX}"))

    def _path(self, key: Any) -> Path:
        """Names a file by signature and processor: a newer form of it takes its place."""
        digest = hashlib.sha256(str(key[:2]).encode()).hexdigest()[:16]
        return self.folder / f"{self._name}.{digest}{SUFFIX}"

    def _sound(self, path: Path) -> bytes | None:
        try:
            content = path.read_bytes()
        except OSError:
            return None
        body = content[DIGEST:]
        return body if content[:DIGEST] == self._digest(body) else None

    def _digest(self, body: bytes) -> bytes:
        return hashlib.sha256(self._stamp + body).digest()

    @cached_property
    def _stamp(self) -> bytes:
        """Tells forms of other versions and sources apart."""
        digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}\n".encode())
        for part in sorted(set(_behind(self._function))):
            digest.update(part)
        return digest.digest()


def _behind(function: FunctionType) -> Iterator[bytes]:
    """Yields digests of the sources of a function and of what it calls, and constants."""
    seen, waiting = {function}, [function]
    while waiting:
        current = waiting.pop()
        yield _source_digest(current.__code__.co_filename)
        for name in current.__code__.co_names:
            value: Any = current.__globals__.get(name)
            if _is_jitted(value) and value.py_func not in seen:
                seen.add(value.py_func)
                waiting.append(value.py_func)
            elif isinstance(value, CONSTANTS):
                yield f"{name} = {value!r}".encode()


def _is_jitted(value: Any) -> bool:
    return bool(is_jitted(value))


@lru_cache(maxsize=64)
def _source_digest(path: str) -> bytes:
    try:
        return hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:  # in a zip file; then Numba's own stamp is all there is
        return path.encode()
