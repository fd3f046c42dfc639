"""Bounds that keep the code readable, and habits that keep it safe, checked on every tracked Python file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT, tracked_files

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 500
GENERATED = {"shared/contracts/src/waybond_contracts/_iso.py"}
PYTHON = [path for path in tracked_files("*.py") if str(path.relative_to(ROOT)) not in GENERATED]
PRODUCT = [path for path in PYTHON if "src" in path.relative_to(ROOT).parts]
SILENCER = re.compile(r"noqa(: *[A-Z]+[0-9]+(, *[A-Z]+[0-9]+)*)?|(type|pyright): *ignore(\[[\w, -]+\])?")
MONEY_WORDS = {"amount", "minor", "premium", "price", "refund", "limit_minor", "deductible", "balance", "paid", "owed"}


def every(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


@every(PYTHON)
def test_a_module_is_short_and_says_first_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE_LINES, f"{path} is longer than {MAX_FILE_LINES} lines"
    assert ast.get_docstring(ast.parse(text)), f"{path} does not begin with a docstring"


@every(PYTHON)
def test_a_function_is_short(path: Path) -> None:
    long = [
        f"{path}:{each.lineno} {each.name}: {_lines(each)} lines"
        for each in _functions(path)
        if _lines(each) > MAX_FUNCTION_LINES
    ]
    assert long == []


@every(PYTHON)
def test_a_silenced_check_gives_its_reason(path: Path) -> None:
    assert list(_bare_silencers(path)) == []


@every(PRODUCT)
def test_no_amount_is_a_float(path: Path) -> None:
    assert list(_float_amounts(ast.parse(path.read_text()))) == []


@every([path for path in PYTHON if path.name.startswith("test_")])
def test_every_test_asserts(path: Path) -> None:
    idle = [
        f"{path}:{each.lineno} {each.name}"
        for each in _functions(path)
        if each.name.startswith("test_") and not _asserts(each)
    ]
    assert idle == []


def test_the_check_for_float_amounts_finds_them() -> None:
    source = (
        "def pay(amount: float): ...\nclass A:\n    premium_minor: float | None = None\nrefund = 1.5\nrate: float = 0.1"
    )
    assert {name for _, name in _float_amounts(ast.parse(source))} == {"amount", "premium_minor", "refund"}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


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
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
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
