"""What users read is Chinese, can be collected for translation, and is filled in after it was looked up."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tools.messages import CHINESE, SOURCE, calls, constants_of, messages, texts

FILES = sorted(SOURCE.rglob("*.py"))
SENTENCE = re.compile(r"[\u4e00-\u9fff].*[\u4e00-\u9fff].*[。！？]\s*$", re.DOTALL)
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def every_constant() -> dict:
    return {name: value for path in FILES for name, value in constants_of(parsed(path))}


@every_file
def test_messages_are_chinese_and_can_be_collected(path):
    tree = parsed(path)
    known = every_constant() | dict(constants_of(tree))
    for call in calls(tree):
        where = f"{path}:{call.lineno}"
        assert len(call.args) == 1, f"{where}: one message, then .format(...)"
        assert not isinstance(call.args[0], ast.JoinedStr), (
            f"{where}: filled in before it is looked up: use .format(...)"
        )
        found = list(texts(call.args[0], known))
        assert found, f"{where}: neither a sentence nor a constant in capitals: no translator will ever see it"
        assert all(CHINESE.search(text) for text in found), f"{where}: users read Chinese, found {found!r}"


@every_file
def test_chinese_sentences_in_code_go_through_the_wording_room(path):
    """A sentence (with a full stop) outside `_` could never be translated. Words that are data are no sentences."""
    tree = parsed(path)
    spoken = {id(n) for call in calls(tree) for n in ast.walk(call)}
    spoken |= {id(n) for _, value in constants_of(tree) for n in ast.walk(value)}
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


def test_a_message_is_collected_wherever_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.messages.ROOT", tmp_path)
    (tmp_path / "room.py").write_text(
        "KINDS = {'a': '一种', 'b': 'code'}\n_('第 {row} 行').format(row=1)\n_(KINDS[x])\n", encoding="utf-8"
    )
    assert messages(tmp_path) == {"第 {row} 行": ["room.py"], "一种": ["room.py"]}
