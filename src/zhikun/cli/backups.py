"""`zhikun backup`, `zhikun backup-check`, `zhikun restore`: everything that the platform keeps, out and back again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhikun.cli.django import ready, set_up
from zhikun.cli.screen import FAULTS, UNREADY, UNWRITTEN, Refused, lines, progress, say, why
from zhikun.wording import _

if TYPE_CHECKING:
    from zhikun.web.backup import Finding

_DIR = click.Path(path_type=Path, file_okay=False)


@contextmanager
def _answered() -> Iterator[None]:
    """What a backup refuses, and what the system does, as a refusal of the command."""
    from zhikun.web.backup import BackupRefused  # noqa: PLC0415 - after the settings are known

    try:
        yield
    except BackupRefused as error:
        raise Refused(str(error), UNREADY) from None
    except OSError as error:
        raise Refused(_("写不了 {p}：{w}。").format(p=error.filename, w=why(error)), UNWRITTEN) from None


@click.command(help=_("备份：数据库和数据文件夹，不用停机。在 DIR 里建一个以时间命名的文件夹，建好后马上验证"))
@click.argument("into", type=_DIR, metavar="DIR")
@click.option("--no-check", is_flag=True, help=_("建好后不验证（以后可用 zhikun backup-check 验证）"))
def backup(into: Path, no_check: bool) -> int:
    """A backup, and whether it can be restored."""
    ready()
    from zhikun.web.backup import Manifest, backup, check  # noqa: PLC0415 - after the settings are known

    with _answered(), progress() as report:
        made = backup(into, report)
        manifest = Manifest.read(made)
        found = None if no_check else check(made, report)
    say(_("已备份到 {p}：{t} 个数据表 {r:,} 行，{f:,} 个文件。").format(
        p=made, t=len(manifest.tables), r=manifest.rows, f=len(manifest.files)))  # fmt: skip
    say(_("密钥文件不在备份里：没有它，备份里的姓名和号码谁也打不开。请另外保管密钥 {i}，不要和备份放在一起。").format(
        i=manifest.ring))  # fmt: skip
    return 0 if found is None else _told(found)


@click.command(
    name="backup-check", help=_("验证一份备份：校验码、行数、留痕、抽查加密内容；恢复到临时数据库里做，不动现有数据")
)
@click.argument("folder", type=_DIR, metavar="DIR")
def backup_check(folder: Path) -> int:
    """Whether the backup can bring everything back."""
    ready()
    from zhikun.web.backup import check  # noqa: PLC0415 - after the settings are known

    with _answered(), progress() as report:
        found = check(folder, report)
    return _told(found)


@click.command(help=_("恢复：把一份备份写进空的数据库和数据文件夹。从不覆盖已有的数据；中断后可以再运行一次"))
@click.argument("folder", type=_DIR, metavar="DIR")
def restore(folder: Path) -> int:
    """The backup, back again."""
    set_up()
    from zhikun.web import start  # noqa: PLC0415 - after the settings are known
    from zhikun.web.backup import restore  # noqa: PLC0415 - the same

    faults = [text for text in (start.database_fault(), start.keys_fault(restoring=True), start.folder_fault()) if text]
    if faults:
        raise Refused(lines(faults, _("不能恢复：")), UNREADY)
    with _answered(), progress() as report:
        found = restore(folder, report)
    if not found.faults:
        say(_("已恢复到 {d}。现在可以运行 zhikun serve；所有人须重新登录。").format(d=start.database_name()))
    return _told(found)


@click.command(name="inspect-copy", hidden=True)
@click.argument("what", type=click.Choice(["fill", "look"]))
@click.argument("folder", type=_DIR, required=False)
def inspect_copy(what: str, folder: Path | None) -> int:
    """A process of backup-check and restore, whose database is the copy."""
    set_up()
    from zhikun.web.backup.checking import MARK  # noqa: PLC0415 - after the settings are known
    from zhikun.web.backup.inspecting import inspect  # noqa: PLC0415 - the same
    from zhikun.web.backup.restoring import fill_postgres  # noqa: PLC0415 - the same

    with _answered():
        if what == "fill" and folder is not None:
            fill_postgres(folder)
        else:
            click.echo(MARK + json.dumps(asdict(inspect(json.load(sys.stdin)))))
    return 0


def _told(found: Finding) -> int:
    if found.faults:
        say(lines(found.faults, _("没有通过验证：")))
        return FAULTS
    say(_("验证通过：{r:,} 行、{f:,} 个文件与备份时一致，留痕 {e:,} 条相连，抽查 {o:,} 处加密内容都能打开。").format(
        r=found.rows, f=found.files, e=found.entries, o=found.opened))  # fmt: skip
    return 0
