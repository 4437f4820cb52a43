"""What is known of a household, as its page shows it: each fact with value, source, who, when, and what other sources say."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.identity.masks import mask_account, mask_birth_date, mask_id_number, mask_name, mask_phone
from zhikun.pages import formats
from zhikun.registry.facts import REMOVED, Key, Said, Side, contradicting, of_members, present, statements, work_out
from zhikun.registry.holdings import HOLDINGS
from zhikun.registry.models import Recording
from zhikun.registry.sources import SourceKind
from zhikun.registry.vocabulary import Known, asked_of, entity_title, packs_in_force, personal_of, vocabulary
from zhikun.wording import is_money

_SHORT_PLATE = 4  # what is shown would be nearly all of it
#: How the particulars of things are masked; what is not named here is not shown at all until somebody unmasks.
_MASKS: Mapping[str, Callable[[str], str]] = {
    "name": mask_name, "holder": mask_name, "id_number": mask_id_number, "phone": mask_phone, "number": mask_account,
    "plate": lambda text: text[:2] + "*" * (len(text) - 3) + text[-1:] if len(text) > _SHORT_PLATE else "*" * len(text),
}  # fmt: skip
BIRTH = "birth_date"


@dataclass(frozen=True)
class Told:
    """One source's statement, as a page shows it."""

    value: SafeString
    source: str
    text: str
    by: str
    observed_on: date
    recorded_at: datetime
    recording: uuid.UUID
    stands: bool = False
    contradicts: bool = False


@dataclass(frozen=True)
class FactLine:
    """One fact: its title, the statement that stands, and the others."""

    key: Key
    title: str
    told: Told
    others: tuple[Told, ...] = ()

    @property
    def contradicted(self) -> bool:
        """Whether another source says something else."""
        return any(one.contradicts for one in self.others)


@dataclass(frozen=True)
class _Who:
    """A recording, and who speaks in it: one of them is behind a hundred facts."""

    recording: Recording
    source: str
    by: str


@dataclass
class FactGroup:
    """The facts of one dimension: known ones in lines, the names of those that nobody has told."""

    title: str
    lines: list[FactLine] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass
class Thing:
    """A dwelling, vehicle, account or supporter: its row, its facts, its particulars (masked or not)."""

    row: str
    lines: list[FactLine]
    personal: list[tuple[str, str]]


@dataclass
class Things:
    """All things of one kind."""

    entity: str
    title: str
    rows: list[Thing]


@dataclass
class KnownFacts:
    """Everything that is known of a household on a day."""

    household: list[FactGroup]
    members: dict[uuid.UUID, list[FactGroup]]
    things: list[Things]
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]


def known_facts(
    recordings: Iterable[Recording], people: Collection[uuid.UUID], *, unmasked: bool = False
) -> KnownFacts:
    """What these recordings say of the household and these members. The caller has left out those that do not count."""
    rows = sorted(recordings, key=lambda one: (one.recorded_at, one.pk.hex))
    here = {str(pk) for pk in people}
    said = [Said(r.pk, r.source, r.observed_on, r.recorded_at, of_members(r.facts, here)) for r in rows]
    found = statements(said)
    values = work_out(said).values
    by_id = {one.pk: _Who(one, str(SourceKind(one.source).label), _by(one)) for one in rows}
    lines = {key: line for key, sides in found.items() if (line := _line(key, sides, by_id, unmasked)) is not None}
    return KnownFacts(
        _groups("household", "", lines),
        {pk: _groups("member", str(pk), lines) for pk in people},
        _things(lines, values, _particulars(rows), unmasked=unmasked),
        values,
    )


def shown(known: Known | None, value: Any) -> SafeString:
    """A recorded value as people read it."""
    if value is None:
        return formats.unknown(_("问过，不清楚"))
    if known is None:
        return formats.text(value)
    if known.type == "number":
        number = Decimal(str(value))
        return formats.money(number, known.unit) if is_money(known.unit) else formats.count(number, known.unit)
    if known.type == "boolean":
        return formats.yes_no(bool(value))
    if known.type == "choice":
        return formats.text(str((known.choices or {}).get(value, value)))
    if known.type == "choices":
        titles = [str((known.choices or {}).get(one, one)) for one in value]
        return formats.text("、".join(titles) or _("无"))
    return formats.text(value)


def told_value(known: Known | None, value: Any, *, unmasked: bool) -> SafeString:
    """As people read it; of a birth date (a supporter's: a member's stands with the number) the day only unmasked."""
    if known is not None and known.name == BIRTH and value is not None and not unmasked:
        return formats.text(mask_birth_date(value))
    return shown(known, value)


def personal_now(recordings: Iterable[Recording]) -> dict[str, dict[str, dict[str, str]]]:
    """The particulars that stand, by entity and row, found like facts; open text, never for a log or an address."""
    return work_out(_particulars(list(recordings))).values


def masked_particulars(recordings: Iterable[Recording], entity: str, row: str) -> dict[str, str]:
    """For a form: each particular of a thing with its title and, masked, what stands now ("账号|****5678")."""
    now = personal_now(one for one in recordings if one.withdrawn_at is None).get(entity, {}).get(row, {})
    return {
        one.name: f"{one.title}|{_masked(one, now[one.name], unmasked=False) if now.get(one.name) else ''}"
        for one in personal_of(entity)
    }


def _particulars(rows: list[Recording]) -> list[Said]:
    return [
        Said(r.pk, r.source, r.observed_on, r.recorded_at, json.loads(r.personal))
        for r in rows
        if r.personal_sealed is not None and r.personal
    ]


def _line(key: Key, sides: list[Side], by_id: Mapping[uuid.UUID, _Who], unmasked: bool) -> FactLine | None:
    entity, _row, fact = key
    if fact == REMOVED or not sides:
        return None
    known = vocabulary().get((entity, fact))
    differing = set(map(id, contradicting(sides)[1:]))
    told = [
        _told(
            told_value(known, side.value, unmasked=unmasked), side, by_id[side.recording], n == 0, id(side) in differing
        )
        for n, side in enumerate(sides)
    ]
    return FactLine(key, str(known.title) if known else fact, told[0], tuple(told[1:]))


def _told(value: SafeString, side: Side, who: _Who, stands: bool, contradicts: bool) -> Told:
    return Told(
        value, who.source, who.recording.source_text, who.by, side.observed_on, side.recorded_at,
        side.recording, stands, contradicts,
    )  # fmt: skip


def _by(recording: Recording) -> str:
    by = recording.recorded_by
    return f"{by.name}（{by.organisation.name}）" if by is not None else ""


def _groups(entity: str, row: str, lines: Mapping[Key, FactLine]) -> list[FactGroup]:
    groups = []
    named = set()
    for dimension, facts in asked_of(entity).items():
        group = FactGroup(dimension or _("其他情况"))
        for known in facts:
            named.add(known.name)
            line = lines.get((entity, row, known.name))
            if line is not None:
                group.lines.append(line)
            else:
                group.unknown.append(str(known.title))
        groups.append(group)
    strays = [line for key, line in lines.items() if key[:2] == (entity, row) and _stray(key, named)]
    if strays:
        groups.append(FactGroup(_("政策包已不再询问"), strays))
    return groups


def _stray(key: Key, named: set[str]) -> bool:
    entity, _row, fact = key
    return fact not in named and (entity, fact) not in vocabulary()


def _things(
    lines: Mapping[Key, FactLine], values: Mapping[str, Any], personal: list[Said], *, unmasked: bool
) -> list[Things]:
    particulars = work_out(personal).values
    asked = (one for pack in packs_in_force().values() for one in pack.entities)
    every = dict.fromkeys([*HOLDINGS, *(one for one in asked if one not in {"household", "member"})])
    found = []
    for entity in every:
        rows = {**particulars.get(entity, {}), **values.get(entity, {})}
        there = [row for row in rows if row in present(values.get(entity, {})) or row not in values.get(entity, {})]
        things = [
            Thing(
                row,
                [line for key, line in lines.items() if key[:2] == (entity, row)],
                [
                    (str(one.title), _masked(one, particulars.get(entity, {}).get(row, {}).get(one.name), unmasked=unmasked))
                    for one in personal_of(entity)
                ],
            )
            for row in sorted(there, key=lambda one: (len(one), one))
        ]  # fmt: skip
        found.append(Things(entity, entity_title(entity), things))
    return found


def _masked(known: Known, value: str | None, *, unmasked: bool) -> str:
    if not value:
        return "—"
    if unmasked:
        return value
    mask = _MASKS.get(known.name)
    return mask(value) if mask else "*" * 6
