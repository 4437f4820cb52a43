"""A month from receipt to warnings, killed (-9) at random moments and begun again.

    python bench/kills.py [--people N] [--kills N] [--seed N]

Generated lists of one province (`zhikun demo months`), two months. The first is received and screened once; then again and again
a process receives the second month's lists and screens it, and is killed at a moment drawn from the whole length of that work.
Every process begins with what the killed one left. Wherever the work came to its end, every file of the data folder must be equal,
byte for byte, to that of a folder in which nothing was ever killed: no warning lost, doubled or different. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from both import BUILD, ROOT

import zhikun.cli.lists
import zhikun.cli.monitor  # imported here, so that a fork has it
from zhikun.cli import main as zhikun

MONTHS = ("2026-08", "2026-09")
ON = {"2026-08": "2026-09-01", "2026-09": "2026-10-09"}
OF_THE_MOMENT = ("received_at", "names_sha256")  # in a receipt; sealed names are never twice the same bytes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = BUILD / f"kills-{options.people}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lists, keys, base = folder / "lists", folder / "keys.json", folder / "base"
    _zhikun("demo", "months", "--like", "province", "--people", options.people, "--from", MONTHS[0], "--months", 2,
            "--out", lists, "--data", base, "--keys", keys)  # fmt: skip
    for path in base.glob(f"lists/*/{MONTHS[1]}"):
        shutil.rmtree(path)
    shutil.rmtree(base / "screening" / "gansu" / MONTHS[1])
    files = [(path.parent.name, path) for path in sorted(lists.glob(f"*/{MONTHS[1]}.csv"))]
    dice = random.Random(options.seed)  # noqa: S311 - moments to kill at, no secret
    print(json.dumps(Kills(folder, base, keys, files, dice).run(options.kills)))
    return 0


class Kills:
    """The folders of one trial."""

    def __init__(
        self, folder: Path, base: Path, keys: Path, files: Sequence[tuple[str, Path]], dice: random.Random
    ) -> None:
        self.folder, self.base, self.keys, self.files, self.dice = folder, base, keys, files, dice

    def run(self, kills: int) -> dict[str, float]:
        """Kills until there were enough."""
        expected, length = self._undisturbed()
        began = time.monotonic()
        killed = finished = different = 0
        data = self._fresh("data")
        while killed < kills:
            child = self._begin(data)
            time.sleep(self.dice.random() * length)
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            if os.WIFSIGNALED(status):
                killed += 1
            # After a fourth of the kills nobody disturbs the next one; so the ends are seen too.
            if os.WIFSIGNALED(status) and self.dice.random() < 0.75:
                continue
            if os.WIFSIGNALED(status):
                status = os.waitpid(self._begin(data), 0)[1]
            if status:
                raise SystemExit(f"after a kill the month could not be done: {(self.folder / 'output').read_text()}")
            finished += 1
            different += dict(_hashes(data)) != expected
            data = self._fresh("data")
        return {"killed": killed, "finished": finished, "different": different, "seconds": time.monotonic() - began}

    def _undisturbed(self) -> tuple[dict[str, str], float]:
        data = self._fresh("whole")
        began = time.monotonic()
        if os.waitpid(self._begin(data), 0)[1]:
            raise SystemExit((self.folder / "output").read_text())
        return dict(_hashes(data)), time.monotonic() - began

    def _fresh(self, name: str) -> Path:
        data = self.folder / name
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(self.base, data)
        return data

    def _begin(self, data: Path) -> int:
        """A process that does the month. It is a copy of this one, in which everything is imported: kills fall on the work."""
        child = os.fork()
        if child:
            return child
        output = os.open(self.folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        status = 1
        try:
            status = self._month(data)
        finally:
            os._exit(status)

    def _month(self, data: Path) -> int:
        """Every list received, the month screened; 0, or the exit code of a command that could not do its work."""
        where = ["--pack", "gansu", "--data", str(data), "--keys", str(self.keys)]
        month = MONTHS[1]
        commands = [
            *(["lists", "receive", str(path), "--source", source, "--period", month, *where] for source, path in self.files),
            ["monitor", "run", "--month", month, "--on", ON[month], *where],
        ]  # fmt: skip
        for command in commands:
            sys.argv = ["zhikun", *command]
            try:
                zhikun()
            except SystemExit as ended:
                if ended.code not in (0, 1):  # 1: done, and some rows went back
                    return int(ended.code or 0)
        return 0


def _zhikun(*arguments: object) -> None:
    command = [str(Path(sys.executable).with_name("zhikun")), *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def _hashes(data: Path) -> Iterator[tuple[str, str]]:
    """Every file but those of a work not finished.

    Of a receipt, what does not say when it was written; of sealed names, whose bytes are never twice the same, the length.
    """
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(data).parts):
            continue
        content = path.read_bytes()
        if path.name == "receipt.json":
            body = json.loads(content)
            content = json.dumps({key: body[key] for key in sorted(body) if key not in OF_THE_MOMENT}).encode()
        if path.suffix == ".sealed":
            content = str(len(content)).encode()
        yield name, hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
