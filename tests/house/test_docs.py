"""What the documentation says is true: commands and examples run, excerpts are in the files, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from command_line import mindferry
from mindferry.cli.group import group

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language in a page."""
    return [text for found, text in _BLOCK.findall(page.read_text("utf-8")) if found == language]


def command_lines(page: Path) -> Iterator[list[str]]:
    """The words of each line of a page's shell blocks."""
    for block in blocks(page, "sh"):
        yield from (shlex.split(line) for line in block.splitlines())


LINES = [(page, words) for page in PAGES for words in command_lines(page)]


def mindferry_arguments(words: list[str]) -> list[str] | None:
    """The arguments that reach mindferry, or None where the line is another command."""
    if words[0] == "mindferry":
        return words[1:]
    if words[:2] == ["sh", "ferry"]:
        return {"run": words[3:], "demo": ["demo", *words[3:]]}.get(words[2])
    return None


def parses(arguments: list[str]) -> None:
    """Raises where click would refuse the arguments."""
    context = click.Context(group, info_name="mindferry")
    name, command, rest = group.resolve_command(context, arguments)
    assert command is not None
    command.make_context(name, rest, parent=context)


@pytest.mark.parametrize(("page", "words"), LINES, ids=[f"{page.stem}: {' '.join(words)}" for page, words in LINES])
def test_commands_exist(page: Path, words: list[str]) -> None:
    arguments = mindferry_arguments(words)
    if arguments is not None:
        parses(arguments)
    elif words[:2] == ["sh", "ferry"]:
        assert re.search(rf"^{words[2]}\)$", (ROOT / "ferry").read_text(), re.MULTILINE)
    elif words[:2] == ["pip", "install"]:
        assert words[2].strip("'\"").startswith((".", "mindferry["))
    elif words[0].endswith("python"):
        assert words[1] == "-m" or (ROOT / words[1]).is_file()
    else:
        pytest.fail(f"nobody knows what {words} is")


def test_examples_of_the_help_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key.bin").write_bytes(bytes(16))
    context = click.Context(group, info_name="mindferry")
    lines = [line for name in group.list_commands(context) for line, _ in group.get_command(context, name).examples]
    assert len(lines) > 15
    for line in lines:
        words = shlex.split(line.split("<")[0].split("|")[0])
        if words[0] == "mindferry":
            parses(words[1:])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, both as files and under their path in the repository."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for example in ("digits", "photos"):
        for path in (ROOT / "examples" / example).iterdir():
            if path.suffix != ".md":
                (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "cli.md"], ids=lambda page: page.stem)
def test_commands_run(folder: Path, page: Path) -> None:
    """In their order, those that need MindSpore left out."""
    lines = [arguments for words in command_lines(page) if (arguments := mindferry_arguments(words)) is not None]
    run = [arguments for arguments in lines if "--net" not in arguments]
    assert len(run) >= 6
    for arguments in run:
        result = mindferry(*arguments)
        assert result.code == 0, f"mindferry {shlex.join(arguments)}: {result.err}"


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "api.md"], ids=lambda page: page.stem)
def test_python_runs(folder: Path, page: Path) -> None:
    names: dict[str, object] = {"images": np.zeros((2, 1, 32, 32), np.float32)}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


def test_excerpts_are_in_the_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    excerpts = re.findall(r"`((?:src|tests)/[\w/]+\.py)`:\n\n```python\n(.*?)```", text, re.DOTALL)
    assert len(excerpts) == 2
    for path, excerpt in excerpts:
        assert excerpt in (ROOT / path).read_text("utf-8"), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (page.parent / target).exists(), target
    for path in re.findall(r"`((?:src|tests|docs|examples|benchmarks)/[\w./-]*\w)`", text):
        assert (ROOT / path).exists(), path


def test_no_page_names_a_package_registry_host() -> None:
    for page in PAGES:
        assert not re.search(r"pypi\.org|files\.pythonhosted", page.read_text("utf-8")), page
