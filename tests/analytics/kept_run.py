"""A finished run made of tables in memory, without a register: its files are those that an assessment writes."""

from __future__ import annotations

import pyarrow as pa
from django.utils import timezone
from tests import factories

from zhikun.assessments.bridge import ID
from zhikun.assessments.keeping import Bench
from zhikun.assessments.models import Run
from zhikun.assessments.reading import AREA, POSITION
from zhikun.assessments.services import working
from zhikun.engine.run import PartsRun


class Uncounted(working.Counted):
    """Nobody watches."""

    def __init__(self):
        super().__init__(working.Alone(), 0)


def kept_run(plan, tables):
    """The run of a plan over these households; their `place` says where they live. Positions go by place, as in lists."""
    places = tables[ID].column("place").cast(pa.string()).to_pylist()
    areas = [int((one or "").ljust(12, "0")) for one in places]
    order = sorted(range(len(areas)), key=areas.__getitem__)
    at = {tables[ID].column(ID)[row].as_py(): place for place, row in enumerate(order)}
    run = Run.objects.create(
        pack=plan.pack.id, pack_version=plan.pack.version, pack_hash=plan.pack.hash, on=plan.day, area=min(areas),
        area_last=max(areas), state=Run.State.DONE, households=len(areas), listed_at=timezone.now(),
        finished_at=timezone.now(), current_at=timezone.now(), started_by=factories.officer(None),
    )  # fmt: skip
    facts = {entity: _in_order(table, at) for entity, table in tables.items()}
    listed = pa.table({
        POSITION: pa.array(range(len(order)), pa.int32()), ID: facts[ID].column(ID),
        AREA: pa.array([areas[row] for row in order], pa.int64()),
    })  # fmt: skip
    bench = Bench(run.pk)
    bench.begin()
    bench.keep_listing(listed)
    for number, part in working._parts(listed):
        low, high = number * working.PART, number * working.PART + part.num_rows
        bench.keep_facts(number, {entity: _cut(table, low, high) for entity, table in facts.items()}, "0")
    engine = PartsRun(plan)
    with bench.joined_facts(facts) as join:
        parts = working.Reading(engine, bench, join, ahead=False)
        for number, _part in working._parts(listed):
            parts.found(number)
    working._assess(parts, listed, Uncounted())
    working._write(engine, run, bench, listed, Uncounted())
    bench.finish()
    return run


def _in_order(table, at):
    places = pa.array([at[one] for one in table.column(ID).to_pylist()], pa.int32())
    table = table.add_column(0, POSITION, places)
    rows = pa.array(range(table.num_rows), pa.int32())
    return table.append_column("_row", rows).sort_by([(POSITION, "ascending"), ("_row", "ascending")]).drop("_row")


def _cut(table, low, high):
    places = table.column(POSITION).to_pylist()
    return table.filter(pa.array([low <= one < high for one in places], pa.bool_()))
