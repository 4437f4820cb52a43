"""A pack over the households of an area on a day: assessed by the engine, kept with the facts used, ranked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments import events
from zhikun.assessments.bridge import ID, known, tables
from zhikun.assessments.models import Result, Run
from zhikun.assessments.services.provisional import plan_on
from zhikun.audit.services import record as note
from zhikun.disk import private_folder, written_whole
from zhikun.engine.plan import Plan
from zhikun.engine.run import assess as engine
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.models.household import within

_BLOCK = 2000  # households read from the database at a time
_ROWS = 1000  # results written at a time
#: Digits of the area code within which households are ranked.
RANKED_IN = {"village": 12, "township": 9, "county": 6}


def assess(
    area: Area, on: date, *, acting_officer: Officer, progress: Callable[[int, int], None] | None = None
) -> tuple[Run, bool]:
    """Assess every open household of the area by its current facts; the run, and whether it is a new one.

    The same pack, day and facts again are recognised by their fingerprint: nothing is written.
    """
    if not acting_officer.may(Right.ASSESSMENT_RUN, area.pk):
        raise NotAllowedHere
    plan = plan_on(on)
    facts = _facts(plan, area)
    fingerprint = fingerprint_of(plan, on, facts, area.pk)
    before = Run.objects.filter(fingerprint=fingerprint).first()
    if before is not None:
        _newest_again(before)
        return before, False
    results = engine(plan, facts, progress=progress).tables[ID]
    rows = _rows(plan, area, results)
    folder = Path(settings.ZHIKUN_DATA) / "assessments" / fingerprint
    _keep(folder, facts, results)
    with transaction.atomic():
        run = Run.objects.create(
            pack=plan.pack.id, pack_version=plan.pack.version, pack_hash=plan.pack.hash, on=on, area=area.pk,
            fingerprint=fingerprint, households=len(rows), started_by=acting_officer,
            undetermined=sum(row["index"] is None or not row["category"] for row in rows),
        )  # fmt: skip
        for some in _blocks(rows, _ROWS):
            Result.objects.filter(household_id__in=[row["household_id"] for row in some], newest=True).update(
                newest=False
            )
            Result.objects.bulk_create(Result(run=run, **row) for row in some)
        note(
            events.ASSESSED, by=acting_officer, area=area.pk, subject=str(area),
            details={"run": str(run.pk), "pack": plan.pack.id, "on": on.isoformat(), "households": len(rows)},
        )  # fmt: skip
    return run, True


@transaction.atomic
def _newest_again(run: Run) -> None:
    """The facts are again what they were for this run: its results are the newest, whatever was assessed in between."""
    stale = Result.objects.filter(run=run, newest=False).values("household_id")
    Result.objects.filter(household_id__in=stale, newest=True).update(newest=False)
    Result.objects.filter(run=run, newest=False).update(newest=True)


def fingerprint_of(plan: Plan, on: date, facts: dict[str, pa.Table], area: int = 0) -> str:
    """SHA-256 over the pack's hash, the day, the area and every fact used: what could change a result or its rank."""
    found = hashlib.sha256(f"{plan.pack.hash}|{on.isoformat()}|{area}".encode())
    for entity in sorted(facts):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, facts[entity].schema) as stream:
            stream.write_table(facts[entity].combine_chunks())
        found.update(entity.encode())
        found.update(sink.getvalue())
    return found.hexdigest()


def _facts(plan: Plan, area: Area) -> dict[str, pa.Table]:
    inside = Household.objects.open().filter(within("area_id", [area.range])).order_by("pk")
    parts = [tables(plan.pack, known(some)) for some in _blocks(inside.iterator(_BLOCK), _BLOCK)]
    parts = parts or [tables(plan.pack, [])]
    return {entity: pa.concat_tables([part[entity] for part in parts]) for entity in parts[0]}


def _rows(plan: Plan, area: Area, results: pa.Table) -> list[dict[str, Any]]:
    shown = plan.pack.results
    columns = {name: results.column(name).to_pylist() for name in results.column_names}
    inside = Household.objects.filter(within("area_id", [area.range]))
    areas = {str(pk): code for pk, code in inside.values_list("pk", "area_id")}
    ids = columns[ID]
    flags = [columns[name] for name in shown.flags if name in columns]
    rows = [
        {
            "household_id": ids[n],
            "category": str(columns[shown.category][n] or "") if shown.category in columns else "",
            "index": columns[shown.index][n] if shown.index in columns else None,
            "causes": {name: columns[name][n] for name in shown.causes if name in columns},
            "values": {name: _plain(columns[name][n]) for name in shown.columns if name in columns},
            "flags": [code for column in flags for code in (column[n] or [])],
        }
        for n in range(len(ids))
    ]
    order = columns.get(shown.rank) or [None] * len(ids)
    codes = [areas[one] for one in ids]
    # A rank is one among all of its place: assessing a township says nothing of the county.
    whole = {name for name, digits in RANKED_IN.items() if 10 ** (12 - digits) <= area.range.last - area.code + 1}
    for row, ranks in zip(rows, ranks_of(order, codes), strict=True):
        row["ranks"] = {name: rank for name, rank in ranks.items() if name in whole}
    return rows


def ranks_of(order: list[int | None], areas: list[int]) -> list[dict[str, list[int]]]:
    """The rank of each household among those of its village, township and county: [rank, of how many that have one].

    `order` is the pack's own rank over the whole area, 1 the hardest; equal ranks stay equal. Without one: no ranks.
    """
    found: list[dict[str, list[int]]] = [{} for _household in order]
    for name, digits in RANKED_IN.items():
        groups: dict[int, list[int]] = {}
        for n, (rank, code) in enumerate(zip(order, areas, strict=True)):
            if rank is not None:
                groups.setdefault(code // 10 ** (12 - digits), []).append(n)
        for inside in groups.values():
            inside.sort(key=lambda n: order[n] or 0)
            place = 0
            for position, n in enumerate(inside):
                if position == 0 or order[n] != order[inside[position - 1]]:
                    place = position + 1
                found[n][name] = [place, len(inside)]
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _keep(folder: Path, facts: dict[str, pa.Table], results: pa.Table) -> None:
    private_folder(folder)
    for name, table in {**{f"facts-{entity}": table for entity, table in facts.items()}, "results": results}.items():
        with written_whole(folder / f"{name}.parquet") as part:
            pq.write_table(table, part)


def _blocks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    held: list[Any] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
