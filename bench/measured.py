"""One measured task in a process of its own; prints one JSON line, last.

    python bench/measured.py TASK [ARGUMENTS ...]

Times are inside the process: imports, and (except in `planning`) loading the pack, are over when the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from both import BUILD, DAY, build_root, plan

from zhikun.engine.packs import load as load_pack
from zhikun.engine.plan import make_plan
from zhikun.engine.run import Explainer, assess_files
from zhikun.engine.run.household import one_household
from zhikun.engine.run.whatif import compare_files, with_standard


class NoPandas:
    """Hides pandas: the product's environment has none, and Arrow would import the one that Spark's extra brought."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


ENTITIES = ("household", "member", "supporter", "dwelling", "vehicle")
MOVED = ("rural_line_year", 8000)  # what the what-if changes: 农村牧区低保标准, from 7500


def sources(folder: str) -> dict[str, Path]:
    """The facts of a folder."""
    return {entity: Path(folder) / f"{entity}.parquet" for entity in ENTITIES}


def ours(facts: str, out: str, threads: str = "2", block: str = "16384") -> dict[str, Any]:
    """Facts to results."""
    its_plan, files = plan_of(out), sources(facts)
    start = time.perf_counter()
    assess_files(its_plan, files, Path(out), threads=int(threads), block=int(block))
    return {"seconds": time.perf_counter() - start}


def plan_of(_out: str = "") -> Any:
    """The plan, from the packs that the run has built."""
    return plan(load_pack("both", build_root_once()))


def build_root_once() -> Path:
    """The folder of packs; the first process of a run builds it."""
    root = BUILD / "packs"
    return root if (root / "both" / "pack.yaml").exists() else build_root()


def read_write(facts: str, results: str, out: str) -> dict[str, Any]:
    """All facts read and the same results written, nothing computed: Arrow alone."""
    its_plan = plan_of()
    tables = {name: pq.read_table(Path(results) / f"{name}.parquet") for name in ("household", "ranks")}
    words = {
        entity: [s.name for s in its_plan.facts if s.entity == entity and s.type in ("choice", "place")]
        for entity in ENTITIES
    }
    Path(out).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for entity, path in sources(facts).items():
        pq.read_table(path, read_dictionary=words[entity])
    for name, table in tables.items():
        dictionaries = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
        pq.write_table(
            table,
            Path(out) / f"{name}.parquet",
            compression="snappy",
            use_dictionary=dictionaries,
            write_statistics=False,
        )
    return {"seconds": time.perf_counter() - start}


def what_if(facts: str, results: str) -> dict[str, Any]:
    """One standard moved, over the results of a full run."""
    base = plan_of()
    variant = make_plan(with_standard(base.pack, *MOVED, DAY), DAY)
    files = sources(facts)
    start = time.perf_counter()
    comparison = compare_files(base, variant, files, Path(results))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "changed": comparison.households.num_rows, "totals": comparison.totals}


def planning() -> dict[str, Any]:
    """From the pack's files to a plan."""
    root = build_root_once()
    start = time.perf_counter()
    pack = load_pack("both", root)
    loaded = time.perf_counter()
    make_plan(pack, DAY)
    done = time.perf_counter()
    return {"seconds": done - start, "loading": loaded - start, "planning": done - loaded}


def explaining(facts: str, count: str) -> dict[str, Any]:
    """Households from Arrow to plain values; then, from facts in memory, every value and the explanation as data; then its text."""
    its_plan = plan_of()
    explainer = Explainer(its_plan)
    tables = {entity: pq.ParquetFile(path).read_row_group(0) for entity, path in sources(facts).items()}
    ids = tables["household"].column("household").to_pylist()
    chosen = ids[:: max(1, len(ids) // int(count))][: int(count)]
    spent: dict[str, list[float]] = {"reading": [], "seconds": [], "text": []}

    def timed(kind: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        done = work()
        spent[kind].append(time.perf_counter() - start)
        return done

    own = [
        {entity: table.filter(pc.equal(table.column("household"), one)) for entity, table in tables.items()}
        for one in chosen
    ]
    alone = [timed("reading", lambda facts_=facts_: one_household(its_plan, facts_)) for facts_ in own]
    for one, facts_ in zip(chosen, alone, strict=True):
        timed("seconds", lambda one=one, facts_=facts_: explainer.explain(facts_, one))
    for one, facts_ in zip(chosen, alone, strict=True):
        explanation = explainer.explain(facts_, one)
        timed("text", explanation.text)
    return {name: sorted(times) for name, times in spent.items()}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "ours": ours, "read_write": read_write, "what_if": what_if, "planning": planning, "explaining": explaining,
}  # fmt: skip


if __name__ == "__main__":
    sys.meta_path.insert(0, NoPandas())
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
