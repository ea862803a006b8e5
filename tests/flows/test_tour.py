"""The tour is true: the demo runs, shows every value, and its values stand in docs/TOUR.md."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown():
    clean = {name: text for name, text in os.environ.items() if not name.startswith("HOCPHI")}
    ran = subprocess.run(
        [sys.executable, "-c", "from service.cli import main; main()", "demo", "--once"],
        cwd=ROOT, env=clean, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    pairs = re.findall(r"^ *\d+\. (.+)\n    (.+)$", ran.stdout, re.MULTILINE)
    return dict(pairs)


@pytest.mark.parametrize(
    "question",
    [
        "What does the parent type?",
        "What does the QR say, decoded from the picture?",
        "Who gets the money, as the bank reads it?",
        "What does the bank hear, after the commit?",
        "What does the page say 2 s later?",
        "And the waiting page at its refresh?",
        "And after 'Tôi đã chuyển xong'?",
        "What did the contact book hear?",
        "What does the province see?",
    ],
)
def test_the_value_of_a_stop_stands_in_the_tour(shown, question):
    tour = (ROOT / "docs" / "TOUR.md").read_text(encoding="utf-8")

    assert f"`{shown[question]}`" in tour


def test_the_amount_and_the_clean_books_stand_there_too(shown):
    tour = (ROOT / "docs" / "TOUR.md").read_text(encoding="utf-8")
    owed = shown["What does An owe?"]

    assert f"`{owed.split(' = ')[0]}`" in tour
    assert all(part in tour for part in re.findall(r"Học phí [^;]+|Câu lạc bộ \S+", owed))
    assert shown["Do the books check?"].endswith("0 breaches")


def test_nothing_was_missing(shown):
    assert len(shown) == 13
    assert "MISSING" not in shown.values()
