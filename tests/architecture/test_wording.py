"""What users read is Chinese, can be collected for translation, and is filled in after it was looked up."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "zhikun"
FILES = sorted(SOURCE.rglob("*.py"))
CHINESE = re.compile(r"[\u2018-\u201d\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
SENTENCE = re.compile(r"[\u4e00-\u9fff].*[\u4e00-\u9fff].*[。！？]\s*$", re.DOTALL)


def wording_calls(tree: ast.Module) -> list[ast.Call]:
    return [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in {"_", "N_"}
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_messages_are_chinese_literals(path):
    calls = wording_calls(ast.parse(path.read_text(encoding="utf-8")))
    marks = any(call.func.id == "N_" for call in calls)
    for call in calls:
        where = f"{path}:{call.lineno}"
        assert len(call.args) == 1, f"{where}: one message, then .format(...)"
        message = call.args[0]
        if marks and not isinstance(message, ast.Constant):
            continue  # looked up here, marked with N_ where it is written
        assert isinstance(message, ast.Constant), f"{where}: not a literal: no translator sees it unless N_ marks it"
        assert isinstance(message.value, str), where
        assert CHINESE.search(message.value), f"{where}: users read Chinese, found {message.value!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_chinese_sentences_in_code_go_through_the_wording_room(path):
    """A sentence (with a full stop) outside `_` could never be translated. Words that are data are no sentences."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spoken = {id(n) for call in wording_calls(tree) for n in ast.walk(call)}
    docstrings = {
        id(n.body[0].value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef) and n.body and isinstance(n.body[0], ast.Expr)
    }
    bare = [
        f"{path}:{n.lineno}: {n.value[:40]}"
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
        if id(n) not in spoken | docstrings and SENTENCE.search(n.value)
    ]
    assert not bare, "wrap in _():\n" + "\n".join(bare)
