"""`zhikun packs`: are the rules whole, and do their cases come out?"""

from __future__ import annotations

from typing import Any

import click

from zhikun.cli.screen import FAULTS, Refused, lines, load_pack, say
from zhikun.engine.packs import Pack, PackErrors, load, names
from zhikun.engine.packs.cases import cases_of
from zhikun.engine.packs.dates import change_days
from zhikun.engine.run.cases import run_cases
from zhikun.engine.run.check import check_days
from zhikun.surveys.questionnaire import problems
from zhikun.wording import _


@click.group(help=_("政策包：检查、案例、清单"))
def packs() -> None:
    """Commands about packs."""


@packs.command("list", help=_("列出政策包"))
def list_packs() -> None:
    """Every pack with its title."""
    for name in names():
        pack = load_pack(name)
        say(f"{name:<12} {pack.version:<8} {pack.title}" + (_("（含示例参数）") if pack.sample else ""))


@packs.command(help=_("检查政策包（不写名称则检查全部）：一次列出所有错误；在每个有变化的日子规则都要完整"))
@click.argument("pack", required=False)
def check(pack: str | None) -> int:
    """Every fault of one pack or of all."""
    faults = 0
    for name in [pack] if pack else names():
        faults += _check(name)
    return FAULTS if faults else 0


def _check(name: str) -> int:
    if name not in names():
        load_pack(name)
    try:
        pack = load(name)
        texts = [f"{place}: {text}" for place, text in check_days(pack)]
        texts += [] if texts else problems(pack)
        cases = 0 if texts else len(cases_of(pack))
    except PackErrors as errors:
        texts, pack, cases = [str(error) for error in errors.errors], None, 0
    if texts or pack is None:
        say(lines(texts, _("✗ {n}：{c} 处错误").format(n=name, c=len(texts))))
        return len(texts)
    say(
        _("✓ {n}：{f} 项事实，{r} 条规则，{s} 项标准，{t} 张表，{c} 个案例；{d} 个变化日都完整").format(
            n=name,
            f=len(pack.facts),
            r=len(pack.rules),
            s=len(pack.standards),
            t=len(pack.tables),
            c=cases,
            d=len(change_days(pack)),
        )
        + _watched(pack)
    )
    return 0


def _watched(pack: Pack) -> str:
    if pack.monitoring is None:
        return ""
    return _("；监测名单 {s} 个，预警指标 {i} 项").format(
        s=len(pack.monitoring.sources), i=len(pack.monitoring.indicators)
    )


@packs.command(help=_("运行政策包的案例（不写名称则运行全部）"))
@click.argument("pack", required=False)
def cases(pack: str | None) -> int:
    """Every case of one pack or of all."""
    failed = 0
    for name in [pack] if pack else names():
        failed += _run(name)
    return FAULTS if failed else 0


def _run(name: str) -> int:
    loaded = load_pack(name)
    try:
        found = cases_of(loaded)
    except PackErrors as errors:
        raise Refused(lines([str(e) for e in errors.errors], _("“{n}”的案例不能用：").format(n=name)), FAULTS) from None
    results: list[Any] = run_cases(loaded, found)
    failed = [result for result in results if result.differences]
    for result in failed:
        say(lines(list(result.differences), f"✗ {result.case.at} {result.case.name}"))
    skipped = [result for result in results if result.skipped]
    for result in skipped:
        say(_("- 略过 {c}：{why}").format(c=result.case.name, why=result.skipped))
    mark = "✗" if failed else "✓"
    say(
        _("{m} {n}：{a} 个案例，{f} 个不符，{s} 个略过").format(
            m=mark, n=name, a=len(results), f=len(failed), s=len(skipped)
        )
    )
    return len(failed)
