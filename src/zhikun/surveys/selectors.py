"""What the pages of surveys show. Every QuerySet here has passed `visible_to` or `to_fill`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.engine.packs.model import Fact
from zhikun.engine.run.display import number
from zhikun.identity.masks import mask_account, mask_birth_date, mask_id_number, mask_name, mask_phone
from zhikun.places.models import Area, Level
from zhikun.registry.models import Household
from zhikun.registry.selectors.known import BIRTH
from zhikun.registry.vocabulary import entity_title, pack_in_force
from zhikun.surveys.answers import NEW_ROW, REMOVED, Told, read
from zhikun.surveys.conditions import question_name
from zhikun.surveys.filed import Rows, current, given_rows, rows_of
from zhikun.surveys.models import Assignment, Recheck, Round, SelfReport, Team, TeamMember, Visit, VisitFile
from zhikun.surveys.questionnaire import MEMBER, left_titles, panel_name

HOUSEHOLD = "household"
State = Assignment.State
_MOST_TEAMS = 500


@dataclass
class Village:
    """How far a village is in a round: how many households in each state."""

    area: Area
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        return sum(self.counts.get(state, 0) for state in (State.ASSIGNED, State.STARTED))

    @property
    def submitted(self) -> int:
        return self.counts.get(State.SUBMITTED, 0)

    @property
    def returned(self) -> int:
        return self.counts.get(State.RETURNED, 0)

    @property
    def accepted(self) -> int:
        return self.counts.get(State.ACCEPTED, 0)


def progress(given: Round, officer: Officer) -> list[Village]:
    """Village by village, those that the officer sees."""
    mine = Assignment.objects.visible_to(officer).filter(round=given).exclude(state=State.CANCELLED)
    counted = mine.values_list("area_id", "state").annotate(n=Count("pk")).order_by("area_id")
    found: dict[int, dict[str, int]] = {}
    for area, state, n in counted:
        found.setdefault(area, {})[state] = n
    areas = Area.objects.in_bulk(list(found))
    return [Village(areas[code], counts) for code, counts in found.items()]


def villages_of(given: Round, officer_reach: QuerySet[Area]) -> QuerySet[Area]:
    """The villages of a round's area that are among the officer's."""
    first, last = given.area.range
    return officer_reach.filter(code__gte=first, code__lte=last, level=Level.VILLAGE)


def teams_of(officer: Officer) -> list[Team]:
    """The teams in use that the officer sees, with who is in them. In three queries, however many."""
    return list(
        teams_to_choose(Team.objects.visible_to(officer)).select_related("area", "engagement__firm")[:_MOST_TEAMS]
    )


def teams_to_choose(among: QuerySet[Team]) -> QuerySet[Team]:
    """Those in use, with the place and the people that tell one from another of the same name. In two queries."""
    people = TeamMember.objects.select_related("officer").order_by("part")
    found = among.filter(is_active=True).select_related("area").order_by("area_id", "title", "formed_at")
    return found.prefetch_related(Prefetch("members", people))


def places_for(assignment: Assignment) -> list[dict[str, str]]:
    """The villages to choose from at the door: those of the assignment's township."""
    first = assignment.area_id // 1000 * 1000
    found = Area.objects.filter(code__gte=first, code__lt=first + 1000, level=Level.VILLAGE)
    return [{"value": str(one.code), "text": one.name} for one in found.in_force(timezone.localdate())]


@dataclass(frozen=True)
class Answer:
    """One line of the review: what was known before, what the visit says now. `new`: nothing was. `personal`: masked."""

    path: str
    title: str
    before: str
    now: str
    changed: bool
    personal: bool = False
    new: bool = False

    @property
    def same(self) -> bool:
        """What was known already, said again."""
        return not (self.changed or self.new or self.personal)


@dataclass
class Part:
    """The answers about one member or thing, or about the household."""

    title: str
    answers: list[Answer] = field(default_factory=list)
    note: str = ""

    @property
    def changed(self) -> int:
        return sum(one.changed for one in self.answers)

    @property
    def told(self) -> list[Answer]:
        """What says something new: what differs from the file, then what the file had not, then particulars."""
        shown = [one for one in self.answers if not one.same]
        return sorted(shown, key=lambda one: (not one.changed, not one.new))

    @property
    def same(self) -> list[Answer]:
        """What stands in the file already."""
        return [one for one in self.answers if one.same]


@dataclass(frozen=True)
class Compared:
    """A visit or a self-report beside the file."""

    parts: list[Part]
    told: Told


def photos_of(visit: Visit) -> list[VisitFile]:
    """What the team photographed, in the order of the day."""
    return list(visit.files.filter(kind=VisitFile.Kind.PHOTO).order_by("taken_at", "added_at"))


def signatures_of(visit: Visit) -> list[VisitFile]:
    """Who signed: the surveyors, then the household."""
    signed = visit.files.exclude(kind=VisitFile.Kind.PHOTO).select_related("signer")
    return sorted(signed, key=lambda one: (one.kind == VisitFile.Kind.SIGNED_BY_HOUSEHOLD, one.added_at))


#: What is told of a household beside its facts, and kept sealed.
ADDRESS, PHONE = "address", "phone"


def compared(answers: str, household: Household | None, assignment: uuid.UUID | None = None) -> Compared:
    """What was answered beside what was on file before it counted. Only a visit (`assignment`) takes rows off the file."""
    filed = current(household) if household else {}
    rows = rows_of(household, filed) if household else None
    said = json.loads(answers or "{}")
    given = given_rows(said, assignment) if assignment else None
    told = read(pack_in_force(), said, rows, timezone.localdate(), given)
    parts = list(_parts(told, filed, rows or {}))
    at_home = told.personal.get(HOUSEHOLD, {}).get("", {})
    if household and at_home.keys() & {ADDRESS, PHONE}:
        _beside_home(parts, household, at_home)
    return Compared(parts, told)


def _beside_home(parts: list[Part], household: Household, told: Mapping[str, Any]) -> None:
    """Address and telephone beside those on file, masked: that the two differ is seen, though neither is read."""
    head = household.head
    on_file = {ADDRESS: household.address or "", PHONE: (head.phone if head else "") or ""}
    lines = {path_of(HOUSEHOLD, "", name): name for name in on_file if name in told}
    for part in parts:
        for n, one in enumerate(part.answers):
            if name := lines.get(one.path):
                was, now = on_file[name], str(told[name])
                before = hidden(pack_in_force().facts[HOUSEHOLD, name], was) if was else _("没有记录")
                part.answers[n] = replace(one, before=before, changed=bool(was) and was != now, new=not was)


def compared_visit(visit: Visit) -> Compared:
    return compared(visit.answers, visit.household, visit.assignment_id)


def as_handed_in(visit: Visit) -> Compared:
    """The answers of a visit that was decided: beside nothing, for the file has gone on since."""
    rows = rows_of(visit.household, current(visit.household)) if visit.household else None
    said = json.loads(visit.answers)
    told = read(pack_in_force(), said, rows, visit.visited_on, given_rows(said, visit.assignment_id))
    if told.people and visit.state == Visit.State.ACCEPTED and visit.recording is not None:
        # Registered by this visit: its people are in the file by now.
        told.faults = []
    return Compared(list(_parts(told, {}, rows or {})), told)


@dataclass(frozen=True)
class Remark:
    """What the review wants mended: whose answer it is about (masked), the question, and what is wrong with it."""

    where: str
    title: str
    text: str
    path: str
    by: str
    at: datetime


def comments_on(visit: Visit) -> list[Remark]:
    """What the review said when it sent the visit back, with the member or thing that each remark is about."""
    comments = list(visit.comments.select_related("by"))
    keys = {one.pk: key_of(one.question) for one in comments}
    rows = rows_of(visit.household, current(visit.household)) if visit.household and any(keys.values()) else {}
    titles = {one.key: one.title for some in rows.values() for one in some}
    return [
        Remark(titles.get(keys[one.pk], ""), one.title, one.text, one.question, one.by.name, one.at) for one in comments
    ]


def key_of(path: str) -> str:
    """The row that a path of an answer names (`rows_member/<row>/health`); empty for the household's own."""
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else ""


def differences_of(recheck: Recheck) -> list[Answer]:
    """What the second look found otherwise than the visit had said, with whose answer each is."""
    titles = {
        answer.path: f"{part.title} · {answer.title}"
        for part in to_look_again(recheck.visit)
        for answer in part.answers
    }
    return [
        Answer(path, titles.get(path, path), was, now, changed=True) for path, (was, now) in recheck.differences.items()
    ]


def to_look_again(visit: Visit) -> list[Part]:
    """What a second look asks about: the answers of the visit without particulars of people."""
    parts = as_handed_in(visit).parts
    return [replace(part, answers=[one for one in part.answers if not _is_of_the_person(one)]) for part in parts]


def _is_of_the_person(answer: Answer) -> bool:
    """A particular, or a day of birth: what is found again is shown to others."""
    return answer.personal or answer.path.rpartition("/")[2] == BIRTH


def compared_report(report: SelfReport) -> Compared:
    return compared(report.answers or "{}", report.household)


def _parts(told: Told, filed: Mapping[str, Any], rows: Rows) -> Any:
    titles = {one.key: one.title for some in rows.values() for one in some}
    yield _part(told, filed, HOUSEHOLD, "", _("家庭"))
    for key, who in told.people.items():
        part = _part(told, filed, MEMBER, key, _("新成员 {name}").format(name=mask_name(who.get("name") or "")))
        part.note = _("身份证号 {number}，出生日期 {born}").format(
            number=mask_id_number(who.get("id_number") or "") or _("不清楚"),
            born=mask_birth_date(who["birth_date"]) if who.get("birth_date") else _("见身份证号"),
        )
        yield part
    for key, why in told.left.items():
        yield Part(
            titles.get(key, ""),
            note=_("调查时已不在这一户：{why}。请在家庭档案里办理成员离开。").format(why=left_titles()[why]),
        )
    for entity, some in told.facts.items():
        for key in some:
            if entity != HOUSEHOLD and not (entity == MEMBER and key in told.people):
                title = titles.get(key) or _("新增{entity} {n}").format(
                    entity=entity_title(entity), n=key.removeprefix(NEW_ROW)
                )
                yield _part(told, filed, entity, key, title)


def _part(told: Told, filed: Mapping[str, Any], entity: str, key: str, title: str) -> Part:
    part = Part(title)
    said, before = told.facts.get(entity, {}).get(key, {}), filed.get(entity, {}).get(key, {})
    for fact in pack_in_force().facts_of(entity):
        if fact.name in said:
            was, now = (
                shown(fact, before[fact.name]) if fact.name in before else _("没有记录"),
                shown(fact, said[fact.name]),
            )
            changed = fact.name in before and before[fact.name] != said[fact.name]
            new = fact.name not in before
            part.answers.append(Answer(path_of(entity, key, fact.name), fact.title, was, now, changed, new=new))
    for name, value in told.personal.get(entity, {}).get(key, {}).items():
        fact = pack_in_force().facts[entity, name]
        masked = hidden(fact, str(value))
        part.answers.append(Answer(path_of(entity, key, name), fact.title, "—", masked, changed=False, personal=True))
    if said.get(REMOVED):
        part.note = _("调查时已经没有了。")
    return part


def hidden(fact: Fact, value: str) -> str:
    """A particular as it is shown: enough to recognise it; of an address its beginning."""
    masks = {"phone": mask_phone, "bank_account": mask_account, "id_number": mask_id_number, "name": mask_name}
    return masks[fact.format](value) if fact.format in masks else f"{value[:2]}****"


def path_of(entity: str, key: str, fact: str) -> str:
    """How a fact is named in remarks and second looks."""
    name = question_name(entity, fact)
    return name if entity == HOUSEHOLD else f"{panel_name(entity)}/{key}/{name}"


def shown(fact: Fact, value: Any) -> str:
    """A value as people read it; of a birth date year and month."""
    if value is None:
        return _("不清楚")
    if fact.name == BIRTH:
        return mask_birth_date(value)
    if fact.type == "boolean":
        return _("是") if value else _("否")
    if fact.type == "choice":
        return fact.choices.get(value, str(value))
    if fact.type == "choices":
        return "、".join(fact.choices.get(one, one) for one in value) or _("无")
    if fact.type == "number":
        return number(value, fact.unit)
    return str(value)
