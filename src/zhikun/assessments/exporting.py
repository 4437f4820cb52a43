"""The list of a run as an export takes it: what the run found beside what the registry knows, as many rows as the list has."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.decided import decided
from zhikun.assessments.errors import NotKept
from zhikun.assessments.models import Run
from zhikun.assessments.naming import (
    category_words,
    column_title,
    fact_words,
    flags_words,
    index_title,
    pack_words,
    words,
)
from zhikun.assessments.ranking import RANKED_IN
from zhikun.assessments.results import causes_of, is_kept, pack_of, results_in, types_of
from zhikun.assessments.selectors import condition_of, count_of, cut, reach, unknown
from zhikun.assessments.wanted import INDEX, RANK, Unreadable, Wanted, read
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run.display import number
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area, AreaRange
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.services.exporting_sources import Listing, Row
from zhikun.registry.vocabulary import packs_in_force
from zhikun.wording import SAMPLE_MARK

SOURCE = "run"
_PREFIX = "run."
_FLAGS = _PREFIX + "_flags"


@dataclass(frozen=True)
class _Column:
    """One column of the file: its title, and its value out of the columns of the results that it needs."""

    title: str
    value: Callable[[Any], object]
    usual: bool = True


class Lists:
    """The lists of runs as a source of exports: run, place and what the list was narrowed down to."""

    def asked(self, query: QueryDict, officer: Officer) -> dict[str, Any]:
        """The run, the place and the conditions of an address; 404 for what is not the officer's, or cannot be read."""
        place = query.get("place", "")
        if place and not (place.isascii() and place.isdigit() and len(place) == 12):
            raise Http404
        what = {"run": query.get("run", ""), "place": int(place) if place else None}
        try:
            run, _place = _found(what, officer)
            wanted = read(query, types_of(run), causes_of(run))
        except (NotAllowedHere, Unreadable):
            raise Http404 from None
        if unknown(run, reach(officer, run), pack_of(run), wanted) is not None:
            raise Http404
        return {**what, "query": wanted.query()}

    def listing(self, what: Mapping[str, Any], officer: Officer) -> Listing:
        """The list as of now: a finished run never changes, but officers' areas and households' homes do."""
        run, place = _found(what, officer)
        wanted, pack = _wanted(what, run), pack_of(run)
        seen = reach(officer, run, place)
        ranges = cut(seen, reach(officer, run, place, Right.HOUSEHOLD_EXPORT))
        columns = columns_for(pack, types_of(run))
        here = [("place", str(place.pk))] if place else []
        query = urlencode([*here, *wanted.query()])
        return Listing(
            title=_("评估的家庭"), url=reverse("assessments:households", args=[run.pk]) + (f"?{query}" if query else ""),
            seen=count_of(run, seen, wanted), count=count_of(run, ranges, wanted),
            columns={name: one.title for name, one in columns.items()},
            rows=lambda size: _rows(run, ranges, wanted, columns, size),
            usual=[name for name, one in columns.items() if one.usual],
            lines=_lines(run, place, wanted, pack),
            codes={"run": str(run.pk), "asked": urlencode(wanted.query())},
            place=place.pk if place else None,
        )  # fmt: skip

    def title(self, column: str) -> str | None:
        """As the platform's own pack calls it, else the first of the others that has it."""
        if not column.startswith(_PREFIX):
            return None
        types = {column.removeprefix(_PREFIX): "DOUBLE"}
        found = (columns_for(pack, types).get(column) for pack in packs_in_force().values())
        return next((told.title for told in found if told is not None), None)


def columns_for(pack: Pack, types: Mapping[str, str]) -> dict[str, _Column]:
    """The columns of the file: what the run found of a household. Names that the run does not have are left out."""
    shown = pack.results
    found = {
        "_category": _Column(_heading(pack, shown.category) or _("类别"), lambda code: category_words(pack, code)),
        INDEX: _Column(index_title(pack), known_value(pack, shown.index)),
    }
    found |= {name: _Column(_heading(pack, name), known_value(pack, name)) for name in shown.causes}
    found |= {
        "_flags": _Column(_("须由人确认"), lambda codes: flags_words(pack, codes)),
        "_undetermined": _Column(_("尚不能确定"), lambda open_: _("是") if open_ else _("否")),
        "_missing": _Column(_("还缺的情况"), lambda paths: "、".join(fact_words(pack, path) for path in paths or ())),
    }
    for name in RANKED_IN:
        found[RANK + name] = _Column(column_title(RANK + name, pack)[0], lambda rank: rank)
    further = [shown.amount, shown.eligible, *shown.policies, *shown.columns]
    for name in further:
        if name and name not in found:
            found[name] = _Column(_heading(pack, name), known_value(pack, name), usual=False)
    return {_PREFIX + name: one for name, one in found.items() if name in types}


def _heading(pack: Pack, name: str) -> str:
    return shown_of(pack, name).heading if name else ""


def known_value(pack: Pack, name: str) -> Callable[[Any], object]:
    """The value as pages have it; one that is not known yet says so, or somebody would add it up as zero."""
    shown = shown_of(pack, name)

    def told(value: Any) -> object:
        if value is None:
            return _("尚不能确定")
        if isinstance(value, float):
            return _as_shown(value, shown.unit)
        return shown.text(value)

    return told


def _as_shown(value: float, unit: str) -> float:
    """A number with the digits of pages and reports: money to the cent."""
    return float(number(value, unit).removesuffix(f" {unit}").replace(",", ""))


def _found(what: Mapping[str, Any], officer: Officer) -> tuple[Run, Area | None]:
    try:
        key = uuid.UUID(str(what["run"]))
    except ValueError:
        raise NotAllowedHere from None
    run = Run.objects.visible_to(officer).finished().filter(pk=key).first()
    place = Area.objects.filter(pk=what["place"]).first() if what["place"] else None
    if run is None or (what["place"] and place is None) or not reach(officer, run, place):
        raise NotAllowedHere
    if not is_kept(run):
        raise NotKept(run)
    return run, place


def _wanted(what: Mapping[str, Any], run: Run) -> Wanted:
    """The conditions as they were kept. They have been read before; the pack may have changed since."""
    query = QueryDict(mutable=True)
    for name, value in what["query"]:
        query.appendlist(name, value)
    try:
        return read(query, types_of(run), causes_of(run))
    except Unreadable:
        raise DomainError(
            _("这份名单的条件现在读不出来，没有导出。"), why=_("政策包在申请之后改过，少了其中的一项。"),
            remedy=_("请从评估或统计的页面重新点开名单，再导出。"),
        ) from None  # fmt: skip


def _rows(
    run: Run, ranges: Sequence[AreaRange], wanted: Wanted, columns: Mapping[str, _Column], size: int
) -> Iterator[list[Row]]:
    """The list in its order, part by part along the positions."""
    names, pack = [name.removeprefix(_PREFIX) for name in columns], pack_of(run)
    selected = ", ".join(f'"{name}"' for name in names)
    stand = decided(run) if "_flags" in names else {}
    rows, after = results_in(run, ranges).filter(condition_of(run, wanted)), -1
    while True:
        part = rows.filter(f"_position > {after}").order("_position").limit(size)
        found = part.select(f"household, _position{', ' + selected if selected else ''}").fetchall()
        if found:
            values = columns.items()
            yield [
                Row(
                    uuid.UUID(row[0]),
                    {
                        name: flags_words(pack, row[2 + n], stand.get(row[1], ()))
                        if name == _FLAGS
                        else one.value(row[2 + n])
                        for n, (name, one) in enumerate(values)
                    },
                )
                for row in found
            ]
            after = found[-1][1]
        if len(found) < size:
            return


def sample_line(pack: Pack) -> list[tuple[str, str]]:
    """That a file's figures rest on parameters that are examples, where they do."""
    return [(_("参数"), SAMPLE_MARK)] if pack.sample else []


def _lines(run: Run, place: Area | None, wanted: Wanted, pack: Pack) -> list[tuple[str, str]]:
    whole = Area.objects.filter(pk=run.area).first() if place is None else None
    area = place.name if place else _("{area}（您管辖的范围内）").format(area=whole.name if whole else run.area)
    told = words(wanted, pack)
    return [
        (_("评估"), f"{run.on.isoformat()} {pack_words(run)}"),
        (_("地区"), area),
        (_("条件"), "；".join(told) or _("全部")),
        *sample_line(pack),
    ]
