"""The timeline of a household: everything that happened to it and its file, the latest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.identity.masks import mask_birth_date
from zhikun.pages.parts import Event
from zhikun.registry.models import CategoryHeld, Contradiction, Document, Help, HouseholdEvent, Recording
from zhikun.registry.services.home import in_words
from zhikun.registry.sources import SourceKind
from zhikun.registry.vocabulary import categories, entity_title, title_of
from zhikun.wording import amount_text

Dated = tuple[datetime, Event]
_TONES = {
    HouseholdEvent.Kind.DIED: "neutral", HouseholdEvent.Kind.CLOSED: "neutral", HouseholdEvent.Kind.MERGED: "neutral",
    HouseholdEvent.Kind.REGISTERED: "success", HouseholdEvent.Kind.BORN: "success",
}  # fmt: skip


def of_events(events: Iterable[HouseholdEvent], names: Mapping[str, str]) -> Iterable[Dated]:
    """What happened to the household; `names` says how each person in it is called on the page, who has left or died too."""
    for one in events:
        kind = HouseholdEvent.Kind(one.kind)
        who = names.get(one.details.get("person") or one.details.get("after") or "", "")
        title = _("{what}：{who}").format(what=kind.label, who=who) if who else kind.label
        on = mask_birth_date(one.on) if kind == HouseholdEvent.Kind.BORN else one.on.isoformat()
        text = _("发生日期 {d}").format(d=on)
        if one.details.get("recoded"):
            text += _("，区划代码变更，未搬家")
        if fields := one.details.get("fields"):
            text += _("，{what}").format(what=in_words(fields))
        if number := one.details.get("number"):
            text += _("，另一户 {n}").format(n=number)
        if one.reason:
            text += _("。理由：{r}").format(r=one.reason)
        yield (
            one.recorded_at,
            Event(one.recorded_at, title, _by(one.recorded_by), text, _TONES.get(kind, "info")),
        )


def of_recordings(recordings: Iterable[Recording]) -> Iterable[Dated]:
    """What was recorded, and what was taken back."""
    for one in recordings:
        facts = sum(len(values) for rows in one.facts.values() for values in rows.values())
        source = f"{SourceKind(one.source).label}{f'（{one.source_text}）' if one.source_text else ''}"
        text = _("情况日期 {d}").format(d=one.observed_on.isoformat())
        if facts:  # a file opened by form says nothing yet but who lives there
            text += _("，{n} 项").format(n=facts)
        if one.reason:
            text += _("。理由：{r}").format(r=one.reason)
        if one.withdrawn_at is not None:
            text += _("。已撤回：{r}").format(r=one.withdrawn_why)
        tone = "neutral" if one.withdrawn_at else "warning" if one.source == SourceKind.SETTLED else "info"
        title = _("记录：{s}").format(s=source)
        yield one.recorded_at, Event(one.recorded_at, title, _by(one.recorded_by), text, tone)


def of_contradictions(contradictions: Iterable[Contradiction]) -> Iterable[Dated]:
    """Contradictions when they were found. How they were settled stands among the recordings."""
    for one in contradictions:
        title = _("发现申报与核对不符：{e}·{f}").format(e=entity_title(one.entity), f=title_of(one.entity, one.fact))
        state = Contradiction.State(one.state)
        tone = "warning" if state == Contradiction.State.OPEN else "neutral"
        yield one.found_at, Event(one.found_at, title, "", str(state.label), tone)


def of_categories(held: Iterable[CategoryHeld]) -> Iterable[Dated]:
    """Categories of assistance from their first day to their last."""
    for one in held:
        title = categories().get(one.category, one.category)
        who = _("（个人）") if one.person_id else ""
        yield _at(one.since), Event(one.since, _("开始享受：{c}{w}").format(c=title, w=who), "", one.source, "success")
        if one.until is not None:
            yield _at(one.until), Event(one.until, _("停止享受：{c}{w}").format(c=title, w=who), "", one.source)


def of_helps(helps: Iterable[Help]) -> Iterable[Dated]:
    """Help received."""
    for one in helps:
        amount = _("{n} 元 ").format(n=amount_text(one.amount)) if one.amount is not None else ""
        title = _("获得帮扶：{k}").format(k=one.kind)
        yield _at(one.on), Event(one.on, title, one.provider, f"{amount}{one.text}", "success")


def of_documents(documents: Iterable[Document]) -> Iterable[Dated]:
    """Photos and scans."""
    for one in documents:
        title = _("上传材料：{k}").format(k=Document.Kind(one.kind).label)
        withdrawn = _("（已撤下）") if one.withdrawn_at else ""
        yield one.added_at, Event(one.added_at, title, _by(one.added_by), f"{one.title}{withdrawn}", "info")


def latest_first(*parts: Iterable[Dated]) -> list[Dated]:
    """All of them, the latest first."""
    return sorted((one for part in parts for one in part), key=lambda one: one[0], reverse=True)


def _at(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _by(officer: object) -> str:
    return str(officer) if officer is not None else ""
