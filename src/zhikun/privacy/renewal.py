"""Renewal: after a rotation of keys, rows sealed in older versions are sealed anew, batch by batch, while people work.

Each batch is one transaction. Killed anywhere, the walk goes on after the last row that was reported, or begins again: rows that are
current are passed over. While blind indexes change their version the walk brings them along.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models, transaction

from zhikun.identity.errors import SealRefused
from zhikun.identity.keyring import KeyRing
from zhikun.identity.sealing import key_version
from zhikun.privacy.fields import Sealed, sealed_fields
from zhikun.privacy.keys import ring

#: Brings the indexes of a row along that no Sealed field keeps; which columns of the row it changed.
Reindex = Callable[[models.Model], Collection[str]]


@dataclass(frozen=True, slots=True)
class Renewed:
    """One batch: the last row's key, rows looked at, rows written, and which could not be opened (table.column:key)."""

    after: UUID
    seen: int
    changed: int
    broken: tuple[str, ...]


def renew(
    model: type[models.Model],
    *,
    after: UUID | None = None,
    batch: int = 500,
    reindex: Reindex | None = None,
    using: str = "default",
) -> Iterator[Renewed]:
    """Walks the model's rows by key, from the one after `after`; gives one report for each batch that was committed.

    `reindex` is called with each row while blind indexes change their version, in the batch's transaction: for indexes that stand
    on more than one field, or in a table of their own. It sets what is new in the row and returns the columns it changed.

    A row that cannot be opened stays as it is and is reported: one damaged name must not keep a million others from the new key.
    """
    while True:
        with transaction.atomic(using=using):
            rows = list(_rows(model, after, using, whole=reindex is not None)[:batch])
            if not rows:
                return
            done = _renew_rows(model, rows, reindex, using)
        after = done.after
        yield done


def _rows(model: type[models.Model], after: UUID | None, using: str, *, whole: bool) -> models.QuerySet[models.Model]:
    rows = model._base_manager.using(using).select_for_update().order_by("pk")  # noqa: SLF001 - all rows, whatever the default manager hides
    if not whole:
        fields = sealed_fields(model).values()
        columns = [name for sealed in fields for name in (sealed.field, sealed.index) if name is not None]
        rows = rows.only("pk", *columns)
    return rows if after is None else rows.filter(pk__gt=after)


def _renew_rows(model: type[models.Model], rows: list[models.Model], reindex: Reindex | None, using: str) -> Renewed:
    current = ring()
    changed: list[models.Model] = []
    columns: set[str] = set()
    broken: list[str] = []
    for row in rows:
        touched, refused = _renew_row(current, row, reindex)
        broken += refused
        if touched:
            changed.append(row)
            columns |= touched
    if changed:
        model._base_manager.using(using).bulk_update(changed, sorted(columns))  # noqa: SLF001 - as above
    return Renewed(rows[-1].pk, len(rows), len(changed), tuple(broken))


def _renew_row(current: KeyRing, row: models.Model, reindex: Reindex | None) -> tuple[set[str], list[str]]:
    """Brings a row up to date: which columns changed, and which values could not be opened."""
    touched: set[str] = set()
    broken: list[str] = []
    for sealed in sealed_fields(type(row)).values():
        try:
            touched |= _renew_value(current, sealed, row)
        except SealRefused:
            broken.append(sealed.binding(type(row), row.pk))
    if reindex is not None and len(current.index_versions) > 1 and not broken:
        touched |= set(reindex(row))
    return touched, broken


def _renew_value(current: KeyRing, sealed: Sealed[Any], row: models.Model) -> set[str]:
    """Brings one value of a row up to date; which columns changed."""
    held = getattr(row, sealed.field)
    if held is None:
        return set()
    index = None if sealed.index is None else getattr(row, sealed.index)
    old = key_version(held) < current.current
    if not old and (sealed.index is None or len(current.index_versions) == 1):
        return set()
    text = sealed.__get__(row, type(row))
    if old:
        sealed.__set__(row, text)
    elif sealed.index is not None:
        setattr(row, sealed.index, sealed.index_of(text))
    moved = sealed.index is not None and getattr(row, sealed.index) != index
    return ({sealed.field} if old else set()) | ({sealed.index} if moved and sealed.index is not None else set())
