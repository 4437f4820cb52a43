"""One household of a batch before it comes in: masked, for who has to decide about it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.audit.services import record as note
from zhikun.identity.masks import mask_birth_date, mask_id_number, mask_name, mask_phone
from zhikun.identity.numbers import completed_years
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area
from zhikun.registry import events
from zhikun.registry.models import Household, ImportBatch, ImportRow, Person
from zhikun.registry.relations import RELATIONS
from zhikun.registry.selectors.known import BIRTH
from zhikun.registry.services.importing import range_of
from zhikun.registry.services.importing_judge import Bounds, judge
from zhikun.registry.services.importing_told import ToldHousehold, ToldPerson
from zhikun.registry.ui.imports import BOTH
from zhikun.registry.vocabulary import entity_title, title_of
from zhikun.registry.words import in_words


@requires(*BOTH)
def row(request: HttpRequest, pk: UUID, position: int) -> HttpResponse:
    """What the file says of one household. Names and numbers are masked; the look is on record."""
    officer = officer_of(request)
    batch = ImportBatch.objects.visible_to(officer).filter(pk=pk).first()
    found = ImportRow.objects.filter(batch=batch, position=position).first() if batch else None
    if batch is None or found is None:
        raise Http404
    told = ToldHousehold.of_text(found.payload) if found.payload else None
    note(
        events.VIEWED, by=officer, subject=f"{batch.pk}:{position}", area=found.area, looks=True, details={"what": "import"}
    )  # fmt: skip
    title = _("第 {n} 户：{number}").format(n=position, number=found.number)
    context = {
        "title": title,
        "crumbs": [
            Crumb(_("批量导入"), reverse("imports:list")),
            Crumb(batch.file_name, reverse("imports:batch", args=[batch.pk]) + "?view=households"),
            Crumb(title),
        ],
        "row": found,
        "state": ImportRow.State(found.state).label,
        "told": told,
        "lines": _lines(told, found, batch) if told else [],
        "people": _people(request, told, batch.observed_on) if told else None,
        "facts": _facts(told) if told else [],
        "neighbours": _neighbours(batch, position),
        "file": _opened(officer, found) if told is None else None,
    }
    return render_page(request, "registry/import_household.html", context)


def _opened(officer: Officer, found: ImportRow) -> Household | None:
    """The file that the row became, where the officer sees it: what was kept of the row itself is gone by then."""
    return Household.objects.visible_to(officer).filter(pk=found.household_id).first() if found.household_id else None


def _lines(told: ToldHousehold, found: ImportRow, batch: ImportBatch) -> list[Detail]:
    area = Area.objects.filter(pk=told.area).select_related("parent").first()
    place = "".join(one.name for one in (area.parent, area) if one) if area else str(told.area)
    file = None if found.adds else _file(told, batch)
    return [
        Detail(_("户编号"), told.number),
        Detail(_("所在村（社区）"), place),
        Detail(_("入库方式"), _("新建档案") if found.adds else _("补充记录：已有档案，人员相同")),
        Detail(_("详细地址"), _address(told, file)),
        Detail(_("联系电话"), _phone(told, file)),
    ]


def _file(told: ToldHousehold, batch: ImportBatch) -> Household | None:
    """The file that the household would be recorded onto as things are now."""
    known = judge([told], Bounds.of([range_of(batch)], timezone.localdate()))[0].household
    return Household.objects.select_related("head").filter(pk=known).first() if known else None


def _address(told: ToldHousehold, file: Household | None) -> str | None:
    """What becomes of the address: masked, as on the page of the file."""
    if not told.address:
        return _("表里没有填，档案里的不变") if file and file.address_sealed else None
    if file is None:
        return _("有，入库后按权限查看")
    if file.address == told.address:
        return _("与档案里的相同")
    old = "******" if file.address_sealed else _("未登记")
    return _("与档案里的不同：入库后由 {old} 改为表里的 ******，原来的可随撤销放回").format(old=old)


def _phone(told: ToldHousehold, file: Household | None) -> str | None:
    """What becomes of the head's telephone, masked."""
    old = (file.head.phone or "") if file and file.head else ""
    if not told.phone:
        return _("表里没有填，档案里的不变：{old}").format(old=mask_phone(old)) if old else None
    if file is None or file.head is None:
        return mask_phone(told.phone)
    if old == told.phone:
        return _("与档案里的相同：{old}").format(old=mask_phone(old))
    return _("与档案里的不同：入库后由 {old} 改为 {new}").format(
        old=mask_phone(old) if old else _("未登记"), new=mask_phone(told.phone)
    )


def _people(request: HttpRequest, told: ToldHousehold, on: date) -> Table:
    columns = [
        Column("name", _("姓名"), value=lambda p: mask_name(p.name), heading=True),
        Column("relation", _("与户主关系"), value=lambda p: RELATIONS[p.relation]),
        Column("id_number", _("证件号码"), value=lambda p: mask_id_number(p.id_number) if p.id_number else None),
        Column("sex", _("性别"), value=lambda p: Person.Sex(p.sex).label if p.sex else None),
        Column("age", _("年龄"), value=lambda p: _age(p, on), kind="count"),
        Column("facts", _("情况"), value=lambda p: "；".join(_said("member", p.facts)) or None, wide=True),
    ]
    return Table(request, told.people, columns, caption=_("家庭成员"), name="people")


def _age(person: ToldPerson, on: date) -> int | None:
    return completed_years(date.fromisoformat(person.born_on), on) if person.born_on else None


def _facts(told: ToldHousehold) -> list[tuple[str, list[Detail]]]:
    """The household's own facts and those of its things, each under its heading."""
    found = [(entity_title("household"), _details("household", told.facts))] if told.facts else []
    for entity, rows in told.rows.items():
        found += [(f"{entity_title(entity)} {n}", _details(entity, facts)) for n, facts in enumerate(rows, 1)]
    return found


def _details(entity: str, facts: dict[str, Any]) -> list[Detail]:
    """A supporter's birth with year and month: what is masked in the file is masked on the way into it."""
    return [
        Detail(
            title_of(entity, name), mask_birth_date(value) if name == BIRTH and value else in_words(entity, name, value)
        )
        for name, value in facts.items()
    ]


def _said(entity: str, facts: dict[str, Any]) -> list[str]:
    return [f"{line.label} {line.value}" for line in _details(entity, facts)]


def _neighbours(batch: ImportBatch, position: int) -> dict[str, str]:
    found = set(batch.rows.filter(position__in=(position - 1, position + 1)).values_list("position", flat=True))
    return {
        name: reverse("imports:row", args=[batch.pk, at])
        for name, at in (("before", position - 1), ("after", position + 1))
        if at in found
    }
