"""`zhikun demo`: generated places to try things on. No real person is in them."""

from __future__ import annotations

from pathlib import Path

import click

from zhikun.cli.screen import UNREADABLE, Refused, load_pack, progress, say, writing
from zhikun.cli.survey import workbook
from zhikun.intake import survey
from zhikun.intake.demo import COUNTIES, NOTE, UnknownCounty, generate
from zhikun.wording import _


@click.group(help=_("演示数据（全部为生成数据，不是真实人员）"))
def demo() -> None:
    """Commands that make demonstration data."""


@demo.command(help=_("生成一个县的调查表：4,803 户，评估结果与公布的致困原因统计表逐格相同"))
@click.option("--like", default="yuanzhou", show_default=True, metavar="PACK", help=_("像哪个地方"))
@click.option("--seed", default=1, show_default=True, metavar="N", help=_("种子：同一个数总是生成同样的户"))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.xlsx", help=_("写到哪里"))
def county(like: str, seed: int, out: Path) -> int:
    """A workbook of generated households."""
    try:
        with writing(workbook(out)), progress() as report:
            report(_("生成家庭"), 0, 1)
            tables = generate(seed, like)
            survey.write(tables, load_pack(like), out, report)
    except UnknownCounty:
        known = "、".join(COUNTIES)
        raise Refused(
            _("没有“{l}”的公布统计表，不能照着生成；可用的有 {k}。").format(l=like, k=known), UNREADABLE
        ) from None
    say(_("{p}：{h} 户，{m} 人。{note}").format(p=out, h=len(tables["household"]), m=len(tables["member"]), note=NOTE))
    return 0
