"""`python -m zhikun.engine.packs [PACK ...]`: every fault of the packs and of their case files, or "OK" with counts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zhikun.engine.packs import PackErrors, change_days, find_root, load, names
from zhikun.engine.packs.cases import cases_of
from zhikun.wording import _


def main(arguments: list[str] | None = None) -> int:
    """Print the faults; the number to exit with: 0 when there are none, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m zhikun.engine.packs")
    parser.add_argument("packs", nargs="*", help=_("政策包，缺省为全部"))
    parser.add_argument("--root", type=Path, help=_("政策包文件夹"))
    options = parser.parse_args(arguments)
    failed = False
    try:
        root = options.root or find_root()
    except PackErrors as errors:
        sys.stdout.write(f"{errors}\n")
        return 1
    for name in options.packs or names(root):
        try:
            sys.stdout.write(_report(name, root) + "\n")
        except PackErrors as errors:
            failed = True
            for error in errors.errors:
                sys.stdout.write(f"{error}\n")
            sys.stdout.write(_("{name}：{count} 处错误").format(name=name, count=len(errors.errors)) + "\n")
    return 1 if failed else 0


def _report(name: str, root: Path) -> str:
    pack = load(name, root)
    cases = cases_of(pack, root)
    text = _(
        "{name}：OK。事实 {facts}，标准 {standards}，表 {tables}，规则 {rules}，"
        "排序 {rankings}，用例 {cases}，变化日 {days}"
    )
    if pack.monitoring is not None:
        watched = _("，监测名单 {sources}，预警指标 {indicators}")
        text += watched.format(sources=len(pack.monitoring.sources), indicators=len(pack.monitoring.indicators))
    return text.format(
        name=name,
        facts=len(pack.facts),
        standards=len(pack.standards),
        tables=len(pack.tables),
        rules=len(pack.rules),
        rankings=len(pack.rankings),
        cases=len(cases),
        days=len(change_days(pack)),
    )


if __name__ == "__main__":
    sys.exit(main())
