"""Canonical bank events as lines of a file, for tests to change and to write down."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def event_line(event_id: str = "E1", **changes: Any) -> dict[str, Any]:
    """Make one event with every field of the format, in its order."""
    row = {
        "event_id": event_id,
        "received_at": "2026-11-22T08:00:00+07:00",
        "provider": "sepay",
        "provider_txn_id": f"T-{event_id}",
        "bank_ref": None,
        "account": "00110001",
        "virtual_account": None,
        "amount_dong": 100_000,
        "direction": "in",
        "booked_at": "2026-11-22T07:59:00+07:00",
        "transacted_at": None,
        "payer_account": None,
        "payer_name": None,
        "description": "hoc phi",
        "related_bank_ref": None,
        "order_id": None,
        "method": None,
    }
    return row | changes


def write_events(path: Path, rows: Iterable[dict[str, Any] | str]) -> Path:
    """Write lines; one given as text stands as it is."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
