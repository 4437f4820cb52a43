"""`zhikun demo office` and `zhikun demo code`: the platform with the demo county in it."""

from __future__ import annotations

import os
import shlex
from datetime import date
from pathlib import Path

import click

from zhikun.cli.django import ready
from zhikun.cli.screen import UNREADY, Day, Refused, say
from zhikun.wording import _

#: By these a command knows which platform is meant. Not the address of a server: it may hold a password.
_WHERE = ("ZHIKUN_DATA", "ZHIKUN_KEYS")


@click.command(help=_("把演示县放进平台：行政区划、每个角色一个账号、调查表里的家庭，并评估（全部为生成数据）"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.xlsx")
@click.option("--on", required=True, type=Day(), help=_("调查和评估的日期，如 2023-11-30"))
@click.option("--sheet", type=click.Path(path_type=Path), metavar="FILE", help=_("把账号另写到一个文件，只有自己能读"))
def office(file: Path, on: date, sheet: Path | None) -> int:
    """Areas, accounts, households, assessment; the accounts are printed."""
    ready()
    from zhikun.disk import private_folder, replace_file  # noqa: PLC0415 - after the settings are known
    from zhikun.web.demo import DemoRefused, build  # noqa: PLC0415 - the same

    try:
        made = build(file, on, lambda text: say(f"  {text}……"))
    except DemoRefused as error:
        raise Refused(str(error), UNREADY) from None
    lines = [
        _("{n} 户已入库并评估。账号（演示用，全部为生成数据）：").format(n=f"{made.households:,}"),
        *(
            f"  {one.username:<26}{one.password:<18}{one.role.label}"
            + (_("，动态口令：zhikun demo code {u}").format(u=one.username) if one.secret else "")
            for one in made.accounts
        ),
    ]
    for line in lines:
        say(line)
    if sheet is not None:
        private_folder(sheet.parent)
        # Who opens a second terminal finds here what it must know first.
        known = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in _WHERE if os.environ.get(name))
        if known:
            lines.append(_("另开终端时先运行：export {v}").format(v=known))
        replace_file(sheet, ("\n".join(lines) + "\n").encode())
    return 0


@click.command(help=_("显示一个演示账号现在的动态口令；正式账号的动态口令只在本人手机上"))
@click.argument("username", metavar="NAME")
def code(username: str) -> int:
    """The six digits of the moment, for generated accounts alone."""
    ready()
    import pyotp  # noqa: PLC0415 - after the settings are known

    from zhikun.accounts.models import Officer  # noqa: PLC0415 - the same

    held = Officer.objects.filter(username=username.strip().lower(), generated=True).first()
    if held is None or held.second_factor_secret is None:
        raise Refused(_("没有这个演示账号，或者它不用动态口令。"), UNREADY)
    say(pyotp.TOTP(held.second_factor_secret).now())
    return 0
