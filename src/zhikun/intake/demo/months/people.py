"""The people of the months in columns: who they are, when they come and go, where they live, in which groups they are watched.

A person is decided by a key and the seed alone, so any block of people is made without the others. Months are counted
from the first month asked for, which is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.intake.demo.months.chance import Chance, Keys, Mask, Whole
from zhikun.intake.demo.months.groups import Groups
from zhikun.intake.demo.months.numbers import digits, numbers_for, texts
from zhikun.intake.demo.months.villages import Villages
from zhikun.intake.demo.people import FEMALE, MALE, SURNAMES, YOUNG_FEMALE, YOUNG_MALE

NEVER = 1 << 20
ENTER, LEAVE, MOVE, REGROUP = 0.005, 0.005, 0.002, 0.004  # of the people watched, in a month
_GONE_AFTER = 3  # months after the last one watched: from then on in no list either
_YOUNG = 26
_DOTTED_SHARE = 0.008
_ONE_SURNAME = 0.7  # of a household
# Ages of the watched, one for each hundredth of them: more old people and children than elsewhere.
_AGES = np.array([*range(88), *range(15, 18), *range(24, 33)], np.int64)
_GIVEN = (MALE, YOUNG_MALE, FEMALE, YOUNG_FEMALE)
_DOTTED = [
    f"{own}·{of}"
    for own, of in product(
        ("阿依古丽", "买买提", "艾山", "热孜亚", "古丽娜尔", "阿卜杜拉"),
        ("吐尔逊", "马合木提", "依明", "赛来木", "卡德尔"),
    )
]
DOTTED_NAME = _DOTTED[0]
_NAMES = pa.array([s + g for s, given in product(SURNAMES, _GIVEN) for g in given] + _DOTTED, pa.string())
_STARTS = np.array([0, *np.cumsum([len(given) for given in _GIVEN])], np.int64)
# How twelve people in a row fall into households.
_HOUSEHOLDS = ((1, 2, 3, 2, 4), (2, 2, 3, 1, 1, 3), (4, 3, 2, 1, 2), (3, 3, 1, 5), (2, 1, 4, 2, 3), (1, 1, 2, 3, 5),
               (2, 4, 2, 4), (6, 1, 2, 1, 2))  # fmt: skip
_HEADS = np.array([np.repeat(np.cumsum((0, *sizes[:-1])), sizes) for sizes in _HOUSEHOLDS], np.int64)
_DOZEN = 12


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Some people, one entry of each column for one person."""

    key: Keys
    id_number: pa.Array
    name: pa.Array
    born: Whole  # days since 1970
    household: pa.Array
    ill: Whole  # 0 no, 1 chronically, 2 seriously
    disabled: Whole  # grade 1 (worst) to 4, 0 for none
    jobless: Mask
    entered: Whole  # the first month watched, NEVER for people who are in lists only
    left: Whole  # the first month no longer watched
    died: Whole
    villages: Whole
    moved: Whole  # the month from which `villages_after` holds
    villages_after: Whole
    groups: NDArray[np.uint32]  # a bit for each group of the pack
    regrouped: Whole
    groups_after: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.key)

    def watched(self, month: int) -> Mask:
        return (self.entered <= month) & (month < self.left)

    def alive(self, month: int) -> Mask:
        """Whether he or she may stand in a list of the month: not dead before it, not still to come, not long gone."""
        here = (self.entered <= month) & (month < self.left + _GONE_AFTER)
        return (self.died >= month) & (here | (self.entered == NEVER))

    def village(self, month: int) -> Whole:
        return np.where(month >= self.moved, self.villages_after, self.villages)

    def replaced(self, **columns: object) -> People:
        """The same people with other columns."""
        return People(**({f.name: getattr(self, f.name) for f in fields(self)} | columns))

    def groups_in(self, month: int) -> NDArray[np.uint32]:
        return np.where(month >= self.regrouped, self.groups_after, self.groups)


@dataclass(frozen=True, slots=True)
class Source:
    """What generated people are made from: the seed, the day before which all were born, villages and groups."""

    seed: int
    today: int  # days since 1970
    villages: Villages
    groups: Groups


def invented(source: Source, key: Keys, entered: Whole, spread: int) -> People:
    """People of these keys. `spread` people, in the order of their keys, are spread over all villages."""
    seed = source.seed
    age = _AGES[Chance(seed, "age").whole(key, len(_AGES))]
    wished = source.today - 64 - age * 1461 // 4 - Chance(seed, "birthday").whole(key, 365)
    male = Chance(seed, "sex").below(key, 0.5)
    home = heads_of(seed, key)
    number, born = numbers_for(key, wished, male)
    ill = _ill(seed, key, age)
    disabled = np.where(
        Chance(seed, "disabled").below(key, 0.16), Chance(seed, "grade").one_of(key, [15, 30, 30, 25]) + 1, 0
    )
    jobless = (age >= 16) & (age < 60) & Chance(seed, "jobless").below(key, 0.1)
    return completed(
        source,
        {
            "key": key, "id_number": number, "name": _names(seed, key, home, male, age < _YOUNG), "born": born,
            "household": texts(np.column_stack([np.full(len(key), ord("S"), np.uint8), digits(home.astype(np.int64) + 1, 10)])),
            "ill": ill, "disabled": disabled, "jobless": jobless, "entered": entered,
            "villages": source.villages.of(home, spread, Chance(seed, "village")),
        },
        home,
        source.groups.dealt(seed, home),
    )  # fmt: skip


def completed(
    source: Source, known: dict[str, object], home: Keys, groups: tuple[NDArray[np.uint32], NDArray[np.uint32]]
) -> People:
    """People of whom all is known but how they come and go; `groups` are those of their households, before and after."""
    seed, key, entered = source.seed, np.asarray(known["key"], np.uint64), np.asarray(known["entered"], np.int64)
    stays = Chance(seed, "stays").waiting(key, LEAVE) + 1
    left = np.where(entered == NEVER, NEVER, np.minimum(entered + stays, NEVER))
    old = np.asarray(known["born"], np.int64) < source.today - 60 * 1461 // 4
    dies = np.where(old, Chance(seed, "dies").below(key, 0.25), Chance(seed, "dies").below(key, 0.03))
    stood = 1 + Chance(seed, "struck off").whole(key, 2)  # a dead person stands in the register for a month or two
    died = np.where(dies & (left < NEVER), np.maximum(left - stood, entered), NEVER)
    bits = source.groups.traits(
        seed, key, np.asarray(known["ill"]), np.asarray(known["disabled"]), np.asarray(known["jobless"])
    )
    return People(
        left=left, died=died, groups=bits.over(groups[0]), groups_after=bits.over(groups[1]),
        regrouped=1 + Chance(seed, "regroups").waiting(home, REGROUP), moved=1 + Chance(seed, "moves").waiting(home, MOVE),
        villages_after=source.villages.anywhere(home, Chance(seed, "moved to")), **known,  # type: ignore[arg-type]  # the columns named by the callers
    )  # fmt: skip


def pupils_of(source: Source, people: People, year: int) -> People:
    """The same people as school leavers of a year, never watched: born in the year that makes them 18."""
    first = np.datetime64(f"{year - 18}-01-01", "D").astype(np.int64)
    wished = first + Chance(source.seed, "leaver").whole(people.key, 300)
    male = Chance(source.seed, "sex").below(people.key, 0.5)
    number, born = numbers_for(people.key, wished, male)
    return people.replaced(id_number=number, born=born)


def heads_of(seed: int, key: Keys) -> Keys:
    """The key of the head of each person's household."""
    dozen = key // np.uint64(_DOZEN)
    shape = Chance(seed, "household").whole(dozen, len(_HEADS))
    first = _HEADS[shape, (key % np.uint64(_DOZEN)).astype(np.int64)]
    return dozen * np.uint64(_DOZEN) + first.astype(np.uint64)


def _ill(seed: int, key: Keys, age: Whole) -> Whole:
    chance = Chance(seed, "ill")
    ill = np.where(
        age < 15, chance.below(key, 0.04), np.where(age < 60, chance.below(key, 0.12), chance.below(key, 0.32))
    )
    return np.where(ill, 1 + Chance(seed, "seriously").below(key, 0.25).astype(np.int64), 0)


def _names(seed: int, key: Keys, home: Keys, male: Mask, young: Mask) -> pa.Array:
    shared = Chance(seed, "one surname").below(key, _ONE_SURNAME)
    bits = Chance(seed, "surname").bits(np.where(shared, home, key)) >> np.uint64(40)
    # The first surnames of the list are the commonest; squaring leans towards them.
    surname = (bits * bits >> np.uint64(24)) * np.uint64(len(SURNAMES)) >> np.uint64(24)
    kind = np.where(male, 0, 2) + young
    given = Chance(seed, "given").whole(key, 1 << 20) * (_STARTS[kind + 1] - _STARTS[kind]) >> 20
    place = surname.astype(np.int64) * _STARTS[-1] + _STARTS[kind] + given
    dotted = Chance(seed, "dotted").below(home, _DOTTED_SHARE)
    other = len(_NAMES) - len(_DOTTED) + Chance(seed, "dotted name").whole(key, len(_DOTTED))
    return _NAMES.take(pa.array(np.where(dotted, other, place)))


def joined(parts: Sequence[People]) -> People:
    """All of them, in order."""
    columns: dict[str, object] = {}
    for field in fields(People):
        pieces = [getattr(part, field.name) for part in parts]
        columns[field.name] = pa.concat_arrays(pieces) if isinstance(pieces[0], pa.Array) else np.concatenate(pieces)
    return People(**columns)  # type: ignore[arg-type]  # every field of the class, by its name


def days_of_dates(dates: pa.ChunkedArray) -> Whole:
    """A column of dates as days since 1970."""
    return np.asarray(pc.cast(dates, pa.int32()).to_numpy(), np.int64)
