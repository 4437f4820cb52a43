"""Measures everything that is promised, against peers in the same run: `make bench`.

    python bench/run.py --peers .venv-bench/bin/python [--households N] [--only NAME ...] [--quick]

Writes bench/results/<date>.json always, docs/benchmarks.md after a full run. Exit code 1 when a figure is not reached.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from both import DAY, ROOT, build_root, plan  # noqa: E402 - the folder of the scripts comes first
from figures import MEASUREMENTS, Run, add_stored, stored  # noqa: E402 - the folder of the scripts comes first
from peers.generate import generate  # noqa: E402 - the folder of the scripts comes first
from report import page  # noqa: E402 - the folder of the scripts comes first

FULL = 1_000_000
SIZES = (10_000, 100_000, 1_000_000, 3_000_000)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    packages = {name: version(name) for name in ("numpy", "pyarrow", "duckdb")}
    return {
        "processor": f"{model}, {os.cpu_count()} logical", "memory": f"{memory:.0f} GiB", "python": platform.python_version(),
        **packages, "load before": f"{os.getloadavg()[0]:.1f}",
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="the interpreter that has pandas and openfisca-core")
    parser.add_argument("--households", type=int, default=FULL)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="just these; may be repeated")
    parser.add_argument("--skip", action="append", default=[], choices=list(MEASUREMENTS), help="all but these")
    parser.add_argument(
        "--spark-households", type=int, help="fewer for Spark, whose SQL is slow (default: as --households)"
    )
    parser.add_argument(
        "--after", action="append", default=[], type=Path, metavar="FILE",
        help="results of another run on this machine: with its measurements the page is whole; may be repeated",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="20,000 households, one round: does everything work?")
    options = parser.parse_args()
    households, rounds = (20_000, 1) if options.quick else (options.households, options.rounds)
    sizes = tuple(n for n in SIZES if n <= 3 * households) if not options.quick else (2_000, 20_000)
    judged = min(10_000, sizes[0]) if not options.quick else 500
    build_root()
    its_plan = plan()
    generate(its_plan)
    run = Run(households, rounds, options.peers, sizes, judged)
    run.on_spark = options.spark_households or households
    described = machine() | {"pack": f"{len(its_plan.computed)} named values, on {DAY}"}
    failed = False
    measured = [name for path in options.after for name in add_stored(run, path)]
    chosen = [n for n in options.only or MEASUREMENTS if n not in options.skip and n not in measured]
    for name in chosen:
        print(f"{name}:", flush=True)
        try:
            MEASUREMENTS[name](run)
        except Exception as error:  # noqa: BLE001 - one figure that cannot be measured does not hide the others
            failed = True
            run.add(name, f"could not be measured: {type(error).__name__}: {str(error)[-600:]}", "", reached=False)
    now = datetime.now(UTC)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / f"{now:%Y-%m-%d-%H%M}.json").write_text(stored(run, [*measured, *chosen]), encoding="utf-8")
    if set(MEASUREMENTS) <= {*measured, *chosen} and not options.quick:
        (ROOT / "docs" / "benchmarks.md").write_text(page(run, described, f"{now:%Y-%m-%d}"), encoding="utf-8")
    missed = [figure.name for figure in run.figures if figure.reached is False]
    print("\nNot reached: " + "; ".join(missed) if missed else "\nEvery figure reached.")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
