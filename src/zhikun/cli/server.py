"""`zhikun serve` and `zhikun worker`: the processes of the platform."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from zhikun.cli.django import ready
from zhikun.cli.screen import UNREADY, Refused, say
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
    from zhikun.web.warm import warm_worker  # noqa: PLC0415 - the same

    warm_worker()
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


@click.command(help=_("启动平台：网页和一个后台进程，按 Ctrl-C 一起结束"))
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="NAME", help=_("在哪个地址上监听；0.0.0.0 为所有网卡")
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), metavar="N", help=_("端口"))
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), metavar="N", help=_("网页进程的个数")
)
@click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help=_("每个网页进程同时答几个请求"),
)
@click.option("--no-worker", is_flag=True, help=_("不启动后台进程（另用 zhikun worker 启动时）"))
def serve(host: str, port: int, workers: int, threads: int, no_worker: bool) -> int:
    """Pages and background work until SIGTERM."""
    ready()
    from zhikun.web.server import PortTaken, Serving, serve  # noqa: PLC0415 - after the settings are known

    try:
        serve(
            Serving(host, port, workers, threads, worker=not no_worker),
            lambda: say(_("平台已启动：http://{h}:{p}/").format(h=host, p=port)),
            lambda done: say(_("页面文件已就绪。") if done else _("正在准备页面文件，首次和升级后约需半分钟……")),
        )
    except PortTaken:
        raise Refused(
            _("{h}:{p} 已被占用，或这台机器没有这个地址。请换一个端口（--port），或先结束占用它的程序。").format(
                h=host, p=port
            ),
            UNREADY,
        ) from None
    return 0
