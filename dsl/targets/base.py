"""What a target is: the matrix that a program must compute, and where matrices come from.

A family is a matrix for every size, declared once by a function from size to matrix; a
file is a single matrix. `make_target` turns either into a `Target`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.registry import Registry
from dsl.straightline import Domain
from dsl.targets.exact_matrix import ExactMatrix, exact_if_whole
from dsl.targets.known import Known, best_known
from dsl.targets.matrix_file import load_matrix, size_problem
from dsl.targets.memory import check_memory

Matrix = npt.NDArray[Any]
Packing = Literal["none", "interleaved"]

# Byte order is fixed so that a digest means the same on every machine.
LITTLE_ENDIAN = {"float64": "<f8", "complex128": "<c16"}


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A matrix to compute. Compares by identity; compare `digest` for equal content.

    Attributes:
        name: What the command line calls it; the stem of the path for a file.
        n: How many inputs a program has: the columns of the matrix.
        matrix: (m, n) float64 or complex128, read-only and C-contiguous. It is a copy of
            what was given.
        domain: The kind of the input data; complex data may well have a real matrix.
        title: What people call it.
        convention: Sign, scale and order, in one line.
        best_known: The lowest operation count known to us for this matrix on these data.
        packing: "interleaved" where a complex matrix is applied to real data: rows 2 k
            and 2 k + 1 are then the real and the imaginary part of output k.
        is_family: It is a registered family's: name, size and domain say it all.
        exact: The entries as exact numbers, of which `matrix` holds the nearest doubles;
            None where doubles are all there is. Whole numbers are exact.

    Raises:
        ValueError: The parts do not fit together.
    """

    name: str
    n: int
    matrix: Matrix
    domain: Domain
    title: str = ""
    convention: str = ""
    best_known: Known | None = None
    packing: Packing = "none"
    is_family: bool = False
    exact: ExactMatrix | None = None

    def __post_init__(self) -> None:
        self._check()
        # Adding zero copies, and makes -0.0 into 0.0: equal matrices have equal digests.
        matrix = np.ascontiguousarray(self.matrix + 0.0)
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        if self.exact is None:
            object.__setattr__(self, "exact", exact_if_whole(matrix))

    def _check(self) -> None:
        shape, kind = self.matrix.shape, self.matrix.dtype.name
        if kind not in LITTLE_ENDIAN:
            raise ValueError(f"target '{self.name}': expected float64 or complex128, got {kind}")
        if len(shape) != 2 or 0 in shape or shape[1] != self.n:
            raise ValueError(f"target '{self.name}': expected (m, {self.n}) entries, got {shape}")
        if not np.isfinite(self.matrix).all():
            raise ValueError(f"target '{self.name}': expected finite entries, got nan or inf")
        if problem := size_problem(self.matrix):
            raise ValueError(f"target '{self.name}': {problem}")
        if self.domain not in get_args(Domain) or self.packing not in get_args(Packing):
            raise ValueError(f"target '{self.name}': got {self.domain!r} and {self.packing!r}")
        if self.domain == "real" and kind != "float64":
            raise ValueError(f"target '{self.name}': a complex matrix of real data needs packing")
        if self.packing == "interleaved" and (self.domain != "real" or shape[0] % 2):
            raise ValueError(f"target '{self.name}': expected pairs of real rows, got {shape}")

    @property
    def identifier(self) -> str:
        """Name and size as an identifier, such as `dft16`."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII)[:40] or "matrix"
        name = f"_{name}" if name[0].isdigit() else name
        return f"{name}_{self.n}" if name[-1].isdigit() else f"{name}{self.n}"

    @property
    def digest(self) -> str:
        """SHA-256 of shape, dtype, domain, packing and entries, in hexadecimal."""
        kind = self.matrix.dtype.name
        packing = "" if self.packing == "none" else f" {self.packing}"
        head = f"{self.matrix.shape[0]} {self.matrix.shape[1]} {kind} {self.domain}{packing}\n"
        entries = self.matrix.astype(LITTLE_ENDIAN[kind]).tobytes()
        return hashlib.sha256(head.encode() + entries).hexdigest()


@dataclass(frozen=True, slots=True)
class TargetFamily:
    """A transform: one matrix for every size that it has.

    Attributes:
        name: What the command line calls it.
        build: Size n -> (m, n) float64 or complex128, or a matrix of exact numbers.
        domain: The kind of its input data unless the user says otherwise.
        title: Pattern of the title, with {n} for the size.
        convention: Sign, scale and order, in one line.
        sizes: The sizes that it has, for people.
        is_size: Whether it has a size.
        summary: One line for people.
    """

    name: str
    build: Callable[[int], ExactMatrix | Matrix]
    domain: Domain
    title: str
    convention: str
    sizes: str
    is_size: Callable[[int], bool]
    summary: str

    def matrix(self, n: int) -> Matrix:
        """Returns the matrix of a size: (m, n) float64 or complex128."""
        built = self.build(n)
        return built.rounded() if isinstance(built, ExactMatrix) else np.asarray(built)


TARGETS: Registry[TargetFamily] = Registry("target")


def is_at_least_two(n: int) -> bool:
    """Tells whether a transform of n points leaves something to compute."""
    return n >= 2


def target_family(
    *,
    title: str,
    convention: str,
    domain: Domain = "real",
    sizes: str = "n >= 2",
    is_size: Callable[[int], bool] = is_at_least_two,
) -> Callable[[Callable[[int], ExactMatrix | Matrix]], TargetFamily]:
    """Registers the decorated function (size -> matrix) as a family of targets.

    The function's name becomes the family's, its docstring's first line the summary.
    """

    def declare(build: Callable[[int], ExactMatrix | Matrix]) -> TargetFamily:
        name = build.__name__
        summary = (build.__doc__ or "").strip().split("\n")[0]
        return TARGETS.register(
            TargetFamily(name, build, domain, title, convention, sizes, is_size, summary)
        )

    return declare


def make_target(name: str, n: int | None = None, input: str | None = None) -> Target:
    """Returns the target that a user asks for.

    Args:
        name: A registered family, or the path of a .npy file: whatever ends in .npy or
            contains a slash or a backslash.
        n: The size; needed for a family. For a file it must be the number of columns.
        input: "real" or "complex", the kind of the input data; by default the family's,
            for a file that of its entries.

    Raises:
        UsageError: The arguments name no target, or one too large to search.
        DataError: The file holds no usable matrix.
        StorageError: The file cannot be read.
    """
    if input not in (None, *get_args(Domain)):
        raise UsageError(
            f"expected input 'real' or 'complex', got {input!r}",
            "leave it out for the target's own kind of data",
        )
    if name.endswith(".npy") or "/" in name or "\\" in name:
        return _from_file(name, n, input)
    return _from_family(TARGETS.get(name), n, input)


def _from_family(family: TargetFamily, n: int | None, data: str | None) -> Target:
    if n is None:
        raise UsageError(f"{family.name} needs a size", f"give n; sizes: {family.sizes}")
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise UsageError(f"expected a whole number for n, got {n!r}", f"sizes: {family.sizes}")
    n = int(n)
    if not (is_at_least_two(n) and family.is_size(n)):
        raise UsageError(f"{family.name} has no size {n}", f"sizes: {family.sizes}")
    check_memory(n, n, f"{family.name} of size {n}", UsageError)
    known = best_known(family.name, n) if data in (None, family.domain) else None
    names = family.name, family.title.format(n=n), family.convention
    target = _assemble(names, family.build(n), family.domain, data, known)
    return replace(target, is_family=True)


def _from_file(path: str, n: int | None, data: str | None) -> Target:
    matrix = load_matrix(path)
    rows, columns = matrix.shape
    if n is not None and n != columns:
        raise UsageError(
            f"n is {n!r}, but the matrix in '{path}' has {columns} columns",
            f"leave n out or give {columns}",
        )
    names = Path(path).stem, f"{rows} x {columns} matrix from {path}", "entries as in the file"
    return _assemble(names, matrix, "complex" if np.iscomplexobj(matrix) else "real", data, None)


def _assemble(
    names: tuple[str, str, str],
    built: ExactMatrix | Matrix,
    own: Domain,
    data: str | None,
    known: Known | None,
) -> Target:
    """Fits a matrix to the kind of its input data; names are name, title and convention."""
    name, title, convention = names
    domain: Domain = "complex" if (data or own) == "complex" else "real"
    packing: Packing = "none"
    if domain != own:
        title = f"{title}, {domain} input"
    exact = built if isinstance(built, ExactMatrix) else None
    matrix = built.rounded() if isinstance(built, ExactMatrix) else np.asarray(built)
    # A complex matrix without imaginary parts is a real one: its constants cost less.
    if np.iscomplexobj(matrix) and not matrix.imag.any():
        matrix = matrix.real
    if np.iscomplexobj(matrix) and domain == "real":
        matrix, packing = interleave(matrix), "interleaved"
        exact = exact and exact.interleaved()
        convention = f"{convention}; rows 2k and 2k + 1: real and imaginary part of output k"
    return Target(
        name, matrix.shape[1], matrix, domain, title, convention, known, packing, exact=exact
    )


def interleave(matrix: Matrix) -> Matrix:
    """Returns the real and imaginary parts of the rows in turn.

    Args:
        matrix: (m, n) complex128.

    Returns:
        (2 m, n) float64.
    """
    rows, columns = matrix.shape
    return np.stack([matrix.real, matrix.imag], axis=1).reshape(2 * rows, columns)
