"""`zhikun migrate` and `zhikun manage`: the platform's tables, and Django's own commands."""

from __future__ import annotations

import sys

import click

from zhikun.cli.django import set_up
from zhikun.cli.screen import UNREADY, Refused, lines, say
from zhikun.wording import _


@click.command(help=_("建立或更新平台的数据库；升级程序后运行一次，可以反复运行"))
def migrate() -> int:
    """Tables as this version needs them."""
    set_up()
    from zhikun.web import start  # noqa: PLC0415 - after the settings are known

    away = start.database_fault()
    if away:
        raise Refused(lines([away], _("数据库没有更新：")), UNREADY)
    done = start.migrate()
    say(_("{d}：做了 {n} 项更新。").format(d=start.database_name(), n=len(done)) if done else
        _("{d}：已是最新，没有要更新的。").format(d=start.database_name()))  # fmt: skip
    return 0


@click.command(
    help=_("Django 自带的管理命令（供技术人员），如 zhikun manage showmigrations；zhikun manage help 列出全部"),
    short_help=_("Django 自带的管理命令（供技术人员）"),
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[命令 参数]...")
def manage(words: tuple[str, ...]) -> None:
    """Passes everything on."""
    set_up()
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are known

    execute_from_command_line([f"{sys.argv[0]} manage", *words])
