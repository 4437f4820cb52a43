"""The part of a plan that a changed value reaches, over stored results: the rest is read, not computed.

The files are those that `assess_files` wrote, or others in the same shape whose households are named by a number that rises
from row to row (`keys`): then nobody has to compare a million long names.
"""

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

    def __init__(
        self,
        base: Plan,
        variant: Plan,
        sources: Mapping[str, Path],
        stored: Path,
        names: set[str],
        *,
        keys: tuple[str, str] = (ID, ID),
    ) -> None:
        """`names`: the columns of `stored`. `keys`: the column that names the household, in the facts and in `stored`."""
        same = unaffected(base, variant)
        self.variant = variant
        self.sources = sources
        self.stored = stored
        self.keys = keys
        self.given = {
            step.slot: step
            for step in variant.computed
            if (step.entity, step.name) in same and step.entity == ID and step.name in names and step.type != "choices"
        }
        self.same = same

    def moves(self, step: Step) -> bool:
        """Whether the change reaches this value."""
        return (ID, step.name) not in self.same

    def parts(
        self, steps: Sequence[Step], *, carried: Sequence[str] = (), within: tuple[int, int] | None = None
    ) -> Iterator[tuple[pa.Table, pa.Table, Any]]:
        """(base values, variant values, places) of the compared values, chunk by chunk.

        `carried`: further columns of the stored results that come along with the base values. `within`: only the rows from
        the first to before the last of the files.
        """
        moved = [self.variant.step(s.name) for s in steps if self.moves(s)]
        kernel = Kernel(self.variant, [step.slot for step in moved], frozenset(self.given))
        read = [self.given[slot] for slot in kernel.read if slot in self.given]
        place = next((s for s in self.variant.facts if s.entity == ID and s.type == "place"), None)
        with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(cpu_count() or 1) as pool:
            files = open_facts(self.variant, self.sources, Path(scratch), kernel, self.keys[0])
            old = ParquetRows(
                self.stored,
                list(dict.fromkeys([ID, *(s.name for s in steps), *(s.name for s in read), *carried])),
                [s.name for s in (*steps, *read) if s.type == "choice"],
                self.keys[1],
            )
            low, high = within or (0, files.households)
            waiting: deque[Future[tuple[pa.Table, pa.Table, Any]]] = deque()
            for first, last in _ranges(low, high):
                chunk = files.chunk(first, last)
                before = old.between(first, last)
                names = [ID, *(s.name for s in steps), *carried]
                waiting.append(pool.submit(self._chunk, kernel, chunk, before, read, moved, names, place))
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
        names: Sequence[str],
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
        variant = pa.table({
            name: pa.chunked_array(after[name]) if after.get(name) else before.column(name) for name in names
        })  # fmt: skip
        return before.select(names), variant, None if place is None else chunk.tables[ID].column(place.name)


def _ranges(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Chunks of the rows first..last-1; one empty chunk if there are none, so that results still have their columns."""
    for low in range(first, max(last, first + 1), CHUNK):
        yield low, min(low + CHUNK, last)


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
