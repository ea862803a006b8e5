"""Walls between files: who may import whom. Each rule is a generator that names its breaches.

A rule sees parsed files and never the disk. What stands inside a file: ``walls_inside.py``.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter


def set_of(words: str) -> frozenset[str]:
    """Make a set of the words of one string."""
    return frozenset(words.split())


LADDER = [{"kernel"}, {"payments"}, {"reconciliation", "reports"}, {"webhooks"}, {"service"}]
FLOOR = {room: floor for floor, rooms in enumerate(LADDER) for room in rooms}

PURE = (
    "kernel/money.py",
    "kernel/errors.py",
    "kernel/text.py",
    "payments/model.py",
    "payments/notice.py",
    "payments/vietqr*.py",
    "payments/banks.py",
    "payments/reference.py",
    "payments/allocation.py",
    "payments/words.py",
    "reconciliation/model.py",
    "reconciliation/arrival.py",
    "reconciliation/memo.py",
    "reconciliation/matching.py",
    "webhooks/model.py",
    "webhooks/signature.py",
    "webhooks/banks/*.py",
    "webhooks/targets/*.py",
    "reports/rates.py",
)
"""Files without I/O, clock, chance, settings or logs: the same question, the same answer."""

PURE_LOANS = ("kernel/clock.py", "cryptography*")
"""Zones and calendar days; checking a bank's public-key signature, which is arithmetic."""

IMPURE = set_of(
    "asyncio http.client http.server logging os pathlib random secrets shutil socket sqlite3 ssl "
    "subprocess sys tempfile threading time urllib.request"
)
IMPURE_NAMES = {"utc_now", "real_now", "set_clock", "new_id", "now", "today", "utcnow", "open"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Breaches = Iterator[str]


@dataclass(frozen=True)
class Source:
    """One file of Python: its path from the root of the checkout, its text, its nodes."""

    path: str
    text: str
    nodes: Sequence[ast.AST] = field(repr=False)

    @property
    def room(self) -> str:
        """The first folder of the path."""
        return self.path.split("/")[0]

    @property
    def module(self) -> str:
        """The dotted name to import it by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def isin(self, patterns: Sequence[str]) -> bool:
        """Say whether one of the patterns matches the path (``*`` crosses folders)."""
        return any(fnmatch(self.path, pattern) for pattern in patterns)

    def of(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """List the nodes of these kinds."""
        return (node for node in self.nodes if isinstance(node, kinds))


def parsed(path: str, text: str) -> Source:
    """Parse a file once for all rules."""
    return Source(path, text, tuple(ast.walk(ast.parse(text))))


def imports(source: Source) -> Iterator[tuple[ast.stmt, str, str]]:
    """List (statement, module, name) of every import; a relative one begins with a dot."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, each.name, "") for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node, module, each.name) for each in node.names)


def file_of(module: str, name: str) -> str:
    """Give the file that an import reads: ``payments/fees.py``, ``webhooks/banks/vcb.py``."""
    folder = module in FLOOR or module.rsplit(".", 1)[-1] in {"banks", "targets", "layouts"}
    return (f"{module}.{name}" if folder and name else module).replace(".", "/") + ".py"


def called(node: ast.AST) -> str:
    """Name what a call calls: ``open`` of ``open(x)``, ``now`` of ``datetime.now()``."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return ""


def functions(source: Source) -> Iterator[Function]:
    """List every function and method."""
    return (node for node in source.nodes if isinstance(node, Function))


def ladder(source: Source) -> Breaches:
    """No import climbs the ladder of rooms, crosses to a sibling or is relative."""
    floor = FLOOR.get(source.room)
    for node, module, _ in imports(source) if floor is not None else ():
        other = module.split(".")[0]
        if module.startswith(".") or other in {"tests", "migrations"}:
            yield f"{source.path}:{node.lineno}: {module} is no import for a room"
        elif other != source.room and FLOOR.get(other, -1) >= (floor or 0):
            yield f"{source.path}:{node.lineno}: {source.room} must not import {module}"


RANKS = (("model", 0), ("tables*", 2), ("reads*", 3), ("writes*", 3))
RANKS_ABOVE_DEEDS = (("schemas*", 5), ("routes*", 6), ("jobs*", 6))


def rank(path: str) -> int:
    """Rank a file in its room: model, pure, tables, reads and writes, deeds, schemas, routes."""
    stem = path.rsplit("/", 1)[-1].removesuffix(".py")
    named = (step for name, step in RANKS + RANKS_ABOVE_DEEDS if fnmatch(stem, name))
    pure = any(fnmatch(path, pattern) for pattern in PURE)
    return next(named, 1 if pure else 4)


def stairs(source: Source) -> Breaches:
    """Inside a room nothing imports what stands above it."""
    if source.room in {"kernel", "service"} or source.room not in FLOOR:
        return
    for node, module, name in imports(source):
        path = file_of(module, name)
        if path.startswith(f"{source.room}/") and rank(path) > rank(source.path):
            yield f"{source.path}:{node.lineno}: {path} stands above it in the room, if not pure"


def circles(sources: Sequence[Source]) -> Breaches:
    """No file imports itself by way of others."""
    modules = {source.module for source in sources if source.room in FLOOR}
    graph: dict[str, set[str]] = {}
    for source in sources:
        names = ({module, f"{module}.{name}"} for _, module, name in imports(source))
        graph[source.module] = {max(each & modules, default="", key=len) for each in names} - {""}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        yield "a circle of files: " + " <- ".join(found.args[1])


def pure(source: Source) -> Breaches:
    """A pure file imports the standard library's pure part and pure files; it asks no clock."""
    if not source.isin(PURE):
        return
    for node, module, name in imports(source):
        top, where = module.split(".")[0], f"{source.path}:{node.lineno}"
        file = Source(file_of(module, name), "", ())
        impure = module in IMPURE or top in IMPURE or name in IMPURE_NAMES
        ours = file.isin(PURE) or file.isin(PURE_LOANS)
        known = top in sys.stdlib_module_names or ours
        if impure or not known:
            yield f"{where}: a pure file must not import {module} {name}".rstrip()
    for node in source.nodes:
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{source.path}:{node.lineno}: a pure file is not async"
        elif isinstance(node, ast.Call) and called(node) in IMPURE_NAMES:
            yield f"{source.path}:{node.lineno}: a pure file must not call {called(node)}()"


def foreign_writes(source: Source) -> Breaches:
    """A room's writes are imported by that room alone."""
    for node, module, name in imports(source) if source.room in FLOOR else ():
        for part in (module, f"{module}.{name}"):
            room, _, rest = part.partition(".")
            if room in FLOOR and room != source.room and re.match(r"(\w+\.)*writes", rest):
                yield f"{source.path}:{node.lineno}: {part} belongs to {room} alone"
                break


def late_imports(source: Source) -> Breaches:
    """Imports stand at the top; only ``service`` (its command line) may import by name."""
    for function in functions(source):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"{source.path}:{node.lineno}: an import inside {function.name}"
    for node in source.nodes:
        by_name = called(node) in {"import_module", "__import__"}
        if by_name and source.room not in {"service", "tests"}:
            yield f"{source.path}:{getattr(node, 'lineno', 0)}: an import by name"
        if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING":
            yield f"{source.path}:{node.lineno}: the ladder makes TYPE_CHECKING needless"


MAP_LINE = re.compile(rf"^\W*({'|'.join(FLOOR)})/")


def unnamed(sources: Sequence[Source], tour: str) -> Breaches:
    """Every file of a room is named by the tour: by its path, or in the lines of its room.

    A line that begins with ``room/`` opens the room's lines, a heading or another room ends them.
    """
    named: set[str] = set()
    room = ""
    for line in tour.splitlines():
        found = MAP_LINE.match(line)
        room = found[1] if found else "" if line.startswith("#") else room
        tokens = set(re.findall(r"[\w/]+\.py", line))
        named |= tokens | {f"{room}/{token}" for token in tokens}
    for source in sources:
        if source.room in FLOOR and source.path not in named and "__init__" not in source.path:
            yield f"{source.path}: docs/TOUR.md does not name it"


BETWEEN = (ladder, stairs, pure, foreign_writes, late_imports)
