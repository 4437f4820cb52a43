"""Filters and tags of the registry's pages: `{% load registry %}`."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.identity.masks import mask_birth_date
from zhikun.identity.numbers import completed_years
from zhikun.pages import formats
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.models import Household, Membership, Person
from zhikun.registry.relations import RELATIONS
from zhikun.registry.vocabulary import categories

register = template.Library()


@register.filter
def category_title(code: str) -> str:
    """The category's name, or that none is on record here: what the family told of may say otherwise."""
    return categories().get(code, code) if code else _("未登记")


@register.filter
def relation_title(code: str) -> str:
    """The relation to the head in words."""
    return str(RELATIONS.get(code, code))


def age_on(person: Person, day: date) -> int | None:
    """Completed years on the day, or on the day of death; unknown where the birth is."""
    if person.born_on is None:
        return None
    return completed_years(person.born_on, min(day, person.died_on) if person.died_on else day)


@register.filter
def age(person: Person, day: date | None = None) -> SafeString:
    """Completed years."""
    return formats.count(age_on(person, day or timezone.localdate()))


@register.filter
def sex_and_age(person: Person) -> str:
    """男 58 岁: what tells two people of one name apart."""
    years = age_on(person, timezone.localdate())
    sex = person.get_sex_display() if person.sex else ""
    return f"{sex} {_('{n} 岁').format(n=years) if years is not None else ''}".strip()


@register.simple_tag
def joined(row: Membership, unmasked: bool) -> SafeString:
    """Since when somebody belongs to the household; who was born into it, by year and month until it is unmasked."""
    is_birth = row.since == row.person.born_on
    return formats.text(mask_birth_date(row.since)) if is_birth and not unmasked else formats.day(row.since)


@register.simple_tag
def household_status(household: Household) -> SafeString:
    """Whether the file is in use, and whether a contradiction waits."""
    marks = []
    if household.state != Household.State.OPEN:
        marks.append(formats.status("neutral", household.get_state_display()))
    if household.open_contradictions:
        marks.append(formats.status("warning", _("{n} 项不符待核定").format(n=household.open_contradictions)))
    if not marks:
        marks.append(formats.status("success", household.get_state_display()))
    return format_html_join(" ", "{}", ((mark,) for mark in marks))


@register.simple_tag
def who(person: Person, field: str, unmasked: bool) -> str:
    """A person's name, number or phone: masked, unless this officer has unmasked the household."""
    if not unmasked:
        return masked(person, field)
    return getattr(person, field) or "—"
