"""One line of a bundle read: into rows for staging, or into problems that name field and rule.

A shape is tried at once; only a line that fails is taken apart field by field. Never opens a
file, never looks at another line.
"""

import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from payments import bundle_rows as rows
from payments import bundle_shapes as shapes
from payments.bundle_rows import Fault, ReadLine, Terms


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong on one line; ``key`` is the line's own code, as far as it can be read."""

    file: str
    line: int
    field: str
    rule: str
    key: str = ""

    def __str__(self) -> str:
        """Write it as a command prints it: file, line, field, rule."""
        return ": ".join(
            each for each in (f"{self.file}:{self.line}", self.field, self.rule) if each
        )


@dataclass(frozen=True, slots=True)
class BundleFile:
    """How one file is read: its shape, its key, the faults beyond the shape, and its rows."""

    name: str
    table: str
    shape: type[shapes.Shape]
    key: tuple[str, ...]
    faults: Callable[[typing.Any, Terms], Iterator[Fault]]
    rows: Callable[[int, typing.Any], ReadLine]
    decoder: msgspec.json.Decoder[typing.Any]


def _file(
    name: str,
    table: str,
    shape: type[shapes.Shape],
    faults: Callable[[typing.Any, Terms], Iterator[Fault]],
    laid_out: Callable[[int, typing.Any], ReadLine],
    *key: str,
) -> BundleFile:
    decoder = msgspec.json.Decoder[typing.Any](shape)
    return BundleFile(f"{name}.jsonl", table, shape, key or ("code",), faults, laid_out, decoder)


UNITS = _file("units", "unit", shapes.UnitLine, rows.unit_faults, rows.unit_rows)
SCHOOLS = _file("schools", "school", shapes.SchoolLine, rows.no_faults, rows.school_rows)
ACCOUNTS = _file(
    "accounts", "account", shapes.AccountLine, rows.account_faults, rows.account_rows, "number"
)
CLASSES = _file(
    "classes",
    "school_class",
    shapes.ClassLine,
    rows.class_faults,
    rows.class_rows,
    "school",
    "code",
)
STUDENTS = _file("students", "student", shapes.StudentLine, rows.student_faults, rows.student_rows)
FEE_ITEMS = _file(
    "fee_items", "fee_item", shapes.FeeItemLine, rows.fee_item_faults, rows.fee_item_rows
)
RECEIVABLES = _file(
    "receivables",
    "receivable",
    shapes.ReceivableLine,
    rows.receivable_faults,
    rows.receivable_rows,
    "external_id",
)
FILES = (UNITS, SCHOOLS, ACCOUNTS, CLASSES, STUDENTS, FEE_ITEMS, RECEIVABLES)
"""The files of a bundle, in the order of the contract."""

PARTS_TABLE = "receivable_line"


def read_line(
    file: BundleFile, number: int, raw: bytes, terms: Terms
) -> ReadLine | tuple[Problem, ...]:
    """Read line ``number`` of ``file``; give its rows, or every problem it shows by itself."""
    try:
        line = file.decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return tuple(_explain(file, number, raw))
    faults = tuple(file.faults(line, terms))
    if faults:
        key = _key(file, msgspec.structs.asdict(line))
        return tuple(Problem(file.name, number, field, rule, key) for field, rule in faults)
    return file.rows(number, line)


def _key(file: BundleFile, tree: Mapping[str, object]) -> str:
    parts = [tree.get(name) for name in file.key]
    return "/".join(part for part in parts if isinstance(part, str)).replace("\0", "")


def _explain(file: BundleFile, number: int, raw: bytes) -> Iterator[Problem]:
    """Name every field of a line that does not have its shape."""
    try:
        tree: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        yield Problem(file.name, number, "", f"is not JSON in UTF-8 ({cause})")
        return
    key = _key(file, typing.cast("dict[str, object]", tree)) if isinstance(tree, dict) else ""
    for field, rule in _misshapen(tree, file.shape, ""):
        yield Problem(file.name, number, field, rule, key)


def _misshapen(tree: object, shape: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    """Compare a JSON value with a shape, field by field, lists element by element."""
    if not isinstance(tree, dict):
        yield path, "must be a JSON object"
        return
    given = typing.cast("dict[str, object]", tree)
    fields = {each.encode_name: each for each in msgspec.structs.fields(shape)}
    dot = f"{path}." if path else ""
    for name in given:
        if name not in fields:
            yield f"{dot}{_shown(name)}", "is not a field of this file"
    for name, each in fields.items():
        if name in given:
            yield from _unfit(given[name], each.type, dot + name)
        elif each.required:
            yield dot + name, "is missing"


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:60])


def _unfit(value: object, wanted: object, path: str) -> Iterator[Fault]:
    element: object = typing.get_args(wanted)[0] if typing.get_origin(wanted) is list else None
    if element is None:
        try:
            msgspec.convert(value, type=wanted)
        except (msgspec.ValidationError, ValueError, OverflowError) as cause:
            yield path, _rule_of(wanted) or str(cause)
    elif not isinstance(value, list):
        yield path, "must be a list"
    else:
        for place, each in enumerate(typing.cast("list[object]", value)):
            where = f"{path}[{place}]"
            if isinstance(element, type) and issubclass(element, msgspec.Struct):
                yield from _misshapen(each, element, where)
            else:
                yield from _unfit(each, element, where)


def _rule_of(wanted: object) -> str | None:
    """Find the description of a type, also inside ``… | None``."""
    metas = [each for each in typing.get_args(wanted) if isinstance(each, msgspec.Meta)]
    if metas:
        return metas[0].description
    found = (_rule_of(each) for each in typing.get_args(wanted))
    rule = next((each for each in found if each), None)
    return f"{rule}, or null" if rule and type(None) in typing.get_args(wanted) else rule
