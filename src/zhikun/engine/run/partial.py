"""The part of a plan that a changed value reaches, over stored results: the rest is read, not computed."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.engine.plan.model import Plan, Step
from zhikun.engine.run.assess import BLOCK
from zhikun.engine.run.facts import ID, Block, column_value, load
from zhikun.engine.run.files import CHUNK, Chunk, ParquetRows, open_facts
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.operations import Value
from zhikun.engine.run.results import columns
from zhikun.engine.run.unaffected import unaffected


class PartialRun:
    """Which named household values are taken from the base run, and the kernel for the others."""

    def __init__(self, base: Plan, variant: Plan, sources: Mapping[str, Path], stored: Path, names: set[str]) -> None:
        same = unaffected(base, variant)
        self.variant = variant
        self.sources = sources
        self.stored = stored
        self.given = {
            step.slot: step
            for step in variant.computed
            if (step.entity, step.name) in same and step.entity == ID and step.name in names and step.type != "choices"
        }
        self.same = same

    def parts(self, steps: Sequence[Step]) -> Iterator[tuple[pa.Table, pa.Table, Any]]:
        """(base values, variant values, places) of the compared values, chunk by chunk."""
        moved = [self.variant.step(s.name) for s in steps if (ID, s.name) not in self.same]
        kernel = Kernel(self.variant, [step.slot for step in moved], frozenset(self.given))
        read = [self.given[slot] for slot in kernel.read if slot in self.given]
        place = next((s for s in self.variant.facts if s.entity == ID and s.type == "place"), None)
        with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(cpu_count() or 1) as pool:
            files = open_facts(self.variant, self.sources, Path(scratch), kernel)
            old = ParquetRows(
                self.stored,
                list(dict.fromkeys([ID, *(s.name for s in steps), *(s.name for s in read)])),
                [s.name for s in (*steps, *read) if s.type == "choice"],
            )
            waiting: deque[Future[tuple[pa.Table, pa.Table, Any]]] = deque()
            for first, last in files.ranges(CHUNK):
                chunk = files.chunk(first, last)
                before = old.between(first, last)
                waiting.append(pool.submit(self._chunk, kernel, chunk, before, read, moved, steps, place))
                if len(waiting) > (cpu_count() or 1) + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _chunk(
        self,
        kernel: Kernel,
        chunk: Chunk,
        before: pa.Table,
        read: Sequence[Step],
        moved: Sequence[Step],
        steps: Sequence[Step],
        place: Step | None,
    ) -> tuple[pa.Table, pa.Table, Any]:
        whole = load(self.variant, chunk.tables, starts=chunk.starts, only=kernel)
        stored = {step.slot: _stored(step, before) for step in read}
        after: dict[str, list[Any]] = {step.name: [] for step in moved}
        for first in range(0, whole.frame.households, BLOCK):
            last = min(first + BLOCK, whole.frame.households)
            part: Block = whole.part(first, last)
            given = {slot: (d[first:last], None if k is None else k[first:last]) for slot, (d, k) in stored.items()}
            values = kernel.run(part.frame, part.values, given=given)
            for step in moved:
                value = values[step.slot]
                if value is not None:
                    after[step.name].append(columns(step, value, last - first)[step.name])
        table = before.select([ID, *(s.name for s in steps)])
        variant = pa.table({
            ID: before.column(ID),
            **{s.name: pa.chunked_array(after[s.name]) if after.get(s.name) else before.column(s.name) for s in steps},
        })  # fmt: skip
        return table, variant, None if place is None else chunk.tables[ID].column(place.name)


def _stored(step: Step, table: pa.Table) -> Value:
    """A stored result as the kernel holds it. Computed numbers are clean and may be larger than facts."""
    if step.type != "number":
        return column_value(_as_fact(step), table, table.num_rows)
    column = table.column(step.name).combine_chunks()
    known = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
    return column.fill_null(0.0).to_numpy(zero_copy_only=False), known


def _as_fact(step: Step) -> Fact:
    """A stored result read back the way a fact is."""
    rule = step.rule
    if rule is None:
        raise KeyError(step.name)
    return Fact(
        step.name,
        ID,
        step.title,
        step.type,
        step.source,
        rule.at,
        step.unit,
        6,
        choices=dict(zip(step.codes, step.labels, strict=True)),
    )
