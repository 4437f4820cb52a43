"""What a rotation of keys has to reach in this room beside its models (privacy/reach.py)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from zhikun.privacy import reindexed, ring, sealed_folder, write_columns
from zhikun.registry.models import NameKey, Person
from zhikun.registry.services import document, exporting, importing_files
from zhikun.registry.services.person import name_indexes, number_index

sealed_folder("imports", _("导入文件"), importing_files.folder, importing_files.sealed_as)
sealed_folder("documents", _("照片和材料"), document.folder, document.sealed_as)
sealed_folder("exports", _("导出文件"), exporting.folder, exporting.sealed_as)


@reindexed(Person, "id_number_index", "registry.NameKey.key")
def indexes_of(people: Sequence[Person]) -> Mapping[uuid.UUID, Collection[str]]:
    """Document numbers, whose kind is part of their index, and the keys under which names are found.

    The people are locked. A key that changes stays the same row: an officer who moves the household meanwhile finds it.
    """
    touched: dict[uuid.UUID, Collection[str]] = {}
    rows: dict[uuid.UUID, list[NameKey]] = defaultdict(list)
    for row in NameKey.objects.select_for_update(no_key=True).filter(person__in=people).order_by("pk"):
        rows[row.person_id].append(row)
    changed: list[NameKey] = []
    version = ring().index_versions[-1], ring().id
    for person in people:
        index = number_index(person.id_kind, person.id_number or "")
        if index != person.id_number_index:
            person.id_number_index = index
            touched[person.pk] = ["id_number_index"]
        keys = _keys_changed(rows[person.pk], _name_indexes(person.name, version))
        if keys:
            changed += keys
            touched.setdefault(person.pk, [])
    _write(changed)
    return touched


@lru_cache(maxsize=100_000)
def _name_indexes(name: str, _version: tuple[int, str]) -> tuple[bytes, ...]:
    """The keys of a name in this index version: names repeat, and reading one aloud takes longer than everything else."""
    return tuple(name_indexes(name))


def _keys_changed(rows: list[NameKey], wanted: Sequence[bytes]) -> list[NameKey]:
    """The rows of one person that do not carry one of the wanted keys, each with a key that is missing.

    Rows too many get a key that is there already, and those too few are added, where the readings of a character have changed since.
    """
    held = {bytes(row.key) for row in rows}
    missing = [key for key in dict.fromkeys(wanted) if key not in held]
    stale = [row for row in rows if bytes(row.key) not in wanted]
    for n, row in enumerate(stale):
        row.key = missing[n] if n < len(missing) else wanted[0]
    more = [NameKey(person_id=rows[0].person_id, key=key, area=rows[0].area) for key in missing[len(stale) :] if rows]
    return stale + more


def _write(changed: list[NameKey]) -> None:
    known = [row for row in changed if row.pk is not None]
    NameKey.objects.bulk_create([row for row in changed if row.pk is None])
    write_columns(known, ["key"])
