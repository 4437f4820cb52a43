"""The platform follows a rotation of keys: every model with sealed fields, every sealed file, and, when asked for, every blind index.

It stands here, above all rooms, because it is an act of who runs the platform, as backup and health are. It names no room: models
are found through Django, and what cannot be seen from outside (folders of sealed files, indexes of several fields) each room tells
to `privacy` below it (privacy/reach.py). So every arrow points down, and `jobs` knows nothing of `privacy` nor `privacy` of `jobs`.

Both works may be killed, cancelled and begun again at any moment: what is current is passed over, every value opens at every moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _

from zhikun.audit import services as audit
from zhikun.identity.errors import KeysRefused, SealRefused
from zhikun.identity.keyring import KeyRing, announce_index, begin_index, end_index, read_ring
from zhikun.jobs.errors import JobFailed
from zhikun.jobs.models import Job
from zhikun.jobs.progress import Progress
from zhikun.jobs.services import ask
from zhikun.privacy.fields import sealed_fields
from zhikun.privacy.files import clear_left_behind, renew_file
from zhikun.privacy.keys import ring
from zhikun.privacy.reach import FOLDERS, REINDEXES, SealedFolder, sealed_models
from zhikun.privacy.renewal import renew
from zhikun.privacy.standing import Standing, files_standing, rows_standing
from zhikun.web.events import Event

RENEW, REINDEX = "privacy.renew", "privacy.reindex"

#: Seconds in which every process has noticed a changed ring (privacy/keys.py looks once a second) and short requests have ended.
SETTLE = 3.0
_ROWS = 500  # in one transaction: an officer who saves one of them waits for less than a second
_FILES = 50  # between two checkpoints
_MOST_WALKS = 6  # officers who save what they had loaded before bring a row back; the next walk finds it
_MOST_NAMED = 5


@dataclass(slots=True)
class _Walked:
    """How far the work is: what the checkpoint keeps."""

    walk: int = 1
    part: str = ""
    after: str = ""
    files: int = 0
    changed: int = 0
    rows: int = 0
    faults: int = 0
    named: tuple[str, ...] = ()
    stage: str = ""
    target: int = 0

    @classmethod
    def of(cls, state: dict[str, Any]) -> _Walked:
        return cls(**{**state, "named": tuple(state.get("named", ()))})

    def state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def begin(self, stage: str) -> None:
        """A first walk of a stage."""
        self.stage, self.walk = stage, 1
        self.begin_walk()

    def begin_walk(self) -> None:
        """A walk from the first part; faults are counted anew."""
        self.part = self.after = ""
        self.files = self.changed = self.faults = 0
        self.named = ()

    def blame(self, found: tuple[str, ...]) -> None:
        """Values or files that could not be brought along: counted, and the first ones named."""
        self.faults += len(found)
        self.named = (*self.named, *found)[:_MOST_NAMED]


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the platform is called, and in which versions its rows or files stand."""

    title: str
    unit: str
    standing: Standing


def standing() -> list[Part]:
    """How far the platform is, part by part: counts alone."""
    rows = [
        Part(str(model._meta.verbose_name), _("行"), rows_standing(model))  # noqa: SLF001 - Django's documented way to a model's description
        for model in sealed_models()
        if sealed_fields(model)
    ]
    return rows + [
        Part(str(folder.title), _("个文件"), files_standing(folder)) for _name, folder in sorted(FOLDERS.items())
    ]


def last_work() -> list[Job]:
    """The newest job of each of the two kinds."""
    found = [Job.objects.filter(kind=kind).order_by("-asked_at").first() for kind in (RENEW, REINDEX)]
    return [job for job in found if job is not None]


def ask_renewal(held: KeyRing, *, indexes: bool = False, reason: str = "") -> list[Job]:
    """The work that brings everything to the ring's newest version; `indexes`: the blind indexes too.

    Asked twice it is the same work, unless it has ended by then: then it is done once more, which passes over what is current.
    """
    asked = [_asked(RENEW, held, {}, Event.KEYS_ROTATED, reason)]
    if indexes:
        asked.append(_asked(REINDEX, held, {"version": held.current}, Event.INDEXES_ROTATED, reason))
    return asked


@transaction.atomic
def _asked(kind: str, held: KeyRing, arguments: dict[str, Any], event: Event, reason: str) -> Job:
    earlier = Job.objects.filter(key__startswith=f"{kind}:{held.id}:{held.current}.")
    last = earlier.order_by("-asked_at").first()
    if last is not None and not last.has_ended:
        return last
    key = f"{held.id}:{held.current}.{earlier.count() + 1}"
    job = ask(kind, arguments=arguments, key=key)
    audit.record(event, by=None, subject=str(job.pk), reason=reason, details={"version": held.current})
    return job


def renew_everything(progress: Progress) -> Generator[None, None, dict[str, Any]]:
    """Walks rows and files until a walk finds nothing older than the newest key."""
    at = _Walked.of(progress.state)
    if not at.stage:
        progress.expect(_count(sealed_models()) + _count_files(), _("项"))
        for folder in FOLDERS.values():
            clear_left_behind(folder.place())
    while True:
        newest = _ring().current
        if at.target != newest:  # the first walk, or rotated once more
            again = at.target > 0
            at.begin("renew")
            at.target, at.walk = newest, at.walk + again
        while ring().current < newest:  # this process looks once a second
            yield from _settle(0.5)
        yield from _until_clean(progress, at, files=True, indexes=False)
        if _ring().current == newest:
            break
    text = _("已全部换到第 {v} 版密钥，换了 {n} 项。").format(v=at.target, n=f"{at.rows:,}")
    if at.faults:
        text += _("有 {n} 处打不开，没有换，请从备份恢复：{w}。").format(n=at.faults, w="、".join(at.named))
    return {"text": text, "version": at.target, "changed": at.rows, "faults": at.faults}


def reindex_everything(progress: Progress, version: int) -> Generator[None, None, dict[str, Any]]:
    """Searches look in both index versions, new rows are written in the newer, all others follow, then the older is given up.

    Raises JobFailed where rows cannot follow: then both versions stay in use, and nobody is lost.
    """
    at = _Walked.of(progress.state)
    if not at.stage:
        progress.expect(_count(_indexed_models()), _("条记录"))
    if _ring().index_versions[-1] < version:
        _change_ring(announce_index, progress)
        yield from _settle()
        _change_ring(begin_index, progress)
        yield from _settle()
    while len(_ring().index_versions) > 1 or not at.stage:
        if at.stage != "walk" or at.target != _ring().index_versions[-1]:  # the first walk, or rotated once more
            at.begin("walk")
            at.target = _ring().index_versions[-1]
        yield from _until_clean(progress, at, files=False, indexes=True)
        _refuse_faults(progress, at)
        _change_ring(partial(end_index, target=at.target), progress)
        yield from _settle()
    if at.stage == "walk":
        at.begin("check")
        progress.checkpoint(at.state())
    # A row that somebody had loaded before and saved only now has its old index again: one more look, whatever the ring says.
    yield from _until_clean(progress, at, files=False, indexes=True)
    _refuse_faults(progress, at)
    return {"text": _("盲索引已全部换到第 {v} 版。").format(v=at.target), "version": at.target, "changed": at.rows}


def _refuse_faults(progress: Progress, at: _Walked) -> None:
    """Ends the work where rows could not follow; tried again it walks anew."""
    if not at.faults:
        return
    what = _("有 {n} 处没有换成：{w}。").format(n=at.faults, w="、".join(at.named))
    at.begin_walk()
    progress.checkpoint(at.state())
    raise JobFailed(
        what,
        why=_("打不开的要从备份恢复；与别人证件号码相同的，要先更正其中一人。在此之前新旧两版索引都用来查找。"),
        remedy=_("处理后在这里点“重做”，会接着做完。"),
    )


def _until_clean(progress: Progress, at: _Walked, *, files: bool, indexes: bool) -> Generator[None, None, None]:
    while True:
        yield from _walk(progress, at, files=files, indexes=indexes)
        if not at.changed or at.walk >= _MOST_WALKS:
            return
        yield from _settle()
        at.walk += 1
        at.begin_walk()
        progress.checkpoint(at.state())


def _walk(progress: Progress, at: _Walked, *, files: bool, indexes: bool) -> Generator[None, None, None]:
    """Every part from the one of the checkpoint on. Only the first walk of the first stage moves the bar."""
    for model in _indexed_models() if indexes else sealed_models():
        part = model._meta.label  # noqa: SLF001 - Django's documented way to a model's description
        if part >= at.part:
            at.part, at.after = part, at.after if part == at.part else ""
            yield from _walk_rows(progress, at, model, indexes)
    for name, folder in sorted(FOLDERS.items()) if files else ():
        part = f"~{name}"  # behind every label
        if part >= at.part:
            at.part, at.after, at.files = part, "", at.files if part == at.part else 0
            yield from _walk_files(progress, at, folder)


def _walk_rows(progress: Progress, at: _Walked, model: type[models.Model], indexes: bool) -> Iterator[None]:
    after = UUID(at.after) if at.after else None
    for done in renew(model, after=after, batch=_ROWS, indexes=indexes):
        at.after = str(done.after)
        at.changed += done.changed
        at.rows += done.changed
        at.blame(done.broken + done.doubled)
        progress.checkpoint(at.state(), advance=done.seen if _moves_bar(at) else 0)
        yield


def _walk_files(progress: Progress, at: _Walked, folder: SealedFolder) -> Iterator[None]:
    """A folder is read anew after a kill: files that are current cost a look at their head."""
    counted, seen = at.files, 0
    for seen, file in enumerate(folder.files(), start=1):
        try:
            changed = renew_file(file.path, purpose=file.purpose, binding=file.binding)
            at.changed += changed
            at.rows += changed
        except SealRefused:
            at.blame((file.binding,))
        except FileNotFoundError:  # taken away since the folder was read
            pass
        if seen % _FILES == 0:
            counted = _count_on(progress, at, seen, counted)
            yield
    _count_on(progress, at, seen, counted)
    yield


def _count_on(progress: Progress, at: _Walked, seen: int, counted: int) -> int:
    at.files = max(seen, counted)
    progress.checkpoint(at.state(), advance=at.files - counted if _moves_bar(at) else 0)
    return at.files


def _moves_bar(at: _Walked) -> bool:
    return at.walk == 1 and at.stage != "check"


def _settle(seconds: float | None = None) -> Iterator[None]:
    """Time for other processes; between two looks the work may be cancelled."""
    end = time.monotonic() + (SETTLE if seconds is None else seconds)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))
        yield


def _indexed_models() -> list[type[models.Model]]:
    """The models whose rows carry blind indexes, or have them in another table."""
    kept = (model for model in sealed_models() if any(one.index for one in sealed_fields(model).values()))
    return sorted({*kept, *REINDEXES}, key=lambda model: model._meta.label)  # noqa: SLF001 - the same


def _count(found: Sequence[type[models.Model]]) -> int:
    return sum(model._base_manager.count() for model in found)  # noqa: SLF001 - all rows, whatever the default manager hides


def _count_files() -> int:
    return sum(1 for folder in FOLDERS.values() for _file in folder.files())


def _ring() -> KeyRing:
    """The ring as its file has it now: the one that this process holds may be a second old."""
    return read_ring(Path(settings.ZHIKUN_KEYS), Path(settings.ZHIKUN_DATA))


def _change_ring(change: Callable[[Path, Path], KeyRing], progress: Progress) -> None:
    """The ring's index versions changed, by the holder of the work alone."""
    progress.renew()
    try:
        change(Path(settings.ZHIKUN_KEYS), Path(settings.ZHIKUN_DATA))
    except KeysRefused as error:
        raise JobFailed(str(error)) from error
