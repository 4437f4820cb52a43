"""`zhikun lists receive --each`: a month's lists with one command, two at a time, each with its own receipt."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import click

from zhikun.cli.screen import UNREADABLE, Refused, aside, say
from zhikun.wording import _

_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one file: what its command would have said, and its exit code."""

    out: str
    err: str
    code: int


def pairs(each: Sequence[str]) -> list[tuple[str, Path]]:
    """SOURCE=FILE as typed. Raises UsageError."""
    found = []
    for one in each:
        source, sign, path = one.partition("=")
        if not (source and sign and path):
            raise click.UsageError(_("--each 要写成 名单=文件，如 inpatients=住院.csv；这里是“{o}”。").format(o=one))
        found.append((source, Path(path)))
    named = [source for source, _path in found]
    for source in named:
        if named.count(source) > 1:
            raise click.UsageError(_("名单 {s} 在 --each 里写了两次；一次只收一份。").format(s=source))
    return found


def receive_each(each: Sequence[tuple[str, Path]], one: Callable[[str, Path], int]) -> int:
    """Receive every file by `one`, two at a time; say in order what became of each. The exit code is the gravest.

    A file that is refused keeps no other out.
    """
    codes = []
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    with ProcessPoolExecutor(min(_TOGETHER, len(each)), mp_context=context) as pool:
        # The longest begins first: what is left at the end, when one process has nothing more to do, is short.
        longest_first = sorted(each, key=lambda pair: _size(pair[1]), reverse=True)
        tasks = {source: pool.submit(_said, one, source, path) for source, path in longest_first}
        for source, path in each:
            said = tasks[source].result()
            say(_("{s}：{p}").format(s=source, p=path))
            if said.out:
                say(said.out.rstrip("\n"))
            if said.err:
                aside(said.err.rstrip("\n"))
            codes.append(said.code)
    return max(codes, default=0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # its own reception says what is wrong
        return 0


def _said(one: Callable[[str, Path], int], source: str, path: Path) -> Said:
    """One file, in a process of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = one(source, path)
        except Refused as error:
            return Said(out.getvalue(), str(error), error.code)
        except click.UsageError as error:
            return Said(out.getvalue(), error.format_message(), UNREADABLE)
    return Said(out.getvalue(), err.getvalue(), code)
