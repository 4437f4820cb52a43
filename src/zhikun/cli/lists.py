"""`zhikun lists`: department files come in, each answered with a receipt; suspicious ones wait for a person."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path

import click

from zhikun.cli.again import say_again
from zhikun.cli.keys import keys_answered, keys_option, ring_for
from zhikun.cli.lists_each import pairs, receive_each
from zhikun.cli.options import Period, data_option, pack_option
from zhikun.cli.screen import (
    FAULTS,
    UNREADABLE,
    UNUSABLE,
    UNWRITTEN,
    Day,
    Refused,
    aside,
    lines,
    load_pack,
    progress,
    say,
    why,
)
from zhikun.disk import private_folder
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake import lists as room
from zhikun.tables.pandas_out import leave_pandas_out
from zhikun.wording import _, did_you_mean
from zhikun.workdays import Month

_WAY_OUT = "zhikun lists"


BY = click.option("--by", metavar="NAME", help=_("经办人（默认：本机登录的用户）"))
PERIOD = click.option("--period", type=Period(), required=True, metavar="PERIOD", help=_("报送期，如 2026-11、2026-Q3"))


@click.group(help=_("部门名单：接收、查看、放行或拒收"))
def lists() -> None:
    """Commands about department files."""


@lists.command(help=_("接收一份部门名单：逐行检查，与上一份比较，写回执；退回的行写进工作簿，改好后可再接收"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--from",
    "origin",
    metavar="ADDRESS",
    help=_(
        "不从文件而从数据库或接口接收， 如 sqlite:///库.db?table=表 或 postgresql://主机/库?table=表 "
        "或 https://主机/接口 。 数据库口令写在 PGPASSWORD 里， 接口口令写在 ZHIKUN_ENDPOINT_TOKEN 里"
    ),
)
@click.option("--query", default="", metavar="SQL", help=_("数据库里的一条查询，代替 ?table=；只读"))
@click.option("--source", "source_name", metavar="SOURCE", help=_("名单，如 inpatients"))
@click.option(
    "--each",
    multiple=True,
    metavar="SOURCE=FILE",
    help=_("一次接收几份名单，同时收两份，如 --each inpatients=住院.csv"),
)
@PERIOD
@pack_option
@data_option
@keys_option
@BY
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=_("退回的工作簿写到哪里（默认：原文件旁“…-退回.xlsx”）"),
)
@click.option("--on", type=Day(), metavar="DAY", help=_("按哪一天判断日期是否在将来（默认：今天）"))
def receive(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    file: Path | None,
    origin: str | None,
    query: str,
    source_name: str | None,
    each: tuple[str, ...],
    period: Month,
    pack_name: str,
    data: Path,
    keys_path: Path | None,
    by: str | None,
    rejects: Path | None,
    on: date | None,
) -> int:
    leave_pandas_out()
    if each:
        if file or origin or source_name or rejects:
            raise click.UsageError(_("--each 自己写明名单和文件，不与文件、--from、--source、--rejects 同用。"))
        _watched_once.cache_clear()
        with suppress(Refused):  # each list says so for itself
            _watched_once(pack_name)
        one = partial(_one_of_several, period, pack_name, data, keys_path, by, on)
        return receive_each(pairs(each), one)
    if not source_name:
        raise click.UsageError(_("缺少 --source：要写明是哪一份名单，如 --source inpatients。"))
    pack, monitoring = watched(pack_name)
    source = source_of(monitoring, source_name, pack)
    if (file is None) == (origin is None):
        raise click.UsageError(_("要写明接收什么：一个文件，或用 --from 写数据库或接口的地址，两样只写一样。"))
    out = rejects or (file.with_name(f"{file.stem}-退回.xlsx") if file else Path(f"{source.id}-{period}-退回.xlsx"))
    _keep(out, file)
    delivery = _delivery(pack, monitoring, source, period, by, on)
    with answered():
        room.check_period(source, period, delivery.on)
        if file is not None:
            coming = room.open_file(file, source, monitoring)
            return take_in(coming, delivery, data, keys_path, out, {pack_name: pack})
        return _from_address(str(origin), query, delivery, data, keys_path, out)


def _one_of_several(
    period: Month, pack_name: str, data: Path, keys_path: Path | None, by: str | None, on: date | None,
    source_name: str, file: Path,
) -> int:  # fmt: skip
    """One file of `--each`."""
    pack, monitoring = _watched_once(pack_name)
    source = source_of(monitoring, source_name, pack)
    out = file.with_name(f"{file.stem}-退回.xlsx")
    _keep(out, file)
    delivery = _delivery(pack, monitoring, source, period, by, on)
    with answered():
        room.check_period(source, period, delivery.on)
        coming = room.open_file(file, source, monitoring)
        return take_in(coming, delivery, data, keys_path, out, {pack_name: pack})


def _delivery(
    pack: Pack, monitoring: Monitoring, source: ListSource, period: Month, by: str | None, on: date | None
) -> room.Delivery:
    about = f"{pack.id} {pack.version} {pack.hash[:12]}"
    return room.Delivery(source, period, monitoring, about, by or _user(), on or _today(), pack.place or "")


def _from_address(
    origin: str, query: str, delivery: room.Delivery, data: Path, keys_path: Path | None, out: Path
) -> int:
    """A database or an HTTP address, by the word it begins with."""
    scheme = origin.partition(":")[0].lower()
    if scheme in room.DATABASES:
        coming = room.open_table(origin, delivery.source, delivery.monitoring, query=query)
        return take_in(coming, delivery, data, keys_path, out)
    if scheme not in room.ENDPOINTS:
        raise click.UsageError(
            _(
                "不认识地址 {a}：应以 sqlite:、postgresql:、http: 或 https: 开头；文件不用 --from，直接写文件名。"
            ).format(a=origin.partition("@")[2] or origin)
        )
    if query:
        raise click.UsageError(_("--query 是给数据库的；接口要取什么写在地址里。"))
    folder_for(data)
    ring = ring_for(keys_path, data)
    with room.fetched(origin, delivery.source, delivery.monitoring, delivery.period, data, ring) as fetched:
        return take_in(fetched, delivery, data, keys_path, out)


def take_in(
    coming: room.Coming,
    delivery: room.Delivery,
    data: Path,
    keys_path: Path | None,
    out: Path,
    loaded: Mapping[str, Pack] | None = None,
) -> int:
    """Receive what comes and say what became of it. `loaded` are packs that were read already."""
    folder_for(data)
    ring = ring_for(keys_path, data)
    with keys_answered(), progress() as report:
        received = room.receive(coming, delivery, data, ring, out, report)
    code = tell(received)
    if received.file.receipt.state is room.State.ACCEPTED and not received.again:
        say_again(data, loaded)
    return code


def tell(received: room.Received) -> int:
    """The receipt on the screen, and the exit code."""
    receipt = received.file.receipt
    if received.again:
        text = _("这份文件已经收过：回执 {r}，{t} 由{by}接收，{s}。没有再做任何事。")
        say(text.format(r=receipt.id, t=receipt.received_at, by=receipt.by, s=state_title(receipt.state)))
        return 0 if receipt.state is room.State.ACCEPTED else FAULTS
    say(_("回执 {r}：{t}，{f}").format(r=receipt.id, t=receipt.title, f=receipt.file))
    turned = sum(receipt.rejected.values())
    say(_("读入 {n} 行：收下 {a} 行，退回 {r} 行。").format(n=receipt.rows, a=receipt.accepted, r=turned))
    if receipt.completes is not None:
        text = _("这是 {n:03d} 号退回的行改好后补入，连同原来的 {k} 行，共 {a} 行。")
        say(text.format(n=receipt.completes, k=receipt.kept, a=receipt.in_force_rows))
    if receipt.replaces is not None and receipt.changes:
        text = _("更正：替换 {n:03d} 号。新增 {added} 人，去掉 {removed} 人，内容有变 {changed} 人，不变 {same} 人。")
        say(text.format(n=receipt.replaces, **receipt.changes))
    for reason, count in receipt.rejected.items():
        say(_("  退回 {n} 行：{r}").format(n=count, r=room.reason_title(reason)))
    if received.findings:
        say(lines([_finding(found) for found in received.findings], _("问题和第一次出现的行：")))
    for note in receipt.notes:
        say(_("说明：{n}。").format(n=note))
    if received.rejects is not None:
        text = _(
            "退回的行写在 {p}，里面有完整的证件号码，只交回报送部门。按“问题”列改好后，用同样的命令接收这份工作簿即可补入。"
        )
        say(text.format(p=received.rejects))
    if receipt.state is room.State.HELD:
        say(lines([hold.text for hold in receipt.holds], _("这份文件可疑，先不使用，等人核对：")))
        text = _("核对无误：{c} release {r} --by 姓名 --why 理由；有问题：{c} refuse {r} --by 姓名 --why 理由。")
        say(text.format(c=_WAY_OUT, r=receipt.id))
    return FAULTS if turned or receipt.state is room.State.HELD else 0


@lists.command(help=_("看一个月里各份名单到没到、能不能用、结论依据哪一期"))
@pack_option
@data_option
@click.option("--month", type=Period(), metavar="MONTH", help=_("哪个月（默认：本月）"))
@click.option("--on", type=Day(), metavar="DAY", help=_("在哪一天看（默认：今天）"))
@click.option(
    "--check", is_flag=True, help=_("再核对每一份收下的文件（各月、各名单）是否还与写下时一样，有损坏的逐份说明")
)
def status(pack_name: str, data: Path, month: Month | None, on: date | None, check: bool) -> int:
    _pack, monitoring = watched(pack_name)
    day = on or _today()
    asked = month or Month.of(day)
    damaged = _check(data) if check else 0
    with answered():
        found = room.Lists(data).status(monitoring, asked, day)
    say(_("{m} 的名单，{d} 看：").format(m=asked, d=day))
    for one in found:
        rests = _("依据 {p}").format(p=one.rests_on) if one.rests_on else _("没有可用的，相关指标一律未知")
        text = _("{s}  {t}（{i}，{d}）：{p} 应于 {due} 前报送；{r}")
        say(
            text.format(
                s=standing_title(one.standing),
                t=one.title,
                i=one.source,
                d=one.department,
                p=one.due_period,
                due=one.due,
                r=rests,
            )
        )
        for receipt in one.receipts:
            shown = _("    {r}  {s}  {n} 行  {t}  {by}  {f}").format(
                r=receipt.id, s=state_title(receipt.state), n=receipt.in_force_rows,
                t=receipt.received_at, by=receipt.by, f=receipt.file,
            )  # fmt: skip
            say(shown)
            if receipt.state is room.State.HELD:
                for hold in receipt.holds:
                    say(_("        待核：{t}").format(t=hold.text))
        for text in _overdue(one):
            say(text)
    late = (room.Standing.MISSING, room.Standing.LATE, room.Standing.HELD)
    wanting = [one for one in found if one.standing in late or one.overdue_periods]
    return damaged or (FAULTS if wanting else 0)


def _overdue(one: room.ListStatus) -> Iterator[str]:
    """Earlier periods that conclusions of the month still look at and that are not in force."""
    words = {
        room.Standing.MISSING: _("    更早的 {p} 逾期未到：要看那几期的指标不完整，请催报"),
        room.Standing.HELD: _("    更早的 {p} 已到，还在等人核对，没有使用：请放行或拒收"),
    }
    for standing, text in words.items():
        if periods := [str(period) for period, how in one.overdue_periods if how is standing]:
            yield text.format(p="、".join(periods))


def _check(data: Path) -> int:
    """Every kept file against its receipt; the exit code."""
    with answered(), progress() as report:
        checked = room.check_kept(room.Lists(data), report)
    if checked.damaged:
        title = _("核对了 {n} 份收下的文件，有 {m} 份不能用：").format(n=checked.files, m=len(checked.damaged))
        say(lines(list(checked.damaged), title))
        return UNREADABLE
    say(_("核对了 {n} 份收下的文件，都与写下时一样。").format(n=checked.files))
    return 0


def _decision(name: str, state: room.State, about: str, why_help: str) -> None:
    """A command by which a person decides about a held file."""

    @lists.command(name, help=about)
    @click.argument("receipt", metavar="RECEIPT")
    @data_option
    @click.option("--by", required=True, metavar="NAME", help=_("谁核对的"))
    @click.option("--why", required=True, metavar="TEXT", help=why_help)
    def decide(receipt: str, data: Path, by: str, why: str) -> int:
        with answered():
            made = room.Lists(data).decide(receipt, state, by=by, why=why)
        say(_("{r} {s}：{by}，{w}").format(r=made.id, s=state_title(made.state), by=by, w=why))
        say_again(data)
        return 0


_decision("release", room.State.ACCEPTED, _("放行一份待核的名单，如 inpatients/2026-11/001"), _("为什么可以用"))
_decision(
    "refuse", room.State.REFUSED, _("拒收一份待核的名单，如 inpatients/2026-11/001；它的行不会用来下结论"), _("为什么不能用")
)  # fmt: skip


@contextmanager
def answered() -> Iterator[None]:
    """What the room refuses, as a refusal of the command."""
    try:
        yield
    except room.ListUnwritten as error:
        raise Refused(str(error), UNWRITTEN) from None
    except room.ListUnusable as error:
        raise Refused(str(error), UNUSABLE) from None
    except room.ListRefused as error:
        raise Refused(str(error), UNREADABLE) from None
    except OSError as error:
        place = error.filename or _("数据文件夹")
        raise Refused(
            _("读写 {p} 出错：{w}。请检查权限和磁盘空间后再运行一次。").format(p=place, w=why(error)), UNWRITTEN
        ) from None


def watched(name: str) -> tuple[Pack, Monitoring]:
    """A pack that says what is monitored, or a refusal."""
    pack = load_pack(name)
    if pack.monitoring is None:
        raise Refused(
            _(
                "政策包“{n}”没有监测预警（warnings/），不知道要收哪些名单。请用 --pack 换一个，如 gansu、national。"
            ).format(n=name),
            UNUSABLE,
        )
    return pack, pack.monitoring


@cache
def _watched_once(name: str) -> tuple[Pack, Monitoring]:
    """The same, read once for the several lists of a command."""
    return watched(name)


def source_of(monitoring: Monitoring, name: str, pack: Pack) -> ListSource:
    """The list of that name, or a refusal that says which there are."""
    if name in monitoring.sources:
        return monitoring.sources[name]
    known = "、".join(f"{source.id}（{source.title}）" for source in monitoring.sources.values())
    raise Refused(
        _("政策包“{p}”没有名单“{n}”。{hint}它有：{k}。").format(
            p=pack.id, n=name, hint=did_you_mean(name, monitoring.sources), k=known
        ),
        UNUSABLE,
    )


def folder_for(data: Path) -> None:
    """The data folder, made if it is not there."""
    if not data.exists():
        aside(_("新建数据文件夹 {d}").format(d=data))
    private_folder(data)


def state_title(state: room.State) -> str:
    """What officers call the state of a receipt."""
    return {
        room.State.ACCEPTED: _("已收下"),
        room.State.HELD: _("待核"),
        room.State.REFUSED: _("已拒收"),
        room.State.REPLACED: _("已被替换"),
    }[state]


def standing_title(standing: room.Standing) -> str:
    """What officers call the standing of a list in a month."""
    return {
        room.Standing.RECEIVED: _("［已到］"),
        room.Standing.HELD: _("［待核］"),
        room.Standing.MISSING: _("［缺失］"),
        room.Standing.LATE: _("［迟报］"),
        room.Standing.NOT_DUE: _("［未到期］"),
    }[standing]


def _finding(found: room.Finding) -> str:
    rows = "、".join(map(str, found.rows)) + ("…" if found.count > len(found.rows) else "")
    return _("{n} 处（第 {r} 行）：{t}").format(n=found.count, r=rows, t=found.fault.text_without_cell())


def _keep(out: Path, file: Path | None) -> None:
    """The corrected workbook that comes back must not be written over with the next round's rejects."""
    if out.suffix.lower() != ".xlsx":
        raise click.UsageError(_("{p} 要以 .xlsx 结尾：写出的是工作簿。").format(p=out))
    if file is not None and out.resolve() == file.resolve():
        raise click.UsageError(
            _("{p} 是这次要读的文件，退回的行会写到同一个位置。请用 --rejects 换一个地方。").format(p=out)
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return _("未署名")


def _today() -> date:
    return datetime.now().astimezone().date()
