"""Collect the Chinese messages of the source for translators: src/zhikun/wording/locale/zhikun.pot.

`--check` writes nothing and fails when the file is not what the source says.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "zhikun"
CATALOGUE = SOURCE / "wording" / "locale" / "zhikun.pot"
# Ideographs and the punctuation that goes with them.
CHINESE = re.compile(r"[\u2018-\u201d\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
#: By what names a module looks a message up.
LOOK_UPS = frozenset({"_", "gettext", "gettext_lazy"})
TRANSLATE = re.compile(
    r"""\{%\s*(?:translate|trans)\s+"(?P<text>[^"]*)"|_\("(?P<inner>[^"]*)"\)"""
    r"""|\{%\s*blocktranslate(?P<options>[^%]*)%\}(?P<block>.*?)\{%\s*endblocktranslate\s*%\}""",
    re.DOTALL,
)
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
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    constants = {name: value for tree in modules.values() for name, value in constants_of(tree)}
    found: dict[str, list[str]] = defaultdict(list)
    for path, tree in modules.items():
        name = path.relative_to(ROOT).as_posix()
        known = constants | dict(constants_of(tree))
        for call in calls(tree):
            for text in texts(call.args[0], known):
                if name not in found[text]:
                    found[text].append(name)
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(ROOT).as_posix()
        for text in in_template(path.read_text(encoding="utf-8")):
            if name not in found[text]:
                found[text].append(name)
    return dict(found)


def in_template(content: str) -> Iterator[str]:
    """The messages of a Django template, as Django looks them up: variables of a block as %(name)s."""
    for match in TRANSLATE.finditer(content):
        plain = match["text"] if match["text"] is not None else match["inner"]
        if plain is not None:
            if CHINESE.search(plain):
                yield plain
            continue
        text = re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", match["block"].replace("%", "%%"))
        yield " ".join(line.strip() for line in text.strip().splitlines()) if "trimmed" in match["options"] else text


def calls(tree: ast.AST) -> list[ast.Call]:
    """The look-ups `_(...)`, `gettext_lazy(...)` of a module, from top to bottom."""
    hits = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in LOOK_UPS
    ]
    return sorted((call for call in hits if call.args), key=lambda call: (call.lineno, call.col_offset))


def constants_of(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The constants (names in capitals) of a module and what they hold."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            yield from ((n.id, node.value) for n in names if n.id.isupper())


def texts(argument: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    """What a look-up may look up: the sentence itself, or each value of the constant it takes it from."""
    if isinstance(argument, ast.Constant):
        if isinstance(argument.value, str):
            yield argument.value
        return
    for node in ast.walk(argument):
        if isinstance(node, ast.Constant):
            yield from chinese(node)
        elif isinstance(node, ast.Name) and node.id in constants:
            for value in ast.walk(constants[node.id]):
                yield from chinese(value)


def chinese(node: ast.AST) -> Iterator[str]:
    """The node's text if it is one that users read."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value):
        yield node.value


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
