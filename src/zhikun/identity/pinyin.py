"""Names as they are typed: full pinyin and initials of a name, and what a text in the search box may be.

A name is read as a surname and a given name: 单立人 is shan li ren, whatever 单 is elsewhere. Where a character has several
readings all are keys, because the officer who searches may know another than the family. Keys have no tones and no spaces, and
v for ü.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import islice, product
from typing import Any

from zhikun.identity.names import is_name, normalise_name
from zhikun.identity.numbers import IdFault, check_id_numbers, normalise_id_number
from zhikun.identity.surnames import DOUBLE, GIVEN, SINGLE, SYLLABLES

#: More readings of one name than these are no help; the usual ones come first.
_MOST_READINGS = 24
_MOST_TYPED = 60
_MOST_INITIALS = 8
_LONGEST = max(map(len, SYLLABLES))
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RUNS = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|[A-Za-z\u00c0-\u024f\u0300-\u036f]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_NO_LETTER = re.compile("[^a-z]")
_TYPED_YU = re.compile("lyu|(?<![aeiouv])nyu")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\u0000-\u001f\u007f]")
_ID_NUMBER = re.compile("[0-9]{15}|[0-9]{17}[0-9X]")


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """Under what a name is found: 单立人 under shanliren, danliren and slr, dlr. Empty where nothing in it can be read."""

    full: tuple[str, ...]
    initials: tuple[str, ...]


class QueryKind(StrEnum):
    """What a typed text is taken for."""

    NAME = "name"
    PINYIN = "pinyin"
    INITIALS = "initials"
    ID_NUMBER = "id_number"
    HOUSEHOLD_NUMBER = "household_number"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Query:
    """A typed text, understood: the kind, the text in the form in which it is looked up, and what else it may be."""

    kind: QueryKind
    value: str
    others: tuple[Query, ...] = ()

    @property
    def every(self) -> tuple[Query, ...]:
        """All that it may be, the likeliest first."""
        return (self, *self.others)


def search_keys(name: str) -> SearchKeys:
    """The keys of a name as it is written. A rare character that no table can read is left out of the keys."""
    readings = [options for options in _readings(normalise_name(name)) if options]
    if not readings:
        return SearchKeys((), ())
    spoken = [" ".join(units).split() for units in islice(product(*readings), _MOST_READINGS)]
    return SearchKeys(
        _once("".join(syllables) for syllables in spoken),
        _once("".join(syllable[0] for syllable in syllables) for syllables in spoken),
    )


def as_query(text: str) -> Query:
    """What a text typed into the search box is: a name, pinyin, initials, an identity number or a household number.

    "wang" is pinyin first and may be the initials of four characters; fifteen digits that hold a possible birth date are an
    identity number first and may be the number of a household.
    """
    if len(text) > _MOST_TYPED:
        return Query(QueryKind.NOTHING, "")
    name = normalise_name(text)
    if any(letter.isdigit() for letter in name):
        return _number("".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).split()))
    if _HAN.search(name):
        return Query(QueryKind.NAME, name) if is_name(name) else Query(QueryKind.NOTHING, "")
    return _letters(name)


def _readings(name: str) -> Iterator[tuple[str, ...]]:
    """For each character, or each word in Latin letters, how it may be read; syllables that change together have a space."""
    runs = _RUNS.findall(_SELECTORS.sub("", name))
    one_word = "·" not in name and len(runs) == 1
    for run in runs:
        if not _HAN.match(run):
            yield (folded,) if (folded := _folded(run)) else ()
        elif one_word:
            yield from _with_surname(run)
        else:
            yield from _given(run)


def _with_surname(name: str) -> Iterator[tuple[str, ...]]:
    if len(name) > 2 and name[:2] in DOUBLE:
        yield _once(" ".join(pair) for pair in DOUBLE[name[:2]])
        yield from _given(name[2:])
        return
    yield SINGLE.get(name[0]) or _alone(name[0])
    yield from _given(name[1:])


def _given(part: str) -> Iterator[tuple[str, ...]]:
    for character, spoken in zip(part, _spoken(part), strict=True):
        yield _once((*GIVEN.get(character, ()), *spoken, *_alone(character)))


@cache
def _alone(character: str) -> tuple[str, ...]:
    """How a character is read by itself; nothing for a rare one."""
    return _spoken(character)[0]


@lru_cache(maxsize=65_536)
def _spoken(part: str) -> tuple[tuple[str, ...], ...]:
    """How each character of a run is read in this run. Given names repeat."""
    if not part:
        return ()
    from pypinyin import Style, pinyin  # noqa: PLC0415 - its tables take a quarter of a second to load

    found = pinyin(part, style=Style.NORMAL, errors=_unread)
    return tuple(_written(options[0]) for options in found)


def _unread(characters: str) -> Any:
    """One empty reading for each character, so that all others keep their places."""
    return [""] * len(characters)


def _written(reading: str) -> tuple[str, ...]:
    """A reading in plain letters; 略 is typed lve and lue."""
    plain = _folded(reading)
    return (plain, plain.replace("v", "u")) if plain in {"lve", "nve"} else (plain,) if plain else ()


def _folded(letters: str) -> str:
    """Small letters, nothing else; ü in any of its spellings as v, but u where there is no other (ju, qu, xu, yu)."""
    plain = unicodedata.normalize("NFKD", letters.lower().replace("u:", "ü"))
    plain = _NO_LETTER.sub("", re.sub("u([\u0300-\u036f]*?)\u0308", "v", plain))
    return re.sub("(?<=[jqxy])v", "u", plain)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _number(plain: str) -> Query:
    """A text with digits. Numbers of identity cards and of households are told apart by the birth date that one must hold."""
    household = Query(QueryKind.HOUSEHOLD_NUMBER, plain)
    number = normalise_id_number(plain)
    if not _ID_NUMBER.fullmatch(number):
        return household
    checked = check_id_numbers([number])
    whole = checked.numbers[0].as_py() or number
    person = Query(QueryKind.ID_NUMBER, whole)
    if checked.fault[0] in {IdFault.NONE, IdFault.CHECK, IdFault.SUSPECT}:
        return Query(person.kind, whole, (household,))
    return Query(household.kind, plain, (person,))


def _letters(name: str) -> Query:
    """A text without Chinese characters: pinyin, initials, or the name of somebody who has no other."""
    typed = _TYPED_YU.sub(lambda found: found.group()[0] + "v", _folded(name))
    if not is_name(name) or not any(letter.isalpha() for letter in name):
        return Query(QueryKind.NOTHING, "")
    pinyin, latin = Query(QueryKind.PINYIN, typed), Query(QueryKind.NAME, name)
    if not typed:
        return latin
    short = (Query(QueryKind.INITIALS, typed),) if _may_be_initials(typed) else ()
    if _is_pinyin(typed):
        return Query(pinyin.kind, typed, (*short, latin))
    if short:
        return Query(QueryKind.INITIALS, typed, (pinyin, latin))
    return Query(latin.kind, name, (pinyin,))


def _may_be_initials(typed: str) -> bool:
    """No syllable begins with i, u or v."""
    return 2 <= len(typed) <= _MOST_INITIALS and not set("iuv") & set(typed)


def _is_pinyin(typed: str) -> bool:
    """Whether the letters can be cut into syllables."""
    reached = {0}
    for end in range(1, len(typed) + 1):
        if any(start in reached and typed[start:end] in SYLLABLES for start in range(max(0, end - _LONGEST), end)):
            reached.add(end)
    return len(typed) in reached
