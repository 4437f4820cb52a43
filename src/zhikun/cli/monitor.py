"""`zhikun monitor`: the month's warnings, why each stands, what visits found, what is overdue."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from zhikun import screening as room
from zhikun.cli import match_text, monitor_text
from zhikun.cli.keys import keys_answered, keys_option, ring_for
from zhikun.cli.options import Period, data_option, pack_option
from zhikun.cli.screen import (
    FAULTS,
    UNREADABLE,
    UNUSABLE,
    Day,
    Refused,
    aside,
    folder,
    lines,
    load_pack,
    not_over,
    progress,
    rows_in,
    say,
    say_months,
    why,
    writing,
)
from zhikun.matching import MatchingError
from zhikun.screening.words import outcome_words
from zhikun.tables.pandas_out import leave_pandas_out
from zhikun.wording import _
from zhikun.workdays import BadExceptions, Calendar, Month, load_calendar


class Figure(click.ParamType):  # type: ignore[type-arg]  # click is generic here only in its newest version
    """A name and its figure on the command line: inpatient=30."""

    name = "名称=数值"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, sign, figure = str(value).partition("=")
        if not sign or not name.strip() or not figure.strip():
            self.fail(_("“{v}”应写成 名称=数值，如 inpatient=30。").format(v=value), param, ctx)
        return name.strip(), figure.strip()


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """--pack, --data, --keys: of every command here."""
    return pack_option(data_option(keys_option(command)))


def _begun(_ctx: click.Context, _param: click.Parameter, month: Month) -> Month:
    """A month that is still to come has no lists; screened, it would stand before the months between."""
    if month.first_day > _today():
        raise click.BadParameter(
            _("{m} 还没有到，不能筛查。请核对年份，最晚写这个月 {now}。").format(m=month, now=Month.of(_today()))
        )
    return month


def _not_to_come(_ctx: click.Context, _param: click.Parameter, day: date | None) -> date | None:
    if day is not None and day > _today():
        raise click.BadParameter(
            _("{d} 晚于今天，期限不能从还没有到的日子算起。请写今天 {t} 或更早的日子。").format(d=day, t=_today())
        )
    return day


MONTH = click.option("--month", type=Period(), metavar="YYYY-MM", help=_("哪个月（默认：最近筛查过的月）"))
EXCEPTIONS = click.option(
    "--exceptions", type=click.Path(path_type=Path), metavar="FILE.csv", help=_("管理员补充的放假、补班安排")
)
KIND = click.option(
    "--document", "kind", default="", metavar="TEXT", help=_("证件不是居民身份证时写证件类型，如 护照；号码按提示输入")
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help=_("用 JSON 写"))


@click.group(help=_("监测预警：每月筛查，四色分级，核实期限，反馈和催办"))
def monitor() -> None:
    """Commands about monthly warnings."""
    leave_pandas_out()


@monitor.command(help=_("筛查一个月：名册与部门名单比对、打分、分级，与上月比较，算出核实期限"))
@click.option("--month", type=Period(), required=True, callback=_begun, metavar="YYYY-MM", help=_("筛查哪个月"))
@click.option(
    "--on", type=Day(), callback=_not_to_come, metavar="YYYY-MM-DD",
    help=_("预警发出的日子，期限从这天算起（默认：今天）；再筛查时只用于新出现的预警"),
)  # fmt: skip
@click.option("--new-decisions", is_flag=True, help=_("这个月筛查过以后录入的反馈也算进去（默认：仍按当时已有的反馈）"))
@click.option("--new-rules", is_flag=True, help=_("这个月是按政策包的另一版筛查的，确要用现在的规则改写"))
@common
@EXCEPTIONS
def run(
    month: Month, on: date | None, new_decisions: bool, new_rules: bool, pack_name: str, data: Path, keys_path: Path | None,
    exceptions: Path | None,
) -> int:  # fmt: skip
    if on is not None and on < month.first_day:
        raise click.UsageError(
            _(
                "{m} 的预警不能在 {d} 发出：那时这个月还没有开始，期限会算得太早。请用 --on 写 {f} 或以后的日子。"
            ).format(m=month, d=on, f=month.first_day)
        )
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    calendar = _calendar(exceptions)
    lists = _lists(data)
    with answered(), progress() as bar:
        links = room.Links(data, ring, room.monitoring_of(pack), lists)
        linked = links.make(month, bar)
        bar(_("筛查"), 0, 1)
        ran = room.run_month(
            data, pack, month, links.inputs(month), ring=ring, calendar=calendar, today=_today(), on=on,
            new_decisions=new_decisions, new_rules=new_rules,
        )  # fmt: skip
        bar(_("筛查"), 1, 1)
        others = room.to_run_again(data, pack.id, links.inputs, linked=True)
    for text in match_text.linking_lines(linked, month, pack_name):
        say(text)
    for text in monitor_text.run_lines(ran, pack):
        say(text)
    say_months(sorted({*ran.later, *others}), pack_name, data)
    return 0


@monitor.command(
    help=_("说明一个人的预警：每项指标的数值、名单、权重、算式，级别、期限和历次变化。不写人员代码时会询问，输入不显示")
)
@click.argument("person", required=False, metavar="[人员代码]")
@KIND
@MONTH
@common
@EXCEPTIONS
@AS_JSON
def explain(
    person: str | None, kind: str, month: Month | None, pack_name: str, data: Path, keys_path: Path | None,
    exceptions: Path | None, as_json: bool,
) -> int:  # fmt: skip
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered():
        token = room.person_of(*_asked(person, kind), ring, kind)
        found = room.explain(data, pack, token, ring=ring, calendar=_calendar(exceptions), month=month)
    if as_json:
        click.echo(json.dumps(room.as_data(found), ensure_ascii=False, indent=1))
    else:
        for text in monitor_text.explanation_lines(found, pack):
            say(text)
    return 0


@monitor.command(help=_("收入户核实的反馈：整份表（CSV 或工作簿），或用选项写一个人；逐行回答，重复的只记一次"))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--person", metavar="CODE", help=_("一个人的人员代码（写 - 时询问证件号码，输入不显示）"))
@KIND
@click.option("--outcome", metavar="RESULT", help=_("结果：{all}").format(all="、".join(outcome_words().values())))
@click.option("--helped-with", metavar="TEXT", help=_("帮扶措施，结果是“已帮扶”时必填"))
@click.option("--causes", metavar="TEXT", help=_("只处理了其中几项原因时写，用顿号分开"))
@click.option("--direction", metavar="TEXT", help=_("两个方向都有预警时写：可能需要帮扶、可能不再符合条件"))
@click.option("--visited-on", type=Day(), metavar="YYYY-MM-DD", help=_("核实日期（默认：今天）"))
@click.option("--by", metavar="NAME", help=_("经办人（默认：本机登录的用户）"))
@MONTH
@common
def feedback(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    file: Path | None, person: str | None, kind: str, outcome: str | None, helped_with: str | None, causes: str | None,
    direction: str | None, visited_on: date | None, by: str | None, month: Month | None, pack_name: str, data: Path,
    keys_path: Path | None,
) -> int:  # fmt: skip
    if (file is None) == (person is None):
        raise click.UsageError(_("请写反馈文件 FILE，或写 --person 和 --outcome 反馈一个人，两者写一种。"))
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered():
        if file is not None:
            every = rows_in(file, room.rows_of)
            rows = [row for row in every if row.filled]
            for text in room.left_out(every) if rows else ():
                aside(_("注意：表里{t}。不对的，补上这一列再交。").format(t=text))
        else:
            token, number = _asked(None if person == "-" else person, kind)
            every = rows = list(room.as_rows({
                "person": token, "id_number": number, "document_kind": kind if number else "", "month": month,
                "direction": direction, "outcome": outcome, "helped_with": helped_with, "causes": causes, "on": visited_on,
                "by": by,
            }))  # fmt: skip
        answers = room.take(data, pack, rows, ring=ring, today=_today(), by=by or _user())
    refused = [answer for answer in answers if answer.state == "refused"]
    say(
        _("反馈 {n} 行：新收 {a} 行，已有 {k} 行，退回 {r} 行。").format(
            n=len(answers), a=sum(a.state == "accepted" for a in answers), k=sum(a.state == "known" for a in answers), r=len(refused)
        )
    )  # fmt: skip
    if other := [_("第 {n} 行：{t}").format(n=a.row, t=a.text) for a in answers if a.state == "accepted" and a.text]:
        say(lines(other, _("与以前的反馈相反的，请核对：")))
    if len(every) > len(rows):
        say(_("还没有填结果的 {n} 行没有收，填好后整份再交即可。").format(n=len(every) - len(rows)))
    if refused:
        say(
            lines([_("第 {n} 行：{t}").format(n=a.row, t=a.text) for a in refused], _("退回的行，改好后整份再交即可："))
        )
    return FAULTS if refused else 0


@monitor.command(help=_("试算：换权重、分档或各级起点，同一个月各县各色预警会有多少，与实际比较；什么也不写"))
@click.option(
    "--weight",
    "weights",
    type=Figure(),
    multiple=True,
    metavar="指标=权重",
    help=_("如 inpatient=30；一个方向合计 100"),
)
@click.option("--level", "levels", type=Figure(), multiple=True, metavar="级别=分数", help=_("如 blue=25"))
@click.option(
    "--band", "bands", type=Figure(), multiple=True, metavar="指标:档=起点:分", help=_("如 disability:1=1:80")
)
@MONTH
@common
@EXCEPTIONS
def simulate(
    weights: Sequence[tuple[str, str]], levels: Sequence[tuple[str, str]], bands: Sequence[tuple[str, str]],
    month: Month | None, pack_name: str, data: Path, keys_path: Path | None, exceptions: Path | None,
) -> int:  # fmt: skip
    if not (weights or levels or bands):
        raise click.UsageError(_("没有写要换什么。请写 --weight、--level 或 --band。"))
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    changes = room.Changes(
        {name: _number(value) for name, value in weights}, {name: _number(value) for name, value in levels},
        dict(_band(name, value) for name, value in bands),
    )  # fmt: skip
    with answered():
        tried = room.changed(room.monitoring_of(pack), changes)
        of, counts = room.simulate(data, pack, tried, ring=ring, calendar=_calendar(exceptions), month=month)
    for text in monitor_text.simulation_lines(of, counts, pack):
        say(text)
    return 0


@monitor.command(help=_("催办：到这一天为止超期未核实的预警，按政策包提醒县、市、省；同一件只发一次"))
@click.option("--on", type=Day(), required=True, metavar="YYYY-MM-DD", help=_("哪一天"))
@common
@EXCEPTIONS
def reminders(on: date, pack_name: str, data: Path, keys_path: Path | None, exceptions: Path | None) -> int:
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered():
        sent = room.remind(data, pack, on, ring=ring, calendar=_calendar(exceptions), today=_today())
    for text in monitor_text.reminder_lines(sent, pack):
        say(text)
    return 0


@monitor.command(help=_("给其他部门的名单：每条推送一个 CSV，只有约定的列，姓名和证件号码遮盖"))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help=_("写到哪个文件夹"))
@MONTH
@common
@EXCEPTIONS
def routes(
    out: Path, month: Month | None, pack_name: str, data: Path, keys_path: Path | None, exceptions: Path | None
) -> int:
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered(), writing(folder(out) / "routes"):
        written = room.write_routes(data, pack, out, ring=ring, calendar=_calendar(exceptions), month=month)
    if not written:
        say(_("政策包“{p}”没有写推送给其他部门的名单。").format(p=pack.title))
    for one in written:
        say(_("{d}：{t} {n} 人 → {f}").format(d=one.route.department, t=one.route.title, n=one.rows, f=one.file))
    return 0


@monitor.command(
    help=_(
        "入户核实名单：还等着核实的预警，写成工作簿，姓名和证件号码遮盖；填上结果就是反馈表，用 monitor feedback 收回"
    )
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.xlsx", help=_("写到哪个文件"))
@click.option("--place", default="", metavar="CODE", help=_("只要这个地方的：区划代码，可只写前几位，如 640402"))
@click.option("--level", "levels", multiple=True, metavar="TEXT", help=_("只要这一级的，可写多次"))
@click.option("--on", type=Day(), metavar="YYYY-MM-DD", help=_("剩余工作日从哪天算起（默认：今天）"))
@MONTH
@common
@EXCEPTIONS
def worklist(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    out: Path, place: str, levels: Sequence[str], on: date | None, month: Month | None, pack_name: str, data: Path,
    keys_path: Path | None, exceptions: Path | None,
) -> int:  # fmt: skip
    not_over(out)
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered(), writing(out):
        done = room.write_worklist(
            data, pack, out, on or _today(), ring=ring, calendar=_calendar(exceptions), month=month, place=place, levels=levels,
        )  # fmt: skip
    say(_("{m} 等着核实的预警 {n} 件、{p} 人 → {f}").format(m=done.month, n=done.rows, p=done.persons, f=out))
    if not done.rows and (place or levels):
        say(_("名单是空的：这个地方或这一级没有等着核实的预警。不该没有的，请核对 --place 和 --level。"))
    return 0


@monitor.command(help=_("预警准不准：按指标和名单，核实了多少、属实多少、帮扶多少、用了几天"))
@common
def precision(pack_name: str, data: Path, keys_path: Path | None) -> int:
    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered():
        found = room.precision(data, pack, ring=ring)
    for text in monitor_text.precision_lines(found):
        say(text)
    return 0


@monitor.command(
    help=_("一个月的报告，写成网页和 PDF：从监测到帮扶的人数，分级别、地区、指标，超期、准确率、依据的名单；只有合计数")
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help=_("写到哪个文件夹"))
@click.option("--on", type=Day(), metavar="YYYY-MM-DD", help=_("核实、帮扶和超期截至哪一天（默认：今天）"))
@MONTH
@common
def report(
    out: Path, on: date | None, month: Month | None, pack_name: str, data: Path, keys_path: Path | None
) -> int:  # fmt: skip
    from zhikun.cli.monitor_report import write  # noqa: PLC0415 - only a report needs what sets PDFs

    pack, ring = load_pack(pack_name), ring_for(keys_path, data)
    with answered(), progress() as bar:
        bar(_("统计"), 0, 3)
        links = room.Links(data, ring, room.monitoring_of(pack), _lists(data))
        found = room.figures_of(data, pack, on or _today(), ring=ring, month=month, inputs_now=links.inputs)
        written = write(found, pack, out, bar)
    for text in monitor_text.report_lines(found, written):
        say(text)
    return 0


@contextmanager
def answered() -> Iterator[None]:
    """What the screening refuses, as a refusal of the command."""
    try:
        with keys_answered():
            yield
    except room.ScreeningDamaged as error:
        raise Refused(str(error), UNREADABLE) from None
    except (room.ScreeningRefused, room.Unanswerable, MatchingError) as error:
        raise Refused(str(error), UNUSABLE) from None
    except OSError as error:
        raise Refused(_("读写不了 {p}：{why}。").format(p=error.filename, why=why(error)), UNREADABLE) from None


def _lists(data: Path) -> Any:
    """What was received in this data folder."""
    from zhikun.intake.lists import Lists  # noqa: PLC0415 - only a run reads lists; the other commands start without them

    return Lists(data)


def _asked(person: str | None, kind: str = "") -> tuple[str, str]:
    """(token text, number of a document): the number is asked for and never shown; on a command line it would stay in its history."""
    if person is not None:
        if kind or room.looks_like_number(person):
            aside(_("证件号码会留在命令的历史记录里。请不带它再运行一次，按提示输入。"))
            raise Refused(_("没有查询。"), UNREADABLE)
        return person, ""
    if sys.stdin.isatty():
        asked = _("{k}号码（输入不显示）").format(k=kind) if kind else _("身份证号或人员代码（输入不显示）")
        text = str(click.prompt(asked, hide_input=True, err=True)).strip()
    else:  # from a pipe there is nothing to hide on a screen
        text = sys.stdin.readline().strip()
    return ("", text) if kind or room.looks_like_number(text) else (text, "")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(_("“{t}”不是数。请写阿拉伯数字，如 30。").format(t=text)) from None


def _band(name: str, value: str) -> tuple[tuple[str, int], tuple[float, float]]:
    indicator, sign, number = name.partition(":")
    low, other, points = value.partition(":")
    if not (sign and other and number.isdecimal()):
        raise click.UsageError(_("“{n}={v}”应写成 指标:档=起点:分，如 disability:1=1:80。").format(n=name, v=value))
    return (indicator, int(number)), (_number(low), _number(points))


def _calendar(file: Path | None) -> Calendar:
    try:
        return load_calendar(*([file] if file else []))
    except BadExceptions as error:
        raise Refused(str(error), UNREADABLE) from None
    except OSError as error:
        raise Refused(_("读不了 {p}：{why}。").format(p=file, why=why(error)), UNREADABLE) from None


def _today() -> date:
    return datetime.now().astimezone().date()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
