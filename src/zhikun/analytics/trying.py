"""A trial worked out: the run's kept facts and results, with some figures of the pack moved. No household's row is touched.

    analytics/whatif/<key>/changed.parquet   one row a household that differs, is open or has a cause that is compared: before and after
                           places.parquet    one row a village: how many households, who enters, who leaves, what it costs

Only what the changed figures reach is computed; the rest is read from what the run kept, and of that only the columns that are
compared. Rows are in the order of the run's lists and have its `position`; who it is stands in the run's own file.
`places.parquet` is written last: where it is, all is there.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from zhikun.assessments.keeping import facts_file, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.results import results_in
from zhikun.disk import clear_unfinished, only_one, private_folder, written_whole
from zhikun.documents.statistics import line_on
from zhikun.engine.plan import Plan, Step
from zhikun.engine.run.facts import ID
from zhikun.engine.run.partial import PartialRun
from zhikun.engine.run.whatif import covered, differs, plain
from zhikun.places.models import AreaRange

#: The kinds of difference that are counted for each village, and by which lists are narrowed down.
KINDS = ("enter", "leave", "open", "category", "amount_up", "amount_down", "index_up", "index_down", "index_open")
SUMS = ("households", "covered", *KINDS, "amount", "amount_variant")
#: For a cause: who is at the line before, who comes to it, who is no longer there, of whom it can be said on one side only, and who
#: is there afterwards.
OF_CAUSES = ("had_", "gain_", "loss_", "unsure_", "will_")
#: Columns that are summed and not kept with a household.
_ASIDE = ("covered", "amount", "amount_variant", "_kept")
_SUMS_OF_CAUSES = ("had", "will", "gain", "loss", "unsure")
_GROUP, _THREADS = 16_384, 2


@dataclass(frozen=True)
class Looked:
    """What of a pack is compared: the names of its values, those of them that the change reaches, and the causes with their line."""

    eligible: str
    category: str
    amount: str
    index: str
    causes: tuple[str, ...]
    lines: tuple[float, float]
    steps: tuple[Step, ...]


def folder_of(key: str) -> Path:
    """Where what came out of a trial lies."""
    return folder() / key


def folder() -> Path:
    """Where all trials lie."""
    return Path(settings.ZHIKUN_DATA) / "analytics" / "whatif"


def changed_file(key: str) -> Path:
    """The households that differ or are open."""
    return folder_of(key) / "changed.parquet"


def places_file(key: str) -> Path:
    """The sums by village."""
    return folder_of(key) / "places.parquet"


def is_done(key: str) -> bool:
    """Whether a trial is there, whole."""
    return places_file(key).exists()


@contextmanager
def alone(key: str) -> Iterator[None]:
    """One at a time works out a trial; who waited finds it done."""
    with only_one(private_folder(folder_of(key)) / "trial"):
        yield


def clear(key: str) -> None:
    """Nothing is left of a trial."""
    shutil.rmtree(folder_of(key), ignore_errors=True)


def work(run: Run, plans: tuple[Plan, Plan], ranges: Sequence[AreaRange], key: str) -> None:
    """Both files of a trial, whole or not at all. Raises FactsError and MagnitudeError as the engine does."""
    private_folder(folder_of(key))
    clear_unfinished(folder_of(key))
    stored = results_file(run.pk)
    names = set(pq.read_schema(stored).names)
    partial = PartialRun(
        *plans, {entity: facts_file(run.pk, entity) for entity in plans[0].pack.entities}, stored, names,
        keys=("position", "_position"),
    )  # fmt: skip
    looked = look(*plans, partial)
    sums = []
    with ExitStack() as stack:
        out: pq.ParquetWriter | None = None
        path = stack.enter_context(written_whole(changed_file(key)))
        parts = partial.parts(looked.steps, carried=("_area",), within=_span(run, ranges))
        for kept, counted in _judged(parts, looked, plans, ranges):
            sums.append(counted)
            if out is None:
                out = stack.enter_context(_writer(path, kept.schema))
            out.write_table(kept, row_group_size=_GROUP)
    with written_whole(places_file(key)) as path:
        pq.write_table(_added(sums), path)


def look(base: Plan, variant: Plan, partial: PartialRun) -> Looked:
    """What is compared. Causes only where a score or the line from which it counts may be another."""
    shown = base.pack.results
    lines = (line_on(base.pack, base.day).level, line_on(variant.pack, variant.day).level)
    names = {step.name: step for step in base.computed if step.entity == ID}
    causes = [name for name in shown.causes if name in names and names[name].type == "number"]
    if lines[0] == lines[1]:
        causes = [name for name in causes if partial.moves(names[name])]
    told = [name for name in (shown.eligible, shown.category, shown.amount, shown.index) if name]
    steps = tuple(names[name] for name in dict.fromkeys([*told, *causes]) if name in names)
    return Looked(shown.eligible, shown.category, shown.amount, shown.index, tuple(causes), lines, steps)


def _judged(
    parts: Iterator[tuple[pa.Table, pa.Table, Any]],
    looked: Looked,
    plans: tuple[Plan, Plan],
    ranges: Sequence[AreaRange],
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """For each chunk the households that differ or are open, and the sums by village; compared while the next one is read."""

    def judge(before: pa.Table, after: pa.Table) -> tuple[pa.Table, pa.Table]:
        rows = _compared(before, after, looked, plans)
        rows = rows.filter(_within(rows.column("_area"), ranges))
        kept = rows.filter(rows.column("_kept"))
        return kept.drop_columns([name for name in rows.column_names if name in _ASIDE]), _sums(rows, looked)

    waiting: deque[Future[tuple[pa.Table, pa.Table]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for before, after, _places in parts:
            waiting.append(pool.submit(judge, before, after))
            if len(waiting) > _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _span(run: Run, ranges: Sequence[AreaRange]) -> tuple[int, int]:
    """The rows among which the areas' households are: lists go by area, so they stand together. There is one at least."""
    first, last = results_in(run, ranges).aggregate("min(_position), max(_position)").fetchall()[0]
    return first, last + 1


def _within(areas: Any, ranges: Sequence[AreaRange]) -> Any:
    told: Any = pa.array([False] * len(areas))
    for one in ranges:
        told = pc.or_(told, pc.and_(pc.greater_equal(areas, one.first), pc.less_equal(areas, one.last)))
    return told


def _compared(before: pa.Table, after: pa.Table, looked: Looked, plans: tuple[Plan, Plan]) -> pa.Table:
    """One row a household: values before and after, and of which kinds the difference is."""
    count = before.num_rows
    columns: dict[str, Any] = {"position": before.column(ID), "_area": before.column("_area")}
    was, will = (_covered(table, plan) for table, plan in zip((before, after), plans, strict=True))
    amounts = [_amount(table, looked, count) for table in (before, after)]
    open_ = pc.or_(pc.is_null(was), pc.is_null(will))
    for one in amounts:
        open_ = pc.or_(open_, pc.is_null(one))
    was, will = pc.fill_null(was, False), pc.fill_null(will, False)
    shut = pc.invert(open_)
    old, new = (pc.if_else(open_, 0.0, one) for one in amounts)
    told = {
        "covered": pc.and_(was, shut),
        "enter": _all(will, pc.invert(was), shut), "leave": _all(was, pc.invert(will), shut), "open": open_,
        "amount_up": pc.greater(new, old), "amount_down": pc.less(new, old),
    }  # fmt: skip
    if looked.category:
        codes = [_category(table.column(looked.category)) for table in (before, after)]
        columns |= {"was_category": codes[0], "is_category": codes[1]}
        told["category"] = differs(*codes)
    if looked.index:
        a, b = (plain(table.column(looked.index)) for table in (before, after))
        columns |= {"was_index": a, "is_index": b}
        told |= {
            "index_up": pc.fill_null(pc.greater(b, a), False), "index_down": pc.fill_null(pc.less(b, a), False),
            "index_open": pc.xor(pc.is_null(a), pc.is_null(b)),
        }  # fmt: skip
    if looked.amount:
        columns |= {"was_amount": amounts[0], "is_amount": amounts[1]}
    told |= _causes(before, after, looked)
    no = pa.array([False] * count)
    told = {name: no for name in KINDS if name not in told} | told
    kept = no
    for name, one in told.items():
        if name in KINDS or name.startswith(OF_CAUSES):
            kept = pc.or_(kept, one)
    return pa.table({**columns, **told, "amount": old, "amount_variant": new, "_kept": kept})


def _all(*conditions: Any) -> Any:
    found = conditions[0]
    for one in conditions[1:]:
        found = pc.and_(found, one)
    return found


def _covered(table: pa.Table, plan: Plan) -> Any:
    """Who receives, as the engine's what-if says it; where a pack has nothing of the kind, nobody."""
    shown = plan.pack.results
    if shown.eligible or shown.amount or shown.category:
        return covered(table, plan)
    return pa.array([False] * table.num_rows)


def _amount(table: pa.Table, looked: Looked, count: int) -> Any:
    return plain(table.column(looked.amount)) if looked.amount else pa.array([0.0] * count)


def _category(column: Any) -> Any:
    codes = plain(column)
    return pc.if_else(pc.equal(codes, ""), None, codes)


def _causes(before: pa.Table, after: pa.Table, looked: Looked) -> dict[str, Any]:
    """For each cause that may differ: who was and who will be at the line, who comes to it, who is no longer there.

    A score that is not known on one side neither comes nor goes: it is told apart.
    """
    told = {}
    for name in looked.causes:
        was, will = (
            pc.greater_equal(plain(table.column(name)), line)
            for table, line in zip((before, after), looked.lines, strict=True)
        )
        told[f"had_{name}"], told[f"will_{name}"] = pc.fill_null(was, False), pc.fill_null(will, False)
        told[f"gain_{name}"] = pc.fill_null(pc.and_(will, pc.invert(was)), False)
        told[f"loss_{name}"] = pc.fill_null(pc.and_(was, pc.invert(will)), False)
        told[f"unsure_{name}"] = pc.xor(pc.is_null(was), pc.is_null(will))
    return told


def _sums(rows: pa.Table, looked: Looked) -> pa.Table:
    names = [*SUMS[1:], *(f"{kind}_{name}" for name in looked.causes for kind in _SUMS_OF_CAUSES)]
    columns: dict[str, Any] = {"_area": rows.column("_area"), "households": pa.array([1] * rows.num_rows, pa.int64())}
    for name in names:
        one = rows.column(name)
        columns[name] = one.cast(pa.int64()) if pa.types.is_boolean(one.type) else one
    return _grouped(pa.table(columns))


def _grouped(table: pa.Table) -> pa.Table:
    names = [name for name in table.column_names if name != "_area"]
    found = table.group_by("_area").aggregate([(name, "sum") for name in names])
    return found.rename_columns([name.removesuffix("_sum") for name in found.column_names]).select(["_area", *names])


def _added(sums: Sequence[pa.Table]) -> pa.Table:
    found = _grouped(pa.concat_tables(sums)).sort_by("_area")
    for at, name in enumerate(found.column_names):
        if pa.types.is_floating(found.schema.field(name).type):  # sums are exact, in whatever order they were added
            found = found.set_column(at, name, pc.round(found.column(name), 6))
    return found


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return pq.ParquetWriter(
        path, schema, compression="snappy", use_dictionary=texts, write_statistics=["position", "_area"]
    )


def totals(rows: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """The sums over some places."""
    found: dict[str, Any] = {}
    for one in rows.values():
        for name, value in one.items():
            found[name] = found.get(name, 0) + value
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}
