"""Reads sample bundles back as plain rows; knows nothing of how they were drawn."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from kernel.money import dong
from service.synthetic import FILES, write_bundle

Rows = dict[str, list[dict[str, Any]]]


def read(directory: Path) -> Rows:
    return {
        name: [json.loads(line) for line in (directory / f"{name}.jsonl").read_bytes().splitlines()]
        for name in FILES
    }


def make(directory: Path, *, schools: int = 2, pupils: int = 30, seed: int = 7) -> Rows:
    write_bundle(directory, schools=schools, pupils_per_school=pupils, seed=seed)
    return read(directory)


def due(notice: dict[str, Any]) -> int:
    return sum(dong(line["amount_dong"]) for line in notice["lines"])


def by_phone(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for student in rows["students"]:
        for guardian in student["guardians"]:
            if guardian["phone"]:
                families[guardian["phone"]].append(student)
    return families
