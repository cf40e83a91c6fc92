"""What plug-ins call: `es.primitive` and its likes, which register what a function declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from dsl.costs import Cost, Tally
from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.formats.base import Format
from dsl.primitives import Primitive
from dsl.primitives.base import declared as block_of
from dsl.scalars import Scalar
from dsl.scalars.base import declared as scalar_of
from dsl.straightline import Code, Domain
from dsl.targets import TargetFamily
from dsl.targets.base import is_at_least_two
from dsl.vectors import VectorPrimitive
from dsl.vectors.declaring import vector_of
from evosynth.conformance.checking import AnyPrimitive, check_member
from evosynth.plugins.base import DECLARED, Declared
from evosynth.plugins.grammar_of import Grammar, grammar_of
from evosynth.plugins.reading import calling, is_reading
from evosynth.plugins.seams import SEAMS, kind_of
from evosynth.strategies import Strategy
from fitness.objectives import Objective
from fitness.objectives.base import of_one, unscored
from gradient_baselines.base import Baseline

Member = TypeVar("Member")
Function = Callable[..., Any]


def register(member: Member) -> Member:
    """Registers a member of any seam, such as a format or an objective.

    It is checked at once; one of a plug-in's file is checked before the file is loaded.

    Returns:
        The member.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: It is of no seam, or its name is taken.
    """
    kind = kind_of(member)
    if kind is None:
        raise UsageError(
            f"expected a member of a seam, got {type(member).__name__}",
            f"one of: {', '.join(type_.__name__ for _, type_ in SEAMS.values())}",
        )
    registry, _ = SEAMS[kind]
    if kind == "baseline" and not is_reading.get():
        from evosynth.comparison.rivals import all_rivals  # names of the built-in ones are taken

        all_rivals()
    registry.register(member)
    if not is_reading.get():
        name = member.name  # type: ignore[attr-defined]  # all members have one
        try:
            check_member(member)
        except BaseException:
            registry.remove(name)
            raise
        DECLARED.register(Declared(f"{kind} {name}"))
    return member


def primitive(
    function: Function | None = None, *, grammar: Grammar | None = None, angle: bool = False
) -> Any:
    """Registers the decorated function as a primitive.

    Of transforms, a block: a function of one parameter, or of none, that returns an
    invertible matrix of up to four points, or a tuple of matrices whose product it is. Of
    formulas: a function of one or two SymPy symbols that returns an expression. Of
    algorithms for every size: a function of one or two lists that returns a list of their
    elements.

    The function's name becomes the primitive's, its docstring's first line the summary.

    Args:
        function: What is decorated.
        grammar: "factor", "expression" or "recursive" where calling the function does not
            tell which of these it is of.
        angle: The parameter of a block is a real angle in radians.

    Returns:
        The primitive.

    Raises:
        EnvironmentMismatchError: What is derived from it does not agree; the message says
            what.
        UsageError: It is none of these, or its name is taken.
    """
    if function is None:
        return lambda decorated: primitive(decorated, grammar=grammar, angle=angle)
    name = function.__name__
    try:
        with calling(f"primitive {name}"):
            chosen = "factor" if angle and grammar is None else grammar
            made = _primitive_of(function, chosen, angle)
    except (EnvironmentMismatchError, UsageError):
        raise
    except Exception as error:  # a stranger's function
        told = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        raise EnvironmentMismatchError(f"primitive '{name}': {told}") from error
    return register(made)


def _primitive_of(function: Function, grammar: Grammar | None, angle: bool) -> AnyPrimitive:
    chosen = grammar or grammar_of(function)
    if chosen == "factor":
        block: Primitive = block_of(function, angle=angle)
        return block
    if chosen == "expression":
        scalar: Scalar = scalar_of(function)
        return scalar
    if chosen == "recursive":
        step: VectorPrimitive = vector_of(function)
        return step
    raise UsageError(f"expected grammar factor, expression or recursive, got {chosen!r}"[:120])


def target(
    function: Function | None = None,
    *,
    title: str = "",
    convention: str = "as its function computes it",
    domain: Domain = "real",
    sizes: str = "n >= 2",
    is_size: Callable[[int], bool] = is_at_least_two,
) -> Any:
    """Registers the decorated function, from a size n to a matrix, as a family of targets.

    Args:
        function: What is decorated; it returns (m, n) float64 or complex128.
        title: What people call it, with {n} for the size.
        convention: Sign, scale and order, in one line.
        domain: The kind of the input data, "real" or "complex".
        sizes: The sizes that it has, for people.
        is_size: Whether it has a size.

    Returns:
        The family.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """

    def declare(build: Function) -> TargetFamily:
        name = build.__name__
        family = TargetFamily(
            name,
            build,
            domain,
            title or f"{name} of size {{n}}",
            convention,
            sizes,
            is_size,
            _summary(build),
            is_exact=False,
        )
        return register(family)

    return declare if function is None else declare(function)


def format(function: Function | None = None, *, suffix: str = ".txt") -> Any:
    """Registers the decorated function, from a program to text, as a format.

    Its keyword-only parameters are the format's options; all have defaults.

    Args:
        function: What is decorated.
        suffix: Of files that hold it, with the dot.

    Returns:
        The format.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """

    def declare(write: Function) -> Format:
        return register(Format(write.__name__, suffix, write, _summary(write)))

    return declare if function is None else declare(function)


def strategy(advance: Function) -> Strategy:
    """Registers the decorated function, (population, task) -> population, as a strategy.

    Returns:
        The strategy.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """
    return register(Strategy(advance.__name__, advance, _summary(advance)))


def objective(of_matrices: Function) -> Objective:
    """Registers the decorated function as an objective, which a search minimises.

    It takes the matrices that programs compute (P, m, n), the target and the covariance of
    the inputs, which may be None, and returns (P,) float64 numbers of at least 0.

    Returns:
        The objective.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """
    name, summary = of_matrices.__name__, _summary(of_matrices)
    return register(Objective(name, unscored, of_one(of_matrices), summary, of_matrices))


def cost(function: Function | None = None, *, unit: str = "operations") -> Any:
    """Registers the decorated function, from real straight-line code to a number, as a cost.

    Args:
        function: What is decorated.
        unit: What the cost is a number of.

    Returns:
        The cost.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """

    def declare(counted: Function) -> Cost:
        def of_code(code: Code) -> Tally:
            found = counted(code)
            return found if isinstance(found, Tally) else Tally(float(found))

        return register(Cost(counted.__name__, of_code, _summary(counted), unit))

    return declare if function is None else declare(function)


def baseline(
    function: Function | None = None,
    *,
    kind: Literal["transform", "function"] = "transform",
    told: str = "",
) -> Any:
    """Registers the decorated function, (target, seed, budget) -> fit, as a rival.

    Args:
        function: What is decorated.
        kind: What it fits, "transform" or "function".
        told: What it knows of the target beforehand, for people.

    Returns:
        The baseline.

    Raises:
        EnvironmentMismatchError: It does not do what it promises; the message says what.
        UsageError: Its name is taken.
    """

    def declare(fit: Function) -> Baseline:
        return register(Baseline(fit.__name__, kind, fit, _summary(fit), told))

    return declare if function is None else declare(function)


def _summary(function: Function) -> str:
    """Returns a docstring's first line, or the name where there is none."""
    return next(iter((inspect.getdoc(function) or "").splitlines()), function.__name__)
