"""`zhikun registry`: households into the platform by command, from a workbook or from folders too large for a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhikun.cli.django import ready
from zhikun.cli.screen import FAULTS, UNREADABLE, UNREADY, UNUSABLE, USAGE, Day, Refused, lines, progress, say
from zhikun.wording import _

if TYPE_CHECKING:
    from zhikun.accounts.models import Officer
    from zhikun.registry.models import ImportBatch
    from zhikun.registry.services.bulk import Asked, Done


@click.group(help=_("家庭档案：用命令批量导入"))
def registry() -> None:
    """Commands about the files of households."""


@registry.command(
    "import",
    help=_(
        "导入调查表：PATH 是工作簿、CSV 压缩包，或装有家庭和成员 Parquet（CSV）文件的文件夹（可达上百万户）。"
        "不写 --approve-as 时只检查，不改动任何档案。中断后用同样的命令再运行一次，会接着做完。"
    ),
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--pack", "pack_name", metavar="PACK", help=_("政策包，须与平台使用的一致；不写就是平台使用的"))
@click.option("--area", type=int, metavar="CODE", help=_("导入到哪个地区，12 位区划代码；不写就是政策包所在的县"))
@click.option("--by", "maker", required=True, metavar="NAME", help=_("经办人员的账号，须在这个地区有批量导入的权限"))
@click.option("--approve-as", "checker", metavar="NAME", help=_("审核人员的账号，须是另一个人；写了才入库"))
@click.option("--on", type=Day(), metavar="DAY", help=_("情况日期，即调查或登记的日期；不写就是今天"))
@click.option("--rejects", type=click.Path(path_type=Path), metavar="DIR", help=_("退回表写到哪个文件夹"))
@click.option(
    "--block", type=int, default=5_000, show_default=True, metavar="N",
    help=_("文件夹每次一起写入多少户；内存紧张时改小"),
)  # fmt: skip
@click.option("--generated", is_flag=True, help=_("标明这些都是生成数据，不是真实人员"))
def import_(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    path: Path,
    pack_name: str | None,
    area: int | None,
    maker: str,
    checker: str | None,
    on: date | None,
    rejects: Path | None,
    block: int,
    generated: bool,
) -> int:
    """Households from files, with two officers' names."""
    ready()
    from zhikun.pages.errors import DomainError  # noqa: PLC0415 - after the platform is there
    from zhikun.registry.services.bulk import Asked  # noqa: PLC0415 - the same
    from zhikun.tables import UnreadableFile  # noqa: PLC0415 - the same

    asked = Asked(
        path, _area(area, pack_name), _officer(maker), on or _today(), _officer(checker) if checker else None, generated,
        rejects, max(1, block),
    )  # fmt: skip
    try:
        return _folder(asked) if path.is_dir() else _file(asked)
    except UnreadableFile as error:
        texts = [str(message) for message in error.messages]
        raise Refused(lines(texts, _("“{f}”读不了：").format(f=path.name)), UNREADABLE) from None
    except DomainError as error:
        raise Refused(str(error), UNUSABLE) from None


def _folder(asked: Asked) -> int:
    from zhikun.registry.services import bulk  # noqa: PLC0415 - after the platform is there

    with progress() as report:
        done = bulk.import_folder(asked, report)
    _say_found(done)
    if done.batch is not None:
        say(_("批次 {b}：新建档案 {a} 户，补充记录 {c} 户。").format(
            b=done.batch.pk, a=done.counts["opened"], c=done.counts["recorded"]))  # fmt: skip
    return FAULTS if done.counts["rejected"] else 0


def _file(asked: Asked) -> int:
    """A workbook goes the way of the page: upload, check, submit, approve, commit."""
    from zhikun.registry.services import importing, importing_work  # noqa: PLC0415 - after the platform is there

    with asked.folder.open("rb") as source, progress() as report:
        done = importing.upload(
            source, name=asked.folder.name, area=asked.area, observed_on=asked.observed_on, generated=asked.generated,
            acting_officer=asked.by,
        )  # fmt: skip
        batch, step = done.batch, _Step(report)
        importing_work.check(batch.pk, step)
        batch.refresh_from_db()
        waiting = batch.state in {batch.State.CHECKED, batch.State.RETURNED}
        if asked.approver is not None and waiting and batch.counts.get("ready"):
            importing.submit(batch, acting_officer=asked.by)
            importing.approve(batch, acting_officer=asked.approver, reason=_("用命令导入"))
        importing_work.commit(batch.pk, step)
        batch.refresh_from_db()
    return _say_batch(batch)


class _Step:
    """Progress of work that this process does itself."""

    def __init__(self, report: Callable[[str, int, int], None]) -> None:
        self._report, self._done, self._total = report, 0, 1

    def expect(self, total: int | None, unit: str = "") -> None:  # noqa: ARG002 - as jobs.Progress has it
        self._done, self._total = 0, total or 1

    def checkpoint(self, state: dict[str, Any], *, advance: int = 0) -> None:  # noqa: ARG002 - the same
        self._done += advance
        self._report(_("导入家庭"), self._done, self._total)

    def check(self) -> None:
        """Nobody cancels a command but by ending it."""


def _say_found(done: Done) -> None:
    say(_("共 {h} 户：可以入库 {a} 户 {p} 人，退回 {r} 户。").format(
        h=f"{done.counts['households']:,}", a=f"{done.counts['ready']:,}", p=f"{done.counts['people']:,}",
        r=f"{done.counts['rejected']:,}"))  # fmt: skip
    if done.counts["loose_rows"]:
        say(_("有 {n} 行的户编号不在家庭表里，没有读取。").format(n=f"{done.counts['loose_rows']:,}"))
    if done.problems:
        say(lines([f"{text}：{n:,}" for text, n in done.problems.most_common()], _("问题（按行数）：")))


def _say_batch(batch: ImportBatch) -> int:
    if batch.state == batch.State.UNREADABLE:
        from zhikun.registry.services.importing_check import message_of  # noqa: PLC0415 - after the platform is there

        texts = [str(message_of(one)) for one in batch.messages]
        raise Refused(lines(texts, _("“{f}”读不了：").format(f=batch.file_name)), UNREADABLE)
    told = batch.counts
    say(_("批次 {b}（{s}）：共 {h} 户，可以入库 {a} 户，退回 {r} 户。").format(
        b=batch.pk, s=batch.State(batch.state).label, h=told.get("households", 0), a=told.get("ready", 0),
        r=told.get("rejected", 0)))  # fmt: skip
    if "opened" in told:
        say(_("新建档案 {a} 户，补充记录 {c} 户，入库时退回 {e} 户。").format(
            a=told["opened"], c=told["recorded"], e=told["late"]))  # fmt: skip
    if told.get("summary"):
        say(lines([f"{text}：{n:,}" for text, n in told["summary"]], _("问题（按行数）：")))
    return FAULTS if told.get("rejected") or told.get("late") else 0


def _officer(name: str) -> Officer:
    from django.utils import timezone  # noqa: PLC0415 - after the platform is there

    from zhikun.accounts.models import Officer  # noqa: PLC0415 - the same

    found = Officer.objects.filter(username=name.strip().lower()).first()
    if found is None or not found.is_current(timezone.localdate()):
        raise Refused(_("没有“{n}”这个在用的账号。请用 zhikun manage 或“人员与权限”页面核对。").format(n=name), USAGE)
    return found


def _area(code: int | None, pack_name: str | None) -> Any:
    from zhikun.places.models import Area  # noqa: PLC0415 - after the platform is there
    from zhikun.registry.vocabulary import pack_in_force  # noqa: PLC0415 - the same

    pack = pack_in_force()
    if pack_name and pack_name != pack.id:
        raise Refused(
            _("平台使用的政策包是“{p}”，不是“{q}”：按别的问卷读进来的事实，平台不认识。").format(
                p=pack.id, q=pack_name
            ),
            UNUSABLE,
        )
    found = Area.objects.filter(pk=code or int((pack.place or "0").ljust(12, "0"))).first()
    if found is None:
        raise Refused(_("平台里没有区划代码 {c}。请先导入行政区划。").format(c=code or pack.place), UNREADY)
    return found


def _today() -> date:
    from django.utils import timezone  # noqa: PLC0415 - after the platform is there

    return timezone.localdate()
