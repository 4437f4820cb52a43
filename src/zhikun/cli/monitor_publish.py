"""`zhikun monitor publish`: a month that was screened becomes the work list of the officers."""

from __future__ import annotations

import click

from zhikun.cli.django import ready
from zhikun.cli.options import Period, pack_option
from zhikun.cli.screen import UNUSABLE, Refused, progress, say
from zhikun.wording import _
from zhikun.workdays import Month


@click.command(
    help=_(
        "把一个月的预警发布到平台上，成为各地的核实任务；平台的数据文件夹里须已筛查过这个月。同样的结果再发布不会改动什么，"
        "已经有人处理的预警不会被改写"
    )
)
@click.option("--month", type=Period(), required=True, metavar="YYYY-MM", help=_("哪个月"))
@click.option("--by", "officer", default="", metavar="NAME", help=_("谁发布的：平台账号，记入留痕"))
@pack_option
def publish(month: Month, officer: str, pack_name: str) -> int:
    """The month's warnings into the platform."""
    ready()
    from zhikun.accounts.models import Officer  # noqa: PLC0415 - after the settings are known
    from zhikun.monitoring.services.receive import receive  # noqa: PLC0415 - the same
    from zhikun.pages.errors import DomainError  # noqa: PLC0415 - the same

    who = Officer.objects.filter(username=officer.strip().lower()).first() if officer else None
    if officer and who is None:
        raise Refused(_("没有账号 {u}。请核对账号，或不写 --by。").format(u=officer), UNUSABLE)
    try:
        with progress() as bar:
            done = receive(month, pack_name, acting_officer=who, report=lambda n, total: bar(_("发布预警"), n, total))
    except DomainError as error:
        raise Refused(str(error), UNUSABLE) from None
    if done.new_run:
        say(_("{m} 的预警已发布：新增 {a} 件，改动 {c} 件，撤下 {g} 件；已有人处理、没有改写的 {k} 件。").format(
            m=month, a=done.added, c=done.changed, g=done.gone, k=done.kept))  # fmt: skip
    else:
        say(_("{m} 的预警以前发布过，结果没有变。").format(m=month))
    say(_("等着核实的 {n} 件，其中 {u} 件的人不在任何家庭档案里。").format(n=done.waiting, u=done.unfiled))
    return 0
