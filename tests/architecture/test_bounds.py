"""Bounds that keep the code readable, and habits that keep it safe, checked on every tracked Python file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.support.sources import ROOT, tracked_files

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 500
GENERATED = {"shared/contracts/src/waybond_contracts/_iso.py"}
PYTHON = [path for path in tracked_files("*.py") if str(path.relative_to(ROOT)) not in GENERATED]
PRODUCT = [path for path in PYTHON if "src" in path.relative_to(ROOT).parts]
SILENCER = re.compile(r"noqa(: *[A-Z]+[0-9]+(, *[A-Z]+[0-9]+)*)?|(type|pyright): *ignore(\[[\w, -]+\])?")
MONEY_WORDS = {"amount", "minor", "premium", "price", "refund", "limit_minor", "deductible", "balance", "paid", "owed"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_a_module_is_short() -> None:
    assert PYTHON
    assert [str(path) for path in PYTHON if path.read_text().count("\n") > MAX_FILE_LINES] == []


def test_a_module_says_first_what_it_is_for() -> None:
    assert [str(path) for path in PYTHON if not ast.get_docstring(parsed(path))] == []


def test_a_function_is_short() -> None:
    assert [f"{where}: {_lines(each)} lines" for where, each in _functions() if _lines(each) > MAX_FUNCTION_LINES] == []


def test_a_silenced_check_gives_its_reason() -> None:
    assert [found for path in PYTHON for found in _bare_silencers(path)] == []


def test_no_amount_is_a_float() -> None:
    assert [f"{path}:{line} {name}" for path in PRODUCT for line, name in _float_amounts(parsed(path))] == []


def test_every_test_asserts() -> None:
    tests = [(where, each) for where, each in _functions() if each.name.startswith("test_")]
    assert tests
    assert [where for where, each in tests if not _asserts(each)] == []


def test_the_check_for_float_amounts_finds_them() -> None:
    source = (
        "def pay(amount: float): ...\nclass A:\n    premium_minor: float | None = None\nrefund = 1.5\nrate: float = 0.1"
    )
    assert {name for _, name in _float_amounts(ast.parse(source))} == {"amount", "premium_minor", "refund"}


@cache
def _functions() -> Sequence[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function, with where it stands."""
    return [
        (f"{path}:{node.lineno} {node.name}", node)
        for path in PYTHON
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _asserts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    }
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or any(
        name.startswith(("assert", "raises", "check", "verify", "expect")) for name in called
    )


def _bare_silencers(path: Path) -> Iterator[str]:
    """Comments that silence a linter with no word said after the codes."""
    text = path.read_text()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline) if SILENCER.search(text) else ()
    for token in tokens:
        silencer = SILENCER.search(token.string) if token.type == tokenize.COMMENT else None
        if silencer and not re.search(r"[a-z]{3}", token.string[silencer.end() :]):
            yield f"{path}:{token.start[0]} {token.string}"


def _float_amounts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names of money that are annotated as float or set to a float literal."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation) if _is_money(name) and _has_float(annotation):
                yield node.lineno, name
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _is_money(name) and _has_float(
                annotation
            ):
                yield node.lineno, name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=float())) if _is_money(name):
                yield node.lineno, name
            case _:
                pass


def _is_money(name: str) -> bool:
    return not MONEY_WORDS.isdisjoint(name.lower().split("_"))


def _has_float(annotation: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))
