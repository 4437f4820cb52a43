"""Each figure: how it is measured, what was asked of it, and whether it was reached."""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import data
from both import BUILD, ROOT
from checks import any_block_any_thread, peers_agree, spark_agrees
from measured import MOVED, plan_of
from timing import Failed, Times, child, interleaved, task


@dataclass(slots=True)
class Figure:
    """One line of the table. `reached` is None where nothing was asked of it."""

    name: str
    value: str
    target: str = ""
    reached: bool | None = None


@dataclass(slots=True)
class Run:
    """What the measurements share: sizes, rounds, the peers' interpreter; figures and raw data as they come."""

    households: int
    rounds: int
    peers: Path | None
    sizes: tuple[int, ...]
    judged: int
    on_spark: int = 0
    figures: list[Figure] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def facts(self, households: int | None = None, unknown: float = 0.0) -> Path:
        """Generated facts of this many households, made once."""
        count = households or self.households
        folder = BUILD / f"facts-{count}{'-unknown' if unknown else ''}"
        its_plan, mark = plan_of(), folder / "made-for"
        if not mark.exists() or mark.read_text() != its_plan.pack.hash:
            print(f"  generating {count} households{' with unknown facts' if unknown else ''} ...", flush=True)
            data.write(its_plan, count, folder, unknown)
            mark.write_text(its_plan.pack.hash)
        return folder

    def peer(self, name: str, facts: Path) -> list[str]:
        """The command of a peer."""
        out = BUILD / "out" / f"{name}.parquet"
        return [str(self.peers), str(BUILD / "peers" / f"run_{name}.py"), str(facts), str(out)]

    def add(self, name: str, value: str, target: str = "", reached: bool | None = None) -> None:
        figure = Figure(name, value, target, reached)
        self.figures.append(figure)
        print(
            f"  {'' if reached is None else '[reached] ' if reached else '[NOT REACHED] '}{name}: {value} {target}",
            flush=True,
        )


def _spread(times: Times) -> str:
    return f"{times.median:.2f} s ({min(times.seconds):.2f}-{max(times.seconds):.2f}), peak {times.memory:.2f} GiB"


def batch(run: Run) -> None:
    """The whole job against the peers, against reading and writing alone, and with unknown facts; peers equal first."""
    facts, unknown, out = run.facts(), run.facts(unknown=0.05), BUILD / "out" / "ours"
    out.mkdir(parents=True, exist_ok=True)
    child(task("ours", facts, out))
    peers = {name: run.peer(name, facts) for name in ("openfisca", "pandas")} if run.peers else {}
    agreed = peers_agree(facts, peers, out)
    run.raw["peers"] = agreed
    for name, found in agreed.items():
        if found["different"]:
            raise Failed(f"{name} does not give our results, so its time means nothing: {found['different']}")
        run.add(
            f"{name}: equal results",
            f"{found['columns']} columns of {found['households']:,} households",
            "every value",
            True,
        )
    commands = {
        "zhikun": task("ours", facts, out),
        **peers,
        "zhikun, 5 % unknown": task("ours", unknown, BUILD / "out" / "ours-unknown"),
        "read and write": task("read_write", facts, out, BUILD / "out" / "read-write"),
        "what-if": task("what_if", facts, out),
    }
    times = interleaved(commands, run.rounds)
    run.raw["batch"] = {name: t.data() for name, t in times.items()}
    ours = times["zhikun"]
    people = f"{run.households:,} households, Parquet to Parquet"
    run.add(f"zhikun, 2 threads, {people}", _spread(ours))
    run.add("zhikun, 5 % of the facts unknown", _spread(times["zhikun, 5 % unknown"]))
    for name, wanted in (("openfisca", 2.0), ("pandas", 2.4)):
        if name in times:
            ratio = times[name].median / ours.median
            run.add(name, _spread(times[name]))
            run.add(f"times as fast as {name}", f"{ratio:.2f}", f"at least {wanted}", ratio >= wanted)
    if "openfisca" in times:
        share = ours.memory / times["openfisca"].memory
        run.add("peak memory, share of OpenFisca's", f"{share:.2f}", "at most 0.45", share <= 0.45)
    alone = times["read and write"]
    run.add("reading and writing alone", _spread(alone))
    run.add(
        "times of reading and writing alone",
        f"{ours.median / alone.median:.2f}",
        "at most 6",
        ours.median <= 6 * alone.median,
    )
    share = times["what-if"].median / ours.median
    run.add(f"what-if ({MOVED[0]} to {MOVED[1]})", _spread(times["what-if"]))
    run.add("what-if, share of a full run", f"{share:.2f}", "at most 0.33", share <= 1 / 3)


def growth(run: Run) -> None:
    """From small to large, each size in turn."""
    commands = {str(n): task("ours", run.facts(n), BUILD / "out" / f"growth-{n}") for n in run.sizes}
    times = interleaved(commands, run.rounds)
    run.raw["growth"] = {name: t.data() for name, t in times.items()}
    for name, t in times.items():
        run.add(f"{int(name):,} households", f"{_spread(t)}, {1e6 * t.median / int(name):.2f} microseconds a household")
    small, large = run.sizes[0], run.sizes[-1]
    steepness = times[str(large)].median / times[str(small)].median / (large / small)
    exponent = math.log(times[str(large)].median / times[str(small)].median) / math.log(large / small)
    run.add(f"growth from {small:,} to {large:,}", f"{steepness:.2f} x linear, exponent {exponent:.2f}", "at most 1.1 x linear",
            steepness <= 1.1)  # fmt: skip


ASKED_BESIDE = 6.7  # ms of OpenFisca's values alone on the machine for which the limits were set


def explained(run: Run) -> None:
    """One household at a time: in ms, and as shares of what OpenFisca takes beside us, for ms belong to a machine."""
    answers = [child(task("explaining", run.facts(run.sizes[0]), 400))[0] for _round in range(run.rounds)]
    unknown = [child(task("explaining", run.facts(run.sizes[0], 0.05), 400))[0] for _round in range(run.rounds)]
    alone = (
        [child([*run.peer("openfisca", run.facts(run.sizes[0]))[:-1], "alone=100"])[0] for _ in range(2)]
        if run.peers
        else []
    )
    text, reading = ([1000 * statistics.median(a[part]) for a in answers] for part in ("text", "reading"))
    (medians, high), (medians_unknown, high_unknown) = _milliseconds(answers), _milliseconds(unknown)
    run.raw["explained"] = {"median_ms": medians, "p95_ms": high, "text_ms": text, "reading_ms": reading,
                            "unknown_median_ms": medians_unknown, "unknown_p95_ms": high_unknown}  # fmt: skip
    median, p95 = statistics.median(medians), statistics.median(high)
    run.raw["explained"]["openfisca_median_ms"] = theirs = (
        statistics.median(1000 * statistics.median(a["seconds"]) for a in alone) if alone else None
    )
    if theirs is not None:
        run.add("OpenFisca's values of one household alone, median", f"{theirs:.2f} ms")
    for name, ours, limit in (("median", median, 2.0), ("95th percentile", p95, 5.0)):
        run.add(
            f"one household evaluated and explained, {name}", f"{ours:.2f} ms", f"under {limit:.0f} ms", ours < limit
        )
        if theirs is not None:
            share, asked = ours / theirs, limit / ASKED_BESIDE
            run.add(f"the {name}, share of OpenFisca's values alone", f"{share:.2f}",
                    f"at most {asked:.2f} ({limit:.0f} of {ASKED_BESIDE} ms)", share <= asked)  # fmt: skip
    run.add("the same with 5 % of the facts unknown, median and 95th percentile",
            f"{statistics.median(medians_unknown):.2f} ms, {statistics.median(high_unknown):.2f} ms")  # fmt: skip
    run.add("its facts from Arrow to values, before that", f"{statistics.median(reading):.2f} ms")
    run.add("its explanation as text, after that", f"{statistics.median(text):.2f} ms")


def _milliseconds(answers: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """The median and the 95th percentile of each round."""
    rounds = [answer["seconds"] for answer in answers]
    return [1000 * statistics.median(r) for r in rounds], [1000 * statistics.quantiles(r, n=20)[-1] for r in rounds]


def planning(run: Run) -> None:
    """Loading and checking the pack's files, then the plan."""
    answers = [child(task("planning"))[0] for _round in range(run.rounds + 1)][1:]
    found = {key: statistics.median(a[key] for a in answers) for key in ("seconds", "loading", "planning")}
    run.raw["planning"] = answers
    run.add("pack loading and planning", f"{found['seconds']:.2f} s ({found['loading']:.2f} + {found['planning']:.2f})",
            "under 0.5 s", found["seconds"] < 0.5)  # fmt: skip


def spark(run: Run) -> None:
    """Spark local[2], warm, one session; the kernel against SQL."""
    facts, out, ours = run.facts(run.on_spark), BUILD / "out" / "spark", BUILD / "out" / "ours-spark"
    child(task("ours", facts, ours))
    answer, peak = child(
        [sys.executable, str(ROOT / "bench" / "spark.py"), str(facts), str(out), str(max(run.rounds, 1))]
    )
    agreed = spark_agrees(ours, out)
    run.raw["spark"] = {**answer, "driver_peak_gib": peak, "agreed": agreed}
    for name, found in agreed.items():
        if found["different"]:
            raise Failed(f"Spark {name} does not give our results, so its time means nothing: {found['different']}")
        run.add(
            f"Spark {name}: equal results",
            f"{found['columns']} columns of {found['households']:,} households",
            "every value",
            True,
        )
    kernel, sql = (statistics.median(answer[name]) for name in ("kernel", "sql"))
    run.add(f"Spark local[2], our kernel, {run.on_spark:,} households", f"{kernel:.2f} s")
    run.add("Spark local[2], the same rules as SQL", f"{sql:.2f} s")
    run.add("kernel, times as fast as Spark SQL", f"{sql / kernel:.2f}", "at least 3", sql >= 3 * kernel)


def equality(run: Run) -> None:
    """Bit for bit at any block and thread count."""
    found = run.raw["equality"] = any_block_any_thread(run.facts())
    count = len(found["different_columns"]) + 1
    run.add("equal bit for bit", f"{count} settings of threads (1, 2, 4) and blocks, {run.households:,} households",
            "every value", found["equal"])  # fmt: skip
    unknown = run.raw["equality, unknown"] = any_block_any_thread(run.facts(run.sizes[0], unknown=0.05))
    run.add(
        "equal bit for bit with unknown facts",
        f"{count} settings, {run.sizes[0]:,} households",
        "every value",
        unknown["equal"],
    )


def judge(run: Run) -> None:
    """The exact evaluator of the tests on complete facts, and on some with unknown ones."""
    for unknown, count in ((0.0, run.judged), (0.05, max(run.judged // 5, 100))):
        command = [sys.executable, str(ROOT / "bench" / "checks.py"), str(run.facts(run.sizes[0], unknown)), str(count)]
        found = run.raw[f"judge {unknown}"] = child(command)[0]
        needed = 500 if run.judged >= 10_000 and not unknown else 0
        run.add(
            f"exact judge{', 5 % unknown' if unknown else ''}",
            f"{found['differences']} differences in {found['households']:,} households, "
            f"{found['on_a_threshold']:,} of them exactly on a threshold",
            "no difference" + (f", at least {needed} on a threshold" if needed else ""),
            found["differences"] == 0 and found["on_a_threshold"] >= needed,
        )  # fmt: skip


def county(run: Run) -> None:
    """`zhikun assess` of the demo county's workbook to all written reports, the whole command."""
    import subprocess  # noqa: PLC0415 - only this figure starts the command line

    zhikun = [str(Path(sys.executable).with_name("zhikun"))]
    workbook, out = BUILD / "county.xlsx", BUILD / "out" / "county"
    subprocess.run([*zhikun, "demo", "county", "--like", "yuanzhou", "--seed", "1", "--out", str(workbook)],
                   check=True, cwd=ROOT, stdout=subprocess.DEVNULL)  # fmt: skip
    command = [*zhikun, "assess", str(workbook), "--pack", "yuanzhou", "--on", "2023-11-30", "--out", str(out)]
    seconds = []
    for _round in range(run.rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    run.raw["county"] = seconds
    written = ", ".join(sorted(path.name for path in out.iterdir()))
    run.add(
        "zhikun assess of the demo county, whole command",
        f"{statistics.median(seconds):.2f} s, writes {written}",
        "published",
        True,
    )


def linkage(run: Run) -> None:
    """FEBRL 1-4: who is who, against the labels."""
    found = run.raw["linkage"] = child([sys.executable, str(ROOT / "bench" / "linkage.py"), "--json"])[0]
    for row in found["rows"]:
        run.add(*row)


def kills(run: Run) -> None:
    """Files of a month received and screened, killed and begun again."""
    count, people = (500, 100_000) if run.rounds > 1 else (20, 5_000)
    command = [sys.executable, str(ROOT / "bench" / "kills.py"), "--kills", str(count), "--people", str(people)]
    found = run.raw["kills"] = child(command)[0]
    run.add(
        f"kill -9 at random moments of a month of {people:,} people, from receipt to warnings",
        f"{found['killed']} kills in {found['seconds']:.0f} s, {found['finished']} times to the end; "
        f"{found['different']} results that differ",
        f"{count} kills, no result that differs",
        found["different"] == 0 and found["killed"] >= count,
    )


def _of_the_month(name: str) -> Callable[[Run], None]:
    def measure(run: Run) -> None:
        from monitoring import MEASUREMENTS as MONTH  # noqa: PLC0415 - it builds on this module

        work, people = MONTH[name]
        work(run, people if run.rounds > 1 else 20_000)

    return measure


MEASUREMENTS: dict[str, Callable[[Run], None]] = {
    "planning": planning, "explained": explained, "batch": batch, "growth": growth, "equality": equality, "judge": judge,
    "spark": spark, "county": county, "linkage": linkage, "kills": kills,
    **{name: _of_the_month(name) for name in ("province", "alone", "nation", "watched", "again")},
}  # fmt: skip


def stored(run: Run, measured: Sequence[str]) -> str:
    """The run as JSON."""
    figures = [{"name": f.name, "value": f.value, "target": f.target, "reached": f.reached} for f in run.figures]
    body = {
        "households": run.households,
        "rounds": run.rounds,
        "measured": list(measured),
        "figures": figures,
        "raw": run.raw,
    }
    return json.dumps(body, ensure_ascii=False, indent=1)


def add_stored(run: Run, path: Path) -> list[str]:
    """Puts the figures of an earlier run of this size before this run's; returns what it measured."""
    body = json.loads(path.read_text(encoding="utf-8"))
    if body["households"] != run.households:
        raise SystemExit(f"{path} is a run of {body['households']} households, this one of {run.households}")
    run.figures.extend(Figure(**figure) for figure in body["figures"])
    run.raw |= body["raw"]
    measured: list[str] = body["measured"]
    return measured
