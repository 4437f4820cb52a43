"""综合评估报告 of one household as PDF: the same explanation as its page, drawn by the documents room."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.assessments.neighbours import FEWEST
from zhikun.assessments.opening import Opened
from zhikun.assessments.services.deciding import Flag
from zhikun.assessments.veiled import without_birth_days
from zhikun.documents import Filed, household_report, pdf_bytes
from zhikun.documents.blocks import Block, Heading, Paragraph
from zhikun.documents.values import number_text
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.models import Membership, Person
from zhikun.registry.templatetags.registry import relation_title, sex_and_age


def report_of(at: Opened, officer: Officer, *, full: bool) -> bytes:
    """The report. `full`: with full names and numbers; the caller has seen that the officer may. Raises FontsMissing."""
    household, area = at.household, at.household.area
    above = area.parent.name if area.parent is not None else ""
    filed = Filed(
        household.number, [_member(one, full=full) for one in at.members], at.origins,
        {(one.code, int(one.told["row"] or 0)): _decided(one) for one in at.flags if one.last is not None},
        tuple(_beside(at)),
        _("{who} {at} 制作{full}").format(
            who=officer, at=f"{timezone.localtime():%Y-%m-%d %H:%M}", full=_("，含完整个人信息") if full else ""
        ),
    )  # fmt: skip
    explanation = at.told.explanation if full else without_birth_days(at.told.explanation)
    document = household_report(
        explanation, at.plan.pack, head=_person(household.head, "name", full=full), place=f"{above}{area.name}",
        generated=household.generated, filed=filed,
    )  # fmt: skip
    return pdf_bytes(document)


def _member(one: Membership, *, full: bool) -> tuple[str, ...]:
    person = one.person
    return (
        _person(person, "name", full=full), relation_title(one.relation), sex_and_age(person),
        _person(person, "id_number", full=full),
    )  # fmt: skip


def _person(person: Person | None, field: str, *, full: bool) -> str:
    if person is None:
        return ""
    return str(getattr(person, field) or "—") if full else masked(person, field)


def _decided(flag: Flag) -> str:
    last, stands = flag.last, flag.stands
    if last is None:
        return ""
    words = _("{d}。理由：{r}（{who}，{at}）").format(
        d=last.get_decision_display(), r=last.reason, who=last.officer, at=f"{timezone.localtime(last.at):%Y-%m-%d}"
    )
    return words if stands else _("情况已变化，须重新认定。原认定：{w}").format(w=words)


def _beside(at: Opened) -> list[Block]:
    group = at.alike
    if group is None:
        return []
    if group.place is None:
        text = _("情况相近的家庭不足 {n} 户，不作比较。").format(n=FEWEST)
    else:
        text = _("{place}同因同人口的家庭 {n} 户，困难指数中位数 {m}；本户 {i}，由重到轻第 {r} 位（{on} 评估）。").format(
            place=group.place.name, n=number_text(group.households), m=number_text(group.median),
            i=number_text(group.index), r=number_text(group.rank), on=group.run.on.isoformat(),
        )  # fmt: skip
    return [Heading(_("与情况相近的家庭比较")), Paragraph(text)]
