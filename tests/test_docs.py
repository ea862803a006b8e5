"""What the program says to others stands in docs/, and what docs name exists.

A failing test prints the rows to add or to strike.
"""

import ast
import importlib
import importlib.util
import re
from collections.abc import Sequence
from functools import cache

import click
import pytest

from kernel.settings import settings_table
from tests.promises import ROOT, TOP, error_rows, other_codes, topics, verbs, wrong_names
from tests.walls import FLOOR, Source, parsed

NAMED_BY = ("docs/TOUR.md", "README.md", "CONTRIBUTING.md")


@cache
def rooms() -> Sequence[Source]:
    """Parse every file of the rooms."""
    paths = sorted(path for room in FLOOR for path in (ROOT / room).rglob("*.py"))
    return [
        parsed(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in paths
    ]


@cache
def files() -> frozenset[str]:
    """List every file and folder that a page may name."""
    inside = (path for top in TOP for path in (ROOT / top).rglob("*"))
    paths = (*inside, *ROOT.iterdir())
    return frozenset(path.relative_to(ROOT).as_posix() for path in paths)


def page(name: str) -> str:
    """Read a page of documentation; fail with its name if nobody has written it."""
    path = ROOT / name
    assert path.exists(), f"{name} is not written yet"
    return path.read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Read the table rows of a page whose first cell is one name in backticks."""
    lines = (line for line in text.splitlines() if re.match(r"\| `[^`]+` \|", line))
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def table(lines: set[tuple[str, ...]]) -> str:
    """Write rows as they would stand in a page."""
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in sorted(lines))


def test_every_error_code_stands_in_docs_with_its_status() -> None:
    declared = {(code, status): meaning for code, status, meaning in error_rows(rooms())}
    written = {(row[0], row[1]) for row in rows(page("docs/errors.md"))}

    mapping = next(each for each in rooms() if each.path == "service/problems.py")
    others = other_codes(mapping)

    missing = {(*key, declared[key]) for key in declared.keys() - written}
    missing |= {(code, "?", "?") for code in others - {code for code, _ in written}}
    strange = {row for row in written - declared.keys() if row[0] not in others}
    assert not missing, f"docs/errors.md lacks:{table(missing)}"
    assert not strange, f"no such error, or another status:{table(strange)}"


def test_every_topic_stands_in_docs() -> None:
    declared = {(f"`{topic}`",) for topic in topics(rooms())}
    written = {(row[0],) for row in rows(page("docs/events.md"))}

    assert declared
    assert declared <= written, f"docs/events.md lacks:{table(declared - written)}"
    assert written <= declared, f"no such topic:{table(written - declared)}"


def test_every_setting_stands_in_docs_with_its_default() -> None:
    declared = {
        (f"`{name}`", f"`{default}`" if default else "empty")
        for name, default, _ in settings_table()
    }
    written = {(row[0], row[1]) for row in rows(page("docs/settings.md"))}

    assert declared <= written, f"docs/settings.md lacks:{table(declared - written)}"
    assert written <= declared, f"no such setting:{table(written - declared)}"


def test_every_variable_in_the_code_stands_in_docs() -> None:
    known = set(re.findall(r"`(HOCPHI_\w+)`", page("docs/settings.md")))
    used = {
        node.value
        for source in rooms()
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"HOCPHI_[A-Z_]+", node.value)
    }

    assert used <= known, f"docs/settings.md lacks {sorted(used - known)}"


def test_every_verb_stands_in_docs() -> None:
    assert importlib.util.find_spec("service.cli"), "service/cli.py is not written yet"
    named = vars(importlib.import_module("service.cli")).values()
    program = next(each for each in named if isinstance(each, click.Group))
    paths = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())

    found = list(verbs(program))
    missing = [verb for verb in found if not re.search(rf"hocphi {verb}(?![\w-])", text)]

    assert found
    assert not missing, f"no page of docs/ says: {', '.join(f'hocphi {verb}' for verb in missing)}"


@pytest.mark.parametrize("name", NAMED_BY)
def test_what_a_page_names_exists(name: str) -> None:
    wrong = list(wrong_names(page(name), files()))

    assert not wrong, f"{name} names what is not there: {', '.join(wrong)}"


def test_a_link_between_pages_leads_somewhere() -> None:
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in paths
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]

    assert not broken


def test_no_page_or_script_names_the_host_of_a_registry() -> None:
    hosts = [
        ".".join(parts)
        for parts in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("debian", "org"),
            ("unpkg", "com"),
            ("jsdelivr", "net"),
        ]
    ]
    inside = [
        path
        for top in ("docs", "scripts", ".ci")
        for path in (ROOT / top).rglob("*")
        if path.suffix != ".png"
    ]
    paths = [*inside, *ROOT.glob("*.md"), *ROOT.glob("*.lock"), ROOT / "pyproject.toml"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}

    assert not [(name, host) for name, text in texts.items() for host in hosts if host in text]


def test_an_undocumented_error_is_found_with_its_kind() -> None:
    sources = [
        parsed("payments/a.py", 'class Late(Base):\n    """Too late."""\n    code = "late"'),
        parsed(
            "payments/b.py", 'class Base(Conflict):\n    """Closed."""\n    code: str = "closed"'
        ),
        parsed("payments/c.py", 'class Other:\n    code = "other"'),
    ]

    assert set(error_rows(sources)) == {
        ("`late`", "409", "Too late."),
        ("`closed`", "409", "Closed."),
    }


def test_codes_of_the_framework_are_found_and_log_events_are_not() -> None:
    text = 'log.error("request_failed")\nproblem(500, "internal_error", "not a code")'

    assert other_codes(parsed("service/problems.py", text)) == {"`internal_error`"}


def test_topics_are_read_from_their_enum() -> None:
    source = parsed("x.py", 'class Topic(StrEnum):\n    """Facts."""\n    PAID = "invoice.paid"')

    assert topics([source]) == {"invoice.paid"}


def test_verbs_are_walked_through_groups() -> None:
    inner = click.Group("import", commands=[click.Command("bundle"), click.Command("roster")])

    found = set(verbs(click.Group("hocphi", commands=[inner, click.Command("settle")])))

    assert found == {"import bundle", "import roster", "settle"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`kernel/money.py` and `kernel/money.py:share`, `money.py`", []),
        ("`kernel/nothing.py`", ["kernel/nothing.py"]),
        ("`kernel/money.py:nothing`", ["kernel/money.py:nothing"]),
        ("kernel/ holds money.py gold.py", ["gold.py"]),
        ("`scripts/nothing --once` and `docs/nothing/`", ["docs/nothing/", "scripts/nothing"]),
        ("`webhooks/banks/<name>.py`, `/p/{token}`, `invoice.paid`, `pip install x`", []),
        ("`kernel/errors.py:NotFound`, `kernel/clock.py:Clock.now`, `kernel/money.py:Dong`", []),
    ],
)
def test_a_name_that_is_not_there_is_found(text: str, wrong: list[str]) -> None:
    assert list(wrong_names(text, files())) == wrong
