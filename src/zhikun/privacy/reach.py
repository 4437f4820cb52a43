"""What a rotation of keys has to reach. Models with sealed fields are found by themselves; the rest is told by the room that has it.

Each app's module `sealed.py` is read at start and says in which folders it keeps sealed files, and how blind indexes are made anew
that no `Sealed` field keeps:

    sealed_folder("imports", _("导入文件"), importing_files.folder, importing_files.sealed_as)

    @reindexed(Person, "id_number_index", "registry.NameKey.key")
    def indexes_of(people: Sequence[Person]) -> Mapping[UUID, Collection[str]]: ...

A blind index that nobody brings along is refused by a system check: after a change of index keys nobody would be found by it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from zhikun.privacy.fields import BlindIndexField, SealedField, sealed_fields

#: Brings the indexes of rows along that no Sealed field keeps: sets what is new in each, and says of which row which columns changed.
Reindex = Callable[[Sequence[Any]], Mapping[Any, Collection[str]]]
Made = TypeVar("Made", bound=Reindex)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file: where it lies, the purpose and the binding that it was sealed with."""

    path: Path
    purpose: str
    binding: str


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """A folder of sealed files. `sealed_as` says of a path below it with which purpose and binding it was sealed; None: not one."""

    name: str
    title: str | Promise
    place: Callable[[], Path]
    sealed_as: Callable[[Path], tuple[str, str] | None]

    def files(self) -> Iterator[SealedFile]:
        """Every sealed file, folder by folder, by name: a million photos are never a list in memory."""
        root = self.place()
        for folder, below, names in os.walk(root):
            below.sort()
            for name in sorted(names):
                path = Path(folder, name)
                known = self.sealed_as(path.relative_to(root))
                if known is not None:
                    yield SealedFile(path, *known)


#: All folders by name, and how the rows of a model are indexed anew.
FOLDERS: dict[str, SealedFolder] = {}
REINDEXES: dict[type[models.Model], Reindex] = {}
_BROUGHT: set[str] = set()


def sealed_folder(
    name: str,
    title: str | Promise,
    place: Callable[[], Path],
    sealed_as: Callable[[Path], tuple[str, str] | None],
) -> None:
    """Tells of a folder. The name stays for ever: checkpoints carry it."""
    FOLDERS[name] = SealedFolder(name, title, place, sealed_as)


def reindexed(model: type[models.Model], *columns: str) -> Callable[[Made], Made]:
    """Tells how rows of this model are indexed anew, and which columns that brings along: "field" or "app.Model.field"."""

    def tell(work: Made) -> Made:
        REINDEXES[model] = work
        _BROUGHT.update(one if "." in one else f"{model._meta.label}.{one}" for one in columns)  # noqa: SLF001 - Django's documented way to a model's description
        return work

    return tell


def sealed_models() -> list[type[models.Model]]:
    """Every model of the platform that keeps sealed values or has indexes made anew, by label."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and (_seals(model) or model in REINDEXES)  # noqa: SLF001 - the same
    ]
    return sorted(found, key=lambda model: model._meta.label)  # noqa: SLF001 - the same


def check_reach(**_about: Any) -> Iterable[CheckMessage]:
    """Each blind index is kept by a Sealed field or brought along by a `reindexed`."""
    for model in apps.get_models(include_auto_created=True):
        kept = {sealed.index for sealed in sealed_fields(model).values()}
        for field in model._meta.local_fields:  # noqa: SLF001 - the same
            where = f"{model._meta.label}.{field.name}"  # noqa: SLF001 - the same
            if isinstance(field, BlindIndexField) and field.name not in kept and where not in _BROUGHT:
                yield Error(
                    _("{f} 是盲索引，换密钥时没有人把它换新。请在本应用的 sealed.py 里用 reindexed 说明。").format(f=where),
                    obj=model, id="privacy.E005",
                )  # fmt: skip


def _seals(model: type[models.Model]) -> bool:
    """Whether a column of the model's own table is sealed; a child's table is reached through its parent."""
    return any(isinstance(field, SealedField) for field in model._meta.local_fields)  # noqa: SLF001 - the same
