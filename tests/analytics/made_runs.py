"""Finished runs with results written down by hand: what each household scored is what the test says."""

from __future__ import annotations

import uuid
from datetime import date

import pyarrow as pa
from django.utils import timezone
from tests import factories

from zhikun.assessments.keeping import results_file, write
from zhikun.assessments.models import Run
from zhikun.disk import private_folder
from zhikun.places.models import FREE_DIGITS, Area, Level
from zhikun.registry.vocabulary import pack_in_force

DAY = date(2026, 11, 20)
CAUSES = ("education", "housing", "illness", "disability", "disaster", "employment", "skills", "labour", "other")


def home(area=factories.VILLAGE, *, category="none", index=1.0, **scores):
    """One household; causes not named are scored 0, None is not known yet."""
    return {"_area": area, "_category": category, "_index": index, **dict.fromkeys(CAUSES, 0.0), **scores}


def run(rows, *, on=DAY, area=factories.COUNTY, causes=CAUSES, **fields):
    """A finished run over an area that found these households. `causes`: the scores that its pack had."""
    factories.areas()
    pack = pack_in_force()
    last = area + 10 ** FREE_DIGITS[Level(Area.objects.get(pk=area).level)] - 1
    given = {
        "pack": pack.id,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
        "current_at": timezone.now(),
    } | fields
    open_ = [row["_category"] is None or row["_index"] is None for row in rows]
    made = Run.objects.create(
        on=on, area=area, area_last=last, state=Run.State.DONE, households=len(rows), undetermined=sum(open_),
        fingerprint=uuid.uuid4().hex, listed_at=timezone.now(), finished_at=timezone.now(), **given,
    )  # fmt: skip
    ordered = sorted(range(len(rows)), key=lambda n: rows[n]["_area"])
    told = [rows[n] for n in ordered]
    texts, codes = pa.string(), pa.list_(pa.string())
    columns = {
        "household": pa.array([str(uuid.uuid4()) for _row in told], texts),
        "_position": pa.array(range(len(told)), pa.int32()),
        "_area": pa.array([row["_area"] for row in told], pa.int64()),
        "_category": pa.array([row["_category"] for row in told], texts),
        "_index": pa.array([row["_index"] for row in told], pa.float64()),
        "_undetermined": pa.array([open_[n] for n in ordered], pa.bool_()),
        "_flags": pa.array([[] for _row in told], codes),
        "_missing": pa.array([[] for _row in told], codes),
        **{name: pa.array([row[name] for row in told], pa.float64()) for name in causes},
    }
    private_folder(results_file(made.pk).parent)
    write(results_file(made.pk), iter([pa.table(columns)]))
    return made
