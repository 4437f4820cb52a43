"""`zhikun audit`: is the record of who did or saw what still whole? Exports of it, and their proof without the database."""

from __future__ import annotations

from pathlib import Path

import click

from zhikun.audit.offline import NotAnExport, Verdict, verify_file
from zhikun.cli.django import ready
from zhikun.cli.screen import FAULTS, UNREADABLE, UNUSABLE, Refused, say, why, writing
from zhikun.wording import _


@click.group(help=_("留痕：谁在什么时候做了什么、看了谁，逐条相连，改动和删除都查得出来。"))
def audit() -> None:
    """Commands about the record."""


@audit.command(
    short_help=_("验证留痕没有被改过：数据库里的，或者导出的文件"),
    help=_(
        "验证留痕没有被改过：数据库里的，或者导出的文件。不写文件时验证数据库里的全部记录；写了 FILE 时只验证文件，"
        "不用数据库，几个文件按先后写，还验证它们前后相接。"
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=_("以前导出的文件：另外验证导出之后，数据库里的这些记录没有被改写"),
)
def verify(files: tuple[Path, ...], against: Path | None) -> int:
    """The verdict, in words; 1 for a broken chain."""
    if files and against:
        raise click.UsageError(_("--against 用来验证数据库，不能和文件一起写。"))
    if files:
        last: Verdict | None = None
        for path in files:
            last = _of_file(path, last)
            if _told(last, str(path)):
                return FAULTS
        return 0
    known = _of_file(against, None) if against else None
    if known is not None and _told(known, str(against)):
        return FAULTS
    ready(keys=False)
    from zhikun.audit.chain import verify as verify_database  # noqa: PLC0415 - Django starts first

    return _told(verify_database(known), _("数据库"))


@audit.command(help=_("把留痕导出到 OUT（每行一条），旁边写上文件的校验码；导出前逐条验证。请定期导出，另地保存。"))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", type=int, default=1, show_default=True, metavar="N", help=_("从第几条开始"))
def export(out: Path, first: int) -> int:
    """The record as a file."""
    if first < 1:
        raise click.UsageError(_("--from 应为 1 或更大的数。"))
    if out.exists():
        raise Refused(_("已经有 {f}，没有覆盖：以前的导出是证据。请换一个文件名。").format(f=out), UNUSABLE)
    ready(keys=False)
    from zhikun.audit.chain import Broken  # noqa: PLC0415 - Django starts first
    from zhikun.audit.chain import export as write  # noqa: PLC0415 - the same

    try:
        with writing(out):
            verdict = write(out, first)
    except Broken as error:
        raise Refused(_("没有导出，留痕不完整：{w}").format(w=error), FAULTS) from None
    say(_("已导出 {n} 条（第 {a} 至 {b} 条）到 {p}。").format(n=verdict.entries, a=first, b=verdict.last, p=out))
    say(
        _("校验码写在 {p}；最后一条的摘要是 {d}，请抄在纸上或另行保存。").format(
            p=f"{out}.sha256", d=verdict.digest.hex()
        )
    )
    return 0


def _of_file(path: Path, after: Verdict | None) -> Verdict:
    try:
        return verify_file(path, after)
    except NotAnExport as error:
        raise Refused(str(error), UNREADABLE) from None
    except UnicodeDecodeError:
        raise Refused(_("{p} 不是知困导出的留痕记录。").format(p=path), UNREADABLE) from None
    except OSError as error:
        raise Refused(_("读不了 {p}：{w}。").format(p=path, w=why(error)), UNREADABLE) from None


def _told(verdict: Verdict, where: str) -> int:
    """Say the verdict; the exit code."""
    if verdict.broken:
        say(_("✗ {w}：{b}").format(w=where, b=verdict.broken))
        return FAULTS
    say(
        _("✓ {w}：{n} 条（第 {a} 至 {b} 条）首尾相连，没有改动。最后一条的摘要是 {d}。").format(
            w=where, n=verdict.entries, a=verdict.first, b=verdict.last, d=verdict.digest.hex() or _("无")
        )
    )
    return 0
