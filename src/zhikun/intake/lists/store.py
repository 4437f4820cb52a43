"""The lists in a data folder: DATA/lists/<source>/<YYYY-MM>/<NNN>/, each reception a folder that appears whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from zhikun.disk import file_hash, finish_folder, one_writer, private_folder, replace_file, sync_folder
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.identity import holds_id_number
from zhikun.intake.lists.errors import ListUnreadable, ListUnusable
from zhikun.intake.lists.kept import damage_in, damaged
from zhikun.intake.lists.model import NAMES, RECEIPT, ROWS, Decided, ListFile, ListStatus, Receipt, Standing, State
from zhikun.wording import _
from zhikun.workdays import Month, NotAMonth

LISTS = "lists"
_WORK = ".receiving"
_NUMBER = re.compile(r"\d{3,}")
_RHYTHM_MONTHS = {"monthly": tuple(range(1, 13)), "quarterly": (3, 6, 9, 12)}


def due_months(source: ListSource) -> tuple[int, ...]:
    """The months of a year that are the last of a period."""
    return source.months if source.rhythm == "yearly" else _RHYTHM_MONTHS[source.rhythm]


def expected_period(source: ListSource, month: Month) -> Month:
    """The newest period that ends in this month or before."""
    months = due_months(source)
    return next(month.plus(-back) for back in range(12) if month.plus(-back).month in months)


def expected_periods(source: ListSource, first: Month, last: Month) -> list[Month]:
    """The periods that end between two months, both included."""
    months = due_months(source)
    every = [first.plus(n) for n in range(last.since(first) + 1)]
    return [month for month in every if month.month in months]


def due_date(source: ListSource, period: Month) -> date:
    """The day by which the file of a period is due."""
    return period.day(source.due_day)


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that a data folder holds. Reading needs no lock: a folder is there whole or not at all."""

    data: Path

    @property
    def folder(self) -> Path:
        return self.data / LISTS

    def files(self, source: str, period: Month) -> list[ListFile]:
        """Every reception of a period in order.

        An accepted one behind which another was accepted counts as replaced; so does a held one that an accepted one
        completes, and what that one completed.
        """
        folder = self.folder / source / str(period)
        numbered = (p for p in folder.iterdir() if _NUMBER.fullmatch(p.name)) if folder.is_dir() else ()
        found = [ListFile(receipt_in(path), path) for path in sorted(numbered, key=lambda p: int(p.name))]
        standing: list[ListFile] = []
        later, taken_in = False, set[int]()
        for file in reversed(found):
            receipt, waits = file.receipt, file.receipt.state is State.HELD
            accepted = receipt.state is State.ACCEPTED
            if (accepted and later) or (waits and receipt.number in taken_in):
                receipt = receipt.with_state(State.REPLACED)
            if receipt.completes is not None and receipt.state in (State.ACCEPTED, State.REPLACED):
                taken_in.add(receipt.completes)
            later = later or accepted
            standing.append(ListFile(receipt, file.folder))
        return standing[::-1]

    def in_force(self, source: str, month: Month) -> ListFile | None:
        """The file of this very period on which conclusions may rest; None where none was accepted."""
        return next((f for f in reversed(self.files(source, month)) if f.receipt.state is State.ACCEPTED), None)

    def periods(self, source: str) -> list[Month]:
        """The periods with a file in force, oldest first."""
        return [month for month in self._received(source) if self.in_force(source, month) is not None]

    def newest(self, source: ListSource, month: Month) -> ListFile | None:
        """The newest file in force on which conclusions of this month may still rest."""
        for back in range(source.valid_months):
            if file := self.in_force(source.id, month.plus(-back)):
                return file
        return None

    def before(self, source: str, period: Month) -> ListFile | None:
        """The newest file in force of an earlier period, with which a new one is compared."""
        earlier = [month for month in self._received(source) if month < period]
        return next((file for month in reversed(earlier) if (file := self.in_force(source, month))), None)

    def with_hash(self, source: str, sha256: str) -> list[ListFile]:
        """Every reception of the same content, whatever its period."""
        every = (file for month in self._received(source) for file in self.files(source, month))
        return [file for file in every if file.receipt.sha256 == sha256]

    def folders(self) -> list[Path]:
        """The folder of every reception of every list, in order."""
        every = self.folder.glob("[a-z]*/????-??/*") if self.folder.is_dir() else ()
        return sorted(path for path in every if _NUMBER.fullmatch(path.name))

    def status(self, monitoring: Monitoring, month: Month, on: date | None = None) -> list[ListStatus]:
        """How every list of a pack stands in a month, seen on a day (the month's last unless given)."""
        day = on or month.last_day
        windows = [(one.list_source, one.window_months) for one in monitoring.indicators.values()]
        found = []
        for source in monitoring.sources.values():
            window = max([source.valid_months, *(months for name, months in windows if name == source.id)])
            found.append(self._status(source, month, day, window))
        return found

    def _status(self, source: ListSource, month: Month, day: date, window: int) -> ListStatus:
        period = expected_period(source, month)
        due, files = due_date(source, period), self.files(source.id, period)
        newest = self.newest(source, month)
        if any(file.receipt.state is State.ACCEPTED for file in files):
            standing = Standing.RECEIVED
        elif any(file.receipt.state is State.HELD for file in files):
            standing = Standing.HELD
        elif day <= due:
            standing = Standing.NOT_DUE
        else:
            standing = Standing.MISSING if newest is None else Standing.LATE
        rests_on = newest.period if newest else None
        receipts = tuple(file.receipt for file in files)
        overdue = tuple(self._overdue(source, month.plus(1 - window), period.plus(-1), day))
        return ListStatus(
            source.id, source.title, source.department, standing, period, due, rests_on, receipts, overdue
        )

    def _overdue(self, source: ListSource, first: Month, last: Month, day: date) -> Iterator[tuple[Month, Standing]]:
        """The periods between two months whose day has passed and that have no file in force."""
        for period in expected_periods(source, first, last):
            states = {file.receipt.state for file in self.files(source.id, period)}
            if State.ACCEPTED not in states and day > due_date(source, period):
                yield period, Standing.HELD if State.HELD in states else Standing.MISSING

    def find(self, receipt: str) -> ListFile:
        """The file of a receipt by its name, inpatients/2026-11/001. Raises ListUnusable."""
        parts = receipt.strip().strip("/").split("/")
        if len(parts) == 3 and re.fullmatch(r"[a-z][a-z0-9_]*", parts[0]) and parts[2].isdigit():
            try:
                files = self.files(parts[0], Month.read(parts[1]))
            except NotAMonth:
                files = []
            for file in files:
                if file.receipt.number == int(parts[2]):
                    return file
        raise ListUnusable(
            _(
                "没有回执“{r}”。回执写成 名单/报送期/编号，如 inpatients/2026-11/001；运行 zhikun lists status 看有哪些。"
            ).format(r=receipt)
        )

    def decide(self, receipt: str, state: State, *, by: str, why: str) -> Receipt:
        """Release (ACCEPTED) or refuse (REFUSED) a held file. The same decision again changes nothing."""
        if not by.strip() or not why.strip():
            raise ListUnusable(_("放行和拒收都要写明经办人和理由，以后才说得清。请用 --by 和 --why 写上，再运行一次。"))
        no_number(by, "--by")
        no_number(why, "--why")
        source = self.find(receipt).receipt.source
        with one_writer(self.folder / source):
            file = self.find(receipt)
            if file.receipt.state is state and file.receipt.decided is not None:
                return file.receipt
            self._may_decide(file, state)
            decided = Decided(by.strip(), now(), why.strip())
            made = file.receipt.with_state(state, decided)
            replace_file(file.folder / RECEIPT, made.to_json())
            if state is State.ACCEPTED:
                self._mark_replaced(made)
            return made

    def _may_decide(self, file: ListFile, state: State) -> None:
        receipt = file.receipt
        words = {State.ACCEPTED: _("已经收下"), State.REFUSED: _("已经拒收"), State.REPLACED: _("已被后来的文件替换")}
        if receipt.state is not State.HELD:
            raise ListUnusable(
                _("回执 {r} {s}，不在待核之列，不能再放行或拒收。要换成别的内容，请重新接收一份更正的文件。").format(
                    r=receipt.id, s=words[receipt.state]
                )
            )
        if state is State.ACCEPTED and (path := damage_in(file)) is not None:
            raise damaged(path)
        later = [f.receipt for f in self.files(receipt.source, receipt.period) if f.receipt.number > receipt.number]
        if state is State.REFUSED and (of := next((r for r in later if _rests_on(r, receipt)), None)) is not None:
            raise ListUnusable(
                _("{n} 是 {r} 改好后补成的，里面有它的行。要拒收 {r}，请先拒收 {n}。").format(r=receipt.id, n=of.id)
            )
        in_force = next((r for r in reversed(later) if r.state is State.ACCEPTED), None)
        if state is State.ACCEPTED and in_force is not None:
            raise ListUnusable(
                _(
                    "回执 {r} 之后又收下了 {n}，放行前一份不会再起作用。请拒收前一份；确要用它，请重新接收那份文件。"
                ).format(r=receipt.id, n=in_force.id)
            )

    def _received(self, source: str) -> list[Month]:
        folder = self.folder / source
        if not folder.is_dir():
            return []
        return sorted(Month.read(p.name) for p in folder.iterdir() if re.fullmatch(r"\d{4}-\d\d", p.name))

    @contextmanager
    def receiving(self, source: str) -> Iterator[Path]:
        """The one place where a file of this source is being received; what a killed process left there is gone."""
        folder = self.folder / source
        with one_writer(folder):
            work = folder / _WORK
            shutil.rmtree(work, ignore_errors=True)
            private_folder(work)
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def next_number(self, source: str, period: Month) -> int:
        files = self.files(source, period)
        return files[-1].receipt.number + 1 if files else 1

    def keep(self, work: Path, receipt: Receipt) -> ListFile:
        """What lies in `work` becomes the receipt's folder, whole. The caller holds the source's lock (`receiving`)."""
        names = work / NAMES
        receipt = replace(
            receipt, rows_sha256=file_hash(work / ROWS), names_sha256=file_hash(names) if names.exists() else ""
        )
        replace_file(work / RECEIPT, receipt.to_json())
        finish_folder(work)
        parent = private_folder(self.folder / receipt.source / str(receipt.period))
        folder = parent / f"{receipt.number:03d}"
        work.rename(folder)
        sync_folder(parent)
        sync_folder(parent.parent)
        if receipt.state is State.ACCEPTED:
            self._mark_replaced(receipt)
        return ListFile(receipt, folder)

    def _mark_replaced(self, receipt: Receipt) -> None:
        """Earlier accepted files say so themselves; until then `files` says it for them."""
        for file in self.files(receipt.source, receipt.period):
            if file.receipt.number < receipt.number and file.receipt.state is State.REPLACED:
                content = file.receipt.to_json()
                if (file.folder / RECEIPT).read_bytes() != content:
                    replace_file(file.folder / RECEIPT, content)


def _rests_on(later: Receipt, receipt: Receipt) -> bool:
    """Whether a file that waits has the rows of an earlier one in it."""
    return later.completes == receipt.number and later.state is State.HELD


def no_number(text: str, where: str) -> None:
    """What is kept in a receipt has no identity number in it. Raises ListUnusable."""
    if holds_id_number(text):
        raise ListUnusable(
            _(
                "{w} 里像是写了身份证号，它会留在回执里给人看见，因此没有照办。请删去号码，只写姓名和事由，再运行一次。"
            ).format(w=where)
        )


def now() -> str:
    """The moment, with the zone of the machine, to the second."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


def receipt_in(folder: Path) -> Receipt:
    path = folder / RECEIPT
    try:
        return Receipt.from_json(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ListUnreadable(
            _("回执 {p} 读不出来，不知道这份名单能不能用，因此没有继续。请从备份恢复它所在的文件夹。").format(p=path)
        ) from error
