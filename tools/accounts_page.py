"""Write the tables of docs/reference/accounts.md that the code knows best: roles, rights, what one person may not hold together.

`--check` writes nothing and fails when the page is not what the code says. Only what stands between the marks is written.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "accounts.md"


def main() -> None:
    """Write the tables, or compare them with the code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page on disk is out of date")
    check = parser.parse_args().check
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhikun.web.settings")
    import django  # noqa: PLC0415 - settings first

    django.setup()
    text = PAGE.read_text(encoding="utf-8")
    wanted = filled(text)
    if not check:
        PAGE.write_text(wanted, encoding="utf-8")
        print(f"{PAGE.name}：已更新")
    elif text != wanted:
        sys.exit(f"{PAGE.name} 与程序不一致。请运行 python tools/accounts_page.py 并一起提交。")


def filled(text: str) -> str:
    """The page with its tables as the code has them now."""
    for name, lines in {"roles": roles(), "rights": rights(), "apart": apart()}.items():
        block = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not block.search(text):
            sys.exit(f"{PAGE.name} 里没有“generated: {name}”这一段。")
        table = "\n".join(lines)
        text = block.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)  # type: ignore[misc]  # the default binds it now
    return text


def roles() -> list[str]:
    """Each role: whose officers hold it, where, and whether it needs a second factor."""
    from zhikun.accounts.models import Organisation  # noqa: PLC0415 - after django.setup
    from zhikun.accounts.offices import LEVELS, OFFICES  # noqa: PLC0415 - the same
    from zhikun.accounts.roles import SECOND_FACTOR, Role  # noqa: PLC0415 - the same
    from zhikun.places.models import Level  # noqa: PLC0415 - the same

    lines = ["| 角色 | 标识 | 哪些机构的人员 | 哪一级地区 | 动态口令 |", "| --- | --- | --- | --- | --- |"]
    for role in Role:
        kinds = "、".join(str(kind.label) for kind in Organisation.Kind if kind in OFFICES[role])
        levels = "、".join(str(level.label) for level in Level if level in LEVELS[role])
        lines.append(
            f"| {role.label} | `{role.value}` | {kinds} | {levels} | {'必须' if role in SECOND_FACTOR else ''} |"
        )
    return lines


def rights() -> list[str]:
    """Rights down, roles across."""
    from zhikun.accounts.roles import RIGHT_TITLES, RIGHTS, Right, Role  # noqa: PLC0415 - after django.setup

    heads = " | ".join(str(role.label) for role in Role)
    lines = [f"| 权限 | 标识 | {heads} |", "| --- | --- |" + " :-: |" * len(Role)]
    for right in Right:
        marks = " | ".join("●" if right in RIGHTS[role] else "" for role in Role)
        lines.append(f"| {RIGHT_TITLES[right]} | `{right.value}` | {marks} |")
    return lines


def apart() -> list[str]:
    """The pairs that one person may not hold at the same time."""
    from zhikun.accounts.roles import INCOMPATIBLE  # noqa: PLC0415 - after django.setup

    pairs = [f"| {pair.one.label} | {pair.other.label} | {pair.why} |" for pair in INCOMPATIBLE]
    return ["| 角色 | 不能同时担任 | 原因 |", "| --- | --- | --- |", *pairs]


if __name__ == "__main__":
    main()
