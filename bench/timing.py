"""Runs measured processes one after the other, A B A B, and keeps their time and peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from both import ROOT

GIB = 1024**2  # ru_maxrss counts in KiB


class Failed(Exception):
    """A measured process ended with an error; its last lines."""


@dataclass(slots=True)
class Times:
    """Seconds and peak memory of several runs of one thing."""

    seconds: list[float] = field(default_factory=list)
    peak_gib: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of the whole process, start and imports included
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def memory(self) -> float:
        return statistics.median(self.peak_gib)

    def data(self) -> dict[str, Any]:
        return {
            "median_seconds": self.median, "seconds": self.seconds, "median_peak_gib": self.memory, "peak_gib": self.peak_gib,
            "process_cpu_seconds": self.cpu,
        }  # fmt: skip


def child(command: Sequence[str]) -> tuple[dict[str, Any], float]:
    """Runs a command whose last line is JSON; its answer and its peak memory in GiB."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    launched = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), *command]
    done = subprocess.run(
        launched, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment, check=False
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stdout[-3000:]}")
    usage = json.loads(lines[-1])
    return {**json.loads(lines[-2]), "cpu": usage["cpu"]}, usage["peak"] / GIB


def task(name: str, *arguments: object) -> list[str]:
    """The command of a task of measured.py."""
    return [sys.executable, str(Path(__file__).with_name("measured.py")), name, *map(str, arguments)]


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Times]:
    """Each command once without counting, then `rounds` times in turn."""
    times = {name: Times() for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            answer, peak = child(command)
            if number:
                times[name].seconds.append(float(answer["seconds"]))
                times[name].peak_gib.append(peak)
                times[name].cpu.append(answer["cpu"])
                times[name].last = answer
            print(
                f"  {number or 'warm-up'}  {name}: {float(answer['seconds']):.2f} s, {peak:.2f} GiB, CPU {answer['cpu']:.2f} s",
                flush=True,
            )
    return times
