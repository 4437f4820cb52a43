"""Files of imports that are kept no longer: rejects long after the decision, what killed runs left, uploads without a batch."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from zhikun.privacy import remove_file
from zhikun.privacy.files import clear_left_behind
from zhikun.registry.models import ImportBatch
from zhikun.registry.services import importing_files as files

#: How long the workbook with the rejected rows can be fetched after the last change of its batch.
KEPT = timedelta(days=30)
#: What lies open for longer than any check takes was left by a process that was killed.
_OPEN = timedelta(hours=6)
State = ImportBatch.State
_ENDED = (State.COMMITTED, State.UNDONE)
#: Nothing more is done with the file of such a batch, nor, after these, with what was rejected of it.
_UPLOAD_DONE = (*_ENDED, State.UNREADABLE, State.REFUSED, State.DROPPED)
_REJECTS_DONE = (State.REFUSED, State.DROPPED)


def clear() -> int:
    """Remove what is no longer needed. How many files and folders."""
    home = files.folder()
    if not home.is_dir():
        return 0
    cleared = sum(_cleared(path) for path in sorted(home.iterdir()) if not path.name.startswith("."))
    return cleared + clear_left_behind(home, _OPEN / timedelta(hours=1))


def clear_uploads() -> int:
    """Remove what a server that was killed left of uploads under way. How many files."""
    gone = 0
    for path in sorted(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*")):
        with suppress(FileNotFoundError):  # an upload that ends while we look
            if path.is_file() and _age(path) > _OPEN:
                path.unlink()
                gone += 1
    return gone


def _age(path: Path) -> timedelta:
    return timezone.now() - datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_current_timezone())


def _cleared(path: Path) -> bool:
    age = _age(path)
    if path.is_dir():
        if not path.name.startswith("open-") or age < _OPEN:
            return False
        shutil.rmtree(path, ignore_errors=True)
        return True
    batch = _batch(path)
    stray = batch is None and age > _OPEN
    # A kill between the end of a batch and the removal of its files leaves them behind.
    done = _UPLOAD_DONE if path.name.endswith(".file") else _REJECTS_DONE
    left = batch is not None and batch.state in done and age > _OPEN
    old = batch is not None and batch.state in _ENDED and age > KEPT
    if stray or left or old:
        remove_file(path)
    return stray or left or old


def _batch(path: Path) -> ImportBatch | None:
    try:
        key = uuid.UUID(path.name.partition(".")[0])
    except ValueError:
        return None
    return ImportBatch.objects.filter(pk=key).defer("messages").first()
