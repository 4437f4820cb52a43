"""A household on file as the questionnaire needs it: its rows, what they are called on the screen, the answers to start from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.identity.masks import mask_name
from zhikun.identity.numbers import completed_years
from zhikun.registry.facts import present
from zhikun.registry.models import Household, HouseholdFacts, Membership
from zhikun.registry.relations import for_pack
from zhikun.registry.vocabulary import entity_title, pack_in_force
from zhikun.surveys.answers import GIVEN, OnFile, prefilled
from zhikun.surveys.questionnaire import MEMBER, Questionnaire, questionnaire

Rows = dict[str, list[OnFile]]
_SALT = "zhikun.surveys.given"


@cache
def form_in_force() -> Questionnaire:
    """The questionnaire of the pack that the platform works with."""
    return questionnaire(pack_in_force())


def current(household: Household) -> dict[str, Any]:
    """The current facts of the household."""
    found = HouseholdFacts.objects.filter(household=household).values_list("values", flat=True).first()
    return found or {}


def rows_of(household: Household, facts: dict[str, Any]) -> Rows:
    """The members and things of the household, each with the title that the screen shows."""
    rows: Rows = {MEMBER: [_member(one) for one in _memberships(household)]}
    for entity in pack_in_force().entities:
        if entity in {"household", MEMBER}:
            continue
        keys = present(facts.get(entity, {}))
        title = entity_title(entity)
        rows[entity] = [OnFile(key, _("（档案里的{title}）").format(title=title)) for key in keys]
    return rows


def to_start_from(household: Household | None) -> dict[str, Any]:
    """The answers that a form begins with: what is on file, or nothing."""
    if household is None:
        return {}
    facts = current(household)
    return prefilled(pack_in_force(), facts, rows_of(household, facts))


def opened(household: Household, assignment: uuid.UUID) -> dict[str, Any]:
    """The answers that a visit's form begins with, and, signed for this visit, which rows of things it shows."""
    facts = current(household)
    rows = rows_of(household, facts)
    shown = {entity: [one.key for one in some] for entity, some in rows.items() if entity != MEMBER and some}
    return prefilled(pack_in_force(), facts, rows) | {GIVEN: signing.dumps(shown, salt=f"{_SALT}:{assignment}")}


def given_rows(answers: Any, assignment: uuid.UUID) -> Mapping[str, list[str]]:
    """The rows that the form of this visit showed, as the server wrote them; none where that is missing or not ours."""
    text = answers.get(GIVEN) if isinstance(answers, dict) else None
    try:
        found: dict[str, list[str]] = signing.loads(str(text or ""), salt=f"{_SALT}:{assignment}")
    except signing.BadSignature:
        return {}
    return found


def _memberships(household: Household) -> list[Membership]:
    found = Membership.objects.filter(household=household, until__isnull=True, person__died_on__isnull=True)
    return list(found.select_related("person").order_by("position"))


def _member(one: Membership) -> OnFile:
    person = one.person
    parts = [mask_name(person.name), one.get_relation_display()]
    if person.born_on:
        parts.append(_("{n} 岁").format(n=completed_years(person.born_on, timezone.localdate())))
    return OnFile(str(person.pk), " ".join(parts), for_pack(one.relation), person.sex, person.born_on)
