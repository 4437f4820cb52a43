"""Options that several groups of commands share: which month, which pack, which data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zhikun.wording import _
from zhikun.workdays import Month, NotAMonth


class Period(click.ParamType):  # type: ignore[type-arg]  # click is generic here only in its newest version
    """A month or a quarter on the command line: 2026-11, 2026-Q3."""

    name = "月份"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        if isinstance(value, Month):
            return value
        try:
            return Month.read(str(value))
        except NotAMonth as error:
            self.fail(str(error), param, ctx)


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--data DIR` for every command about what is watched."""
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), envvar="ZHIKUN_DATA", required=True, metavar="DIR",
        help=_("数据文件夹；也可写在环境变量 ZHIKUN_DATA 里"),
    )(command)  # fmt: skip


def pack_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--pack` for every command about what is watched."""
    return click.option(
        "--pack", "pack_name", envvar="ZHIKUN_PACK", default="gansu", show_default=True, metavar="PACK",
        help=_("有监测预警的政策包；也可写在环境变量 ZHIKUN_PACK 里"),
    )(command)  # fmt: skip
