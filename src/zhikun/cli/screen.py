"""What commands share: refusals with their exit code, packs and days from options, progress on the screen."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhikun.engine.packs import PackErrors, load, names
from zhikun.engine.packs.model import Pack
from zhikun.wording import _, shown

if TYPE_CHECKING:
    from zhikun.engine.plan import Plan

FAULTS = 1
USAGE = 2
UNREADABLE = 3
UNUSABLE = 4
UNWRITTEN = 5
UNREADY = 6
MOST_LINES = 40

Report = Callable[[str, int, int], None]


class Refused(Exception):
    """A command that cannot go on: what to tell, and its exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def load_pack(name: str) -> Pack:
    """The pack, or a refusal with every fault in it."""
    try:
        return load(name)
    except PackErrors as errors:
        raise Refused(
            lines([str(e) for e in errors.errors], _("政策包“{n}”不能用：").format(n=name)), UNUSABLE
        ) from None


def load_rules(name: str) -> Pack:
    """A pack that can assess households, or a refusal."""
    pack = load_pack(name)
    if not pack.rules:
        text = _("政策包“{n}”只有监测预警，没有家庭评估的规则，不能用来调查和评估。有规则的政策包：{others}。")
        raise Refused(text.format(n=name, others="、".join(n for n in names() if load_pack(n).rules)), UNUSABLE)
    return pack


def plan_of(pack: Pack, on: date) -> Plan:
    """The plan of a day, or a refusal."""
    from zhikun.engine.plan import PlanErrors, make_plan  # noqa: PLC0415 - commands about lists need no plan

    try:
        return make_plan(pack, on)
    except PlanErrors as errors:
        texts = [f"{place}: {text}" for place, text in errors.errors]
        raise Refused(lines(texts, _("政策包“{n}”在 {d} 不能用：").format(n=pack.id, d=on)), UNUSABLE) from None


def lines(texts: list[str], title: str) -> str:
    """A title and its lines, none of them twice; very many are cut, with their number."""
    texts = list(dict.fromkeys(texts))
    shown = [f"  {text}" for text in texts[:MOST_LINES]]
    if len(texts) > MOST_LINES:
        shown.append(_("  ……共 {n} 条").format(n=len(texts)))
    return "\n".join([title, *shown])


class Day(click.ParamType):  # type: ignore[type-arg]  # click is generic here only in its newest version
    """A day on the command line: 2025-03-01."""

    name = "日期"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the calendar has no zone
        except ValueError:
            self.fail(_("{v} 不是日期；请写成 2025-03-01。").format(v=value), param, ctx)


@contextmanager
def progress() -> Iterator[Report]:
    """A bar on the screen of errors: what is being done, how far, since when. Silent where there is no terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks on
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - it takes time to load, and most commands draw no bar

    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    tasks: dict[str, int] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            for other in tasks.values():
                bar.update(bar.task_ids[other], visible=False)
            bar.add_task(shown(what), total=max(total, 1))
            tasks[what] = len(tasks)
        bar.update(bar.task_ids[tasks[what]], completed=done, total=max(total, 1))

    with bar:
        yield report


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


def say(text: str) -> None:
    """A line of the result, on standard output."""
    click.echo(shown(text))


def say_months(months: Sequence[object], pack_name: str, data: Path) -> None:
    """Which months have to be screened again, in order; nothing where none has. The commands can be copied as they are."""
    if months:
        where = "" if os.environ.get("ZHIKUN_DATA") else f" --data {shlex.quote(str(data))}"
        said = "、".join(f"zhikun monitor run --month {month} --pack {pack_name}{where}" for month in months)
        say(_("下列月份依据的名单或上月结果已经变了，请按顺序重新筛查：{m}。").format(m=said))


def aside(text: str) -> None:
    """A line beside the result, on standard error: what is piped on stays clean."""
    click.echo(shown(text), err=True)


def folder(path: Path) -> Path:
    """The folder, made if it is not there; a refusal if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            _("不能建立文件夹 {p}：{why}。请换一个位置。").format(p=path, why=why(error)), UNWRITTEN
        ) from None
    return path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What is written inside goes to `path`; where the system refuses, so does the command, and says why."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise Refused(
            _("写不了 {p}：{why}。请换一个位置，或关闭正打开它的程序。").format(p=path, why=why(error)), UNWRITTEN
        ) from None


def not_over(out: Path) -> Path:
    """The workbook's place, where nothing stands yet: somebody may have written into the one that does."""
    if out.suffix.lower() != ".xlsx":
        raise click.UsageError(_("{p} 要以 .xlsx 结尾：写出的是工作簿。").format(p=out))
    if out.exists():
        raise Refused(
            _("已经有 {f}，里面可能填了还没有收回的结果，没有覆盖。请换一个文件名，或先收回并移走它。").format(f=out),
            UNWRITTEN,
        )
    return out


REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在的盘是只读的",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EEXIST: "路径中有一个同名的文件",
    errno.ENOTDIR: "路径中有一段是文件，不是文件夹",
    errno.EISDIR: "它是一个文件夹",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EBUSY: "它正被占用",
    errno.ETXTBSY: "它正被占用",
    errno.ENAMETOOLONG: "名称太长",
    errno.EIO: "磁盘读写出错",
}


def why(error: OSError) -> str:
    """The system's reason in the user's language; its own words where we have none."""
    reason = REASONS.get(error.errno or 0)
    return _(REASONS[error.errno or 0]) if reason else str(error.strerror or error)


def rows_in(file: Path, read: Callable[[Path], list[Any]]) -> list[Any]:
    """The rows of a filled-in file, as `read` takes them. Raises Refused where it cannot be read, with everything that is wrong."""
    from zhikun.tables import UnreadableFile  # noqa: PLC0415 - most commands read no such file

    try:
        return read(file)
    except UnreadableFile as error:
        raise Refused(
            lines([str(m) for m in error.messages], _("“{f}”读不了：").format(f=file.name)), UNREADABLE
        ) from None
