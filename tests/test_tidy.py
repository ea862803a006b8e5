"""The walls hold in the whole tree, and each wall falls on a planted breach."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests import walls, walls_inside
from tests.walls import FLOOR, PURE, Source, circles, parsed, unnamed
from tests.walls_inside import COLUMNS_MAX, FUNCTION_MAX, LINES_MAX

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "docs" / "TOUR.md"

Rule = Callable[[Source], Iterator[str]]
RULES: Sequence[Rule] = walls.BETWEEN + walls_inside.INSIDE


def named(rule: Rule) -> str:
    """Name a rule in the list of tests."""
    return rule.__name__


@cache
def tree() -> Sequence[Source]:
    """Parse every file of Python in the checkout, once for all tests."""
    folders = [ROOT / name for name in (*FLOOR, "migrations", "tests")]
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return [
        parsed(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in paths
    ]


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_whole_tree_keeps_the_wall(rule: Rule) -> None:
    breaches = [breach for source in tree() for breach in rule(source)]

    assert not breaches, "\n" + "\n".join(breaches)


PLANTED: Sequence[tuple[Rule, str, str]] = [
    (walls.ladder, "payments/issue.py", "from reconciliation.model import Direction"),
    (walls.ladder, "reports/reads.py", "import reconciliation.reads"),
    (walls.ladder, "kernel/db.py", "from payments import model"),
    (walls.ladder, "webhooks/push.py", "from service.app import app"),
    (walls.ladder, "payments/issue.py", "from .model import Invoice"),
    (walls.ladder, "payments/issue.py", "from tests.payments.makers import make_invoice"),
    (walls.stairs, "payments/reads.py", "from payments.issue import issue"),
    (walls.stairs, "payments/allocation.py", "from payments import tables"),
    (walls.stairs, "payments/issue.py", "from payments.schemas import Charge"),
    (walls.pure, "payments/allocation.py", "from payments.reads import fees"),
    (walls.pure, "payments/allocation.py", "import structlog"),
    (walls.pure, "payments/allocation.py", "import random"),
    (walls.pure, "payments/allocation.py", "import os.path"),
    (walls.pure, "payments/allocation.py", "from kernel.settings import Settings"),
    (walls.pure, "payments/allocation.py", "from kernel.clock import utc_now"),
    (walls.pure, "webhooks/banks/one.py", "from webhooks import reads"),
    (walls.pure, "reconciliation/memo.py", "from datetime import date\nday = date.today()"),
    (walls.pure, "reconciliation/memo.py", "async def read(): ..."),
    (walls.foreign_writes, "reconciliation/settle.py", "from payments.writes import lay"),
    (walls.foreign_writes, "reconciliation/settle.py", "from payments import writes"),
    (walls.foreign_writes, "service/app.py", "import payments.writes_roster"),
    (walls.late_imports, "payments/issue.py", "def issue():\n    import json"),
    (walls.late_imports, "tests/test_x.py", "def test_x():\n    from json import loads"),
    (walls.late_imports, "webhooks/push.py", "import_module('payments.fees')"),
    (walls.late_imports, "webhooks/push.py", "if TYPE_CHECKING: import json"),
    (walls_inside.sql, "payments/issue.py", "q = 'select id from invoice'"),
    (walls_inside.sql, "payments/issue.py", "q = f'DELETE FROM {table} WHERE id = 1'"),
    (walls_inside.sql, "payments/issue.py", "q = '''\n insert into invoice values (1)'''"),
    (walls_inside.sql, "payments/issue.py", "q = 'update invoice set paid = 1'"),
    (walls_inside.sql, "payments/issue.py", "q = 'with x as (select 1) select x'"),
    (walls_inside.sql, "payments/issue.py", "from sqlalchemy import select"),
    (walls_inside.sql, "service/app.py", "from sqlalchemy.dialects.postgresql import insert"),
    (walls_inside.transactions, "payments/issue.py", "db.transaction(Door())"),
    (walls_inside.transactions, "service/views.py", "service.state.db.transaction(Desk((1,)))"),
    (walls_inside.transactions, "webhooks/routes_banks.py", "tx.commit()"),
    (walls_inside.transactions, "webhooks/receive.py", "engine.begin()"),
    (walls_inside.size, "payments/issue.py", "\n" * (LINES_MAX + 1)),
    (walls_inside.size, "tests/test_x.py", "x = '" + "đ" * COLUMNS_MAX + "'"),
    (walls_inside.size, "payments/issue.py", "def issue():\n" + "    x = 1\n" * FUNCTION_MAX),
    (walls_inside.names, "payments/utils.py", ""),
    (walls_inside.names, "payments/models/fees.py", ""),
    (walls_inside.names, "payments/issue.py", "class RoundManager: ..."),
    (walls_inside.names, "payments/issue.py", "def load_data(): ..."),
    (walls_inside.names, "payments/issue.py", "async def process_batch(): ..."),
    (walls_inside.names, "payments/issue.py", "class X:\n    def _handle(self): ..."),
    (walls_inside.log_events, "payments/issue.py", "log.info(f'{x}_settled')"),
    (walls_inside.log_events, "payments/issue.py", "log.info('Credits settled')"),
    (walls_inside.log_events, "payments/issue.py", "log.bind(a=1).warning(event)"),
    (walls_inside.log_events, "payments/issue.py", "log.error('settle_credits', x=1)"),
    (walls_inside.log_events, "payments/issue.py", "log.error()"),
    (walls_inside.fractions, "payments/allocation.py", "x = total / 2"),
    (walls_inside.fractions, "payments/allocation.py", "x /= y"),
    (walls_inside.fractions, "payments/allocation.py", "x = a / b"),
    (walls_inside.fractions, "kernel/money.py", "x = 0.5"),
    (walls_inside.fractions, "webhooks/banks/one.py", "from decimal import Decimal"),
    (walls_inside.fractions, "payments/tables.py", "Column('x', Numeric)"),
    (walls_inside.room_docstring, "payments/__init__.py", "'''Room.'''\nfrom payments import fees"),
    (walls_inside.room_docstring, "payments/__init__.py", ""),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_the_wall_falls_on_a_planted_breach(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parsed(path, text)))


ALLOWED: Sequence[tuple[Rule, str, str]] = [
    (walls.ladder, "webhooks/push.py", "from reports.reads import rates\nimport kernel.db"),
    (walls.stairs, "payments/issue.py", "from payments import writes\nfrom payments.fees import x"),
    (
        walls.pure,
        "payments/allocation.py",
        "from kernel.money import Dong\nfrom datetime import date",
    ),
    (walls.pure, "webhooks/banks/one.py", "from webhooks.banks import two"),
    (walls.foreign_writes, "payments/issue.py", "from payments.writes import lay"),
    (walls.late_imports, "service/cli.py", "import_module('service.demo')"),
    (walls_inside.sql, "payments/reads_desk.py", "q = 'select id from invoice'"),
    (walls_inside.sql, "payments/issue.py", "def issue():\n    '''Select one from many.'''"),
    (walls_inside.transactions, "payments/routes_rounds.py", "db.transaction(Desk((1,)))"),
    (walls_inside.transactions, "payments/bundle.py", "writes_bundle.begin(tx)"),
    (walls_inside.size, "payments/issue.py", "\n" * LINES_MAX),
    (walls_inside.names, "kernel/db.py", "metadata = 1\ndef in_process(): ..."),
    (walls_inside.log_events, "payments/issue.py", "log.info('credits_settled', matched=4)"),
    (walls_inside.fractions, "payments/catalogue.py", "path = HERE / 'fee_items.csv'"),
    (walls_inside.fractions, "payments/bundle.py", "path = folder / file.name"),
    (walls_inside.room_docstring, "payments/__init__.py", "'''Room.'''"),
]


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_the_wall_lets_good_code_through(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parsed(path, text))) == []


def test_every_rule_has_a_planted_breach_and_a_good_example() -> None:
    assert {rule for rule, _, _ in PLANTED} == {rule for rule, _, _ in ALLOWED} == set(RULES)


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert list(circles(tree())) == []


def test_a_planted_circle_is_found() -> None:
    ring = [
        parsed("payments/issue.py", "from payments.adjust import adjust"),
        parsed("payments/adjust.py", "from payments import ledger"),
        parsed("payments/ledger.py", "import payments.issue"),
    ]

    assert len(list(circles(ring))) == 1
    assert list(circles(ring[:2])) == []


def test_every_file_of_a_room_is_named_by_the_tour() -> None:
    assert TOUR.exists(), "docs/TOUR.md is not written yet"

    breaches = list(unnamed(tree(), TOUR.read_text(encoding="utf-8")))

    assert not breaches, "\n" + "\n".join(breaches)


def test_a_file_counts_as_named_by_its_path_or_in_the_lines_of_its_room() -> None:
    sources = [parsed(f"{room}/fees.py", "") for room in ("payments", "reports")]
    tour = "**payments/** never hears a bank\n  `fees.py` `issue.py`\n\n# Recipes\nfees.py"

    assert list(unnamed(sources, tour)) == ["reports/fees.py: docs/TOUR.md does not name it"]
    assert list(unnamed(sources, tour + " and reports/fees.py")) == []


def test_the_pure_list_names_files_that_exist() -> None:
    missing = [pattern for pattern in PURE if not any(ROOT.glob(pattern))]

    assert not missing or not TOUR.exists(), f"PURE in tests/walls.py names no file by {missing}"


@pytest.mark.parametrize("name", ["demo", "test", "check", "serve", "bench"])
def test_a_script_is_a_few_lines_of_plain_sh(name: str) -> None:
    path = ROOT / "scripts" / name
    lines = path.read_text(encoding="ascii").splitlines()

    assert lines[0] == "#!/bin/sh"
    assert len(lines) <= 10
    assert path.stat().st_mode & 0o111 == 0o111


def test_the_shared_set_up_fits_one_page() -> None:
    assert len((ROOT / "scripts" / "setup.sh").read_text(encoding="ascii").splitlines()) <= 60
