"""`zhikun survey`: the workbook that people fill in, and the answer to what they filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import click

from zhikun.cli.screen import FAULTS, UNREADABLE, Refused, lines, load_rules, progress, say, why, writing
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

_MANY = 3  # so many rows with the same finding are one line
_ROWS_SHOWN = 8


@click.group(help=_("调查表：生成模板、检查填好的表"))
def survey() -> None:
    """Commands about survey workbooks."""


@survey.command(help=_("按政策包生成调查表模板 OUT.xlsx"))
@PACK
@click.argument("out", type=click.Path(path_type=Path))
def template(pack_name: str, out: Path) -> int:
    """An empty workbook for people."""
    pack = load_rules(pack_name)
    if workbook(out).exists():  # it may be filled in by now: nothing can bring weeks of visits back
        raise click.UsageError(
            _("{p} 已经有了：里面可能有填好的内容，没有改动。请换一个文件名，或先把它移走。").format(p=out)
        )
    with writing(out):
        room.template(pack, out)
    say(_("调查表模板：{p}").format(p=out))
    return 0


@survey.command(help=_("检查填好的调查表，逐行回答；有问题的户写进退回表"))
@FILE
@PACK
@MEMBERS
@CORRECTED
@click.option("--rejects", type=click.Path(path_type=Path), help=_("退回表写到哪里（默认：原文件旁“…-退回.xlsx”）"))
def check(file: Path, pack_name: str, members: Path | None, corrected: Sequence[Path], rejects: Path | None) -> int:
    """Row by row, what is wrong in a filled workbook."""
    pack = load_rules(pack_name)
    out = rejects or _beside(file, corrected)
    keep([out], [file, *corrected])
    found = read(file, pack, members, corrected=corrected)
    tell(found)
    if not has_rejects(found):
        return 0
    with writing(workbook(out)):
        room.write_rejects(found, pack, out)
    earlier = "".join(f" --corrected {path}" for path in corrected)
    say(
        _(
            "退回的户写在 {p}：按“问题”列改好后，用 zhikun assess 原表{earlier} --corrected 退回表 与全县一起评估，不必改原表。"
            "每退回一轮加一个 --corrected，先前各轮的也要写上，后面的为准。"
        ).format(p=out, earlier=earlier)
    )
    return FAULTS


def _beside(file: Path, corrected: Sequence[Path]) -> Path:
    """…-退回.xlsx, or with a number where that is a corrected file of an earlier round."""
    given = {path.resolve() for path in corrected}
    names = (f"{file.stem}-退回{number}.xlsx" for number in ("", *range(2, len(given) + 2)))
    return next(path for path in map(file.with_name, names) if path.resolve() not in given)


def keep(written: Iterable[Path], given: Sequence[Path]) -> None:
    """Refuse to write over a file that is read: what people put right in it would be gone."""
    taken = {path.resolve() for path in written}
    for path in given:
        if path.resolve() in taken:
            raise click.UsageError(
                _(
                    "{p} 是这次要读的表，结果会写到同一个位置，里面改好的内容就没有了。请先把它改名，或换一个地方写结果。"
                ).format(p=path)
            )


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
        without = [file for file, sheets in found.sheets if name not in sheets]
        if not without or not pack.facts_of(name):
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
        for file in [""] if "" in without else without:  # rejects of a survey without the sheet have none either
            said = _("{file}：{found}").format(file=file, found=text) if file else text
            messages.append(room.RowMessage("", 0, "", said, "", remedy, room.Severity.WARNING))
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
            say(lines(_grouped(messages), title))


def _grouped(messages: list[room.RowMessage]) -> list[str]:
    """The same finding in many rows of a column as one line with the first row numbers; the rejects workbook has all."""
    rows: dict[room.RowMessage, list[int]] = {}
    for message in messages:
        rows.setdefault(replace(message, row=0, household=""), []).append(message.row)
    texts = []
    for message, numbers in rows.items():
        if len(numbers) < _MANY or not all(numbers):
            texts += [str(replace(message, row=number)) for number in numbers]
            continue
        listed = "、".join(map(str, numbers[:_ROWS_SHOWN])) + ("…" if len(numbers) > _ROWS_SHOWN else " ")
        texts.append(
            _("{where} {count} 处（第 {rows}行）：{problem}").format(
                where=message.where(), count=len(numbers), rows=listed, problem=message.problem()
            )
        )
    return texts
