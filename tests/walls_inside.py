"""Walls inside a file: SQL, transactions, sizes, names, logs, money. Imports: ``walls.py``."""

import ast
import re
from collections.abc import Iterator

from tests.walls import FLOOR, Breaches, Function, Source, called, functions, imports, set_of

SQL_FILES = (
    "kernel/*",
    "*/reads*.py",
    "*/writes*.py",
    "service/sessions.py",
    "migrations/*",
    "tests/*",
)
SQL_MAKERS = {"select", "insert", "update", "delete", "union", "union_all"}
SQL_TEXT = re.compile(
    r"\binsert\s+into\s|\bdelete\s+from\s|\bupdate\s+\S+\s+set\s"
    r"|^\s*(?:select\b.+\bfrom\s|with\s+\S+\s+as\s*\()",
    re.DOTALL | re.IGNORECASE,
)

TRANSACTION_FILES = (
    "kernel/*",
    "*/routes*.py",
    "*/jobs*.py",
    "webhooks/receive.py",
    "service/sessions.py",
    "*/sweeper*.py",
    "service/cli*",
    "service/demo*",
    "*/bench*",
    "tests/*",
)
COMMIT_FILES = ("kernel/*", "*/bench*", "migrations/*", "tests/*")

NO_MONEY = ("*/routes*.py", "*/jobs*.py", "*/qr_image.py", "*/sheets*.py")
MONEY = ("kernel/money.py", "payments/*", "reconciliation/*", "webhooks/banks/*", "reports/rates*")
FRACTIONS = {"float", "Decimal", "Fraction", "Numeric", "Float", "Double"}

BANNED = set_of("data info manager util utils helper helpers common core lib models")
BANNED_DEEDS = {"handle", "process"}
FOREIGN = set_of(
    "handle_starttag handle_endtag handle_startendtag handle_data data_received "
    "before_process_message after_process_message after_process_boot "
    "process_bind_param process_result_value"
)
"""Methods that a base class of another package asks for by this name."""

LOGGERS = {"log", "_log", "logger", "structlog", "logging"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
PAST = set_of(
    "begun born bound broke broken built caught cut drawn fallen found frozen given gone heard "
    "held hidden kept known left lost made met paid put read risen run seen sent set shown shut "
    "sold spent stolen struck sworn taken told torn understood withdrawn won written"
)

LINES_MAX, FUNCTION_MAX, COLUMNS_MAX = 300, 60, 100


def texts(source: Source) -> Iterator[tuple[int, str]]:
    """List (line, text) of every string that is not a docstring; blanks stand for values."""
    docs = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    for node in source.nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docs:
                yield node.lineno, text
            case ast.JoinedStr(values=values):
                parts = (each.value if isinstance(each, ast.Constant) else "x" for each in values)
                yield node.lineno, "".join(str(part) for part in parts)
            case _:
                pass


def sql(source: Source) -> Breaches:
    """SQL stands in reads, writes, kernel, session store and migrations only."""
    if source.isin(SQL_FILES):
        return
    for line in sorted({line for line, text in texts(source) if SQL_TEXT.search(text)}):
        yield f"{source.path}:{line}: SQL in a string"
    for node, module, name in imports(source):
        if module.startswith("sqlalchemy") and name in SQL_MAKERS:
            yield f"{source.path}:{node.lineno}: a statement by {name}() belongs to reads or writes"


def transactions(source: Source) -> Breaches:
    """A transaction is opened at the rim and committed by its block alone."""
    for node in source.nodes:
        name = called(node) if isinstance(getattr(node, "func", None), ast.Attribute) else ""
        bare = isinstance(node, ast.Call) and not node.args
        opened = name == "transaction" and not source.isin(TRANSACTION_FILES)
        if opened or (bare and name in {"commit", "begin"} and not source.isin(COMMIT_FILES)):
            yield f"{source.path}:{getattr(node, 'lineno', 0)}: .{name}() is not for this file"


def size(source: Source) -> Breaches:
    """Files, functions and lines keep their limits."""
    lines = source.text.splitlines()
    if len(lines) > LINES_MAX:
        yield f"{source.path}: {len(lines)} lines, {LINES_MAX} are allowed"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield f"{source.path}:{number}: {len(line)} columns, {COLUMNS_MAX} are allowed"
    for node in functions(source):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_MAX:
            yield f"{source.path}:{node.lineno}: {node.name} has {length} lines"


def words(name: str) -> list[str]:
    """Split a name, snake or camel, into its words."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names(source: Source) -> Breaches:
    """Files, functions and classes say their deed or thing; no drawer, no empty word."""
    given = [(0, part) for part in source.path.removesuffix(".py").split("/")]
    named = (node for node in source.nodes if isinstance(node, ast.ClassDef | Function))
    given += [(node.lineno, node.name) for node in named if node.name not in FOREIGN]
    for line, name in given:
        said = words(name)
        empty = BANNED & set(said) or BANNED_DEEDS & set(said[:1])
        if empty and not (line and name.startswith("test_")):
            yield f"{source.path}:{line}: {name} says nothing by {', '.join(sorted(empty))}"


def log_events(source: Source) -> Breaches:
    """A log event is one constant noun_verbed."""
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=level, value=value)) if level in LEVELS:
                pass
            case _:
                continue
        while isinstance(value, ast.Attribute | ast.Call):
            value = value.value if isinstance(value, ast.Attribute) else value.func
        if not isinstance(value, ast.Name) or value.id not in LOGGERS:
            continue
        first = node.args[0] if node.args else None
        event = first.value if isinstance(first, ast.Constant) else None
        past = isinstance(event, str) and EVENT.fullmatch(event) and event.split("_")[1:]
        if not past or not any(word.endswith("ed") or word in PAST for word in past):
            yield f"{source.path}:{node.lineno}: a log event is a constant such as credits_settled"


def path_part(node: ast.AST) -> bool:
    """Say whether a node is a string or called a folder: what ``/`` then joins is a path."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().endswith(("folder", "path", "home"))
        case _:
            return False


def fractions(source: Source) -> Breaches:
    """Money is whole: no float, no Decimal and no ``/`` where amounts are made."""
    if not source.isin(MONEY) or source.isin(NO_MONEY):
        return
    for node in source.nodes:
        line = f"{source.path}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                if not any(path_part(each) for each in (left, right)):
                    yield f"{line}: / divides money"
            case ast.AugAssign(op=ast.Div()):
                yield f"{line}: /= divides money"
            case ast.Constant(value=float(value)):
                yield f"{line}: {value} is a float"
            case ast.Name(id=name) | ast.alias(name=name) if name in FRACTIONS:
                yield f"{line}: {name} is not for money"
            case _:
                pass


def room_docstring(source: Source) -> Breaches:
    """The ``__init__.py`` of a room is one docstring: what it is, what it never does."""
    if source.room in FLOOR and source.path.endswith("__init__.py"):
        body = ast.parse(source.text).body
        if len(body) != 1 or not isinstance(body[0], ast.Expr):
            yield f"{source.path}: one docstring and nothing else"


INSIDE = (sql, transactions, size, names, log_events, fractions, room_docstring)
