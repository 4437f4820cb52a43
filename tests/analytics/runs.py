"""A finished run whose results and facts are those that a test says."""

from __future__ import annotations

import uuid
from datetime import date

import pyarrow as pa
from django.utils import timezone
from tests import factories

from zhikun.assessments.keeping import facts_file, results_file, write
from zhikun.assessments.models import Run
from zhikun.disk import private_folder
from zhikun.registry.vocabulary import pack_in_force

DAY = date(2026, 11, 20)


def made_run(columns, *, areas=None, facts=None, households=None):
    """A run over the first county with these result columns; `areas`: the village of each household."""
    factories.areas()
    rows = len(next(iter(columns.values())))
    areas = areas or [factories.VILLAGE] * rows
    households = households or [str(uuid.uuid4()) for _row in range(rows)]
    pack = pack_in_force()
    run = Run.objects.create(
        pack=pack.id, pack_version=pack.version, pack_hash=pack.hash, on=DAY, area=factories.COUNTY,
        area_last=factories.COUNTY + 999_999, state=Run.State.DONE, fingerprint=uuid.uuid4().hex, households=rows,
        listed_at=timezone.now(), finished_at=timezone.now(), current_at=timezone.now(),
    )  # fmt: skip
    nothing = pa.array([[] for _row in range(rows)], pa.list_(pa.string()))
    table = pa.table({
        "household": households, "_missing": nothing, "_position": pa.array(range(rows), pa.int32()),
        "_area": pa.array(areas, pa.int64()), "_category": pa.nulls(rows, pa.string()), "_index": pa.nulls(rows, pa.float64()),
        "_undetermined": pa.array([False] * rows), "_flags": nothing, **columns,
    })  # fmt: skip
    for path in (results_file(run.pk), facts_file(run.pk, "household")):
        private_folder(path.parent)
    write(results_file(run.pk), iter([table]))
    told = {"position": pa.array(range(rows), pa.int32()), "household": households, **(facts or {})}
    write(facts_file(run.pk, "household"), iter([pa.table(told)]))
    return run
