"""Receiving one file: read, checked row by row, compared with the last one, kept with its receipt, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhikun.disk import only_one
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.identity import KeyRing, KeysRefused, read_ring
from zhikun.intake.lists.columns import Bounds
from zhikun.intake.lists.coming import Block, Coming, Ended
from zhikun.intake.lists.errors import ListDamaged, ListUnreadable, ListUnusable, ListUnwritten
from zhikun.intake.lists.faults import Fault
from zhikun.intake.lists.headings import Layout, lay_out, returned_from_heading
from zhikun.intake.lists.holds import Seen, holds
from zhikun.intake.lists.kept import damage_in, read_kept
from zhikun.intake.lists.model import NAMES, PERSON, ROWS, ListFile, Receipt, State
from zhikun.intake.lists.profile import changes, compared, profile_of
from zhikun.intake.lists.rejects import Rejects, put_workbook
from zhikun.intake.lists.rows import KEY, Read, RowReader, has_names
from zhikun.intake.lists.sealed import NamesWriter, read_names
from zhikun.intake.lists.settle import InOrderOfFile, InOrderOfPerson, Rows, Settled
from zhikun.intake.lists.store import Lists, due_months, no_number, now
from zhikun.wording import _
from zhikun.workdays import Month

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is delivered: which list of which pack, for which period, by whom; dates are judged as of `on`."""

    source: ListSource
    period: Month
    monitoring: Monitoring
    pack: str  # id, version and hash, as the receipt names it: under another pack the same file is looked at anew
    by: str
    on: date
    place: str = ""  # the pack's place, outside which nobody is watched; '' for the nation

    @property
    def bounds(self) -> Bounds:
        last = max(self.on, self.period.last_day)
        return Bounds(last, self.place if self.source.kind == "population" else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was wrong in how many rows of a column, with the first of them."""

    fault: Fault
    count: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file. `again`: it was here already and nothing was done."""

    file: ListFile
    again: bool = False
    rejects: Path | None = None
    findings: tuple[Finding, ...] = ()
    layout: Layout | None = None


@dataclass(slots=True)
class _Work:
    """One reception while it goes on."""

    delivery: Delivery
    ring: KeyRing
    lists: Lists
    folder: Path
    number: int
    reader: RowReader
    base: ListFile | None  # whose rejects come back corrected
    rows: Rows
    kept: int = 0


def check_period(source: ListSource, period: Month, on: date) -> None:
    """Whether the list is delivered for this period. Raises ListUnusable."""
    if period.month not in due_months(source):
        near = [period.plus(n) for n in range(-11, 12) if period.plus(n).month in due_months(source)]
        options = "、".join(map(str, sorted(near, key=lambda m: abs(m.since(period)))[:2]))
        rhythm = {"quarterly": _("按季报送"), "yearly": _("按年报送")}.get(source.rhythm, source.rhythm)
        raise ListUnusable(
            _("“{t}”{r}，没有 {p} 这一期。离它最近的是 {o}，请核对 --period。").format(
                t=source.title, r=rhythm, p=period, o=options
            )
        )
    if period.first_day > on:
        raise ListUnusable(
            _("{p} 还没有到（今天是 {d}），不会有这一期的文件。请核对 --period。").format(p=period, d=on)
        )


def receive(
    coming: Coming, delivery: Delivery, data: Path, ring: KeyRing, rejects: Path, progress: Progress | None = None
) -> Received:
    """Receive one file. Killed anywhere, it leaves a whole receipt or none.

    `rejects` is where rows that go back are written, if there are any; numbered where one of another receipt
    lies. Raises ListRefused and KeysRefused.
    """
    check_period(delivery.source, delivery.period, delivery.on)
    no_number(delivery.by, "--by")
    lists = Lists(data)
    layout = lay_out(delivery.source, coming.header, coming.file, delivery.monitoring)
    with lists.receiving(delivery.source.id) as folder:
        if coming.known_hash and (known := _known(lists, delivery, coming.known_hash)):
            return Received(known, again=True)
        blocks, base = _base(lists, delivery, layout, coming.blocks())
        number = lists.next_number(delivery.source.id, delivery.period)
        reader = RowReader(delivery.source, layout, ring, delivery.bounds)
        work = _Work(delivery, ring, lists, folder, number, reader, base, _rows(folder, reader))
        about = f"{delivery.source.id}/{delivery.period}/{number:03d}"
        part = folder / ("." + rejects.name)
        with _unwritten(folder), _rejects(Rejects(part, layout, about)) as book:
            ended = _read(work, blocks, coming, book, progress)
            if not coming.known_hash and (known := _known(lists, delivery, ended.sha256)):
                return Received(known, again=True)
            settled = _settle(work, book)
            receipt = _receipt(work, settled, ended, coming.file)
            written = book.close()
        if written:
            rejects = _put_rejects(part, rejects, about)
        with _same_keys(ring):
            file = lists.keep(folder, receipt)
        return Received(file, rejects=rejects if written else None, findings=_findings(reader), layout=layout)


def _known(lists: Lists, delivery: Delivery, sha256: str) -> ListFile | None:
    """The reception of this very content for this period, unless it was refused or damaged or another has taken its place."""
    every = lists.files(delivery.source.id, delivery.period)
    completed: set[int | None] = set()
    for file in reversed(every):
        if file.receipt.state in (State.ACCEPTED, State.HELD) or file.receipt.number in completed:
            completed.add(file.receipt.completes)
    for file in reversed(every):
        if file.receipt.sha256 != sha256 or file.receipt.pack != delivery.pack or file.receipt.state is State.REFUSED:
            continue
        if file.receipt.state is State.REPLACED and file.receipt.number in completed:
            return file
        if file.receipt.state is not State.REPLACED and damage_in(file) is None:
            return file  # a damaged one is received once more: there may be no backup
    return None


def _base(
    lists: Lists, delivery: Delivery, layout: Layout, blocks: Iterator[Block]
) -> tuple[Iterator[Block], ListFile | None]:
    """The blocks, and the file whose rejects they are where the workbook says so."""
    if layout.returned_from is None:
        return blocks, None
    column = layout.returned_from
    first = next(blocks, None)
    if first is None:
        return iter(()), None
    named = {text.strip() for text in first.columns[column].unique().to_pylist()} - {""}
    if len(named) != 1:
        raise ListUnreadable(
            _("“{c}”一列应全是同一份回执，这里有 {n} 种。请把各份退回的工作簿分开交回，这一列不要改。").format(
                c=returned_from_heading(), n=len(named)
            )
        )
    base = lists.find(named.pop())
    receipt = base.receipt
    if (receipt.source, receipt.period) != (delivery.source.id, delivery.period):
        raise ListUnusable(
            _("这份退回的工作簿来自 {r}，不是 {s} 的 {p}。请用它自己的 --source 和 --period 接收。").format(
                r=receipt.id, s=delivery.source.id, p=delivery.period
            )
        )
    if receipt.state is State.REFUSED:
        raise ListUnusable(
            _("{r} 已经拒收，改好的行没有可以补入的文件。请把改好的整份文件重新接收。").format(r=receipt.id)
        )
    standing = [f for f in lists.files(receipt.source, receipt.period) if f.receipt.state is not State.REFUSED]
    newest = standing[-1]
    if receipt.state not in (State.ACCEPTED, State.HELD) or newest.receipt.number != receipt.number:
        raise ListUnusable(
            _("{r} 之后已收过 {n}，改好的行不能再补进前一份。请把它们改在后一份的退回工作簿里，或整份重报。").format(
                r=receipt.id, n=newest.receipt.id
            )
        )

    if (path := damage_in(base)) is not None:
        raise ListDamaged(
            _(
                "{r} 的 {p} 已损坏或被改动，改好的行没有可以补入的文件。请从备份恢复它；没有备份的，请把改好的整份文件重新接收。"
            ).format(r=receipt.id, p=path)
        )

    def again() -> Iterator[Block]:
        yield first
        yield from blocks

    return again(), base


def _read(work: _Work, blocks: Iterator[Block], coming: Coming, book: Rejects, progress: Progress | None) -> Ended:
    """Every block to rows on disk, names sealed beside them, rejected rows to the workbook."""
    reader, source = work.reader, work.delivery.source
    about = f"{source.id}/{work.delivery.period}/{work.number:03d}"
    names = NamesWriter(work.folder / NAMES, work.ring, about) if has_names(source) else None
    if work.base is not None:
        work.kept = _take_over(work, names)
    # Tokens of one block are made and written while the next one is read and checked.
    with ThreadPoolExecutor(1) as behind:
        last: Future[None] | None = None
        for block in blocks:
            read = reader.read(block)
            if last is not None:
                last.result()
            last = behind.submit(_put, work.rows, names, read)
            if read.rejected is not None:
                book.add(read.rejected)
            if progress is not None:
                progress(_("检查“{t}”").format(t=source.title), reader.tally.rows, reader.tally.rows)
        if last is not None:
            last.result()
    if names is not None:
        names.close()
    ended = coming.finish()
    for line in ended.unsplit:
        book.add_unsplit(line.row, line.cells)
    reader.count_unsplit([line.row for line in ended.unsplit])
    return ended


def _put(rows: Rows, names: NamesWriter | None, read: Read) -> None:
    """A block to disk."""
    table = read.table()
    if table.num_rows:
        rows.add(table)
        if names is not None and read.names is not None:
            names.write(read.names)


def _take_over(work: _Work, names: NamesWriter | None) -> int:
    """The rows of the file that this one completes."""
    if work.base is None:
        return 0
    count, schema = 0, work.reader.part_schema
    for table in read_kept(work.delivery.source, work.base.rows):
        if work.reader.keyed:
            table = table.append_column(KEY, work.reader.no_keys(table.num_rows))  # noqa: PLW2901 - the same rows
        work.rows.add(table.select(schema.names).cast(schema))
        count += table.num_rows
    if names is not None and work.base.names.exists():
        for table in read_names(work.base.names, work.ring):
            names.write(table)
    return count


def _settle(work: _Work, book: Rejects) -> Settled:
    """Doubled rows leave; what stays gets its name."""
    tally, done = work.reader.tally, work.folder / "settled.part"
    settled = work.rows.settle(done)
    done.rename(work.folder / ROWS)
    if settled.doubled:
        book.add_duplicates(settled.doubled)
        tally.accepted -= len(settled.doubled)
        tally.rejected["duplicate"] += len(settled.doubled)
    return settled


def _rows(folder: Path, reader: RowReader) -> Rows:
    if reader.source.kind == "population" and not reader.keyed:
        return InOrderOfPerson(folder, reader.schema)
    return InOrderOfFile(folder, reader.part_schema, reader.schema, KEY if reader.keyed else PERSON)


def _receipt(work: _Work, settled: Settled, ended: Ended, file: str) -> Receipt:
    delivery, tally = work.delivery, work.reader.tally
    source, period = delivery.source, delivery.period
    profile = profile_of(work.folder / ROWS, source, period)
    rejected = {reason: n for reason, n in tally.rejected.most_common() if n}
    profile |= {
        "people": settled.people,
        "repeated_people": settled.repeated,
        "missing_keys": rejected.get("id_blank", 0),
        "check_digits": rejected.get("id_check", 0),
        "suspect_numbers": tally.suspect_numbers,
        "odd_names": tally.odd_names,
        "blank_rows": tally.blank_rows,
        "kept": work.kept,
    }
    earlier = work.lists.in_force(source.id, period)
    last = earlier or work.lists.before(source.id, period)
    against = compared(profile, last.receipt) if last else {}
    lost = earlier.receipt if earlier and damage_in(earlier) is not None else None
    changed = changes(earlier.rows, work.folder / ROWS, source, work.folder) if earlier and not lost else {}
    same = [f.receipt for f in work.lists.with_hash(source.id, ended.sha256) if f.period != period]
    seen = Seen(
        source, period, file, tally.rows, rejected, profile, against, last.receipt if last else None, changed,
        corrects=earlier is not None or work.base is not None, same_as=same[0] if same else None, cut_off=ended.cut_off,
        base=work.base.receipt if work.base else None, lost=lost if lost and lost.sha256 != ended.sha256 else None,
    )  # fmt: skip
    found = holds(seen)
    return Receipt(
        source=source.id, title=source.title, pack=delivery.pack, period=period, number=work.number,
        received_at=now(), by=delivery.by, file=file, sha256=ended.sha256, rows=tally.rows, accepted=tally.accepted,
        rejected=rejected, profile=profile, against=against, state=State.HELD if found else State.ACCEPTED,
        holds=found, notes=(*_layout_notes(work.reader.layout), *ended.notes, *_lost_notes(lost)),
        replaces=earlier.receipt.number if earlier else None,
        completes=work.base.receipt.number if work.base else None, kept=work.kept, changes=changed,
    )  # fmt: skip


def _layout_notes(layout: Layout) -> Iterator[str]:
    if layout.absent:
        yield _("文件里没有这些列，按未知处理：{c}").format(c="、".join(layout.absent))
    if layout.unread:
        yield _("名单没有约定这些列，没有读取也没有保存：{c}").format(c="、".join(layout.unread))


def _lost_notes(lost: Receipt | None) -> Iterator[str]:
    if lost is not None:
        yield _("{r} 的数据文件已损坏或被改动，由这一份替换，没有逐人比较").format(r=lost.id)


def _findings(reader: RowReader) -> tuple[Finding, ...]:
    """What was wrong, most frequent first."""
    return tuple(
        Finding(reader.faults[number], count, tuple(reader.tally.examples[number]))
        for number, count in reader.tally.counts.most_common()
    )


def _put_rejects(part: Path, rejects: Path, receipt: str) -> Path:
    """The workbook in its place, whole, before the receipt says that rows went back. Only its owner may read it."""
    try:
        return put_workbook(part, rejects, receipt)
    except OSError as error:
        raise ListUnwritten(
            _(
                "写不了退回的工作簿 {p}：{w}。这份文件没有接收；请关闭正打开它的程序，或用 --rejects 换一个位置。"
            ).format(p=rejects, w=error.strerror or error)
        ) from None


@contextmanager
def _rejects(book: Rejects) -> Iterator[Rejects]:
    """The workbook of rejects, left unwritten where the file is not received."""
    try:
        yield book
    finally:
        book.discard()


@contextmanager
def _unwritten(folder: Path) -> Iterator[None]:
    """A full disk or a missing right while rows are written."""
    try:
        yield
    except OSError as error:
        raise ListUnwritten(
            _("写不了数据文件夹 {p}：{w}。这份文件没有接收；请腾出空间或检查权限后再运行一次。").format(
                p=folder.parent, w=error.strerror or error
            )
        ) from None


@contextmanager
def _same_keys(ring: KeyRing) -> Iterator[None]:
    """The keys were not rotated since the tokens were made, and are not until the rows are in their place."""
    with only_one(ring.path):
        current = read_ring(ring.path)
        if current.current != ring.current or current.id != ring.id:
            raise KeysRefused(
                _("接收期间密钥轮换到了第 {v} 版，刚算出的代码已经过时。这份文件没有接收，请再运行一次。").format(
                    v=current.current
                )
            )
        yield
