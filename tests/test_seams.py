"""Every seam: its members are listed, its modules have names of their own."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from dsl.errors import UsageError
from dsl.registry import Registry

ROOT = Path(__file__).parent.parent
PACKAGES = ("dsl", "evosynth", "fitness", "gradient_baselines", "experiments")
SEAMS = (
    "dsl/algorithm_formats",
    "dsl/costs",
    "dsl/formats",
    "dsl/patterns",
    "dsl/primitives",
    "dsl/rewrites",
    "dsl/samples",
    "dsl/scalars",
    "dsl/targets",
    "dsl/vectors",
    "evosynth/executors",
    "evosynth/strategies",
    "experiments",
    "fitness/evaluators",
    "fitness/objectives",
    "gradient_baselines/activations",
    "gradient_baselines/functions",
    "gradient_baselines/transforms",
)
# Decorators that register what they decorate.
DECLARERS = {"pattern", "primitive", "sampled_family", "scalar", "target_family"}
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_member(path: Path) -> bool:
    """Says whether a file registers something at its top level."""
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef):
            calls = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
            if any(isinstance(call, ast.Name) and call.id in DECLARERS for call in calls):
                return True
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
            attributes = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
            if any(attribute.attr == "register" for attribute in attributes):
                return True
    return False


def imports_of(folder: str) -> list[ast.ImportFrom]:
    nodes = parse(ROOT / folder / "__init__.py").body
    return [node for node in nodes if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("folder", SEAMS)
def test_every_member_is_in_the_table_of_contents(folder: str) -> None:
    files = {path.stem: path for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"}
    members = {stem for stem, path in files.items() if is_member(path)}
    package = folder.replace("/", ".")
    listed = {(node.module or "").removeprefix(f"{package}.") for node in imports_of(folder)}
    assert len(members) >= 2
    assert members <= listed, "import the new member in __init__.py"


@pytest.mark.parametrize("folder", SEAMS)
def test_registry_is_filled_by_importing_the_package(folder: str) -> None:
    package = importlib.import_module(folder.replace("/", "."))
    registries = [value for value in vars(package).values() if isinstance(value, Registry)]
    assert len(registries) == 1
    members = [path for path in (ROOT / folder).glob("*.py") if is_member(path)]
    assert len(registries[0]) >= len(members)
    imported = [alias.name for node in imports_of(folder) for alias in node.names]
    assert sorted(package.__all__) == sorted(imported)


@pytest.mark.parametrize("folder", SEAMS)
def test_members_describe_themselves_in_a_line(folder: str) -> None:
    package = importlib.import_module(folder.replace("/", "."))
    (registry,) = (value for value in vars(package).values() if isinstance(value, Registry))
    for member in registry:
        assert member.name
        assert "\n" not in member.summary
        assert 10 <= len(member.summary) <= 100


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_named_like_one_of_the_standard_library(path: Path) -> None:
    name = path.parent.name if path.stem in ("__init__", "__main__") else path.stem
    assert name not in sys.stdlib_module_names


# Registries


class Member:
    def __init__(self, name: str) -> None:
        self.name = name


def registry(*names: str) -> Registry[Any]:
    made: Registry[Any] = Registry("thing")
    for name in names:
        made.register(Member(name))
    return made


def test_registry_keeps_the_order() -> None:
    things = registry("b", "a", "c")
    assert things.names() == ("b", "a", "c")
    assert [member.name for member in things] == ["b", "a", "c"]
    assert (len(things), things.index("c")) == (3, 2)
    assert "a" in things
    assert "d" not in things
    assert 1 not in things
    assert things.get("a").name == "a"


def test_registry_refuses_a_second_member_of_a_name() -> None:
    things = registry("a")
    with pytest.raises(UsageError, match="thing 'a' is registered already"):
        things.register(Member("a"))
    assert len(things) == 1


def test_registry_suggests_the_nearest_name() -> None:
    things = registry("butterfly", "scale")
    with pytest.raises(UsageError, match="unknown thing 'buterfly'") as caught:
        things.get("buterfly")
    assert caught.value.hint == "did you mean 'butterfly'? known: butterfly, scale"
    with pytest.raises(UsageError) as caught:
        things.index("zzz")
    assert caught.value.hint == "known: butterfly, scale"
