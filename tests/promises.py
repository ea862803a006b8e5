"""Reads what the code promises to others, and what a page names. Asks nothing but the files.

The comparisons with docs/ are ``test_docs.py``.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import click

from tests.walls import FLOOR, Source

ROOT = Path(__file__).resolve().parent.parent
STATUS = {"NotFound": 404, "Invalid": 422, "Conflict": 409, "Forbidden": 403, "Unavailable": 503}
TOP = (*FLOOR, "docs", "migrations", "scripts", "templates", "tests", ".ci")


def constant(body: Sequence[ast.stmt], name: str) -> str | None:
    """Give the string that a class body assigns to ``name``."""
    for node in body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=str(text)))
            ) if target == name:
                return text
            case _:
                pass
    return None


def error_rows(sources: Sequence[Source]) -> Iterator[tuple[str, str, str]]:
    """Give (code, status, meaning) of every error that a caller can hear."""
    classes = [node for each in sources for node in each.nodes if isinstance(node, ast.ClassDef)]
    status = dict(STATUS)
    for _ in classes:  # a class may stand before its base in another file
        before = len(status)
        for node in classes:
            kinds = [base.id for base in node.bases if isinstance(base, ast.Name)]
            known = [status[kind] for kind in kinds if kind in status]
            if known:
                status.setdefault(node.name, known[0])
        if len(status) == before:
            break
    for node in classes:
        if node.name in status:
            meaning = (ast.get_docstring(node) or "?").splitlines()[0]
            code = constant(node.body, "code") or f"{node.name} has no code of its own"
            yield f"`{code}`", str(status[node.name]), meaning


def other_codes(source: Source) -> set[str]:
    """List the codes that the mapping of errors to HTTP adds for the framework's refusals."""
    logged = {id(node.args[0]) for node in source.nodes if is_log_call(node) and node.args}
    return {
        f"`{node.value}`"
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z]+(_[a-z]+)+", node.value) and id(node) not in logged
    }


def is_log_call(node: ast.AST) -> TypeGuard[ast.Call]:
    """Say whether a node calls the log."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            return True
        case _:
            return False


def topics(sources: Sequence[Source]) -> set[str]:
    """List the values of every enum called Topic."""
    found: set[str] = set()
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Topic"):
                values = (each.value for each in node.body if isinstance(each, ast.Assign))
                found |= {str(each.value) for each in values if isinstance(each, ast.Constant)}
    return found


def verbs(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """List every verb below a command: ``import bundle``, ``settle``."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None, f"hocphi lists {name} but has no such verb"
        yield from verbs(below, (*path, name))


def wrong_names(text: str, existing: frozenset[str]) -> Iterator[str]:
    """List every path, and every ``file.py:name``, in a page that does not exist."""
    spans = [span.split()[0] for span in re.findall(r"`([^`\n]+)`", text) if span.strip()]
    for token in sorted({*spans, *re.findall(r"[\w/]+\.py(?::{1,2}\w+)?", text)}):
        found = re.fullmatch(r"([\w./-]+?)/?(?::{1,2}([\w.]+))?", token)
        path = found[1] if found else ""
        within = path.split("/")[0] in TOP and "/" in token
        if not within and not re.search(
            r"\w\.(?:py|md|toml|sh|css|html|ya?ml|csv|lock|ini)$", path
        ):
            continue
        places = [each for each in existing if each == path or each.endswith("/" + path)]
        name = found[2] if found else None
        if not any(name is None or defines(place, name) for place in places):
            yield token


def defines(path: str, name: str) -> bool:
    """Say whether a file of Python defines a function, class or constant (or a method)."""
    if not path.endswith(".py"):
        return False
    defined: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=given) | ast.AsyncFunctionDef(name=given):
                defined.add(given)
            case ast.ClassDef(name=given) | ast.Name(id=given, ctx=ast.Store()):
                defined.add(given)
            case _:
                pass
    return set(name.split(".")) <= defined
