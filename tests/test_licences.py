"""Every locked package may be used: permissive, MPL or LGPL. GPL and AGPL never. Hashes stand.

Reads what the installed packages say of themselves; what they leave unclear is noted by hand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")

ALLOWED = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    ]
)

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Trove classifiers, from the time before licence expressions, and what they mean."""

BY_HAND = {
    "qrcode": "BSD-3-Clause",  # its file; a classifier adds "Other" for parts from an MIT package
    "rich-click": "MIT",  # its License field holds the whole text
}
"""Packages whose metadata do not settle it, read by a person. No entry outlives its need."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of a lock file that counts on this machine."""

    name: str
    version: str


def pins(lock: str) -> list[Pin]:
    """Read the pins of a lock file whose markers hold here."""
    lines = (ROOT / lock).read_text(encoding="ascii").splitlines()
    heads = [line.rstrip(" \\") for line in lines if re.match(r"[A-Za-z0-9]", line)]
    return [
        Pin(each.name, str(each.specifier).removeprefix("=="))
        for each in map(Requirement, heads)
        if each.marker is None or each.marker.evaluate()
    ]


def declared(name: str) -> Mapping[str, Sequence[str]]:
    """Read what an installed package says of its licence."""
    package = metadata.metadata(name)
    fields = ("License-Expression", "Classifier", "License")
    return {field: package.get_all(field) or [] for field in fields}


def licence(said: Mapping[str, Sequence[str]]) -> str:
    """Give the licence a package declares, as an expression; what is unclear gets a "?"."""
    if said.get("License-Expression"):
        return said["License-Expression"][0]
    given = [each for each in said.get("Classifier", []) if each.startswith("License ::")]
    given = [each.split(" :: ")[-1] for each in given]
    names = [each for each in given if each not in {"OSI Approved", "DFSG approved"}]
    if not names:
        return "".join(said.get("License", [])) or "?"
    return " AND ".join(CLASSIFIERS.get(name, f"?{name}") for name in names)


def may_be_used(expression: str) -> bool:
    """Judge an expression without brackets: one alternative must be of allowed licences alone."""
    ways = [way.split(" AND ") for way in expression.split(" OR ")]
    return any(all(part in ALLOWED for part in way) for way in ways)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_installed_and_may_be_used(lock: str) -> None:
    licences = {pin.name: licence(declared(pin.name)) for pin in pins(lock)}
    refused = {
        name: said for name, said in licences.items() if not may_be_used(BY_HAND.get(name, said))
    }

    assert len(licences) > 50
    assert not refused


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_installed_is_what_is_locked(lock: str) -> None:
    other = {
        pin.name: (pin.version, metadata.version(pin.name))
        for pin in pins(lock)
        if pin.version != metadata.version(pin.name)
    }

    assert not other


def test_no_note_by_hand_outlives_its_need() -> None:
    locked = {pin.name for pin in pins("requirements-dev.lock")}

    assert set(BY_HAND) <= locked
    assert not [name for name in BY_HAND if may_be_used(licence(declared(name)))]


@pytest.mark.parametrize(
    "said",
    [
        {"License-Expression": ["GPL-3.0-or-later"]},
        {"License-Expression": ["MIT AND AGPL-3.0-only"]},
        {"Classifier": ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]},
        {"Classifier": ["License :: OSI Approved :: MIT License", "License :: Other"]},
        {"License": ["GPL"]},
        {"License": ["UNKNOWN"]},
        {},
    ],
)
def test_a_licence_outside_the_list_is_refused(said: Mapping[str, Sequence[str]]) -> None:
    assert not may_be_used(licence(said))


@pytest.mark.parametrize(
    "said",
    [
        {"License-Expression": ["GPL-2.0-only OR MIT"], "License": ["GPL"]},
        {"License-Expression": ["LGPL-3.0-only"]},
        {"Classifier": ["License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"]},
        {"License": ["BSD-3-Clause"]},
    ],
)
def test_a_licence_of_the_list_is_allowed(said: Mapping[str, Sequence[str]]) -> None:
    assert may_be_used(licence(said))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="ascii")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

    assert "://" not in text
    assert not [block for block in blocks if "--hash=sha256:" not in block]


def test_the_development_lock_holds_the_run_time_lock() -> None:
    assert set(pins("requirements.lock")) < set(pins("requirements-dev.lock"))
    assert "hatchling" in {pin.name for pin in pins("requirements.lock")}
