"""`zhikun areas` and `zhikun accounts`: the first areas and the first administrator, before anybody can sign in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhikun.cli.django import ready
from zhikun.cli.screen import FAULTS, UNREADABLE, UNREADY, Refused, lines, say
from zhikun.wording import _

if TYPE_CHECKING:
    from zhikun.accounts.models import Officer

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(help=_("行政区划：第一次使用时导入；以后在网页上导入更方便"))
def areas() -> None:
    """The group of commands about areas."""


@areas.command(name="import", help=_("导入行政区划：自己的文件，或不写文件时用程序自带的（各省，以及演示县到村）"))
@click.argument("file", type=_FILE, required=False, metavar="[FILE]")
@click.option("--changes", type=_FILE, metavar="FILE", help=_("区划变更的文件：旧代码、新代码、日期"))
@click.option("--dry-run", is_flag=True, help=_("只检查，不写入"))
def import_(file: Path | None, changes: Path | None, dry_run: bool) -> int:
    """Areas from a file, every fault told; with a fault nothing is written."""
    ready()
    from zhikun.places.services.areas import DATA, Source, import_areas  # noqa: PLC0415 - after the settings are known
    from zhikun.tables import Severity, UnreadableFile  # noqa: PLC0415 - the same

    shipped = file is None and changes is None
    sources = (DATA / "areas.csv", DATA / "changes.csv") if shipped else (file, changes)
    try:
        plan = import_areas(*(Source(one) if one else None for one in sources), acting_officer=None, dry_run=dry_run)
    except UnreadableFile as error:
        raise Refused(lines([str(m) for m in error.messages], _("文件读不了：")), UNREADABLE) from None
    if plan.faults:
        say(lines([str(one) for one in plan.messages], _("有要改正的，什么也没有写入：")))
        return FAULTS
    done = _("可以导入") if dry_run else _("已导入")
    say(_("{d}：新增 {a} 个，修改 {b} 个，停用 {c} 个。").format(
        d=done, a=len(plan.new), b=len(plan.changed), c=len(plan.ended)))  # fmt: skip
    if plan.followed:
        say(_("随代码改到新区划的家庭、机构、调查等记录：{n} 条。").format(n=sum(plan.followed.values())))
    if changes is not None and (told := [str(m) for m in plan.messages if m.severity is Severity.WARNING]):
        say(lines(told, _("请核对：")))
    return 0


@click.group(help=_("账号：建立第一个系统管理员；没有第二位管理员时，代行密码或动态口令的另一半"))
def accounts() -> None:
    """The group of commands about accounts."""


@accounts.command(
    name="create-admin", help=_("建立一个地区的第一个系统管理员，显示一次初始密码；首次登录须改密码并启用动态口令")
)
@click.argument("username", metavar="NAME")
@click.option(
    "--area",
    "code",
    required=True,
    type=click.IntRange(10**11, 10**12 - 1),
    metavar="CODE",
    help=_("十二位区划代码，如 640402000000"),
)
@click.option("--name", required=True, metavar="NAME", help=_("姓名"))
@click.option("--office", default="", metavar="NAME", help=_("单位名称，不写时为该地区的民政局"))
def create_admin(username: str, code: int, name: str, office: str) -> int:
    """The account, and its first password on the screen alone."""
    ready()
    from zhikun.accounts.services.accounts import create_first_administrator  # noqa: PLC0415 - after the settings are known
    from zhikun.pages.errors import DomainError  # noqa: PLC0415 - the same
    from zhikun.places.models import Area  # noqa: PLC0415 - the same

    area = Area.objects.filter(pk=code).first()
    if area is None:
        raise Refused(_("没有区划代码 {c}。请先运行 zhikun areas import 导入行政区划。").format(c=code), UNREADY)
    try:
        officer, password = create_first_administrator(
            username=username, name=name, area=area, organisation_name=office
        )
    except DomainError as error:
        raise Refused(str(error), UNREADY) from None
    say(_("已建立系统管理员 {u}（{a}）。初始密码只显示这一次：{p}").format(u=officer.username, a=area.name, p=password))
    return 0


_REASON = click.option("--reason", required=True, metavar="TEXT", help=_("理由，至少 4 个字；留痕备查"))


@accounts.command(help=_("给一个账号新的初始密码，只显示一次；用于管理员不能自己办理的时候"))
@click.argument("username", metavar="NAME")
@_REASON
def password(username: str, reason: str) -> int:
    """A new first password by a command, on record."""
    ready()
    from zhikun.accounts.services.officers import reset_password  # noqa: PLC0415 - after the settings are known

    _told(username, reason, reset_password, _("{u} 的初始密码，只显示这一次：{c}"))
    return 0


@accounts.command(
    name="second-factor", help=_("给一个账号设置动态口令的启用码，只显示一次；已启用的先重置，用于手机丢失")
)
@click.argument("username", metavar="NAME")
@_REASON
def second_factor(username: str, reason: str) -> int:
    """The code for setting up a second factor by a command, on record."""
    ready()
    from zhikun.accounts.services.second_factor import give_set_up_code, reset  # noqa: PLC0415 - after the settings are known

    def verb(held: Officer, *, reason: str, acting_officer: None) -> str:
        wanted = give_set_up_code if held.second_factor_since is None else reset
        return wanted(held, reason=reason, acting_officer=acting_officer)

    _told(username, reason, verb, _("{u} 的动态口令启用码，只显示这一次：{c}"))
    return 0


def _told(username: str, reason: str, verb: Callable[..., str], text: str) -> None:
    from zhikun.accounts.models import Officer, plain_username  # noqa: PLC0415 - after the settings are known
    from zhikun.pages.errors import DomainError  # noqa: PLC0415 - the same

    held = Officer.objects.filter(username=plain_username(username)).first()
    if held is None:
        raise Refused(_("没有账号 {u}。请检查拼写；账号见“人员账号”页。").format(u=username), UNREADY)
    try:
        told = verb(held, reason=reason, acting_officer=None)
    except DomainError as error:
        raise Refused(str(error), UNREADY) from None
    say(text.format(u=held.username, c=told))
