"""Many rows of several tables in the caller's transaction: COPY on PostgreSQL, one prepared statement for each table on SQLite.

Values come as Python has them (UUID, bytes, date, aware datetime, text of JSON); nothing of a model runs. What a model's
`save` would check, the caller has checked; what has to be sealed, the caller has sealed to the row's own key.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

Rows = Sequence[tuple[Any, ...]]


def insert(model: type[models.Model], fields: Sequence[str], rows: Rows) -> None:
    """Add the rows to the model's table. `fields` are names of the model's fields, in the order of each tuple."""
    if not rows:
        return
    columns = [model._meta.get_field(name) for name in fields]  # noqa: SLF001 - Django's documented way to a model
    names = ", ".join(f'"{column.column}"' for column in columns)  # type: ignore[union-attr]  # columns, not relations
    table = model._meta.db_table  # noqa: SLF001 - the same
    if connection.vendor == "postgresql":
        _copy(f'COPY "{table}" ({names}) FROM STDIN', rows)
    else:
        marks = ", ".join(["%s"] * len(columns))
        with connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', _adapted(rows))  # noqa: S608 - names of our own models


def insert_all(instances: Sequence[models.Model]) -> None:
    """Add rows that are at hand as instances of one model, as they are: no `pre_save`, no defaults of the database."""
    if not instances:
        return
    fields = instances[0]._meta.concrete_fields  # noqa: SLF001 - Django's documented way to a model
    rows = [tuple(_value(field, getattr(one, field.attname)) for field in fields) for one in instances]
    insert(type(instances[0]), [field.name for field in fields], rows)


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(field, models.JSONField) else value


def _copy(statement: str, rows: Rows) -> None:
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _adapted(rows: Rows) -> list[tuple[Any, ...]]:
    """The values as Django writes them on a database without types of its own."""
    return [tuple(_PLAIN.get(type(value), _as_is)(value) for value in row) for row in rows]


def _as_is(value: Any) -> Any:
    return value


def _moment(value: datetime) -> str:
    return str(timezone.make_naive(value, connection.timezone))


_PLAIN: dict[type, Callable[[Any], Any]] = {
    uuid.UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: _moment,
}
