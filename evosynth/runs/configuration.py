"""What `run.json` holds: all that is needed to do a run again, or to go on with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsl.errors import DataError, EnvironmentMismatchError
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.registry import Registry
from dsl.scalars import SCALARS
from dsl.vectors import VECTORS
from evosynth.engine.driver import Limits
from evosynth.engine.plain_data import from_plain, to_plain
from evosynth.engine.spec import MOST_GENOMES, Spec
from evosynth.plugins.remembering import check_remembered, remembered
from evosynth.runs.stored_target import AnyTarget, read_stored_target, stored_target
from evosynth.version import versions

FORMAT, VERSION = "evosynth-run", 2
# More islands or genes than any run has would only be there to exhaust memory.
MOST_GENES = 10**9
MOST_ISLANDS, MOST_EVALUATIONS, LONGEST_GENOME = 1_000, 10_000_000, 10_000
LONGEST_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a run is.

    Attributes:
        target: From which `read_stored_target` makes the target.
        digest: Of the target.
        spec: What decides the bits of the result, beside the target and the library.
        limits: When to stop.
        library_folder: Of the library that is shared; None without one.
        library: Digest of what was in it when the run began.
        parent: Run and epoch that this one was forked from; None for others.
        versions: Of the packages that it was begun with.
        result: How it ended; None before it has.
        evaluator: That it works with, and why; "" of runs that did not say.
        scored_by: The same as data: names of "evaluator" and "device".
        plugins: That were loaded: name, path, sha256 and distribution of each.
    """

    target: dict[str, Any]
    digest: str
    spec: Spec
    limits: Limits
    library_folder: str | None
    library: str | None
    parent: dict[str, Any] | None
    versions: dict[str, str]
    result: dict[str, Any] | None = None
    evaluator: str = ""
    scored_by: dict[str, str] = field(default_factory=dict)
    plugins: list[dict[str, str]] = field(default_factory=remembered)

    @classmethod
    def of(
        cls,
        target: AnyTarget,
        spec: Spec,
        limits: Limits,
        library_folder: Path | None,
        library: str | None,
    ) -> Configuration:
        """Returns the configuration of a run that begins."""
        shared = None if library_folder is None else str(library_folder.absolute())
        return cls(
            stored_target(target), target.digest, spec, limits, shared, library, None, versions()
        )

    def to_data(self) -> dict[str, Any]:
        """Returns what the file holds."""
        data = {
            "format": FORMAT,
            "version": VERSION,
            **self.target,
            "digest": self.digest,
            "primitives": primitives(),
            "spec": to_plain(self.spec, Spec),
            "limits": to_plain(self.limits, Limits),
            "library_folder": self.library_folder,
            "library": self.library,
            "versions": self.versions,
        }
        if self.parent is not None:
            data["parent"] = self.parent
        if self.evaluator:
            data["evaluator"] = self.evaluator
        if self.scored_by:
            data["scored_by"] = self.scored_by
        if self.plugins:
            data["plugins"] = self.plugins
        return data if self.result is None else data | {"result": self.result}

    def make_target(self) -> AnyTarget:
        """Returns the target.

        Raises:
            DataError: It is damaged, or was made from a file that has changed.
            StorageError: That file cannot be read.
        """
        target = read_stored_target(self.target)
        if target.digest != self.digest:
            raise DataError(
                "the target is not the one that the run began with: another digest",
                "start the run anew",
            )
        return target


def read_configuration(data: dict[str, Any]) -> Configuration:
    """Returns the configuration that a file holds.

    Raises:
        DataError: It is damaged, or of another version.
        EnvironmentMismatchError: The run was begun with other primitives or plug-ins.
    """
    if data.get("version") != VERSION:
        raise DataError(
            f"expected a run of format version {VERSION}, got {str(data.get('version'))[:40]}",
            "use the version of evosynth that made it; its best.json can be read by any",
        )
    plugins = check_remembered(data.get("plugins"))
    found = data.get("primitives")
    if found != primitives():
        raise EnvironmentMismatchError(
            "the run was begun with other primitives:\n"
            + "\n".join(differences(dict(flattened(found)), dict(flattened(primitives())))),
            "load the same plug-ins and use the same version of evosynth",
        )
    try:
        optional = [data.get(name) for name in ("library_folder", "library")]
        if not all(text is None or isinstance(text, str) for text in optional):
            raise TypeError("expected text for the library")
        target = {name: data[name] for name in ("kind", "target")}
        spec = from_plain(data["spec"], Spec)
        _check_spec(spec)
        return Configuration(
            target={**target, "digest": data["digest"]},
            digest=data["digest"],
            spec=spec,
            limits=from_plain(data["limits"], Limits),
            library_folder=optional[0],
            library=optional[1],
            parent=_object(data.get("parent")),
            versions={str(name): str(text) for name, text in data["versions"].items()},
            result=_object(data.get("result")),
            evaluator=_line(data.get("evaluator", "")),
            scored_by=_lines(data.get("scored_by", {})),
            plugins=plugins,
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"not the configuration of a run: {error!r}"[:200]) from error


def _check_spec(spec: Spec) -> None:
    sizes = (spec.islands, spec.population, spec.capacity, spec.turn, spec.turns, spec.migration)
    largest = (MOST_ISLANDS, MOST_GENOMES, LONGEST_GENOME, *[MOST_EVALUATIONS] * 3)
    if not all(0 < size <= most for size, most in zip(sizes, largest, strict=True)):
        raise ValueError("numbers of islands, genomes or turns that no run has")
    genes = spec.islands * spec.population * spec.capacity, spec.turn * spec.capacity
    if max(genes) > MOST_GENES:
        raise ValueError("more genes than any run has")
    if spec.seed < 0 or spec.restart <= 0:
        raise ValueError("expected a seed of at least 0 and a restart above 0")


def _object(value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise TypeError("expected an object")
    return value


def _lines(value: Any) -> dict[str, str]:
    names = ("evaluator", "device")
    if not isinstance(value, dict) or (value and sorted(value) != sorted(names)):
        raise TypeError("expected the names of an evaluator and of its device")
    return {name: _line(value[name]) for name in names if value}


def _line(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_LINE or not value.isprintable():
        raise TypeError("expected a line of text")
    return value


def primitives() -> dict[str, list[str]]:
    """Returns the names of all that genomes are made of, in order: their numbers are genes."""
    seams: dict[str, Registry[Any]] = {
        "blocks": PRIMITIVES,
        "patterns": PATTERNS,
        "scalars": SCALARS,
        "vectors": VECTORS,
    }
    return {name: list(registry.names()) for name, registry in seams.items()}


def identity(target: AnyTarget, spec: Spec, library: str | None = None) -> dict[str, Any]:
    """Returns what a run cannot change: everything that decides its bits."""
    return {
        "target": target.digest,
        "title": target.title,
        "library": library,
        "primitives": primitives(),
        **to_plain(spec, Spec),
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Returns what differs, a line each."""
    return [
        f"  {name}: {_change(before.get(name), now.get(name))}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]


def _change(before: Any, now: Any) -> str:
    """Returns what became of a value; of a list, what went and what came."""
    if isinstance(before, list) and isinstance(now, list):
        gone = [f"-{item}" for item in before if item not in now]
        new = [f"+{item}" for item in now if item not in before]
        return _short(", ".join([*gone, *new]) or "another order")
    return f"{_short(before)} -> {_short(now)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def flattened(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the members of objects within objects by their path."""
    if not isinstance(data, dict):
        yield name, data
        return
    for key, value in data.items():
        yield from flattened(value, f"{name}.{key}" if name else str(key))
