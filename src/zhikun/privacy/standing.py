"""In which versions of the ring rows and files stand: counted without opening any, and without naming one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import models
from django.db.models import BinaryField, Count, F, Value
from django.db.models.functions import Coalesce, Least, Substr

from zhikun.identity.sealed_files import file_version
from zhikun.privacy.fields import sealed_fields
from zhikun.privacy.reach import SealedFolder

_NOTHING = b"\xff\xff"  # behind every version: the row has no sealed value


@dataclass(frozen=True, slots=True)
class Standing:
    """How many rows or files stand in each version (a row stands in that of its oldest value); `unread`: no sealed file."""

    versions: dict[int, int]
    unread: int = 0

    def older_than(self, version: int) -> int:
        """What a renewal has still to bring to this version."""
        return sum(count for held, count in self.versions.items() if held < version)


def rows_standing(model: type[models.Model], using: str = "default") -> Standing:
    """The rows of a model. The database reads two bytes of each value."""
    held = [
        Coalesce(Substr(F(name), 2, 2), Value(_NOTHING, BinaryField()), output_field=BinaryField())
        for name in sealed_fields(model)
    ]
    oldest = held[0] if len(held) == 1 else Least(*held, output_field=BinaryField())
    rows = model._base_manager.using(using).order_by()  # noqa: SLF001 - all rows, whatever the default manager hides
    counted = rows.annotate(stands_in=oldest).values_list("stands_in").annotate(n=Count("pk"))
    found = {int.from_bytes(bytes(version), "big"): n for version, n in counted if bytes(version) != _NOTHING}
    return Standing(dict(sorted(found.items())))


def files_standing(folder: SealedFolder) -> Standing:
    """The files of a folder, by their heads."""
    found: Counter[int | None] = Counter()
    for file in folder.files():
        try:
            with file.path.open("rb") as source:
                found[file_version(source)] += 1
        except FileNotFoundError:  # taken away since the folder was read
            continue
    unread = found.pop(None, 0)
    return Standing(
        {version: n for version, n in sorted(found.items(), key=lambda one: one[0] or 0) if version}, unread
    )
