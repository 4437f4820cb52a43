"""The two populations: a province made block by block, and the demo county with the people that `demo county` gives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.intake.demo.county import generate
from zhikun.intake.demo.months.chance import Keys, Whole
from zhikun.intake.demo.months.people import (
    DOTTED_NAME,
    ENTER,
    NEVER,
    People,
    Source,
    completed,
    days_of_dates,
    invented,
    joined,
    pupils_of,
)
from zhikun.intake.demo.months.villages import Villages

PROVINCE_PEOPLE = 4_200_000
MOST_PEOPLE = 50_000_000
BLOCK = 1 << 16
# Keys of people who are never watched: those of all lists, and for eight years the school leavers of each year.
_OUTSIDE, _LEAVERS, _YEARS = 150_000_000, 200_000_000, 8
_GRADES = {"g1": 1, "g2": 2, "g3": 3, "g4": 4}
_ILL = {"chronic": 1, "serious": 2}
_IDLE_MONTHS = 6


def watched_blocks(source: Source, people: int, months: int) -> Iterator[People]:
    """Everybody who is watched in one of the months: `people` from the first on, then who comes later."""
    last = people + (months - 1) * comers(people)
    for start in range(0, last, BLOCK):
        key = np.arange(start, min(start + BLOCK, last), dtype=np.uint64)
        yield invented(source, key, entered_by(key, people), people)


def comers(people: int) -> int:
    """How many come to be watched in each later month."""
    return max(1, round(people * ENTER))


def entered_by(key: Keys, people: int) -> Whole:
    """The month from which each key is watched."""
    return np.maximum(0, (key.astype(np.int64) - people) // comers(people) + 1)


def outsiders(source: Source, count: int, begin: int = 0) -> Iterator[People]:
    """People who stand in lists and are not watched: those from `begin` on, of `count`."""
    for start in range(begin, count, BLOCK):
        yield _never(source, np.arange(_OUTSIDE + start, _OUTSIDE + min(start + BLOCK, count), dtype=np.uint64))


def leavers(source: Source, count: int, year: int) -> Iterator[People]:
    """School leavers of a year who are not watched."""
    begin = _LEAVERS + year % _YEARS * count
    for start in range(0, count, BLOCK):
        key = np.arange(begin + start, begin + min(start + BLOCK, count), dtype=np.uint64)
        yield pupils_of(source, _never(source, key), year)


def _never(source: Source, key: Keys) -> People:
    return invented(source, key, np.full(len(key), NEVER, np.int64), 0)


def county_tables(seed: int) -> dict[str, pa.Table]:
    """The households and members of `demo county`."""
    return generate(seed)


def county_villages(tables: dict[str, pa.Table]) -> Villages:
    return Villages(sorted(set(tables["household"].column("place").to_pylist())))


def county_people(source: Source, tables: dict[str, pa.Table], months: int) -> People:
    """The county's own people from the first month on, then who comes later."""
    own = _own_people(source, tables)
    count = len(own)
    key = np.arange(count, count + (months - 1) * comers(count), dtype=np.uint64)
    if not len(key):
        return own
    later = invented(source, key, entered_by(key, count), 0)
    # One name with a middle dot is always there, for the ways in which departments type it.
    names = pa.concat_arrays([pa.array([DOTTED_NAME]), later.name[1:]])
    stays = np.concatenate([[NEVER], later.left[1:]])
    died = np.concatenate([[NEVER], later.died[1:]])
    return joined([own, later.replaced(name=names, left=stays, died=died)])


def _own_people(source: Source, tables: dict[str, pa.Table]) -> People:
    member, household = tables["member"], tables["household"]
    count = len(member)
    key = np.arange(count, dtype=np.uint64)
    of = pc.index_in(member.column("household"), household.column("household")).to_numpy()
    heads = np.searchsorted(of, np.arange(len(household)))  # members stand by household
    home = key[heads[of]]
    village = pc.index_in(household.column("place"), source.villages.codes).to_numpy().astype(np.int64)[of]
    born = days_of_dates(member.column("birth_date"))
    age = (source.today - born) * 4 // 1461
    idle = (member.column("idle_months").to_numpy() >= _IDLE_MONTHS) & (age >= 16) & (age < 60)
    receives = member.column("on_dibao").to_numpy()
    known = {
        "key": key, "id_number": member.column("id_number").combine_chunks(), "name": member.column("name").combine_chunks(),
        "born": born, "household": member.column("household").combine_chunks(), "ill": _coded(member, "health", _ILL),
        "disabled": _coded(member, "disability_grade", _GRADES), "jobless": idle, "entered": np.zeros(count, np.int64),
        "villages": village,
    }  # fmt: skip
    return completed(source, known, home, source.groups.with_dibao(source.seed, home, receives))


def _coded(table: pa.Table, column: str, codes: dict[str, int]) -> Whole:
    return np.array([codes.get(word, 0) for word in table.column(column).to_pylist()], np.int64)
