"""One household's assessment opened: every value down to the facts, and every fact down to who recorded it and when."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments import grounds
from zhikun.assessments.bridge import ID, OF_THE_FILE, HouseholdKnown, known_of
from zhikun.assessments.models import FlagDecision
from zhikun.assessments.neighbours import Alike, alike
from zhikun.assessments.results import Kept, result_of
from zhikun.assessments.services import provisional
from zhikun.assessments.services.deciding import Flag, decisions_of, flags_of, row_key
from zhikun.assessments.services.provisional import Provisional, Question, plan_on
from zhikun.assessments.veiled import without_birth_days
from zhikun.documents.values import number_text
from zhikun.engine.plan import Plan
from zhikun.pages.explanation import tree
from zhikun.pages.parts import Step
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.facts import present
from zhikun.registry.models import Household, HouseholdFacts, Membership, Recording
from zhikun.registry.selectors.file import members_now, unmasked_now
from zhikun.registry.sources import SourceKind
from zhikun.registry.templatetags.registry import relation_title
from zhikun.registry.vocabulary import KEPT_BY_FILE, vocabulary

_DIRECTIONS = {
    "up": gettext_lazy("向上取到 {to}"),
    "down": gettext_lazy("向下取到 {to}"),
    "half_up": gettext_lazy("四舍五入到 {to}"),
}


@dataclass(frozen=True)
class Ask:
    """A question still open, whom it is about, and the form in which its answer is written down ('': not by this officer)."""

    question: Question
    whom: str
    url: str


@dataclass(frozen=True)
class Opened:
    """One household's assessment as of today, for its page and its report: both draw the same `told`."""

    household: Household
    on: date
    plan: Plan
    told: Provisional
    members: list[Membership]
    origins: Mapping[str, str]
    whom: Mapping[tuple[str, int], str]
    flags: list[Flag]
    raised: Mapping[str, Any]
    former: list[FlagDecision]
    asks: list[Ask]
    kept: Kept | None
    alike: Alike | None
    unmasked: bool
    may_edit: bool

    @cached_property
    def explanation(self) -> Mapping[str, Any]:
        """How the result came about, with full birth dates for who has unmasked the household just now."""
        return self.told.explanation if self.unmasked else without_birth_days(self.told.explanation)

    def steps(self) -> list[Step]:
        """The tree of explanation."""
        return self._tree(self.explanation)

    def grounds(self, flag: Flag) -> list[Step]:
        """What a flag rests on, down to the facts."""
        raised = self.raised if self.unmasked else without_birth_days(self.raised)
        return self._tree(raised, grounds.roots(self.plan, flag, raised["steps"]))

    def _tree(self, told: Mapping[str, Any], roots: Iterable[str] | None = None) -> list[Step]:
        missing = {_step_id(one.question): (one.question.question, one.url) for one in self.asks}
        return tree(
            told, origins=self.origins, whom=self.whom, roundings=_roundings(self.plan, self.on), questions=missing,
            roots=roots,
        )  # fmt: skip

    @property
    def changed(self) -> bool:
        """Whether the facts of today give another result than the newest run kept."""
        if self.kept is None:
            return False
        now = self.told
        causes = {one.name: one.value for one in now.causes}
        category, index = now.category and now.category.value, now.index and now.index.value
        return (self.kept.category, self.kept.index, dict(self.kept.causes)) != (category or None, index, causes)


def opened(household: Household, officer: Officer) -> Opened:
    """The assessment by the facts of now. Raises FactsError. The household has passed `visible`."""
    on = timezone.localdate()
    plan, about = plan_on(on), known_of(household)
    told = provisional.of_known(about, on)
    members = members_now(household)
    unmasked = unmasked_now(household, officer) is not None
    whom = _whom(about, members, unmasked=unmasked)
    decided = decisions_of(household)
    flags = flags_of(told.flags, about, plan, decided)
    current = {(one.code, one.row) for one in flags}
    former: dict[tuple[str, str], FlagDecision] = {}
    for one in decided:
        if (one.flag, one.row) not in current:
            former.setdefault((one.flag, one.row), one)
    kept = result_of(household)
    may_edit = household.state == Household.State.OPEN and officer.may(Right.HOUSEHOLD_EDIT, household.area_id)
    raised = grounds.explained(about, plan, flags)
    origins = _origins(household, about, [*told.explanation["steps"], *raised["steps"]])
    asks = [_ask(one, household, about, whom, may_edit=may_edit) for one in told.missing]
    return Opened(
        household, on, plan, told, members, origins, whom, flags, raised, list(former.values()), asks, kept,
        alike(kept, officer) if kept else None, unmasked, may_edit,
    )  # fmt: skip


def _whom(about: HouseholdKnown, members: Iterable[Membership], *, unmasked: bool) -> dict[tuple[str, int], str]:
    """2·马**，配偶: by their place in the file and the relation, for masked names of one family are often the same."""
    people = {str(one.person_id): one for one in members}
    found = {}
    for n, one in enumerate(about.members, start=1):
        if one.key in people:
            person = people[one.key].person
            name = str(person.name) if unmasked else masked(person, "name")
            found["member", n] = _("{n}·{name}，{relation}").format(
                n=n, name=name, relation=relation_title(one.relation)
            )
    return found


def _origins(household: Household, about: HouseholdKnown, steps: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """For each fact's step: source, day, who recorded it and when; the file itself where it is the file's."""
    held = HouseholdFacts.objects.filter(household=household).first()
    rows = Recording.objects.filter(household=household).select_related("recorded_by__organisation")
    recordings = {str(one.pk): one for one in rows.defer("facts", "personal_sealed")}
    found = {}
    for step in steps:
        if step["kind"] != "fact":
            continue
        key = row_key(about, step["on"], int(step["row"] or 0))
        if _is_of_file(about, step["on"], step["name"], int(step["row"] or 0)):
            found[step["id"]] = _("家庭档案本身（登记的住址、成员和出生日期）")
            continue
        origin = (held.origins if held else {}).get(step["on"], {}).get(key, {}).get(step["name"])
        if origin in recordings:
            found[step["id"]] = origin_words(recordings[origin])
    return found


def _is_of_file(about: HouseholdKnown, entity: str, name: str, row: int) -> bool:
    of_file = OF_THE_FILE.get((entity, name))
    if of_file is None:
        return False
    return of_file(about if entity == ID else about.members[row - 1]) is not None


def origin_words(one: Recording) -> str:
    """入户调查（春季走访），情况日期 2026-10-09；王某（民政所），2026-10-10 09:30 记录."""
    source = str(SourceKind(one.source).label) + (f"（{one.source_text}）" if one.source_text else "")
    by = one.recorded_by
    who = f"{by.name}（{by.organisation.name}）" if by is not None else _("平台")
    at = f"{timezone.localtime(one.recorded_at):%Y-%m-%d %H:%M}"
    return _("{source}，情况日期 {on}；{who}，{at} 记录").format(
        source=source, on=one.observed_on.isoformat(), who=who, at=at
    )


def _roundings(plan: Plan, on: date) -> dict[tuple[str, str], str]:
    found = {}
    for step in plan.steps:
        for version in step.rule.versions if step.rule is not None else ():
            if version.rounding is not None and version.period.holds(on):
                words = str(_DIRECTIONS[version.rounding.direction]).format(to=number_text(version.rounding.to))
                reference = version.rounding.source.reference
                found[step.entity or ID, step.name] = f"{words}（{reference}）" if reference else words
    return found


def _ask(
    one: Question, household: Household, about: HouseholdKnown, whom: Mapping[tuple[str, int], str], *, may_edit: bool
) -> Ask:
    who = whom.get((one.entity, one.row), "") or (_("第 {n} 项").format(n=one.row) if one.row else _("全家"))
    return Ask(one, who, _form_of(one, household, about) if may_edit else "")


def _form_of(one: Question, household: Household, about: HouseholdKnown) -> str:
    """The form of facts in which the answer is written down."""
    key = row_key(about, one.entity, one.row)
    if (one.entity, one.fact) in KEPT_BY_FILE:
        return reverse("registry:correct", args=[household.pk, uuid.UUID(key)]) if key else ""
    if one.entity == ID:
        fact = vocabulary().get((ID, one.fact))
        url = reverse("registry:edit", args=[household.pk, ID])
        field = f"#id_{one.fact}"
        return f"{url}?dimension={fact.dimension}{field}" if fact and fact.dimension else url + field
    if not key or (one.entity != "member" and key not in present(about.facts.get(one.entity, {}))):
        return ""
    return reverse("registry:edit-row", args=[household.pk, one.entity, key]) + f"#id_{one.fact}"


def _step_id(one: Question) -> str:
    return one.fact if one.entity == ID else f"{one.entity}.{one.fact}.{one.row}"
