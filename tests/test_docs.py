"""The documentation: commands exist, links hold, examples run and print what pages show.

`pytest -m docs` runs the pages and the notebooks and builds the site; the rest is checked always.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pytest
from page_runner import check_output
from test_readme import assert_parses, blocks, commands

from docs.builder.command_reference import write_commands
from docs.builder.markdown import rewrite_prose
from docs.builder.places import CONFIGURATION, DOCS, ROOT, SITE, pages
from docs.builder.staging import LINK, DeadLinkError, cite, keys, place_of, relinked
from evosynth.cli.main import cli

RUNNER = Path(__file__).with_name("page_runner.py")
PAGES = pages()
OTHERS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
OTHERS += [ROOT / name / "README.md" for name in ("examples", "experiments")]
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
EXECUTED = ("sh", "python")
SECONDS = 240


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
each_text = pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)


def is_executed(page: Path) -> bool:
    return any(kind.split(" ")[0] in EXECUTED for _, kind, _ in blocks(page.read_text()))


# What is checked always.


@each_page
def test_commands_of_pages_exist(page: Path) -> None:
    for line, arguments in commands(page.read_text()):
        if len(arguments) == 1 and arguments[0] in cli.commands:
            continue  # the text names it
        try:
            assert_parses(arguments)
        except AssertionError as error:
            raise AssertionError(f"{name_of(page)}, line {line}: {error}") from error


@each_page
def test_blocks_of_pages_name_their_language(page: Path) -> None:
    text = page.read_text()
    assert len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) == 2 * len(blocks(text))
    for line, kind, content in blocks(text):
        assert kind, f"line {line}: name the language of the block, for example sh or text"
        if kind.split(" ")[0] == "python":
            compile(content, name_of(page), "exec")


def anchors(text: str) -> set[str]:
    """Returns what headings are called in links."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {re.sub(r" +", "-", heading.strip()) for heading in words}


def links(page: Path) -> Iterator[str]:
    """Yields the links of a page, not those in code."""
    prose: list[str] = []
    rewrite_prose(page.read_text(), lambda text: prose.append(text) or text)
    for text in prose:
        yield from (match[2] for match in LINK.finditer(text))


GENERATED = [DOCS / "reference" / f"{name}.md" for name in ("commands", "python", "registries")]


@each_text
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists() or goal in GENERATED, f"no file '{link}'"
        if anchor and goal not in GENERATED:  # of these the renderer knows
            assert anchor in anchors(goal.read_text()), f"no heading '{link}'"


def test_a_dead_link_and_a_dead_citation_are_found() -> None:
    page = DOCS / "idea.md"
    assert relinked(page, "../CONTRIBUTING.md", []) == "repository/contributing.md"
    assert relinked(page, "../examples", []) == "repository/examples.md"
    with pytest.raises(DeadLinkError, match=r"no file '\.\./NOTHING\.md'"):
        relinked(page, "../NOTHING.md", [])
    assert cite("as [Yavne1968] says", place_of(page)) == (
        "as [\\[Yavne1968\\]](references.md#yavne1968) says"
    )
    with pytest.raises(DeadLinkError, match="Nobody1900"):
        cite("as [Nobody1900] says", place_of(page))


def navigated() -> list[str]:
    """Returns the pages of the navigation."""
    nav = CONFIGURATION.read_text().split("\nnav:\n")[1]
    return re.findall(r"^ +- (?:.*: )?(\S+\.md)$", nav, re.MULTILINE)


def test_every_page_is_in_the_navigation() -> None:
    made = {path.relative_to(DOCS).as_posix() for path in GENERATED}
    made |= {path.relative_to(DOCS).with_suffix(".md").as_posix() for path in [*PAGES, *NOTEBOOKS]}
    named = navigated()
    assert len(named) == len(set(named))
    assert made == {name for name in named if not name.startswith("repository/")}


def test_what_is_cited_is_listed() -> None:
    cited = {
        key
        for page in [*PAGES, *OTHERS]
        for key in re.findall(r"\[([A-Z]\w+[12]\d{3})\]", page.read_text())
    }
    assert cited <= keys()
    assert {"CooleyTukey1965", "Dao2019"} <= keys()


def commands_of(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{path}{name} ")


def test_the_reference_has_every_command_with_options_and_examples() -> None:
    text = write_commands()
    for name, command in commands_of(cli):
        section = text.split(f"### {name}\n")[1].split("\n### ")[0]
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[-1] in section, f"{name}: {parameter.opts}"
        assert f"```sh\nevosynth {name}" in section or "eval" in section, f"{name}: no example"


@pytest.mark.parametrize(
    ("expected", "printed", "is_right"),
    [
        ("a\n...\nc", "a\nb\nc", True),
        ("a ... c", "x\na b c", True),
        ("a\nb", "b\na", False),
        ("a", "a and more", False),
    ],
)
def test_outputs_are_compared(expected: str, printed: str, is_right: bool) -> None:
    if is_right:
        check_output(expected, printed, 1)
    else:
        with pytest.raises(AssertionError, match="not printed"):
            check_output(expected, printed, 1)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebooks_are_stored_with_their_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text())
    assert notebook["nbformat"] == 4
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["execution_count"] is not None, "run python -m docs.builder.notebook_pages"


# What takes minutes, and the extra `docs`.


@pytest.mark.docs
@pytest.mark.parametrize("page", [page for page in PAGES if is_executed(page)], ids=name_of)
def test_pages_run_and_print_what_they_show(page: Path, tmp_path: Path) -> None:
    found = blocks(page.read_text())
    if any("\ncc " in content for _, _, content in found) and not shutil.which("cc"):
        pytest.skip("no C compiler")
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [sys.executable, str(RUNNER)],
        input=json.dumps(found),
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.docs
def test_the_reference_has_every_public_name() -> None:
    from docs.builder.python_reference import GROUPS, write_python
    from evosynth.names import PUBLIC

    text = write_python()
    for name in PUBLIC:
        assert f"### es.{name}\n" in text
    listed = [name for names in GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))


@pytest.mark.docs
def test_the_reference_has_every_member() -> None:
    from docs.builder.registry_reference import write_registries
    from evosynth.plugins.seams import SEAMS

    text = write_registries()
    for kind, (registry, _) in SEAMS.items():
        for member in registry:
            if kind != "objective" or member.of_matrices is not None:
                assert f"| `{member.name}` |" in text, f"{kind} {member.name}"


@pytest.mark.docs
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebooks_run_and_print_what_is_stored(path: Path, tmp_path: Path) -> None:
    from docs.builder.notebook_pages import run_notebook

    stored = json.loads(path.read_text())["cells"]
    for before, after in zip(stored, run_notebook(path, tmp_path).cells, strict=True):
        if "varies" not in before.get("metadata", {}).get("tags", []):
            assert printed_by(before) == printed_by(after), "".join(before["source"])


def printed_by(cell: dict[str, Any]) -> str:
    """Returns what a cell printed, and the texts that stand for what it returned."""
    outputs = [each for each in cell.get("outputs", []) if each.get("name") != "stderr"]
    texts = [each.get("text", each.get("data", {}).get("text/plain", "")) for each in outputs]
    return "".join("".join(text) for text in texts)


class Resources(HTMLParser):
    """What a page of the site refers to.

    Attributes:
        loaded: What browsers fetch by themselves.
        links: Where people may click to.
        names: Elements that links may lead to.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names.add(given.get("id", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        self.loaded += [given[name] for name in ("src", "data", "poster") if name in given]
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(given.get("href", ""))


@pytest.fixture(scope="module")
def site() -> dict[Path, Resources]:
    """Builds the site; returns what each of its pages refers to."""
    command = [sys.executable, "-m", "docs.builder"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {page: Resources(page.read_text()) for page in SITE.rglob("*.html")}


@pytest.mark.docs
@pytest.mark.xdist_group("site")  # built once
def test_the_site_is_built_and_needs_nothing_from_elsewhere(site: dict[Path, Resources]) -> None:
    assert {SITE / name.replace(".md", ".html") for name in navigated()} <= set(site)
    for page, found in site.items():
        for resource in found.loaded:
            parts = urlsplit(resource)
            assert parts.scheme in ("", "data"), f"{page.name} loads {resource}"
            if not parts.scheme and page.name != "404.html":
                assert (page.parent / unquote(parts.path)).exists(), f"{page.name}: {resource}"
    styles = "".join(path.read_text() for path in SITE.rglob("*.css"))
    assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\s]*", styles)


@pytest.mark.docs
@pytest.mark.xdist_group("site")
def test_links_of_the_site_lead_somewhere(site: dict[Path, Resources]) -> None:
    for page, found in site.items():
        for link in found.links if page.name != "404.html" else []:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            goal = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            goal = goal / "index.html" if goal.is_dir() else goal
            assert goal.exists(), f"{page.name}: no page '{link}'"
            if parts.fragment and goal in site:
                assert unquote(parts.fragment) in site[goal].names, f"{page.name}: '{link}'"


@pytest.mark.docs
def test_a_dead_link_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    configuration = tmp_path / "mkdocs.yml"
    configuration.write_text("site_name: x\ndocs_dir: pages\nsite_dir: site\n")
    codes = []
    for text in ("# A page", "# A page\n\n[dead](nowhere.md)", "# A page\n\n[dead](#nowhere)"):
        (tmp_path / "pages" / "index.md").write_text(text)
        command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(configuration)]
        codes.append(subprocess.run(command, capture_output=True, check=False).returncode == 0)
    assert codes == [True, False, False]


@pytest.mark.docs
def test_pictures_are_what_the_program_says() -> None:
    from docs.builder.pictures import PICTURES, plain_pictures

    for name, text in plain_pictures().items():
        assert (PICTURES / name).read_text() == text, "run python -m docs.builder.pictures"
