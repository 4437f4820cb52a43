"""`zhikun demo`: generated places to try things on. No real person is in them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import click
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.cli.demo_office import code, office
from zhikun.cli.keys import default_path, keys, keys_option
from zhikun.cli.lists import lists
from zhikun.cli.monitor import monitor
from zhikun.cli.screen import UNREADABLE, USAGE, Refused, aside, load_pack, progress, say, writing
from zhikun.cli.survey import workbook
from zhikun.disk import private_folder
from zhikun.identity import token_text
from zhikun.intake import survey
from zhikun.intake.demo import COUNTIES, NOTE, UnknownCounty, generate
from zhikun.intake.demo.months import LIKE, MANIFEST, Asked, Made, MonthsRefused, write_months
from zhikun.wording import _
from zhikun.workdays import Month

DEMO_COUNTY = "640402"  # where the people of `demo county` live


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


@demo.command(help=_("按月生成各部门的名单文件：演示县（与 demo county 同样的人），或四百二十万监测对象的一个省"))
@click.option("--like", required=True, type=click.Choice(LIKE), help=_("演示县 county，或一个省 province"))
@click.option(
    "--pack", "pack_name", metavar="PACK", help=_("按哪个政策包的名单和列（默认：演示县用 national，省用 gansu）")
)
@click.option("--months", "count", default=12, show_default=True, metavar="N", help=_("生成几个月"))
@click.option("--from", "first", default="2025-12", show_default=True, metavar="MONTH", help=_("从哪个月起"))
@click.option("--seed", default=1, show_default=True, metavar="N", help=_("种子：同一个数总是生成同样的文件"))
@click.option("--people", type=int, metavar="N", help=_("省的监测人数，不写时为四百二十万；演示县的人数是固定的"))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help=_("写到哪个文件夹"))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=_("同时按次序接收全部名单、逐月筛查，写进这个数据文件夹"),
)
@keys_option
@click.pass_context
def months(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    context: click.Context,
    like: str,
    pack_name: str | None,
    count: int,
    first: str,
    seed: int,
    people: int | None,
    out: Path,
    data: Path | None,
    keys_path: Path | None,
) -> int:
    """Department files of several months; with `--data` received and screened as well."""
    asked = Asked(like, seed, count, first, people)
    pack_name = pack_name or ("national" if like == "county" else "gansu")
    pack = load_pack(pack_name)
    if like == "county" and pack.place and not DEMO_COUNTY.startswith(pack.place.rstrip("0")):
        aside(_("注意：演示县在 {c}，政策包“{p}”只收 {o} 的人，名册会全部退回；要接收和筛查，请用 --pack national。").format(
            c=DEMO_COUNTY, p=pack_name, o=pack.place))  # fmt: skip
    try:
        with writing(out), progress() as report:
            made = write_months(pack, asked, out, report)
    except MonthsRefused as refusal:
        raise Refused(str(refusal), USAGE) from None
    rows = sum(sheet.rows for sheet in made.sheets)
    say(_("{o}：{m} 个月，{f} 个文件，{r:,} 行，监测 {n:,} 人。{note}").format(
        o=out, m=count, f=len(made.sheets), r=rows, n=made.watched, note=NOTE))  # fmt: skip
    say(_("{m} 写明每个文件的行数、有意放入的错误和接收次序。").format(m=out / MANIFEST))
    if data is None:
        _say_next(made, out, pack_name)
        return 0
    _carry(context, made, out, {"pack_name": pack_name, "data": data, "keys_path": keys_path})
    return 0


def _carry(context: click.Context, made: Made, out: Path, place: dict[str, Any]) -> None:
    """All files received in their order, as an office would; each month screened on its last day.

    A file that is held stays held, as it would: what to do is on the screen.
    """
    data: Path = place["data"]
    private_folder(data)
    path = place["keys_path"] or default_path()
    if not path.exists():
        context.invoke(keys.commands["init"], data=data, keys_path=place["keys_path"], reason=_("演示"))
    received = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["receive"]
    last = max(
        Month.read(str(sheet.period)) for sheet in made.sheets
    )  # what comes later belongs to months already screened
    months_of = [min(Month.read(step["day"][:7]), last) for step in received]
    for month in sorted(set(months_of)):
        say(_("—— {m} 的名单 ——").format(m=month))
        for step in (step for step, whose in zip(received, months_of, strict=True) if whose == month):
            context.invoke(
                lists.commands["receive"], file=out / step["file"], origin=None, query="", source_name=step["source"],
                period=Month.read(step["period"]), by=_("演示"), rejects=None, on=date.fromisoformat(step["day"]), **place,
            )  # fmt: skip
        context.invoke(
            monitor.commands["run"],
            month=month,
            on=month.last_day,
            new_decisions=False,
            new_rules=False,
            exceptions=None,
            **place,
        )
    code = _hardest(data / "screening" / place["pack_name"] / str(last) / "warnings.parquet")
    say(
        _("—— 分数最高的一个人（打开别人的：zhikun monitor explain 人员代码 --month {m} --data {d}）——").format(
            m=last, d=data
        )
    )
    context.invoke(
        monitor.commands["explain"], person=code, kind="", month=last, exceptions=None, as_json=False, **place
    )


def _hardest(warnings: Path) -> str:
    """The code of the person with the highest score of hardship."""
    found = pq.read_table(warnings, columns=["person", "score"], filters=pc.field("direction") == "hardship")
    return token_text(found.sort_by([("score", "descending"), ("person", "ascending")]).column("person")[0].as_py())


def _say_next(made: Made, out: Path, pack_name: str) -> None:
    """The commands that follow, for the first month."""
    say(_("接下来（数据文件夹以 data 为例，密钥在它之外）："))
    say("  zhikun keys init --data data")
    first = min((str(sheet.period) for sheet in made.sheets), default="")
    for sheet in made.sheets:
        if str(sheet.period) == first:
            source, period = sheet.listed.id, sheet.period
            say(
                f"  zhikun lists receive {out / sheet.file} --source {source} --period {period} --pack {pack_name} --data data"
            )
    say(f"  zhikun monitor run --month {first} --pack {pack_name} --data data")


demo.add_command(office)
demo.add_command(code)
