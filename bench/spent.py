"""Where the engine's time goes: seconds of CPU by stage and by operation, one thread.

python bench/spent.py build/bench/facts-200000
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from both import plan

from zhikun.engine.run import facts as reading
from zhikun.engine.run import files, kernel

assessing = importlib.import_module("zhikun.engine.run.assess")  # the room's `assess` is the function

spent: dict[str, float] = defaultdict(float)
calls: dict[str, int] = defaultdict(int)


def timed(name: str, function: Any) -> Any:
    """The function, its CPU time added up under a name."""

    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.thread_time() - start
            calls[name] += 1

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path)
    options = parser.parse_args()
    sources = {path.stem: path for path in options.facts.glob("*.parquet")}
    its_plan = plan()
    for name, operation in list(kernel.OPERATIONS.items()):
        kernel.OPERATIONS[name] = timed(f"operation {name}", operation)
    for kind, reader in list(reading._READERS.items()):  # noqa: SLF001 - a profile looks inside
        reading._READERS[kind] = timed(f"facts {kind}", reader)  # noqa: SLF001 - a profile looks inside
    assessing.columns = timed("results to Arrow", assessing.columns)
    files.load = timed("stage facts to arrays", files.load)
    kernel.Kernel.run = timed("stage kernel", kernel.Kernel.run)
    files.ParquetRows.between = timed("stage read Parquet", files.ParquetRows.between)
    files.ResultFiles.write = timed("stage write Parquet", files.ResultFiles.write)
    files.ranks = timed("stage ranks", files.ranks)
    files.open_facts = timed("stage open files", files.open_facts)
    start, cpu = time.perf_counter(), time.process_time()
    files.assess_files(its_plan, sources, Path("build/bench/out/profile"), threads=1)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    households = pq.read_metadata(sources["household"]).num_rows
    print(f"{households} households: {wall:.2f} s, {cpu:.2f} s of CPU")
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{seconds:8.3f} s {100 * seconds / cpu:5.1f} %  {calls[name]:6d}  {name}")


if __name__ == "__main__":
    main()
