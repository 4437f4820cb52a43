"""`zhikun match`: whose rows lists without identity numbers hold; pairs for a person to look at; duplicates."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from zhikun.cli import match_text
from zhikun.cli.keys import keys_option, ring_for
from zhikun.cli.lists import source_of, watched
from zhikun.cli.monitor import answered
from zhikun.cli.options import Period, data_option, pack_option
from zhikun.cli.screen import (
    FAULTS,
    UNUSABLE,
    Day,
    Refused,
    lines,
    not_over,
    progress,
    rows_in,
    say,
    say_months,
    writing,
)
from zhikun.screening import review as room
from zhikun.screening.again import to_run_again
from zhikun.screening.feedback import Given
from zhikun.screening.linking import Linking, Links, without_numbers
from zhikun.screening.model import GivenFile
from zhikun.wording import _
from zhikun.workdays import Month

SOURCE = click.argument("source_name", metavar="SOURCE")
PERIOD = click.option("--period", type=Period(), required=True, metavar="PERIOD", help=_("名单的报送期，如 2026-11"))
MONTH = click.option(
    "--month", type=Period(), metavar="YYYY-MM", help=_("与哪个月的监测名册比对（默认：报送期那个月）")
)


def _not_to_come(_ctx: click.Context, _param: click.Parameter, day: date | None) -> date | None:
    if day is not None and day > _today():
        raise click.BadParameter(_("{d} 晚于今天，还没有到的日子不会有认定。请核对年份。").format(d=day))
    return day


@click.group(help=_("对人：没有身份证号的名单是谁的；核对拿不准的；查找重复和已故仍在册的人"))
def match() -> None:
    """Commands about who is who."""


@match.command(help=_("把一份没有身份证号的名单对到监测对象：先比完全相同的，其余按概率；筛查时也会自动做"))
@SOURCE
@PERIOD
@MONTH
@pack_option
@data_option
@keys_option
def link(
    source_name: str, period: Month, month: Month | None, pack_name: str, data: Path, keys_path: Path | None
) -> int:
    _links, linking, _ring = _linked(source_name, period, month, pack_name, data, keys_path)
    for text in match_text.linking_lines([linking], month or period, pack_name):
        say(text)
    say(_("结果：{p}").format(p=linking.folder))
    return FAULTS if linking.counts["review"] else 0


@match.command(help=_("把等人核对的写成工作簿：名单里的人、可能是谁、逐项依据；姓名遮盖，只有本人能打开"))
@SOURCE
@PERIOD
@MONTH
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.xlsx", help=_("写到哪里"))
@pack_option
@data_option
@keys_option
def review(
    source_name: str, period: Month, month: Month | None, out: Path, pack_name: str, data: Path, keys_path: Path | None
) -> int:  # fmt: skip
    not_over(out)
    links, linking, ring = _linked(source_name, period, month, pack_name, data, keys_path)
    population = _population(links, month or period)
    if not linking.counts["review"]:
        say(_("{r} 没有等人核对的行，没有写工作簿。").format(r=linking.label))
        return 0
    with answered(), writing(out):
        made = room.write_review(links, linking, population, ring, out)
    say(_("{p}：{n} 行等人核对，共 {k} 对。填好“认定”和“理由”后运行 zhikun match decide {p} --by 姓名。").format(
        p=out, n=made.rows, k=made.pairs))  # fmt: skip
    return 0


@match.command(help=_("收入核对的认定：整份工作簿，或用选项写一对；逐行回答，以后每次比对都照办，不会被冲掉"))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--record", metavar="CODE", help=_("一对里的记录代码（工作簿里有）"))
@click.option("--person", metavar="CODE", help=_("一对里的人员代码"))
@click.option(
    "--other", metavar="CODE", help=_("名册里的两个人是一对时，另一人员代码（match duplicates 的工作簿里有）")
)
@click.option("--verdict", metavar="TEXT", help=_("认定：{all}").format(all="、".join(room.VERDICTS)))
@click.option("--why", metavar="TEXT", help=_("理由"))
@click.option("--by", required=True, metavar="NAME", help=_("谁核对的"))
@click.option("--on", type=Day(), callback=_not_to_come, metavar="DAY", help=_("哪一天核对的（默认：今天）"))
@click.option("--replace", is_flag=True, help=_("更正原认定：与以前的认定相反时也收下，原来的仍保留在记录里"))
@pack_option
@data_option
@keys_option
def decide(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    file: Path | None, record: str | None, person: str | None, other: str | None, verdict: str | None, why: str | None, by: str,
    on: date | None, replace: bool, pack_name: str, data: Path, keys_path: Path | None,
) -> int:  # fmt: skip
    pair = {"record": record, "other": other, "person": person, "verdict": verdict, "why": why}
    given = {name: text for name, text in pair.items() if text}
    if bool(file) == bool(given) or (file is None and len(given) != len(pair) - 1) or (record and other):
        raise click.UsageError(
            _(
                "请写核对好的工作簿 FILE，或写 --record（或 --other）、--person、--verdict 和 --why 认定一对，两者写一种。"
            )
        )
    pack, monitoring = watched(pack_name)
    ring = ring_for(keys_path, data)
    with answered():
        links = Links(data, ring, monitoring, _lists(data))
        rows = rows_in(file, room.rows_of) if file is not None else [Given(1, given)]
        answers = room.take_decisions(data, links, rows, ring=ring, by=by, on=on or _today(), replace=replace)
    refused = [answer for answer in answers if answer.state == "refused"]
    say(_("认定 {n} 对：新收 {a} 对，已有 {k} 对，退回 {r} 对；{o} 行没有填，仍等核对。").format(
        n=len(answers), a=sum(a.state == "accepted" for a in answers), k=sum(a.state == "known" for a in answers),
        r=len(refused), o=len(rows) - len(answers)))  # fmt: skip
    if refused:
        told = [_("第 {n} 行：{t}").format(n=a.row, t=a.text) for a in refused] if file else [a.text for a in refused]
        say(lines(told, _("退回的，改好后再交即可：")))
    if any(answer.state == "accepted" for answer in answers):
        say(_("认定在下一次 zhikun match link、match duplicates 或 zhikun monitor run 时生效。"))
        with answered():
            say_months(to_run_again(data, pack.id, links.inputs, linked=True), pack_name, data)
    return FAULTS if refused else 0


@match.command(
    help=_("在监测名册里找：一人在两户、一户两个编号、已故仍在册，写成工作簿，每行有依据；只提问，不删人也不并户")
)
@click.option("--month", type=Period(), required=True, metavar="YYYY-MM", help=_("哪个月的监测名册"))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.xlsx", help=_("写到哪里"))
@pack_option
@data_option
@keys_option
def duplicates(month: Month, out: Path, pack_name: str, data: Path, keys_path: Path | None) -> int:
    from zhikun.screening import doubles  # noqa: PLC0415 - only this command looks for them

    not_over(out)
    _pack, monitoring = watched(pack_name)
    ring = ring_for(keys_path, data)
    with answered(), progress() as bar:
        links = Links(data, ring, monitoring, _lists(data))
        population = _population(links, month)
        bar(_("查找重复"), 0, 1)
        deaths = [
            named for name in doubles.death_lists(monitoring) for named in links.rows_of(name, month.plus(-11), month)
        ]
        found = doubles.find_doubles(links.watched(population), deaths, links.doubles.in_force())
        bar(_("查找重复"), 1, 1)
        with writing(out):
            doubles.write_doubles(found, _("{m} 的监测名册").format(m=month), out)
    if not found.compared:
        say(match_text.without_splink())
    say(_("{p}：一人在两户 {a} 对，一户两个编号 {b} 对，已故仍在册 {c} 人（依据 {n} 份死亡名单）。").format(
        p=out, a=len(found.people), b=len(found.households), c=len(found.dead), n=len(found.deaths)))  # fmt: skip
    if found.people:
        say(
            _(
                "号码不同的两人：填好“认定”和“理由”后运行 zhikun match decide {p} --by 姓名，认定不是同一人的以后不再问。"
            ).format(p=out)
        )
    if not found.deaths:
        say(_("近 12 个月没有可用的死亡名单，已故仍在册的没有查。请先接收死亡名单。"))
    return FAULTS if found.people or found.households or found.dead else 0


def _population(links: Links, month: Month) -> GivenFile:
    """Who is watched in a month, or a refusal."""
    found = links.population(month)
    if found is None:
        raise Refused(
            _("{m} 没有可用的监测名册，不知道与谁比对。请先接收这个月的名册，或换一个有名册的月份。").format(m=month),
            UNUSABLE,
        )
    return found


def _linked(
    source_name: str, period: Month, month: Month | None, pack_name: str, data: Path, keys_path: Path | None
) -> tuple[Links, Linking, Any]:
    """The links of one list of one period, made if they are not there."""
    pack, monitoring = watched(pack_name)
    source = source_of(monitoring, source_name, pack)
    if not without_numbers(source) or source.kind == "population":
        raise Refused(_("“{t}”有身份证号，号码就说明是谁，不用比对姓名。").format(t=source.title), UNUSABLE)
    ring = ring_for(keys_path, data)
    with answered(), progress() as bar:
        links = Links(data, ring, monitoring, _lists(data))
        _population(links, month or period)
        found = links.make_one(source, period, month or period, bar)
    if found is None:
        raise Refused(
            _("“{t}”没有 {p} 这一期可用的名单。运行 zhikun lists status --month {p} 看收到了哪些。").format(
                t=source.title, p=period
            ),
            UNUSABLE,
        )
    return links, found, ring


def _lists(data: Path) -> Any:
    from zhikun.intake.lists import Lists  # noqa: PLC0415 - the other commands start without what reads files

    return Lists(data)


def _today() -> date:
    return datetime.now().astimezone().date()
