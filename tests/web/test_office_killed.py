"""The whole office on real processes that are killed at random: a handful of the kills that bench/office_kills.py does."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLS = 4


def test_imports_and_visits_stand_once_though_server_and_workers_are_killed():
    command = [
        sys.executable, "bench/office_kills.py", "--kills", str(KILLS), "--households", "30", "--visits", "1", "--seed", "3",
        "--settings", "tests.jobs.process_settings",
    ]  # fmt: skip
    paths = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | paths, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["losses"], told["doubles"], told["jobs_unfinished"]) == ([], [], [])
    assert told["kills"] >= KILLS
    assert told["imports"] >= 2
