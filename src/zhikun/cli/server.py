"""`zhikun serve` and `zhikun worker`: the processes of the platform."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from zhikun.cli.django import ready
from zhikun.cli.screen import say
from zhikun.wording import _

if TYPE_CHECKING:
    from zhikun.jobs.worker import Worker


@click.command(help=_("后台进程：做导入、导出、评估等排队的任务。可以同时开几个；被中断的任务由别的进程接着做"))
@click.option("--once", is_flag=True, help=_("做完眼前到期的任务就结束"))
@click.option("--with-parent", is_flag=True, hidden=True)
def worker(once: bool, with_parent: bool) -> int:
    """Works until SIGTERM; `--with-parent` (for serve) also ends when standard input closes, as it does when serve is killed."""
    ready()
    from zhikun.jobs.worker import Worker  # noqa: PLC0415 - after the settings are known

    one = Worker()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_about: one.stopping.set())
    if with_parent:
        threading.Thread(target=_end_with_parent, args=(one,), daemon=True).start()
    runs = one.work(once=once)
    if once:
        say(_("做了 {n} 项任务。").format(n=runs))
    return 0


def _end_with_parent(one: Worker) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    one.stopping.set()
