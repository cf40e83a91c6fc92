"""What a target is: the matrix that a program must compute, and where matrices come from.

A family is a matrix for every size, declared once by a function from size to matrix; a
file, an array or what a function returns is a single matrix. `make_target` turns any into a
`Target`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import TooLargeError
from dsl.errors import DataError, EnvironmentMismatchError, UsageError
from dsl.registry import Registry, brief
from dsl.straightline import Domain
from dsl.targets.exact_matrix import ExactMatrix, exact_if_whole
from dsl.targets.kernel import Kernel, kernel_text, read_kernel
from dsl.targets.known import Known, best_known
from dsl.targets.matrix_file import is_file_name, load_matrix, split_variable
from dsl.targets.memory import check_memory
from dsl.targets.python_function import call_function, is_function_name
from dsl.targets.readers.entries import (
    NUMBERS,
    as_entries,
    check_entries,
    check_shape,
    size_problem,
)
from dsl.targets.scaling import SCALINGS, UP_TO, Scaling

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
        is_family: It is a registered family's: name, size, domain and scaling say it all.
            Not so where a kernel was given, or where entries are floats, whose last bits
            are those of a machine.
        exact: The entries as exact numbers, of which `matrix` holds the nearest doubles;
            None where doubles are all there is. Whole numbers are exact.
        scaling: A program computes this matrix A if its own is D A, with D the identity
            ("exact"), a positive multiple of it ("common"), or any diagonal of positive
            real numbers, one for every row of `matrix` ("free").

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
    scaling: Scaling = "exact"

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
        if self.scaling not in SCALINGS:
            raise ValueError(f"target '{self.name}': got scaling {self.scaling!r}")
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
        """SHA-256 of shape, dtype, domain, packing, scaling and entries, in hexadecimal."""
        kind = self.matrix.dtype.name
        packing = "" if self.packing == "none" else f" {self.packing}"
        scaling = "" if self.scaling == "exact" else f" {self.scaling} scaling"
        shape = f"{self.matrix.shape[0]} {self.matrix.shape[1]}"
        head = f"{shape} {kind} {self.domain}{packing}{scaling}\n"
        entries = self.matrix.astype(LITTLE_ENDIAN[kind]).tobytes()
        return hashlib.sha256(head.encode() + entries).hexdigest()


@dataclass(frozen=True, slots=True)
class TargetFamily:
    """A transform: one matrix for every size that it has.

    Attributes:
        name: What the command line calls it.
        build: Size n -> (m, n) float64 or complex128, or a matrix of exact numbers; with a
            kernel as second argument where it takes one.
        domain: The kind of its input data unless the user says otherwise.
        title: Pattern of the title, with {n} for the size.
        convention: Sign, scale and order, in one line.
        sizes: The sizes that it has, for people.
        is_size: Whether it has a size.
        summary: One line for people.
        is_exact: Its entries are exact numbers for every size and without a kernel.
        takes_kernel: Users may give the numbers that decide it.
    """

    name: str
    build: Callable[..., ExactMatrix | Matrix]
    domain: Domain
    title: str
    convention: str
    sizes: str
    is_size: Callable[[int], bool]
    summary: str
    is_exact: bool = True
    takes_kernel: bool = False

    def matrix(self, n: int) -> Matrix:
        """Returns the matrix of a size: (m, n) float64 or complex128."""
        built = self.build(n)
        return built.rounded() if isinstance(built, ExactMatrix) else np.asarray(built)


TARGETS: Registry[TargetFamily] = Registry("target")


def is_at_least_two(n: int) -> bool:
    """Tells whether a transform of n points leaves something to compute."""
    return n >= 2


def is_power_of_two(n: int) -> bool:
    """Tells whether a size is a power of two from 2."""
    return n >= 2 and n & (n - 1) == 0


def target_family(
    *,
    title: str,
    convention: str,
    domain: Domain = "real",
    sizes: str = "n >= 2",
    is_size: Callable[[int], bool] = is_at_least_two,
    is_exact: bool = True,
    takes_kernel: bool = False,
) -> Callable[[Callable[..., ExactMatrix | Matrix]], TargetFamily]:
    """Registers the decorated function (size -> matrix) as a family of targets.

    The function's name becomes the family's, its docstring's first line the summary.
    """

    def declare(build: Callable[..., ExactMatrix | Matrix]) -> TargetFamily:
        summary = (build.__doc__ or "").strip().split("\n")[0]
        return TARGETS.register(
            TargetFamily(
                build.__name__,
                build,
                domain,
                title,
                convention,
                sizes,
                is_size,
                summary,
                is_exact,
                takes_kernel,
            )
        )

    return declare


def make_target(
    name: str | Matrix,
    n: int | None = None,
    input: str | None = None,
    *,
    kernel: str | Sequence[complex] | None = None,
    scaling: str | None = None,
) -> Target:
    """Returns the target that a user asks for.

    Args:
        name: A registered family; the path of a .npy, .csv, .tsv, .txt or .mat file
            (`file.mat:A` for one of its variables): whatever ends so, or contains a slash or
            a backslash; or a matrix.
        n: The size; needed for a family. For a matrix it must be the number of columns.
        input: "real" or "complex", the kind of the input data; by default the family's,
            for a file or a kernel that of its entries.
        kernel: The numbers that decide a structured matrix, or text with commas between
            them; by default the family's own.
        scaling: "exact", "common" or "free": how far the outputs of a program may be from
            the matrix's; by default they are the same.

    Raises:
        UsageError: The arguments name no target, or one too large to search.
        DataError: The file holds, or the array is, no usable matrix.
        StorageError: The file cannot be read.
    """
    _check_input(input)
    admitted = _scaling(scaling)
    if not isinstance(name, str) or is_file_name(name):
        if kernel is not None:
            raise UsageError("a file has its entries and takes no kernel", "leave the kernel out")
        return _up_to(_from_outside(name, n, input), admitted)
    numbers = None if kernel is None else read_kernel(kernel)
    return _up_to(_from_family(TARGETS.get(name), n, input, numbers, admitted), admitted)


def make_function_target(
    name: str, n: int | None = None, input: str | None = None, *, scaling: str | None = None
) -> Target:
    """Returns the target that a function of the user's makes. This runs the user's code.

    `make_target` does not do it, for names may come from files.

    Args:
        name: `package.module:function`, which returns a matrix or a target.
        n: The function's argument, if it takes one; else the number of columns, if given.
        input: As for `make_target`.
        scaling: As for `make_target`.

    Raises:
        UsageError: The arguments do not go together.
        DataError: What the function returns is no usable matrix.
        EnvironmentMismatchError: It cannot be imported or called.
    """
    _check_input(input)
    admitted = _scaling(scaling)
    made, is_given = call_function(name, n)
    if isinstance(made, Target):
        if input not in (None, made.domain) or scaling not in (None, made.scaling):
            raise UsageError(
                f"'{name}' returns a target, with input and scaling of its own", "leave them out"
            )
        _check_columns(made.n, n, f" of '{name}'", is_given)
        return made
    names = (
        name.rpartition(":")[2].rpartition(".")[2],
        f" from {name}",
        "as the function returns it",
    )
    matrix = _checked(made, f"what '{name}' returns")
    return _up_to(_from_matrix(matrix, names, n, input, is_given), admitted)


def is_own_matrix(name: str) -> bool:
    """Tells whether a target's name is that of a file or a function of the user's."""
    return is_file_name(name) or is_function_name(name)


def _check_input(given: str | None) -> None:
    if given not in (None, *get_args(Domain)):
        raise UsageError(
            f"expected input 'real' or 'complex', got {given!r}",
            "leave it out for the target's own kind of data",
        )


def _scaling(given: str | None) -> Scaling:
    for scaling in SCALINGS:
        if given in (None, scaling):
            return scaling
    raise UsageError(
        f"expected scaling {', '.join(SCALINGS[:-1])} or {SCALINGS[-1]}, got {brief(given)}",
        "leave it out for outputs that equal the matrix's",
    )


def _up_to(target: Target, scaling: Scaling) -> Target:
    """Returns the same target with the scaling that is admitted."""
    if scaling == "exact":
        return target
    return replace(target, scaling=scaling, title=f"{target.title}, {UP_TO[scaling]}")


def _from_family(
    family: TargetFamily, n: int | None, data: str | None, kernel: Kernel | None, scaling: Scaling
) -> Target:
    n = _size(family, n)
    check_memory(n, n, f"{family.name} of size {n}", UsageError)
    built = _built(family, n, kernel)
    _check_built(family, n, built)
    is_complex = family.domain == "complex" or (kernel is not None and np.iscomplexobj(kernel))
    title = family.title.format(n=n)
    if kernel is not None:
        title = f"{title}, kernel {kernel_text(kernel)}"
    is_own = kernel is None and data in (None, family.domain)
    known = best_known(family.name, n, scaling) if is_own else None
    names = family.name, title, family.convention
    target = _assemble(names, built, "complex" if is_complex else "real", data, known)
    return replace(target, is_family=family.is_exact and kernel is None)


def _check_built(family: TargetFamily, n: int, built: object) -> None:
    """Checks what a family's function returns: it may be a stranger's.

    Raises:
        EnvironmentMismatchError: It is no matrix of this size; the message names the family.
    """
    matrix = built.rounded() if isinstance(built, ExactMatrix) else built
    if not isinstance(matrix, np.ndarray):
        problem = f"expected a matrix, got {type(built).__name__}"
    elif matrix.ndim != 2 or matrix.shape[1] != n or not len(matrix):
        problem = f"expected (m, {n}) entries, got {matrix.shape}"
    elif matrix.dtype.name not in LITTLE_ENDIAN:
        problem = f"expected float64 or complex128, got {matrix.dtype}"
    elif not np.isfinite(matrix).all():
        i, j = np.argwhere(~np.isfinite(matrix))[0]
        problem = f"expected finite entries, got {matrix[i, j]} at ({i}, {j})"
    elif problem := size_problem(matrix):
        pass
    else:
        return
    raise EnvironmentMismatchError(
        f"target family '{family.name}' of size {n}: {problem}",
        "mend the function that builds it",
    )


def _size(family: TargetFamily, n: int | None) -> int:
    if n is None:
        raise UsageError(f"{family.name} needs a size", f"give n; sizes: {family.sizes}")
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise UsageError(f"expected a whole number for n, got {n!r}", f"sizes: {family.sizes}")
    n = int(n)
    if not (is_at_least_two(n) and family.is_size(n)):
        raise UsageError(f"{family.name} has no size {n}", f"sizes: {family.sizes}")
    return n


def _built(family: TargetFamily, n: int, kernel: Kernel | None) -> ExactMatrix | Matrix:
    """Returns the entries of a family's matrix, with the user's kernel if there is one."""
    if kernel is None:
        try:
            return family.build(n)
        except TooLargeError as error:
            raise UsageError(
                f"{family.name} of size {n} needs {error}", "give a smaller n"
            ) from error
    if not family.takes_kernel:
        known = ", ".join(each.name for each in TARGETS if each.takes_kernel)
        raise UsageError(f"{family.name} takes no kernel", f"targets that take one: {known}")
    matrix = np.asarray(family.build(n, kernel))
    if problem := size_problem(matrix):
        raise UsageError(f"{family.name} with this kernel: {problem}", "give another kernel")
    return matrix


def _from_outside(source: str | Matrix, n: int | None, data: str | None) -> Target:
    if not isinstance(source, str):
        return _from_matrix(_checked(source, "the array"), ("matrix", "", "entries"), n, data)
    path, variable = split_variable(source)
    name = Path(path).stem + (f"_{variable}" if variable else "")
    # The name alone: where the file lies concerns nobody to whom the run is shown.
    where = f" from {Path(path).name}" + (f":{variable}" if variable else "")
    return _from_matrix(load_matrix(source), (name, where, "entries as in the file"), n, data)


def _checked(made: object, what: str) -> Matrix:
    """Returns an array of the user's as entries, checked.

    Raises:
        DataError: It is no usable matrix.
    """
    try:
        if not isinstance(made, np.ndarray) or type(made) is np.ma.MaskedArray:
            raise DataError(
                f"expected an array of NumPy, got {type(made).__name__}", "numpy.asarray makes one"
            )
        if made.dtype.kind not in NUMBERS:
            raise DataError(f"expected numbers, got dtype {made.dtype}", "give another array")
        check_shape(made.shape, "give a two-dimensional array")
        matrix = as_entries(np.asarray(made))
        check_entries(matrix)
    except DataError as error:
        raise DataError(f"{what}: {error}", error.hint) from error
    return matrix


def _check_columns(columns: int, n: int | None, where: str, is_given: bool = False) -> None:
    if n is not None and n != columns:
        told = f"leave n out or give {columns}"
        raise UsageError(
            f"n is {n!r}, but the matrix{where} has {columns} columns",
            "mend the function, or leave n out" if is_given else told,
        )


def _from_matrix(
    matrix: Matrix,
    names: tuple[str, str, str],
    n: int | None,
    data: str | None,
    is_given: bool = False,
) -> Target:
    """Returns the target of a matrix; names are name, where it is from, and convention."""
    name, where, convention = names
    rows, columns = matrix.shape
    _check_columns(columns, n, where, is_given)
    own: Domain = "complex" if np.iscomplexobj(matrix) else "real"
    return _assemble(
        (name, f"{rows} x {columns} matrix{where}", convention), matrix, own, data, None
    )


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
