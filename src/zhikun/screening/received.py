"""Received files as tables, and what to say where one of them cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from zhikun.engine.packs.monitoring import ListSource
from zhikun.screening.errors import ScreeningDamaged
from zhikun.screening.model import GivenFile, Inputs


def kept(source: ListSource, *files: GivenFile) -> str:
    """Files as a table with the columns that their list has today; one that a file lacks is unknown there.

    A list without numbers has `sure` beside them: whether a row is linked to its person, or waits for somebody to say so.
    Raises ScreeningDamaged.
    """
    from zhikun.intake.lists import ListDamaged, as_table  # noqa: PLC0415 - commands that read no lists start without them

    try:
        linked = () if source.column_of("id_number") else (pa.field("sure", pa.bool_()),)
        return as_table(source, *(file.path for file in files), more=linked)
    except ListDamaged as error:
        raise ScreeningDamaged(str(error)) from error


@contextmanager
def reading(inputs: Inputs) -> Iterator[None]:
    """Where reading fails because a received file is damaged, ScreeningDamaged says which."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        from zhikun.intake.lists import damaged, is_readable  # noqa: PLC0415 - see above

        every = (inputs.population, *inputs.indicators.values())
        for path in dict.fromkeys(file.path for given in every for file in given.files):
            if not is_readable(path):
                raise ScreeningDamaged(str(damaged(path))) from error
        raise
