"""Write the reference pages that the code knows best: docs/reference/functions.md and commands.md.

`--check` writes nothing and fails when a page is not what the code says.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from zhikun.cli import EXIT_CODES, commands
from zhikun.engine.formulas import FUNCTIONS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
GENERATED = (
    "<!-- 本页由 tools/reference.py 生成，请不要直接修改。Generated: edit the code, then run make reference. -->"
)

_PAGE = "公式只能用下面 {count} 个函数，和[格式说明](pack-format.md#formulas)里的运算符。函数名用大写。"


def main() -> None:
    """Write the pages, or compare them with the code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a page on disk is out of date")
    check = parser.parse_args().check
    for name, wanted in {"functions.md": functions_page(), "commands.md": commands_page()}.items():
        path = FOLDER / name
        if not check:
            path.write_text(wanted, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}：已更新")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            sys.exit(f"{path.relative_to(ROOT)} 与程序不一致，读者会照着旧说明做。请运行 make reference 并一起提交。")


def functions_page() -> str:
    """Every function that a formula may call, from the table that the checker uses."""
    rows = [f"| `{f.usage}` | {cell(f.meaning)} |" for f in FUNCTIONS.values()]
    first = _PAGE.format(count=len(FUNCTIONS))
    return "\n".join(["# 公式里的函数", "", GENERATED, "", first, "", "| 写法 | 意思 |", "| --- | --- |", *rows, ""])


def commands_page() -> str:
    """Every command with its arguments, options and the exit codes."""
    parts = ["# 命令", "", GENERATED, ""]
    for path, command in walk(commands, ("zhikun",)):
        if not isinstance(command, click.Group):
            parts += [*section(path, command), ""]
    codes = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join([*parts, "## 退出码", "", "| 退出码 | 意思 |", "| --- | --- |", *codes, ""])


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and those below it, by name."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from walk(command.commands[name], (*path, name))


def section(path: tuple[str, ...], command: click.Command) -> list[str]:
    """One command: how it is written, what it does, its options."""
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join([" ".join(path), *command.collect_usage_pieces(context)])
    lines = [f"## {' '.join(path)}", "", command.help or "", "", "```", usage, "```"]
    records = [r for p in command.params if isinstance(p, click.Option) and (r := p.get_help_record(context))]
    if records:
        lines += ["", "| 选项 | 意思 |", "| --- | --- |", *(f"| `{name}` | {cell(text)} |" for name, text in records)]
    return lines


def cell(text: str) -> str:
    """A text inside a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
