"""What the command line says of itself: pages, examples, and options that mean one thing."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

import evosynth as es
from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.formats import FORMATS
from dsl.samples import SAMPLED
from dsl.targets import SCALINGS, TARGETS
from evosynth import catalogue
from evosynth.cli import known_names
from evosynth.cli.help_page import Page
from evosynth.cli.main import CHAPTERS, cli
from evosynth.executors.base import EXECUTORS
from evosynth.settings import LIBRARIES
from evosynth.strategies import STRATEGIES
from fitness.evaluators import EVALUATORS
from tests.test_readme import assert_parses, commands

LONGEST_LINE = 100


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yields path and command, those of groups too."""
    for name, command in cli.commands.items():
        yield name, command
        if isinstance(command, click.Group):
            for inner, each in command.commands.items():
                yield f"{name} {inner}", each


PAGES = dict(every_command())
each_page = pytest.mark.parametrize("name", PAGES)


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(cli, [*arguments], prog_name="evosynth")
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Returns options by their long name, without the dashes."""
    return {
        name[2:]: parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name.startswith("--")
    }


# Pages


def test_evosynth_alone_is_three_lines_and_a_command_to_copy() -> None:
    *lines, command = shown().splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= LONGEST_LINE
    assert command == "evosynth run --target dft --n 16"
    assert "evosynth --help" in lines[-1]
    for name in set(re.findall(r"`(?:evosynth )?(\w+)`", "\n".join(lines))):
        assert name in cli.commands


def test_help_lists_every_command_once_under_its_purpose() -> None:
    text = shown("--help")
    for name in cli.commands:
        assert len(re.findall(rf"^  {name} +\S", text, re.MULTILINE)) == 1, name
    headings = [f"{title}:" for title in CHAPTERS]
    assert [line for line in text.splitlines() if line in headings] == headings
    listed = {command.name for chapter in CHAPTERS.values() for command in chapter}
    assert listed == set(cli.commands)
    assert "..." not in text.partition("\n")[2], "no summary is cut"


@each_page
def test_every_command_has_a_page(name: str) -> None:
    command, text = PAGES[name], shown(*name.split(), "--help")
    assert isinstance(command, Page)
    assert command.help
    assert re.match(r"[A-Z].*\.$", command.help.split("\n\n")[0], re.DOTALL)
    for option in options_of(command).values():
        assert option.help, f"{name} --{option.name} has no help"
        assert option.opts[0] in text
    assert max(map(len, text.splitlines())) <= LONGEST_LINE
    for code, meaning in command.exit_codes.items():
        assert re.search(rf"^  {code} +{re.escape(meaning[:20])}", text, re.MULTILINE)


@each_page
def test_every_command_has_examples_that_can_be_typed(name: str) -> None:
    command, text = PAGES[name], shown(*name.split(), "--help")
    assert isinstance(command, Page)
    assert command.examples
    for example in command.examples:
        assert f"\n  {example}\n" in text, "an example is one line"
        found = [arguments for _, arguments in commands(f"```sh\n{example}\n```")]
        if "$(" in example:
            found = [shlex.split(re.findall(r"\$\(evosynth (.*?)\)", example)[0])]
        assert found, example
        for arguments in found:
            assert_parses(arguments)
    assert any(f"evosynth {name}" in example for example in command.examples) or (
        f" {name}" in " ".join(command.examples)
    )
    for other in command.see:
        assert other in PAGES
    if name in es.__all__:
        assert f"in Python `es.{name}`" in " ".join(text.split())


def test_an_example_that_is_wrong_would_be_found() -> None:
    with pytest.raises(AssertionError, match="No such option"):
        assert_parses(shlex.split("run --target dft --m 16"))


def test_a_page_puts_options_under_headings() -> None:
    text = shown("run", "--help")
    headings = [line for line in text.splitlines() if re.fullmatch(r"\S.*:", line)]
    assert headings[:3] == ["Target:", "An algorithm for every size:", "Approximate programs:"]
    assert headings[-4:] == ["Options:", "Examples:", "Exit codes:", "See also:"]
    target = text[text.index("\nTarget:") : text.index("\nAn algorithm for every size:")]
    assert "--n N" in target
    assert "--seed" not in target


# Names


def test_names_that_are_written_out_are_those_that_there_are() -> None:
    costs, objectives = catalogue.costs(), catalogue.objectives()
    for written, registered in {
        "TRANSFORMS": TARGETS.names(),
        "FUNCTIONS": SAMPLED.names(),
        "PRODUCTS": [row["name"] for row in catalogue.products()],
        "FORMATS": FORMATS.names(),
        "EXECUTORS": EXECUTORS.names(),
        "STRATEGIES": STRATEGIES.names(),
        "EVALUATORS": {*EVALUATORS.names(), "auto"} - {"reference"},  # slow, for tests
        "COSTS": [row["name"] for row in costs],
        "OBJECTIVES": [row["name"] for row in objectives],
        "SCALINGS": SCALINGS,
        "LIBRARIES": LIBRARIES,
        "ALGORITHM_FORMATS": set(ALGORITHM_FORMATS.names()) - set(FORMATS.names()),
    }.items():
        assert sorted(getattr(known_names, written)) == sorted(registered), written


def test_names_of_experiments_and_rivals_are_those_that_there_are() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    assert sorted(known_names.EXPERIMENTS) == sorted(row["name"] for row in es.experiments())
    assert sorted(known_names.BASELINES) == sorted(row["name"] for row in es.baselines())


def test_help_names_every_strategy_and_format() -> None:
    for names, command in ((STRATEGIES, "run"), (FORMATS, "show"), (FORMATS, "export")):
        text = shown(command, "--help")
        for name in names.names():
            assert name in text


# Options mean one thing everywhere

# Where one command takes fewer or more values than another, and why.
REPEATED = {("bench", "precision")}  # it times several at once
SHORT = {"output": "-o", "quiet": "-q", "help": "-h"}


def meanings() -> dict[str, dict[str, click.Option]]:
    """Returns, for every long name, the options of that name by their command."""
    found: dict[str, dict[str, click.Option]] = {}
    for name, command in PAGES.items():
        for long, option in options_of(command).items():
            found.setdefault(long, {})[name] = option
    return found


def assert_alike(options: dict[str, click.Option], long: str) -> None:
    """Checks that an option is of one type, takes one kind of value, has one short name."""
    one = {
        (o.type.to_info_dict()["param_type"], o.is_flag, o.multiple)
        for name, o in options.items()
        if (name, long) not in REPEATED
    }
    assert len(one) == 1, f"--{long} is of several types: {one}"
    assert len({o.type.name for o in options.values()}) == 1, f"--{long}"
    shorts = {tuple(n for n in o.opts if not n.startswith("--")) for o in options.values()}
    assert len(shorts) == 1, f"--{long} has several short names: {shorts}"
    values = [set(re.split(r"[|\[\]]", o.metavar or "")) for o in options.values()]
    # A command may take fewer of the kinds of value, never others; of files only the suffix
    # differs.
    widest = max(values, key=len)
    files = all(m.startswith("FILE") or m.startswith(".") for v in values for m in v)
    assert files or all(value <= widest for value in values), f"--{long}: {values}"


@pytest.mark.parametrize("long", meanings())
def test_an_option_means_the_same_in_every_command(long: str) -> None:
    options = meanings()[long]
    assert_alike(options, long)
    for option in options.values():
        assert [n for n in option.opts if not n.startswith("--")] == (
            [SHORT[long]] if long in SHORT else []
        )
        assert option.is_flag or option.metavar, f"--{long} says what it takes"


def test_options_that_differ_would_be_found() -> None:
    text, whole = (click.Option(["--n"], type=kind, metavar="N") for kind in (str, int))
    with pytest.raises(AssertionError, match="several types"):
        assert_alike({"a": text, "b": whole}, "n")
    other = click.Option(["--n"], type=int, metavar="M")
    with pytest.raises(AssertionError, match="--n"):
        assert_alike({"a": other, "b": whole}, "n")
    short = click.Option(["-n", "--n"], type=int, metavar="N")
    with pytest.raises(AssertionError, match="short"):
        assert_alike({"a": short, "b": whole}, "n")


@pytest.mark.parametrize("long", ["json", "quiet", "output", "out", "seed", "n"])
def test_options_that_everybody_has_exist(long: str) -> None:
    assert len(meanings()[long]) >= 3


# Of one command that is typed; in Python one imports a plug-in, or calls es.load_plugin, and
# reads a file by es.read_config.
TYPED = {"json", "quiet", "plugin", "help", "config", "dry-run"}
# Of functions that are called: what they do is seen, and waited for, in Python.
CALLED = {"report", "watch", "pause"}
# Options of a command whose function is another's, or an object's that it returns.
ELSEWHERE = {
    "bench": {"output"},  # stores what es.bench returns
    "front": {"output"},  # Front.save
    "report": {"open"},
    "serve": set(),
}
# What is repeated on the command line is a list in Python.
PLURALS = {"batch": "batches", "precision": "precisions", "cores": "cores"}
# Arguments that the command line has no need of.
ONLY_IN_PYTHON = {"records": {"folder"}}
# Python takes these by **options or **request.
OF_FORMATS = {option.replace("_", "-") for row in catalogue.formats() for option in row["options"]}
WITH_FUNCTION = [name for name in PAGES if name in es.__all__]


@pytest.mark.parametrize("name", WITH_FUNCTION)
def test_options_are_named_as_the_arguments_of_python(name: str) -> None:
    command = PAGES[name]
    signature = inspect.signature(getattr(es, name)).parameters
    arguments = {n for n, p in signature.items() if p.kind is not p.VAR_KEYWORD}
    options = set(options_of(command)) - TYPED - ELSEWHERE.get(name, set())
    is_open = any(p.kind is p.VAR_KEYWORD for p in signature.values())
    if is_open:
        options -= OF_FORMATS if name in ("show", "export") else set(meanings_of_targets())
    if name == "bench":
        options = {PLURALS[option] for option in options}
    assert {option.replace("-", "_") for option in options} - arguments == set()
    positional = set(list(signature)[: sum(isinstance(p, click.Argument) for p in command.params)])
    rest = arguments - positional - CALLED - ONLY_IN_PYTHON.get(name, set())
    given = {option.replace("-", "_") for option in options_of(command)}
    given |= {PLURALS.get(option, option) for option in given}
    given |= {p.name or "" for p in command.params if isinstance(p, click.Argument)}
    assert rest - given == set()


def meanings_of_targets() -> dict[str, Any]:
    """Returns the options that describe a target, but for its name and its size."""
    run = inspect.signature(es.run).parameters
    return {name.replace("_", "-"): None for name in run}


def test_functions_with_commands_are_found() -> None:
    assert {"run", "resume", "fork", "show", "export", "refine", "compare"} <= set(WITH_FUNCTION)
    assert len(WITH_FUNCTION) >= 18


def test_options_that_commands_share_are_the_same() -> None:
    """Those of where and how long a search works; help and order too."""
    names = ["evaluations", "seconds", "patience", "goal"]
    names += ["workers", "executor", "scheduler", "scheduler_file", "epoch_seconds"]
    names += ["evaluator", "device"]
    shared = [
        [p.to_info_dict() for p in cli.commands[command].params if p.name in names]
        for command in ("run", "resume", "fork")
    ]
    assert [each["name"] for each in shared[0]] == names
    assert shared[0] == shared[1] == shared[2]
