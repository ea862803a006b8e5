"""``hocphi import bundle`` and ``hocphi export invoices`` as an operator runs them."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.settings import Settings
from service.cli import main
from service.cli_export import export_invoices
from service.cli_import import import_bundle, table_of
from service.instance import Instance
from tests.database import TestDatabase
from tests.payments.bundles import KEY, everything, small_bundle, write

Run = Callable[..., tuple[int, str, str]]


def instance_of(database: TestDatabase) -> Instance:
    settings = Settings(code_key=KEY.hex(), page_key=KEY.hex(), public_url="https://pay.example/")
    urls = ("hocphi", "hocphi_worker", "hocphi_operator", "hocphi_owner")
    return Instance(settings, *(database.url(login) for login in urls))


async def test_a_dry_run_counts_everything_and_keeps_nothing(
    database: TestDatabase, tmp_path: Path
) -> None:
    instance, folder = instance_of(database), write(tmp_path, small_bundle())
    before = await everything(database)

    tried = await import_bundle(instance, folder, dry_run=True, keep_good=False)

    assert await everything(database) == before
    loaded = await import_bundle(instance, folder, dry_run=False, keep_good=False)
    assert table_of(tried) == table_of(loaded)
    assert "receivables                4             0         0" in table_of(loaded)


async def test_what_was_imported_is_exported(database: TestDatabase, tmp_path: Path) -> None:
    instance, out = instance_of(database), io.BytesIO()
    await import_bundle(instance, write(tmp_path, small_bundle()), dry_run=False, keep_good=False)

    await export_invoices(instance, out)

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["external_id"] for line in lines] == ["N1", "N2", "N4", "N3"]
    assert all(line["pay_url"].startswith("https://pay.example/p/") for line in lines)


@pytest.fixture
def run(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    for variable, login in (
        ("DATABASE_URL", "hocphi"),
        ("WORKER_DATABASE_URL", "hocphi_worker"),
        ("OPERATOR_DATABASE_URL", "hocphi_operator"),
        ("MIGRATE_DATABASE_URL", "hocphi_owner"),
    ):
        monkeypatch.setenv(variable, database.url(login))
    monkeypatch.setenv("HOCPHI_CODE_KEY", KEY.hex())
    monkeypatch.setenv("HOCPHI_PAGE_KEY", KEY.hex())

    def hocphi(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hocphi", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as left:
            status = int(left.code or 0)
        return status, *capfd.readouterr()

    return hocphi


def test_problems_are_one_line_each_on_stderr_with_exit_code_2(run: Run, tmp_path: Path) -> None:
    bundle = small_bundle()
    bundle["receivables"][1]["lines"][2]["amount_dong"] = "1"
    bundle["students"].append("nonsense")

    status, out, err = run("import", "bundle", write(tmp_path, bundle))

    assert (status, out) == (2, "")
    first, second, last = err.splitlines()
    assert first.startswith("students.jsonl:4: is not JSON in UTF-8")
    assert second == "receivables.jsonl:2: lines[2].amount_dong: must be a whole number of dong"
    assert last.startswith("hocphi: bundle_refused: the bundle has 2 problems")


def test_keep_good_names_what_it_left_out_and_ends_with_0(run: Run, tmp_path: Path) -> None:
    bundle = small_bundle()
    bundle["receivables"][1]["due_date"] = "never"

    status, out, err = run("import", "bundle", write(tmp_path, bundle), "--keep-good")

    assert status == 0
    assert "receivables                3             0         1" in out
    assert "receivables.jsonl:2: due_date: must be a day: YYYY-MM-DD" in err
    assert "warning: receiving accounts released by operator:" in err
    assert "970403/00110001 for TH-1" in err


def test_the_second_run_says_that_nothing_is_new(run: Run, tmp_path: Path) -> None:
    folder = write(tmp_path, small_bundle() | {"events": []})

    run("import", "bundle", folder)
    status, out, err = run("import", "bundle", folder)

    assert status == 0
    assert out.splitlines()[-1] == "nothing new: every line is kept already"
    assert err.strip() == "warning: not read, no part of a bundle: events.jsonl"
