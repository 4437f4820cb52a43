"""Collect the Chinese messages of the source for translators: src/zhikun/wording/locale/zhikun.pot.

`--check` writes nothing and fails when the file is not what the source says.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "zhikun"
CATALOGUE = SOURCE / "wording" / "locale" / "zhikun.pot"
HEADER = """\
# 知困（zhikun）的界面文字。原文为中文；翻译成其他语言时，复制为 <语言>/LC_MESSAGES/zhikun.po。
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def main() -> None:
    """Write the catalogue, or compare it with the source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file on disk is out of date")
    wanted = catalogue(messages(SOURCE))
    if not parser.parse_args().check:
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        CATALOGUE.write_text(wanted, encoding="utf-8")
        print(f"{CATALOGUE.relative_to(ROOT)}：已更新")
    elif not CATALOGUE.exists() or CATALOGUE.read_text(encoding="utf-8") != wanted:
        sys.exit(f"{CATALOGUE.relative_to(ROOT)} 与源代码不一致，翻译者会看到旧文字。请运行 make messages 并一起提交。")


def messages(folder: Path) -> dict[str, list[str]]:
    """Every message id with the files that use it, in the order of files and lines."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for _line, text in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name not in found[text]:
                found[text].append(name)
    return dict(found)


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each `_("...")` in a module, and of each `N_("...")` (looked up later), from top to bottom."""
    hits = [
        (node.lineno, node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"_", "N_"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]
    yield from sorted(hits)


def catalogue(found: dict[str, list[str]]) -> str:
    """The messages as a gettext template. Line numbers are left out: they would change with every edit."""
    entries = [
        f'\n{"".join(f"#: {name}{chr(10)}" for name in files)}msgid {quoted(text)}\nmsgstr ""\n'
        for text, files in found.items()
    ]
    return HEADER + "".join(entries)


def quoted(text: str) -> str:
    """The text as a string of a gettext file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    main()
