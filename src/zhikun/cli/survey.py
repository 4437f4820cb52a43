"""`zhikun survey`: the workbook that people fill in, and the answer to what they filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import click

from zhikun.cli.screen import FAULTS, UNREADABLE, Refused, lines, load_pack, progress, say, why, writing
from zhikun.engine.packs.model import Pack
from zhikun.intake import survey as room
from zhikun.wording import _

PACK = click.option("--pack", "pack_name", required=True, metavar="PACK", help=_("政策包，如 yuanzhou"))
FILE = click.argument("file", type=click.Path(path_type=Path))
MEMBERS = click.option(
    "--members", type=click.Path(path_type=Path), help=_("成员文件，当家庭和成员分在两个 CSV 或 Parquet 文件里时")
)
CORRECTED = click.option(
    "--corrected", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help=_("改好的退回表：按户编号替换原表里的户，原表没有的户补入，与全县一起评估。可写几次，每轮一份，后面的为准"),
)  # fmt: skip


@click.group(help=_("调查表：生成模板、检查填好的表"))
def survey() -> None:
    """Commands about survey workbooks."""


@survey.command(help=_("按政策包生成调查表模板 OUT.xlsx"))
@PACK
@click.argument("out", type=click.Path(path_type=Path))
def template(pack_name: str, out: Path) -> int:
    """An empty workbook for people."""
    pack = load_pack(pack_name)
    with writing(workbook(out)):
        room.template(pack, out)
    say(_("调查表模板：{p}").format(p=out))
    return 0


@survey.command(help=_("检查填好的调查表，逐行回答；有问题的户写进退回表"))
@FILE
@PACK
@MEMBERS
@click.option("--rejects", type=click.Path(path_type=Path), help=_("退回表写到哪里（默认：原文件旁“…-退回.xlsx”）"))
def check(file: Path, pack_name: str, members: Path | None, rejects: Path | None) -> int:
    """Row by row, what is wrong in a filled workbook."""
    pack = load_pack(pack_name)
    found = read(file, pack, members)
    tell(found)
    if not has_rejects(found):
        return 0
    out = rejects or file.with_name(f"{file.stem}-退回.xlsx")
    with writing(workbook(out)):
        room.write_rejects(found, pack, out)
    say(
        _(
            "退回的户写在 {p}：按“问题”列改好后，用 zhikun assess 原表 --corrected 退回表 与全县一起评估，不必改原表。"
        ).format(p=out)
    )
    return FAULTS


def workbook(out: Path) -> Path:
    """The path of a workbook to be written: any other ending would deceive the program that opens it."""
    if out.suffix.lower() != ".xlsx":
        raise click.UsageError(_("{p} 要以 .xlsx 结尾：写出的是工作簿。").format(p=out))
    return out


def read(
    file: Path, pack: Pack, members: Path | None = None, on: date | None = None, corrected: Sequence[Path] = ()
) -> room.Survey:
    """The survey, or a refusal that gives every reason why the file cannot be used.

    Dates may not lie after `on`, the day of assessment, nor in the future.
    """
    today = datetime.now().astimezone().date()
    try:
        with progress() as report:
            found = room.read(
                file, pack, members=members, corrected=corrected, today=min(on or today, today), progress=report
            )
            return replace(found, messages=(*found.messages, *_absent_sheets(found, pack)))
    except room.UnreadableFile as error:
        texts = [str(message) for message in error.messages]
        raise Refused(lines(texts, _("“{f}”读不了：").format(f=file.name)), UNREADABLE) from None
    except OSError as error:
        raise Refused(_("打不开 {f}：{why}。").format(f=file, why=why(error)), UNREADABLE) from None


def _absent_sheets(found: room.Survey, pack: Pack) -> list[room.RowMessage]:
    """Rows are counted: without its sheet nobody may have looked for supporters or cars."""
    messages = []
    for name, entity in pack.entities.items():
        if name in found.tables or not pack.facts_of(name):
            continue
        title, declared = entity.sheet or entity.title, room.declared_count(pack, name)
        if declared is None:
            text = _("没有“{t}”表，按每户都没有{t}计算").format(t=title)
            remedy = _("没有调查过的，请先用模板补填这张表，否则结果不可靠")
        else:
            text = _("没有“{t}”表：“{c}”填 0 的户按没有计算，其余的户与之有关的结果待定").format(
                t=title, c=declared.title
            )
            remedy = _("请用模板补填这张表；确实没有的户，在“家庭”表这一列填 0")
        messages.append(room.RowMessage("", 0, "", text, "", remedy, room.Severity.WARNING))
    return messages


def has_rejects(found: room.Survey) -> bool:
    """Whether some rows did not get in."""
    return any(sheet.rows for sheet in found.rejects.values())


def tell(found: room.Survey) -> None:
    """The counts and the messages of a survey on the screen."""
    counts = found.counts
    say(
        _("读入 {h} 户：接受 {a} 户，退回 {r} 户。").format(
            h=counts["households"], a=counts["accepted"], r=counts["rejected"]
        )
    )
    if "replaced" in counts:
        text = _("更正表里接受的户：{r} 户替换了原表中同一编号的户，{n} 户是原表没有的，补入。")
        say(text.format(r=counts["replaced"], n=counts["added"]))
    for severity, title in (
        (room.Severity.ERROR, _("错误（这些户退回）：")),
        (room.Severity.WARNING, _("提醒（不退回，请核对）：")),
        (room.Severity.NOTE, _("说明：")),
    ):
        messages = found.of(severity)
        if messages:
            say(lines([str(message) for message in messages], title))
