"""Imports measured: the demo county's workbook from upload to files, and Parquet of N households by command.

    python bench/registry_import.py workbook                 (SQLite unless ZHIKUN_DATABASE says otherwise)
    python tools/with_postgres.py python bench/registry_import.py parquet --households 100000

A platform of its own in a temporary folder; each import is a process of its own, of which seconds and peak memory are told
as one line of JSON, with what the database holds afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from both import BUILD, ROOT

BY = ("--by", "bench-maker", "--approve-as", "bench-checker", "--on", "2026-11-02", "--generated")
COUNTS = """
import json
from zhikun.registry.models import *
from zhikun.audit import chain
print(json.dumps({m.__name__: m.objects.count() for m in (Household, Person, NameKey, Membership, Recording, ImportRow)}
                 | {"chain": chain.verify().whole, "head": Household.objects.order_by("-number").first().head.name}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["workbook", "parquet"])
    parser.add_argument("--households", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhikun-bench-") as folder:
        print(json.dumps(measured(Path(folder), options.what, options.households), ensure_ascii=False))
    return 0


def measured(folder: Path, what: str, households: int) -> dict[str, object]:
    """Seconds and memory of one import into an empty platform, and what it holds afterwards."""
    environment = os.environ | {
        "ZHIKUN_DATA": str(folder / "data"), "ZHIKUN_KEYS": str(folder / "keys" / "keys.json"),
        "PYTHONPATH": f"{ROOT / 'src'}",
    }  # fmt: skip

    def zhikun(*words: object) -> str:
        command = [sys.executable, "-m", "zhikun.cli", *map(str, words)]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    def script(name: str, *words: object) -> None:
        command = [sys.executable, str(ROOT / "bench" / name), *map(str, words)]
        subprocess.run(command, env=environment, check=True)

    source = BUILD / (f"registry-{households}" if what == "parquet" else "county.xlsx")
    zhikun("keys", "init", "--data", folder / "data")
    zhikun("migrate")
    if what == "workbook":
        if not source.exists():
            zhikun("demo", "county", "--out", source)
        script("registry_people.py", folder / "places", "--households", 1, "--villages", 1, "--install")
        _own_villages(environment)
    else:
        script("registry_people.py", source, "--households", households, "--install")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said, peak = _watched([sys.executable, "-m", "zhikun.cli", "registry", "import", str(source), *BY], environment)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    held = json.loads(zhikun("manage", "shell", "-v", "0", "-c", COUNTS).splitlines()[-1])
    return {
        "what": what, "seconds": round(seconds, 1), "cpu": round(cpu, 1), "peak_mib": peak,
        "load": os.getloadavg()[0], "said": said, **held,
    }  # fmt: skip


def _watched(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """A process's output and the most memory that it held, in MiB."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status")
        try:
            lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
            peak = max(peak, int(lines["VmHWM"].split()[0]) // 1024)
        except (OSError, KeyError):
            pass
        time.sleep(0.1)
    text = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(text)
    return text.splitlines()[-1] if text else "", peak


def _own_villages(environment: dict[str, str]) -> None:
    """The real villages of the demo county's workbook."""
    code = (
        "from zhikun.engine.packs import load\n"
        "from zhikun.intake.demo import county\n"
        "import csv\n"
        "from zhikun.places.models import Area, Level\n"
        "lines = county._PLACES.open(encoding='utf-8'); next(lines)\n"
        "Area.objects.bulk_create([Area(code=int(r['code']), name=r['village'], level=Level.VILLAGE,"
        " parent_id=int(r['code']) // 1000 * 1000) for r in csv.DictReader(lines)], ignore_conflicts=True)\n"
    )
    command = [sys.executable, "-m", "zhikun.cli", "manage", "shell", "-v", "0", "-c", code]
    subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    raise SystemExit(main())
