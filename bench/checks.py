"""Checked before anything is timed, or beside it: bit for bit at any block and thread count, through Spark, against the judge."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from both import BUILD, ROOT
from equal import differences, results
from measured import plan_of, sources
from peers.program import Reader
from timing import child, task

from zhikun.engine.plan import Plan
from zhikun.engine.run import assess
from zhikun.engine.run.facts import load
from zhikun.engine.run.kernel import Kernel

SETTINGS = (
    (1, 16_384),
    (2, 4_096),
    (2, 16_384),
    (2, 65_536),
    (4, 1_000),
    (4, 16_384),
)  # threads, households in a block
COMPARISONS = frozenset({"lt", "le", "gt", "ge"})
FEN = 2  # decimals from which on a number is money or a ratio, not a count or a score


def same_bits(first: Path, second: Path) -> list[str]:
    """The columns of two result folders that are not the same to the last bit."""
    ours, theirs = results(first), results(second)
    if ours.schema.names != theirs.schema.names:
        return ["schema"]
    return [name for name in ours.column_names if not _same(ours.column(name), theirs.column(name))]


def _same(first: pa.ChunkedArray, second: pa.ChunkedArray) -> bool:
    if pa.types.is_floating(first.type):
        first, second = (pa.chunked_array([_bits(chunk) for chunk in c.chunks]) for c in (first, second))
    if pa.types.is_dictionary(first.type):
        first, second = first.cast(pa.string()), second.cast(pa.string())
    if pa.types.is_list(first.type):
        first, second = (c.cast(pa.list_(pa.string())) for c in (first, second))
    return bool(first.equals(second))


def _bits(chunk: pa.Array) -> pa.Array:
    """Floats as the whole numbers of their bits, so that 0.0 and -0.0 differ; unknown stays unknown."""
    known = chunk.is_valid().to_numpy(zero_copy_only=False)
    data = chunk.fill_null(0.0).to_numpy(zero_copy_only=False).view(np.int64)
    return pa.array(data, mask=~known)


def any_block_any_thread(facts: Path) -> dict[str, Any]:
    """Every setting against the first one."""
    first, found = None, {}
    for threads, block in SETTINGS:
        out = BUILD / "out" / f"bits-{threads}-{block}"
        child(task("ours", facts, out, threads, block))
        if first is None:
            first = out
        else:
            found[f"{threads} threads, blocks of {block}"] = same_bits(first, out)
    return {"equal": not any(found.values()), "different_columns": found}


def peers_agree(facts: Path, peers: dict[str, Sequence[str]], ours: Path) -> dict[str, Any]:
    """Each peer's results against ours, every shared column of every household."""
    found: dict[str, Any] = {}
    mine = results(ours)
    for name, command in peers.items():
        child(command)
        theirs = pq.read_table(command[-1])
        unequal, columns = differences(mine, theirs)
        found[name] = {"columns": columns, "households": theirs.num_rows, "different": unequal}
    return found


def spark_agrees(ours: Path, out: Path) -> dict[str, Any]:
    """What Spark wrote, in household order, against ours."""
    mine = results(ours)
    found = {}
    for name in ("kernel", "sql"):
        theirs = pq.read_table(out / name).sort_by("household")
        unequal, columns = differences(mine, theirs)
        found[name] = {"columns": columns, "households": theirs.num_rows, "different": unequal}
    return found


def head(facts: Path, households: int) -> dict[str, pa.Table]:
    """The facts of the first households of a folder."""
    tables = {}
    for entity, path in sources(str(facts)).items():
        table = pq.ParquetFile(path).read_row_group(0)
        ids = table.column("household").to_numpy()
        tables[entity] = table.slice(0, int(np.searchsorted(ids, households, side="right")))
    return tables


def on_a_threshold(plan: Plan, facts: dict[str, pa.Table]) -> np.ndarray:
    """Which households have an amount or a ratio exactly on the limit it is compared with (zero does not count)."""
    block = load(plan, facts)
    kernel = Kernel(plan, range(len(plan.instructions)))  # bands are read from tables: their comparisons too
    values = kernel.run(block.frame, block.values, keep_all=True)
    reader = Reader(plan)
    exact = np.zeros(block.frame.households, np.bool_)
    for instruction in plan.instructions:
        if instruction.op not in COMPARISONS or plan.instructions[instruction.args[0]].type != "number":
            continue
        (left, known), (right, also_known) = (values[slot] for slot in instruction.args)
        if instruction.space == "" or max(reader.decimals(slot) for slot in instruction.args) < FEN:
            continue
        equal = np.equal(left, right) & (np.not_equal(left, 0))
        for mask in (known, also_known):
            equal = equal if mask is None else equal & mask
        if instruction.space == "household":
            exact |= np.broadcast_to(equal, exact.shape)
        else:
            exact[
                np.repeat(np.arange(len(exact)), block.frame.rows[instruction.space].sizes)[np.flatnonzero(equal)]
            ] = True
    return exact


def judged(facts: Path, households: int) -> dict[str, Any]:
    """The engine against the exact evaluator of the tests, every named value of the first households."""
    sys.path.insert(0, str(ROOT))
    from tests.engine.judge import differences as judge  # noqa: PLC0415 - the tests' folder is found from here

    plan = plan_of()
    tables = head(facts, households)
    exact = int(on_a_threshold(plan, tables).sum())
    rows = _as_rows(plan, tables)
    found = judge(plan, rows, assess(plan, tables))
    return {"households": len(rows), "on_a_threshold": exact, "differences": len(found), "first": found[:5]}


def _as_rows(plan: Plan, tables: dict[str, pa.Table]) -> list[dict[str, list[dict[str, Any]]]]:
    """Tables as the judge takes them: each household's rows by entity, unknown facts left out."""
    ids = tables["household"].column("household").to_pylist()
    found: dict[int, dict[str, list[dict[str, Any]]]] = {i: {e: [] for e in plan.pack.entities} for i in ids}
    for entity, table in tables.items():
        for row in table.to_pylist():
            owner = row.pop("household")
            found[owner].setdefault(entity, []).append(
                {name: value for name, value in row.items() if value is not None}
            )
    return list(found.values())


def main() -> None:
    print(json.dumps(judged(Path(sys.argv[1]), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
