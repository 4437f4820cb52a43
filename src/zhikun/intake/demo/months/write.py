"""A folder of department files, month by month, with a manifest that says what they are and in which order they come."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhikun.disk import only_one
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.demo.months.damage import Filled, Received, spoiled
from zhikun.intake.demo.months.groups import Groups
from zhikun.intake.demo.months.habits import WATCHED_ROWS, of_hardship
from zhikun.intake.demo.months.lists import Making, list_rows, population_rows
from zhikun.intake.demo.months.people import People, Source
from zhikun.intake.demo.months.periods import Period, is_due, months_from, read_month
from zhikun.intake.demo.months.populations import (
    MOST_PEOPLE,
    PROVINCE_PEOPLE,
    county_people,
    county_tables,
    county_villages,
    leavers,
    outsiders,
    watched_blocks,
)
from zhikun.intake.demo.months.sheets import Files, Sheet
from zhikun.intake.demo.months.villages import province_villages
from zhikun.intake.demo.tables import NOTE
from zhikun.wording import _

MANIFEST = "manifest.json"
LIKE = ("county", "province")
_MOST_MONTHS = 120
# Of the watched: people in lists only, school leavers in lists only; and events of people against those of a province.
_SHARES = {"province": (0.05, 0.09, 1.0), "county": (0.03, 0.03, 0.35)}
# A province has more people in lists of hardship only: with them each list is as long as if 15 % of the watched stood in it.
_IN_HARDSHIP_ONLY = 1 - WATCHED_ROWS

Report = Callable[[str, int, int], None]


class MonthsRefused(ValueError):
    """The files cannot be made as asked; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the files shall be like. `people` counts the watched of a province; a county has its own."""

    like: str
    seed: int = 1
    months: int = 12
    first: str = "2025-12"
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the files in the order in which they come, those that never do, and how many people are watched."""

    sheets: Sequence[Sheet]
    missing: Sequence[Sheet]
    watched: int


def write_months(pack: Pack, asked: Asked, out: Path, report: Report = lambda *_done: None) -> Made:
    """Department files for every list of the pack's monitoring in the folder `out`, which appears whole at the end.

    The same arguments give the same bytes. Raises MonthsRefused, also where `out` holds anything but such files.
    """
    monitoring = _checked(pack, asked)
    first = read_month(asked.first)
    periods = months_from(first, asked.months)
    with _whole_folder(out) as folder:
        if asked.like == "county":
            made = _county(monitoring, asked, first, periods, folder, report)
        else:
            made = _province(pack, monitoring, asked, first, periods, folder, report)
        text = json.dumps(_manifest(pack, asked, made), ensure_ascii=False, indent=1)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return made


def _checked(pack: Pack, asked: Asked) -> Monitoring:
    if pack.monitoring is None:
        raise MonthsRefused(
            _("政策包“{p}”没有监测预警，不知道要哪些部门名单；请换一个，例如 gansu。").format(p=pack.id)
        )
    if asked.like not in LIKE:
        raise MonthsRefused(_("可以生成的只有 {k}，没有“{l}”。").format(k="、".join(LIKE), l=asked.like))
    if not 1 <= asked.months <= _MOST_MONTHS:
        raise MonthsRefused(_("月数应为 1 至 {m}，得到的是 {n}。").format(m=_MOST_MONTHS, n=asked.months))
    if asked.seed < 0:
        raise MonthsRefused(_("种子是 0 或正整数，得到的是 {seed}：请换一个，例如 1。").format(seed=asked.seed))
    if asked.people is not None and asked.like == "county":
        raise MonthsRefused(_("演示县的人数是固定的（4,803 户），不能另定人数；要别的人数，请用 --like province。"))
    if asked.people is not None and not 1 <= asked.people <= MOST_PEOPLE:
        raise MonthsRefused(_("人数应为 1 至 {m:,}，得到的是 {n:,}。").format(m=MOST_PEOPLE, n=asked.people))
    try:
        read_month(asked.first)
    except ValueError as error:
        raise MonthsRefused(str(error)) from None
    return pack.monitoring


def _province(
    pack: Pack, monitoring: Monitoring, asked: Asked, first: Period, periods: Sequence[Period], folder: Path, report: Report
) -> Made:  # fmt: skip
    count = PROVINCE_PEOPLE if asked.people is None else asked.people
    beside, leaving, fewer = _SHARES["province"]
    villages = province_villages(pack.place)
    source = Source(asked.seed, _today(first), villages, Groups(monitoring.groups))
    making = Making(source, monitoring, first, fewer, everybody=True)
    sheets = {(s.id, p): Sheet.due(s, p) for s in monitoring.sources.values() for p in periods if is_due(s, p)}
    rest = range(round(count * beside), round(count * _IN_HARDSHIP_ONLY))
    with Files(folder) as files:
        done, total = 0, count + rest.stop
        for people in watched_blocks(source, count, asked.months):
            _add(files, sheets, making, periods, people)
            done += len(people)
            report(_("生成人员和名单"), min(done, count), total)
        others = _others(making, rest.start, round(count * leaving), periods)
        for other in chain(others, _in_hardship_only(making, rest, periods)):
            _add(files, sheets, making, other.periods, other.people, other.lists)
            done += len(other.people)
            report(_("生成人员和名单"), min(done, total), total)
    return Made(_ordered(sheets.values()), (), count)


@dataclass(frozen=True, slots=True)
class _Others:
    """People who are not watched, with the lists and the periods in which they may stand."""

    people: People
    lists: set[str]
    periods: Sequence[Period]


def _others(making: Making, beside: int, leaving: int, periods: Sequence[Period]) -> Iterator[_Others]:
    """Everybody who is in lists only."""
    lists = {s.id for s in making.monitoring.sources.values() if s.kind != "population"}
    for people in outsiders(making.source, beside):
        yield _Others(people, lists, periods)
    for_leavers = {s for s in lists if making.habit(making.monitoring.sources[s], watched=False).leavers}
    for year in sorted({str(period)[:4] for period in periods}):
        theirs = [
            p
            for p in periods
            if str(p)[:4] == year and any(is_due(making.monitoring.sources[s], p) for s in for_leavers)
        ]
        for people in leavers(making.source, leaving, int(year)) if theirs else ():
            yield _Others(people, for_leavers, theirs)


def _in_hardship_only(making: Making, rest: range, periods: Sequence[Period]) -> Iterator[_Others]:
    """More residents who are not watched, in the lists of hardship of a province."""
    sources = making.monitoring.sources.values()
    lists = {s.id for s in sources if s.kind != "population" and of_hardship(s, making.monitoring)}
    for people in outsiders(making.source, rest.stop, rest.start):
        yield _Others(people, lists, periods)


def _add(
    files: Files, sheets: dict[tuple[str, Period], Sheet], making: Making, periods: Iterable[Period], people: People,
    lists: set[str] | None = None,
) -> None:  # fmt: skip
    """The rows of these people in all their files."""
    for period in periods:
        for listed in making.monitoring.sources.values():
            sheet = sheets.get((listed.id, period))
            if sheet is not None and (lists is None or listed.id in lists):
                files.add(sheet, _rows(making, listed, people, period))


def _rows(making: Making, listed: ListSource, people: People, period: Period) -> pa.Table:
    if listed.kind == "population":
        return population_rows(making, people, period)
    return list_rows(making, listed, people, period)


def _county(
    monitoring: Monitoring, asked: Asked, first: Period, periods: Sequence[Period], folder: Path, report: Report
) -> Made:  # fmt: skip
    report(_("生成家庭"), 0, 1)
    tables = county_tables(asked.seed)
    beside, leaving, fewer = _SHARES["county"]
    source = Source(asked.seed, _today(first), county_villages(tables), Groups(monitoring.groups))
    making = Making(source, monitoring, first, fewer, everybody=False)
    people = county_people(source, tables, asked.months)
    own = len(tables["member"])
    others = list(_others(making, round(own * beside), round(own * leaving), periods))
    filled = []
    for done, period in enumerate(periods):
        report(_("生成名单"), done, len(periods))
        for listed in monitoring.sources.values():
            if is_due(listed, period):
                parts = [_rows(making, listed, people, period)]
                parts += [
                    _rows(making, listed, other.people, period)
                    for other in others
                    if listed.id in other.lists and period in other.periods
                ]
                filled.append(Filled(Sheet.due(listed, period), pa.concat_tables(parts)))
    received = spoiled(filled, monitoring, periods)
    return _written(received, folder, own)


def _written(received: Received, folder: Path, watched: int) -> Made:
    with Files(folder) as files:
        for one in received.files:
            files.add(one.sheet, one.rows)
    return Made(_ordered(one.sheet for one in received.files), received.missing, watched)


def _today(first: Period) -> int:
    return int(first.astype("datetime64[D]").astype("int64"))


def _ordered(sheets: Iterable[Sheet]) -> list[Sheet]:
    """By the day of arrival; on one day the population first."""
    return sorted(sheets, key=lambda s: (s.arrives, s.listed.kind != "population", s.listed.id, s.file))


def _manifest(pack: Pack, asked: Asked, made: Made) -> dict[str, Any]:
    return {
        "generated": True,
        "note": NOTE,
        "like": asked.like,
        "seed": asked.seed,
        "from": asked.first,
        "months": asked.months,
        "pack": {"id": pack.id, "version": pack.version},
        "watched": made.watched,
        "files": [
            {"file": s.file, "source": s.listed.id, "title": s.listed.title, "period": str(s.period), "rows": s.rows,
             "note": s.note, "flaws": [asdict(flaw) for flaw in s.flaws]}
            for s in sorted(made.sheets, key=lambda s: s.file)
        ],
        "missing": [
            {"source": s.listed.id, "title": s.listed.title, "period": str(s.period), "due": str(s.arrives), "note": s.note}
            for s in made.missing
        ],
        "receive": [
            {"day": str(s.arrives), "file": s.file, "source": s.listed.id, "period": str(s.period)} for s in made.sheets
        ],
    }  # fmt: skip


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write in, which takes its place at the end; what is there and not ours is refused."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with only_one(out):
        if out.exists() and not _ours(out):
            raise MonthsRefused(_("{o} 里已有别的文件，不会覆盖：请换一个空文件夹，或先移走里面的文件。").format(o=out))
        folder = out.with_name(f".{out.name}.part")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
            if out.exists():
                shutil.rmtree(out)
            folder.rename(out)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _ours(out: Path) -> bool:
    """Whether the folder is empty or holds nothing but the files that its manifest names."""
    if not out.is_dir():
        return False
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if not found:
        return True
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return manifest.get("generated") is True and found <= {MANIFEST, *(one["file"] for one in manifest["files"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
