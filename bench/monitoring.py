"""The month of a province and of the nation: whole commands, each a process of its own, against the same in pandas.

    python bench/monitoring.py --peers .venv-bench/bin/python [--only NAME ...] [--people N] [--quick]

As in bench/run.py every figure says what was asked of it. Data are generated below build/bench/monitoring (4 GB for everything).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from both import BUILD, ROOT  # noqa: E402 - the folder of the scripts comes first
from figures import Run  # noqa: E402 - the folder of the scripts comes first
from timing import GIB, Failed  # noqa: E402 - the folder of the scripts comes first

MONTH, BEFORE = "2026-09", "2026-08"
PROVINCE, NATION, NATION_ROWS = 4_200_000, 80_000_000, 12_000_000
LISTS = ("inpatients", "chronic_illness", "disability_certificates", "unemployed", "college_admissions")
FOLDER = BUILD / "monitoring"
#: The product's environment has no pandas; Arrow would import the one that Spark's extra brings.
START = """
import sys
class NoPandas:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoPandas())
from zhikun.cli import main
main()
"""


@dataclass(slots=True)
class Spent:
    """Wall and CPU seconds of several runs, and the peak of the largest process."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def text(self) -> str:
        times = f"{self.median:.1f} s (CPU {statistics.median(self.cpu):.1f} s"
        return f"{times}, runs: {len(self.seconds)}), peak {max(self.peak):.2f} GiB"

    def data(self) -> dict[str, list[float]]:
        return {"seconds": self.seconds, "cpu_seconds": self.cpu, "peak_gib": self.peak}


def whole(command: Sequence[str], into: Spent | None = None, good: Sequence[int] = (0, 1)) -> str:
    """Runs a command from its start to its end; what it printed."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED")
    environment = {k: v for k, v in os.environ.items() if k not in dropped}
    environment |= {"ZHIKUN_KEYS": str(FOLDER / "keys.json"), "PYTHONPATH": str(ROOT / "src")}
    launched = [sys.executable, "-I", "-S", str(HERE / "launch.py"), *map(str, command)]
    start = time.perf_counter()
    done = subprocess.run(
        launched, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment, check=False
    )
    seconds = time.perf_counter() - start
    lines = done.stdout.strip().splitlines()
    if done.returncode not in good:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}")
    usage = json.loads(lines[-1])
    if into is not None:
        into.seconds.append(seconds)
        into.cpu.append(usage["cpu"])
        into.peak.append(usage["peak"] / GIB)
    return "\n".join(lines[:-1])


def zhikun(*arguments: object) -> list[str]:
    return [sys.executable, "-c", START, *map(str, arguments)]


def monitor_run(data: Path, month: str = MONTH) -> list[str]:
    return zhikun("monitor", "run", "--month", month, "--pack", "gansu", "--data", data)


def receive(files: Path, data: Path, lists: Sequence[str], month: str) -> list[str]:
    each = [part for one in lists for part in ("--each", f"{one}={files / one / f'{month}.csv'}")]
    return zhikun("lists", "receive", *each, "--period", month, "--pack", "gansu", "--data", data, "--by", "bench")


def _keys() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "keys.json").exists():
        whole(zhikun("keys", "init"))


def prepared(people: int) -> tuple[Path, Path]:
    """The files of two months, and a data folder in which the last one's population lies and the month before is screened."""
    _keys()
    files, data = FOLDER / f"files-{people}", FOLDER / f"data-{people}"
    if not (data / "ready").exists():
        shutil.rmtree(data, ignore_errors=True)
        if not files.exists():
            made = ["demo", "months", "--like", "province", "--people", people, "--months", 2, "--from", BEFORE]
            whole(zhikun(*made, "--out", files))
        monthly = [one for one in LISTS if (files / one / f"{BEFORE}.csv").exists()]
        whole(receive(files, data, ["population", *monthly], BEFORE))
        whole(monitor_run(data, BEFORE))
        whole(receive(files, data, ["population"], MONTH))
        (data / "ready").touch()
    return files, data


def _fresh(data: Path, name: str = "now") -> Path:
    """A copy to be written in; unchanging files are shared."""
    copy = FOLDER / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy, copy_function=os.link)
    return copy


def province(run: Run, people: int) -> None:
    """Five lists as CSV, from receipt to warnings, with last month's state; the population was received before."""
    files, data = prepared(people)
    received, screened, both, peer = Spent(), Spent(), Spent(), Spent()
    copy = data
    for number in range(run.rounds + 1):
        copy = _fresh(data)
        parts = [Spent(), Spent()]
        whole(receive(files, copy, LISTS, MONTH), parts[0])
        whole(monitor_run(copy), parts[1])
        theirs = Spent()
        out = _peer(run, files, data, people, theirs) if run.peers else None
        if number:
            for one, part in zip((received, screened), parts, strict=True):
                _add(one, part)
            _add(peer, theirs)
            both.seconds.append(sum(part.seconds[0] for part in parts))
            both.cpu.append(sum(part.cpu[0] for part in parts))
            both.peak.append(max(part.peak[0] for part in parts))
        elif out is not None:
            _must_agree(run, copy, out)
    run.raw["province"] = {"receive": received.data(), "run": screened.data(), "pandas": peer.data()}
    run.add(f"{people:,} people watched: five lists received", received.text)
    run.add(f"{people:,} people watched: zhikun monitor run", screened.text)
    run.add("the same, together", both.text, "peak below 0.5 GiB", max(both.peak) < 0.5)
    if run.peers:
        ratio = peer.median / both.median
        run.add("pandas, the same work: receipts, warnings with reasons, households, state", peer.text)
        run.add("times as fast as pandas", f"{ratio:.2f}", "at least 8", ratio >= 8)
    _floors(run, files, copy, peer)


def _floors(run: Run, files: Path, data: Path, peer: Spent) -> None:
    """What takes its time however the month is worked out, beside an eighth of the peer: docs/decisions/0012."""
    tasks = [sys.executable, str(HERE / "monitoring_tasks.py")]
    asked = [*tasks, "floor", str(files), MONTH, str(FOLDER / "keys.json")]
    least = [json.loads(whole(asked, good=(0,)).splitlines()[-1])["seconds"] for _round in range(run.rounds)]
    eighth = f"; an eighth of pandas is {peer.median / 8:.1f} s" if run.peers else ""
    run.add(
        "only reading the five files and making their tokens, in two processes",
        f"{statistics.median(least):.1f} s{eighth}",
    )
    asked, bare = [*tasks, "carried", str(files), str(data), BEFORE, MONTH], []
    for _round in range(run.rounds):
        starts = Spent()
        whole(zhikun("lists", "receive", "--help"), starts)
        whole(zhikun("monitor", "run", "--help"), starts)
        found = json.loads(whole(asked, good=(0,)).splitlines()[-1])
        bare.append({"starting": sum(starts.seconds), "reading": found["reading"], "writing": found["writing"]})
    parts = {name: statistics.median(one[name] for one in bare) for name in bare[0]}
    told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items())
    run.add(
        "only starting both commands, reading the files, and writing the same tables again",
        f"{statistics.median(sum(one.values()) for one in bare):.1f} s ({told}){eighth}",
    )
    run.raw["floors"] = {"tokens": least, "bare": bare}


def _add(total: Spent, one: Spent) -> None:
    total.seconds += one.seconds
    total.cpu += one.cpu
    total.peak += one.peak


def _peer(run: Run, files: Path, data: Path, people: int, into: Spent) -> Path:
    """The peer's month; its month before is made once and not timed."""
    key = json.loads(whole([sys.executable, str(HERE / "monitoring_tasks.py"), "key", str(FOLDER / "keys.json")]))
    out = FOLDER / f"peer-{people}"
    script = [str(run.peers), str(HERE / "monitoring_peer.py"), str(files), "--key", key["key"], "--data", str(out)]

    def month(name: str) -> list[str]:
        due = json.loads(whole([sys.executable, str(HERE / "monitoring_tasks.py"), "due", name]))
        days = FOLDER / f"days-{name}.json"
        days.write_text(json.dumps(due), encoding="utf-8")
        rows = data / "lists" / "population" / name / "001" / "rows.parquet"
        return [*script, "--month", name, "--on", due["on"], "--calendar", str(days), "--people", str(rows)]

    if not (out / "screening" / BEFORE / "run.json").exists():
        whole(month(BEFORE), good=(0,))
    whole(month(MONTH), into, good=(0,))
    return out


def _must_agree(run: Run, ours: Path, theirs: Path) -> None:
    """Every column of the month's warnings, households and state, of the rows received and of their receipts."""
    asked = [sys.executable, str(HERE / "monitoring_tasks.py"), "agree", str(ours), MONTH, str(theirs)]
    found = json.loads(whole(asked, good=(0,)))
    if found["different"]:
        raise Failed(f"pandas does not give our results, so its time means nothing: {found}")
    run.add("pandas: equal results", f"{found['rows']['warnings']:,} warnings", "every value", reached=True)


def alone(run: Run, people: int) -> None:
    """Matching and scoring without receipt and writing, against reading the columns they use."""
    _files, data = prepared(people)
    copy = _fresh(data)
    whole(receive(_files, copy, LISTS, MONTH))
    found = [
        json.loads(
            whole([sys.executable, str(HERE / "monitoring_tasks.py"), "alone", str(copy), MONTH]).splitlines()[-1]
        )
        for _round in range(run.rounds)
    ]
    reading, matching = (statistics.median(one[name] for one in found) for name in ("reading", "matching"))
    run.raw["alone"] = found
    run.add("matching and scoring alone, times of reading the files", f"{matching / reading:.1f} ({matching:.1f} s, {reading:.1f} s)",
            "at most 4", matching <= 4 * reading)  # fmt: skip


def _generated(people: int, rows: int, months: int = 1) -> Path:
    _keys()
    data = FOLDER / f"tokens-{people}-{months}"
    if not (data / "ready").exists():
        shutil.rmtree(data, ignore_errors=True)
        whole([sys.executable, str(HERE / "monitoring_data.py"), str(data), "--keys", str(FOLDER / "keys.json"),
               "--people", str(people), "--rows", str(rows), "--months", str(months)])  # fmt: skip
        (data / "ready").touch()
    return data


def nation(run: Run, people: int) -> None:
    """From tokens in Parquet to warnings, the whole command."""
    rows = people * NATION_ROWS // NATION
    copy, spent = _fresh(_generated(people, rows), "nation"), Spent()
    whole(monitor_run(copy), spent)
    shutil.rmtree(copy)
    run.raw["nation"] = spent.data()
    run.add(f"{people:,} people watched, {rows:,} list rows, tokens to warnings", spent.text, "peak below 3 GiB",
            max(spent.peak) < 3)  # fmt: skip


def watched(run: Run, people: int) -> None:
    """CPU seconds of a month, as the people watched and the lists grow together."""
    spent: dict[int, Spent] = {}
    for count in (people // 4, people, people * 4):
        spent[count] = Spent()
        for _round in range(run.rounds):
            copy = _fresh(_generated(count, count * NATION_ROWS // NATION), "growth")
            whole(monitor_run(copy), spent[count])
            shutil.rmtree(copy)
    first, *_middle, last = spent
    least = {count: min(one.cpu) for count, one in spent.items()}
    steeper = least[last] / least[first] / (last / first)
    run.raw["watched"] = {str(count): one.data() for count, one in spent.items()}
    run.add("growth with the people watched, against linear", f"{steeper:.2f} (" + ", ".join(
        f"{count:,}: {seconds:.1f} s" for count, seconds in least.items()) + ")", "at most 1.1", steeper <= 1.1)  # fmt: skip


def again(run: Run, people: int) -> None:
    """A month of which one row in a hundred is new, after one that was all new: see docs/reference/monitoring.md."""
    data = _fresh(_generated(people, people * NATION_ROWS // NATION, 2), "again")
    spent, first = Spent(), Spent()
    whole(monitor_run(data, BEFORE), first)
    whole(monitor_run(data), spent)
    shutil.rmtree(data)
    run.raw["again"] = {"first": first.data(), "second": spent.data()}
    run.add(f"{people:,} people watched, a first month", first.text)
    share = spent.cpu[0] / first.cpu[0]
    run.add(
        "the next month, in which one row of a hundred is new, last month's state included",
        f"{spent.text}, {share:.2f} of the first",
    )


MEASUREMENTS: dict[str, tuple[Callable[[Run, int], None], int]] = {
    "province": (province, PROVINCE), "alone": (alone, PROVINCE), "nation": (nation, NATION), "watched": (watched, PROVINCE),
    "again": (again, PROVINCE),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the interpreter that has pandas")
    parser.add_argument("--people", type=int, help="other than 4.2 million, or 80 million for the nation")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="20,000 people, one round: does everything work?")
    options = parser.parse_args()
    run = Run(0, 1 if options.quick else options.rounds, options.peers, (), 0)
    for name in options.only or MEASUREMENTS:
        measure, people = MEASUREMENTS[name]
        measure(run, options.people or (20_000 if options.quick else people))
    body: dict[str, Any] = {"figures": [vars_of(one) for one in run.figures], "raw": run.raw}
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / f"monitoring-{time.strftime('%Y-%m-%d-%H%M')}.json").write_text(
        json.dumps(body, indent=1), encoding="utf-8"
    )
    return 1 if any(figure.reached is False for figure in run.figures) else 0


def vars_of(figure: Any) -> dict[str, Any]:
    return {"name": figure.name, "value": figure.value, "target": figure.target, "reached": figure.reached}


if __name__ == "__main__":
    sys.exit(main())
