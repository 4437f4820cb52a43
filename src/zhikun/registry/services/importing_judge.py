"""What would become of a household of a file now: a new file, one more recording of a file there is, or back to the sender.

The same judgement at the dry run, at the moment of committing and in the bulk command: what has changed in between counts.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from zhikun.identity import is_name, normalise_name
from zhikun.identity.documents import DocumentKind
from zhikun.identity.sealing import index_values
from zhikun.places.codes import above_or_same
from zhikun.places.models import Area, AreaRange, Level
from zhikun.privacy import ring
from zhikun.registry.models import Household, Membership, Person
from zhikun.registry.services.home import differing, in_words
from zhikun.registry.services.importing_told import ToldHousehold
from zhikun.registry.services.person import Particulars

#: Undoing adds to the number of a file that it takes out of use, so that the number is free again.
LONGEST_NUMBER = 30
_AT_ONCE = 5000  # values in one question to the database


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, as phrases of a row message; about which member (None: the household) and which fact of the pack."""

    found: str
    expected: str
    remedy: str
    person: int | None = None
    fact: str = ""

    def text(self) -> str:
        """As one sentence."""
        parts = [self.found, _("应为{e}").format(e=self.expected) if self.expected else "", self.remedy]
        return "；".join(part for part in parts if part)[:290] + "。"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of a household. `persons`: for each member the person who is known already."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    household: uuid.UUID | None = None
    persons: tuple[uuid.UUID | None, ...] = ()


@dataclass(frozen=True)
class Bounds:
    """Where households of a file may lie, and whose number may be told to the officer."""

    areas: frozenset[int]
    may_see: Callable[[int], bool]
    today: date

    @classmethod
    def of(cls, ranges: list[AreaRange], today: date, may_see: Callable[[int], bool] | None = None) -> Bounds:
        """The townships and villages in these ranges that are in force."""
        found = Area.objects.filter(level__gte=Level.TOWNSHIP).in_force(today).within(ranges)
        return cls(frozenset(found.values_list("code", flat=True)), may_see or (lambda _area: True), today)


@dataclass(slots=True)
class _File:
    id: uuid.UUID
    number: str
    area: int
    state: str
    row: Household

    @classmethod
    def of(cls, row: Household) -> _File:
        """Of a household as `_FILE` loads it."""
        return cls(row.pk, row.number, row.area_id, row.state, row)


_FILE = ("id", "number", "area_id", "state", "head_id", "address_sealed")


@dataclass(slots=True)
class _Somebody:
    id: uuid.UUID
    died_on: date | None
    row: Person
    home: uuid.UUID | None = None


@dataclass(slots=True)
class _Known:
    """What the registry knows of the households and people of a block."""

    by_number: dict[str, _File] = field(default_factory=dict)
    files: dict[uuid.UUID, _File] = field(default_factory=dict)
    people: dict[str, _Somebody] = field(default_factory=dict)  # by document number
    members: dict[uuid.UUID, list[Person]] = field(default_factory=lambda: defaultdict(list))


def judge(told: Sequence[ToldHousehold], bounds: Bounds) -> list[Verdict]:
    """The verdict on each household as the registry stands now."""
    known = _look_up(told)
    return [_verdict(one, known, bounds) for one in told]


def _look_up(told: Sequence[ToldHousehold]) -> _Known:
    known = _Known()
    for some in _pieces({one.number for one in told}):
        for row in Household.objects.filter(number__in=some).only(*_FILE):
            known.by_number[row.number] = known.files[row.pk] = _File.of(row)
    _look_up_people(known, {p.id_number for one in told for p in one.people if p.id_number})
    homes = {one.home for one in known.people.values() if one.home} | set(known.files)
    for ids in _pieces(homes - set(known.files)):
        for row in Household.objects.filter(pk__in=ids).only(*_FILE):
            known.files[row.pk] = _File.of(row)
    for ids in _pieces(homes):
        held = Membership.objects.filter(household_id__in=ids, until__isnull=True).select_related("person")
        for membership in held:
            known.members[membership.household_id].append(membership.person)
    return known


def _look_up_people(known: _Known, numbers: set[str]) -> None:
    """The people of these resident numbers, under every version of the index, and where they live now."""
    held = ring()
    by_index: dict[bytes, str] = {}
    for number in numbers:
        for value in index_values(held, "id_number", f"{DocumentKind.RESIDENT}:{number}"):
            by_index[value] = number
    for some in _pieces(by_index):
        for person in Person.objects.filter(id_number_index__in=some):
            index = person.id_number_index
            known.people[by_index[bytes(index or b"")]] = _Somebody(person.pk, person.died_on, person)
    by_id = {one.id: one for one in known.people.values()}
    for ids in _pieces(by_id):
        now = Membership.objects.filter(Q(person_id__in=ids) & Q(until__isnull=True))
        for person_id, home in now.values_list("person_id", "household_id"):
            by_id[person_id].home = home


def _pieces(values: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(values)
    while piece := list(islice(source, _AT_ONCE)):
        yield piece


def _verdict(told: ToldHousehold, known: _Known, bounds: Bounds) -> Verdict:
    problems = [*_number(told), *_place(told, bounds), *_names(told)]
    found = [known.people.get(person.id_number) if person.id_number else None for person in told.people]
    problems += [
        Problem(_("这个证件号码的人已登记死亡"), "", _("请核对号码；如死亡登记有误，请先在原户更正"), n, "id_number")
        for n, one in enumerate(found)
        if one and one.died_on and one.died_on <= bounds.today
    ]
    held = known.by_number.get(told.number)
    if held is not None and held.state != Household.State.OPEN:
        problems.append(
            Problem(_("{n} 号档案已经停用").format(n=told.number), _("在用的或新的户编号"), _("请核对户编号"))
        )
        return Verdict(tuple(problems))
    homes = {one.home for one in found if one and one.home}
    target = held or (known.files[next(iter(homes))] if len(homes) == 1 else None)
    if target is not None:
        same = _same_people(told, found, known.members[target.id])
        if same is not None:
            problems += [*_elsewhere(told, target, bounds), *_renamed(told, found, target.id)]
            notes = (_onto(target), *_new_contact(told, target, known.members[target.id]))
            return Verdict(tuple(problems), notes, target.id, tuple(same))
        if held is not None:
            problems.append(_other_people(held, homes, bounds))
    problems += [*_already_in(found, known, bounds, held), *_renamed(told, found)]
    return Verdict(tuple(problems), (), None, tuple(one.id if one and not one.home else None for one in found))


def _number(told: ToldHousehold) -> Iterator[Problem]:
    if len(told.number) > LONGEST_NUMBER:
        yield Problem(
            _("户编号有 {n} 个字").format(n=len(told.number)),
            _("不超过 {n} 个字的编号").format(n=LONGEST_NUMBER),
            _("请另编较短的户编号，成员表也要一起改"),
        )


def _place(told: ToldHousehold, bounds: Bounds) -> Iterator[Problem]:
    if told.area in bounds.areas:
        return
    if told.area and told.area % 1_000_000 == 0:
        yield Problem(
            _("只写到了县"), _("乡镇（9 位）或村（社区）（12 位）的区划代码"), _("请填到村（社区）"), fact="place"
        )
    elif told.area:
        yield Problem(
            _("{a} 不在本批次的地区里，或不是在用的代码").format(a=told.area),
            _("本批次地区内的乡镇、村（社区）代码"),
            _("请核对代码；别的乡镇的户请由那里导入"),
            fact="place",
        )


def _names(told: ToldHousehold) -> Iterator[Problem]:
    for n, person in enumerate(told.people):
        if not is_name(normalise_name(person.name)):
            yield Problem(
                _("“姓名”空着或不是姓名"), _("证件上的姓名"), _("请按证件填写，少数民族姓名用间隔号“·”"), n, "name"
            )
        if not person.relation:
            yield Problem(_("没有与户主关系"), _("所列关系之一"), _("请从下拉列表中选择"), n, "relation")


def _same_people(
    told: ToldHousehold, found: Sequence[_Somebody | None], members: Sequence[Person]
) -> list[uuid.UUID] | None:
    """The persons of the file in their order, when they are exactly the household's members now; those without a number
    are told by their names.
    """
    if len(told.people) != len(members):
        return None
    numbered = {person.pk for person in members if person.id_number_index is not None}
    unnumbered = {person.name: person.pk for person in members if person.id_number_index is None}
    same: list[uuid.UUID] = []
    for person, one in zip(told.people, found, strict=True):
        if person.id_number:
            if one is None or one.id not in numbered:
                return None
            same.append(one.id)
        else:
            match = unnumbered.pop(normalise_name(person.name), None)
            if match is None:
                return None
            same.append(match)
    return same


def _elsewhere(told: ToldHousehold, target: _File, bounds: Bounds) -> Iterator[Problem]:
    """The village decides the standard and who looks after the household: another one than the file's is never passed over."""
    if target.area not in bounds.areas:
        yield Problem(
            _("这一户的档案在别的地区"), _("本批次地区内的户"), _("已迁入的请先办理迁移，再导入"), fact="place"
        )
    elif told.area in bounds.areas and not above_or_same(told.area, target.area):
        yield Problem(
            _("表里的村（社区）与 {n} 号档案里的不同").format(n=target.number),
            _("与档案一致的村（社区）"),
            _("确已搬家的，请先在档案里办理“迁移”，再导入这一户；填错的请改正"),
            fact="place",
        )


def _onto(target: _File) -> Problem:
    return Problem(_("已有 {n} 号档案，人员相同：入库时作为一次新的记录，不另建档").format(n=target.number), "", "")


def _new_contact(told: ToldHousehold, target: _File, members: Sequence[Person]) -> Iterator[Problem]:
    """An address or a telephone that the import would bring into the file. Neither is ever said."""
    if not (told.address or told.phone):
        return
    head = next((person for person in members if person.pk == target.row.head_id), None)
    on_file = (target.row.address, head.phone if head else None)
    for name in differing(told.address, told.phone, on_file=on_file, has_head=head is not None):
        text = _("{what}与档案里的不同，入库时改为表里的；档案里的若是在这批情况日期之后更正的，保留档案里的")
        yield Problem(
            text.format(what=in_words([name])), "",
            _("点开这一户可以对照；不该改的，请让这一格空着"), fact=name,
        )  # fmt: skip


def _other_people(held: _File, homes: set[uuid.UUID], bounds: Bounds) -> Problem:
    """The number is on file with other people: some of them the same, or none."""
    if held.id in homes and bounds.may_see(held.area):
        return Problem(
            _("{n} 号档案现有的成员与表里不同").format(n=held.number),
            _("与档案一致的成员"),
            _("请先在档案里办理成员加入、离开（出生、死亡、结婚等），再导入这一户"),
        )
    return Problem(
        _("户编号“{n}”已经是另一户的").format(n=held.number),
        _("没有用过的户编号"),
        _("请另编户编号，如在前面加上乡镇代码；成员表也要一起改"),
    )


def _already_in(
    found: Sequence[_Somebody | None], known: _Known, bounds: Bounds, held: _File | None
) -> Iterator[Problem]:
    for n, one in enumerate(found):
        if one is None or one.home is None or (held is not None and one.home == held.id):
            continue
        home = known.files[one.home]
        where = _("{n} 号档案").format(n=home.number) if bounds.may_see(home.area) else _("别的地区的一户")
        yield Problem(
            _("这个人已经在{where}里").format(where=where),
            _("一人只在一户"),
            _("如已分户、结婚或迁入，请先在原户办理成员离开；不是的请核对证件号码"),
            n,
            "id_number",
        )


def _renamed(
    told: ToldHousehold, found: Sequence[_Somebody | None], home: uuid.UUID | None = None
) -> Iterator[Problem]:
    """People of this household, or of none, who are known under another name: a slip in the number would make one person
    into another. Never says the name that is known.
    """
    for n, (person, one) in enumerate(zip(told.people, found, strict=True)):
        if one and one.home == home and normalise_name(one.row.name) != normalise_name(person.name):
            yield Problem(
                _("这个证件号码已经登记，登记的姓名与表里的不同"),
                _("证件上的姓名和号码"),
                _("请按证件核对；登记有误或已改名的，请在页面上登记或更正，导入不改姓名"),
                n,
                "name",
            )


def particulars(told: ToldHousehold, n: int) -> Particulars:
    """The n-th member as `person` keeps people; the household's phone is its head's."""
    person = told.people[n]
    return Particulars(
        normalise_name(person.name), person.id_number, DocumentKind.RESIDENT, told.phone if n == told.head else "",
        person.sex, date.fromisoformat(person.born_on) if person.born_on else None,
    )  # fmt: skip
