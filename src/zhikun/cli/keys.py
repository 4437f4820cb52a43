"""`zhikun keys`: the secrets from which the tokens in columnar data are made, and with which the platform seals personal data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from zhikun.cli.keys_platform import index_versions, lead_platform, say_folder, say_platform, set_up_platform
from zhikun.cli.screen import FAULTS, UNREADABLE, UNWRITTEN, Refused, progress, say, why
from zhikun.identity import (
    KeyRing,
    KeysRefused,
    KeysUnwritten,
    catch_up,
    folder_note,
    init_keys,
    keys_for,
    read_ring,
    ring_beside,
)
from zhikun.identity import rotate as rotate_keys
from zhikun.identity.keyring import today
from zhikun.wording import _


def default_path() -> Path:
    """Where the ring lies unless `--keys` or ZHIKUN_KEYS says otherwise: the user's own folder of settings."""
    settings = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(settings) if Path(settings).is_absolute() else Path.home() / ".config") / "zhikun" / "keys.json"


def keys_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--keys PATH` for every command that makes or reads tokens."""
    return click.option(
        "--keys",
        "keys_path",
        type=click.Path(path_type=Path),
        envvar="ZHIKUN_KEYS",
        metavar="PATH",
        help=_("密钥文件的位置，须在数据文件夹之外；不写时用环境变量里的，再没有就用本用户的配置文件夹"),
    )(command)


def _data_option(required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="ZHIKUN_DATA",
        required=required,
        metavar="DIR",
        help=_("数据文件夹"),
    )


@contextmanager
def keys_answered() -> Iterator[None]:
    """What the key ring refuses, as a refusal of the command."""
    try:
        yield
    except KeysUnwritten as error:
        raise Refused(str(error), UNWRITTEN) from None
    except KeysRefused as error:
        raise Refused(str(error), UNREADABLE) from None


def ring_for(keys_path: Path | None, data: Path) -> KeyRing:
    """The ring for this data folder, or a refusal of the command."""
    with keys_answered():
        return keys_for(keys_path or default_path(), data)


@click.group(help=_("密钥：数据里用代码代替证件号码，代码由密钥算出。"))
def keys() -> None:
    """The group of commands about keys."""


@keys.command(help=_("第一次使用：建立密钥文件。已有密钥文件，或数据里已有别的密钥生成的代码时，不会新建。"))
@keys_option
@_data_option(required=False)
@click.option(
    "--why", "reason", default=_("首次建立"), show_default=True, metavar="NAME", help=_("建立的缘由，记在密钥文件里")
)
def init(keys_path: Path | None, data: Path | None, reason: str) -> None:
    path = keys_path or default_path()
    with keys_answered():
        ring = init_keys(path, data, today(), reason)
    say(_("已建立密钥 {i}：{p}").format(i=ring.id, p=path))
    say(_("请马上把它备份到数据文件夹之外、只有专人能打开的地方：丢了它，数据里的代码再也认不出人。"))


def _note_in_receipts(data: Path) -> None:
    """What was received has new rows now: their receipts have to know them."""
    from zhikun.intake.lists import Lists, note_renewed  # noqa: PLC0415 - only a rotation has to do with lists

    try:
        note_renewed(Lists(data))
    except OSError as error:
        raise Refused(
            _("代码都换好了，但写不了 {p}：{w}。腾出空间或权限后再运行一次 zhikun keys rotate --catch-up。").format(
                p=error.filename or data, w=why(error)
            ),
            UNWRITTEN,
        ) from None


@keys.command(help=_("显示密钥文件的编号、各版本和数据文件夹所在的版本；从不显示密钥本身。"))
@keys_option
@_data_option(required=False)
def show(keys_path: Path | None, data: Path | None) -> None:
    path = keys_path or default_path()
    with keys_answered():
        ring = read_ring(path) if data is None else ring_beside(path, data)
        note = folder_note(data) if data is not None else None
    say(_("密钥 {i}：{p}").format(i=ring.id, p=path))
    for version in ring.versions:
        mark = _("（当前）") if version.number == ring.current else ""
        say(_("  第 {n} 版，{d}，{r}{m}").format(n=version.number, d=version.created, r=version.reason, m=mark))
    if ring.rotation is not None:
        say(
            _("轮换没有做完：{d} 正在换到第 {n} 版。请再运行一次 keys rotate。").format(
                d=ring.rotation.data, n=ring.rotation.to
            )
        )
    if data is not None:
        held = _("还没有用过密钥") if note is None else _("密钥 {i} 第 {v} 版").format(i=note.ring, v=note.version)
        say(_("数据文件夹 {d}：{h}").format(d=data, h=held))


@keys.command(
    help=_(
        "轮换密钥：新的一版成为当前版本，数据文件夹里的代码全部换成新的，上月的结果仍能与本月的名单比对。"
        "中断后再运行一次会接着做完。轮换前请停下正在写数据的命令，轮换后请重新备份密钥文件。"
        "数据文件夹有平台的，平台不用停：数据库和照片由后台任务接着换，zhikun keys status 看进度。"
    )
)
@keys_option
@_data_option(required=True)
@click.option(
    "--why", "reason", default=_("定期轮换"), show_default=True, metavar="NAME", help=_("轮换的缘由，记在密钥文件里")
)
@click.option(
    "--catch-up",
    "only_catch_up",
    is_flag=True,
    help=_("不产生新的一版，只把停在旧版本的文件（如从备份恢复的）换到当前版本"),
)
@click.option(
    "--indexes",
    is_flag=True,
    help=_("平台查找姓名和号码用的盲索引也换到当前版本：密钥可能被别人看到过时用，平时不必"),
)
def rotate(keys_path: Path | None, data: Path, reason: str, only_catch_up: bool, indexes: bool) -> None:
    path = keys_path or default_path()
    with keys_answered():
        ring_beside(path, data)
        has_platform = data.is_dir() and set_up_platform(path, data)
    with keys_answered(), progress() as bar:

        def report(done: int, total: int) -> None:
            bar(_("换代码"), done, total)

        ring = catch_up(path, data, report) if only_catch_up else rotate_keys(path, data, today(), reason, report)
        _note_in_receipts(data)
    say(_("数据文件夹 {d} 的代码都已是密钥 {i} 的第 {v} 版。").format(d=data, i=ring.id, v=ring.current))
    if has_platform:
        lead_platform(ring, reason, indexes=indexes)
    if not only_catch_up:
        say(_("请重新备份密钥文件 {p}；旧的备份认不出新的代码。").format(p=path))


@keys.command(
    help=_("轮换做到哪里了：数据文件夹的代码、平台的数据库和照片各有多少在哪一版，还剩多少。有没换完的，退出码 1。")
)
@keys_option
@_data_option(required=True)
def status(keys_path: Path | None, data: Path) -> int:
    path = keys_path or default_path()
    with keys_answered():
        ring = ring_beside(path, data)
        has_platform = data.is_dir() and set_up_platform(path, data)
        say(_("密钥 {i}：当前第 {v} 版").format(i=ring.id, v=ring.current))
        left = say_folder(ring, data)
        if has_platform:
            say(index_versions(ring))
            left += say_platform(ring)
    if left:
        say(_("还有 {n} 项没有换到第 {v} 版。").format(n=f"{left:,}", v=ring.current))
        return FAULTS
    say(_("全部已是第 {v} 版。").format(v=ring.current))
    return 0
