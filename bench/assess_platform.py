"""An assessment run measured against the engine's own time, on the platform of this environment or on one made for it.

    python tools/with_postgres.py python bench/assess_platform.py --households 50000
    python bench/assess_platform.py --here                  (the platform that ZHIKUN_DATABASE, _DATA and _KEYS name)
    python bench/assess_platform.py --here --read-only      (the same without the run's row: nothing is written to the database)

Told as one line of JSON (bench/assessing.py says what each figure is). `times` is the run less the transfer, divided by the
engine; asked is 3.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from both import BUILD, ROOT

BY = ("--by", "bench-maker", "--approve-as", "bench-checker", "--on", "2026-11-02", "--generated")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=50_000)
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhikun-bench-") as folder:
        if not options.here:
            made(Path(folder), options.households)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhikun.web.settings")
        django.setup()
        # Only now: it imports models.
        told = importlib.import_module("assessing").measured(read_only=options.read_only)
        print(json.dumps(told, ensure_ascii=False))
    return 0


def made(folder: Path, households: int) -> None:
    """A platform with so many generated households, in the environment of this process from here on."""
    os.environ.update({
        "ZHIKUN_DATA": str(folder / "data"), "ZHIKUN_KEYS": str(folder / "keys" / "keys.json"), "PYTHONPATH": f"{ROOT / 'src'}",
    })  # fmt: skip
    source = BUILD / f"registry-{households}"

    def zhikun(*words: object) -> None:
        subprocess.run([sys.executable, "-m", "zhikun.cli", *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    zhikun("keys", "init", "--data", folder / "data")
    zhikun("migrate")
    people = [sys.executable, str(ROOT / "bench" / "registry_people.py"), str(source), "--households", str(households)]
    subprocess.run([*people, "--install"], check=True)
    zhikun("registry", "import", source, *BY)


if __name__ == "__main__":
    raise SystemExit(main())
