"""Received files as tables, and what to say where one of them cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from zhikun.engine.packs.monitoring import ListSource
from zhikun.identity import KeysRefused
from zhikun.screening.errors import ScreeningDamaged
from zhikun.screening.model import GivenFile, Inputs
from zhikun.wording import _

#: Beside the rows of a list without numbers that were linked: on what the links rest.
ABOUT = "about.json"


def kept(source: ListSource, *files: GivenFile) -> str:
    """Files as a table with the columns that their list has today; one that a file lacks is unknown there.

    A list without numbers has `sure` beside them: whether a row is linked to its person, or waits for somebody to say so.
    Raises ScreeningDamaged.
    """
    return table_of(source, *(file.path for file in files))


def table_of(source: ListSource, *paths: Path) -> str:
    """`kept` of files by their places."""
    from zhikun.intake.lists import ListDamaged, as_table  # noqa: PLC0415 - commands that read no lists start without them

    try:
        linked = () if source.column_of("id_number") else (pa.field("sure", pa.bool_()),)
        return as_table(source, *paths, more=linked)
    except ListDamaged as error:
        _refuse_damaged(paths, error)
        raise ScreeningDamaged(str(error)) from error


@contextmanager
def reading(inputs: Inputs) -> Iterator[None]:
    """Where reading fails because a received file is damaged, ScreeningDamaged says which."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        every = (inputs.population, *inputs.indicators.values())
        _refuse_damaged(dict.fromkeys(file.path for given in every for file in given.files), error)
        raise


@contextmanager
def reading_files(*paths: Path) -> Iterator[None]:
    """Where what is done with these received files fails because one of them is damaged, ScreeningDamaged says which."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, KeysRefused, OSError) as error:
        _refuse_damaged(paths, error)
        raise


def _refuse_damaged(paths: Iterable[Path], error: Exception) -> None:
    from zhikun.intake.lists import damaged, is_readable  # noqa: PLC0415 - see above

    for path in paths:
        if not is_readable(path):
            linked = (path.parent / ABOUT).exists()
            raise links_damaged(path.parent) if linked else ScreeningDamaged(str(damaged(path))) from error


def uncompared(path: Path) -> int:
    """How many rows of a list without numbers nobody was compared with by probability, for want of Splink: some may be somebody's.

    0 for any other file.
    """
    try:
        about = json.loads((path.parent / ABOUT).read_bytes())
        return int(about["counts"]["not_linked"]) if about["method"] == "exact" else 0
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise links_damaged(path.parent) from error


def links_damaged(folder: Path) -> ScreeningDamaged:
    """What to say of links that cannot be read: nobody can deliver them again, but they can be made anew."""
    return ScreeningDamaged(
        _(
            "对人的结果 {p} 读不出来。它可以重新算出，人工认定另外保存，不受影响：请移走这个文件夹，运行 zhikun match link，"
            "再把依据它的月份用 zhikun monitor run 重新筛查。"
        ).format(p=folder)
    )
