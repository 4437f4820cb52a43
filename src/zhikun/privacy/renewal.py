"""Renewal: after a rotation of keys, rows sealed in older versions are sealed anew, batch by batch, while people work.

Each batch is one transaction. Killed anywhere, the walk goes on after the last row that was reported, or begins again: rows that are
current are passed over. While blind indexes change their version the walk brings them along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import IntegrityError, OperationalError, connections, models, transaction

from zhikun.identity.errors import SealRefused
from zhikun.identity.keyring import KeyRing
from zhikun.identity.sealing import key_version
from zhikun.privacy.fields import Sealed, sealed_fields
from zhikun.privacy.keys import ring
from zhikun.privacy.reach import REINDEXES, Reindex

_TRIES = 4  # the database breaks off one of two that wait for each other (deadlock): the batch is tried again
_PAUSE = 0.2  # seconds before it is

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Renewed:
    """One batch: the last row's key, rows looked at, rows written, which values could not be opened (table.column:key), and
    which rows (table:key) would have had the blind index of another row: two people with one number.
    """

    after: UUID
    seen: int
    changed: int
    broken: tuple[str, ...]
    doubled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Walk:
    """What is walked and how. `indexes`: blind indexes are made anew whatever the ring says."""

    model: type[models.Model]
    reindex: Reindex | None
    indexes: bool
    using: str

    def rows(self) -> models.QuerySet[models.Model]:
        """All rows, locked against other writers; others may go on referring to them."""
        manager = self.model._base_manager.using(self.using)  # noqa: SLF001 - all rows, whatever the default manager hides
        rows = manager.select_for_update(of=("self",), no_key=True).order_by("pk")
        if self.reindex is not None:
            return rows
        fields = sealed_fields(self.model).values()
        columns = [name for sealed in fields for name in (sealed.field, sealed.index) if name is not None]
        return rows.only("pk", *columns)

    def moves_indexes(self, held: KeyRing) -> bool:
        """Whether blind indexes have to be looked at."""
        return self.indexes or len(held.index_versions) > 1


def renew(
    model: type[models.Model],
    *,
    after: UUID | None = None,
    batch: int = 500,
    reindex: Reindex | None = None,
    indexes: bool = False,
    using: str = "default",
) -> Iterator[Renewed]:
    """Walks the model's rows by key, from the one after `after`; gives one report for each batch that was committed.

    While blind indexes change their version, or with `indexes` at any time, they are made anew too, those of `reindex` (by default
    what the model's room said, see reach.py) in the batch's transaction.

    A row that cannot be opened stays as it is and is reported: one damaged name must not keep a million others from the new key.
    """
    walk = _Walk(model, reindex or REINDEXES.get(model), indexes, using)
    while True:
        done = _batch(walk, after, batch)
        if done is None:
            return
        after = done.after
        yield done


def _batch(walk: _Walk, after: UUID | None, batch: int) -> Renewed | None:
    """The next rows, all together; one by one where one of them would have another's blind index."""
    keys: list[UUID] = []

    def together() -> Renewed | None:
        rows = walk.rows() if after is None else walk.rows().filter(pk__gt=after)
        found = list(rows[:batch])
        keys[:] = [row.pk for row in found]
        return _renew_rows(walk, found) if found else None

    try:
        return _in_transaction(together, walk.using)
    except IntegrityError:
        return _one_by_one(walk, keys)


def _one_by_one(walk: _Walk, keys: list[UUID]) -> Renewed:
    changed, broken, doubled = 0, list[str](), list[str]()
    for key in keys:
        try:
            done = _in_transaction(lambda key=key: _renew_rows(walk, list(walk.rows().filter(pk=key))), walk.using)  # type: ignore[misc]  # the key of this turn
        except IntegrityError:
            doubled.append(f"{walk.model._meta.db_table}:{key}")  # noqa: SLF001 - Django's documented way to a model's description
            continue
        changed += done.changed
        broken += done.broken
    return Renewed(keys[-1], len(keys), changed, tuple(broken), tuple(doubled))


def _in_transaction(work: Callable[[], Answer], using: str) -> Answer:
    for left in reversed(range(_TRIES)):
        try:
            with transaction.atomic(using=using):
                return work()
        except OperationalError:
            if not left or connections[using].in_atomic_block:
                raise
            time.sleep(_PAUSE)
    raise AssertionError


def _renew_rows(walk: _Walk, rows: list[models.Model]) -> Renewed:
    """Brings locked rows up to date, in the caller's transaction."""
    current = ring()
    touched: dict[Any, set[str]] = {row.pk: set() for row in rows}
    broken: list[str] = []
    whole: list[models.Model] = []
    for row in rows:
        columns, refused = _renew_row(current, row, walk.moves_indexes(current))
        touched[row.pk] |= columns
        broken += refused
        if not refused:
            whole.append(row)
    changed = set[Any]()
    if walk.reindex is not None and whole and walk.moves_indexes(current):
        for key, columns_of in walk.reindex(whole).items():
            touched[key] |= set(columns_of)
            changed.add(key)
    written = [row for row in rows if touched[row.pk]]
    _write(written, touched, walk.using)
    changed |= {row.pk for row in written}
    return Renewed(rows[-1].pk if rows else UUID(int=0), len(rows), len(changed), tuple(broken))


def _write(rows: Iterable[models.Model], touched: Mapping[Any, set[str]], using: str) -> None:
    """Each row's changed columns and no others: rows that changed alike in one go."""
    alike: dict[tuple[str, ...], list[models.Model]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(touched[row.pk])), []).append(row)
    for names, some in alike.items():
        write_columns(some, names, using)


def write_columns(rows: Sequence[models.Model], names: Sequence[str], using: str = "default") -> None:
    """Writes these fields of rows of one model, past `save` (nothing of the model runs), by one prepared statement for each table.

    Several times faster than `bulk_update`, whose one statement grows with the rows.
    """
    if not rows:
        return
    fields = [cast("models.Field[Any, Any]", rows[0]._meta.get_field(name)) for name in names]  # noqa: SLF001 - Django's documented way to a model's description
    to = connections[using]
    quoted = to.ops.quote_name
    for table in dict.fromkeys(field.model for field in fields):
        own = [field for field in fields if field.model is table]
        pk = table._meta.pk  # noqa: SLF001 - the same
        sets = ", ".join(f"{quoted(str(field.column))} = %s" for field in own)
        statement = f"UPDATE {quoted(table._meta.db_table)} SET {sets} WHERE {quoted(str(pk.column))} = %s"  # noqa: S608, SLF001 - names of our own models
        values = [
            [
                *(field.get_db_prep_save(getattr(row, field.attname), to) for field in own),
                pk.get_db_prep_save(row.pk, to),
            ]
            for row in rows
        ]
        with to.cursor() as cursor:
            cursor.executemany(statement, values)


def _renew_row(current: KeyRing, row: models.Model, indexes: bool) -> tuple[set[str], list[str]]:
    """Brings the Sealed fields of a row up to date: which columns changed, and which values could not be opened."""
    touched: set[str] = set()
    broken: list[str] = []
    for sealed in sealed_fields(type(row)).values():
        try:
            touched |= _renew_value(current, sealed, row, indexes)
        except SealRefused:
            broken.append(sealed.binding(type(row), row.pk))
    return touched, broken


def _renew_value(current: KeyRing, sealed: Sealed[Any], row: models.Model, indexes: bool) -> set[str]:
    """Brings one value of a row up to date; which columns changed."""
    held = getattr(row, sealed.field)
    if held is None:
        return set()
    index = None if sealed.index is None else getattr(row, sealed.index)
    old = key_version(held) < current.current
    if not old and (sealed.index is None or not indexes):
        return set()
    text = sealed.__get__(row, type(row))
    if old:
        sealed.__set__(row, text)
    elif sealed.index is not None:
        setattr(row, sealed.index, sealed.index_of(text))
    moved = sealed.index is not None and getattr(row, sealed.index) != index
    return ({sealed.field} if old else set()) | ({sealed.index} if moved and sealed.index is not None else set())
