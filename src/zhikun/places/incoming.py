"""Uploaded files between the dry run and the import: kept by their content, for a day at most."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from zhikun.disk import private_folder, replace_file
from zhikun.places.services.areas import Source

_SALT = "zhikun.places.import"
_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Held:
    """An uploaded file: its digest, ending and what the officer calls it."""

    digest: str
    ending: str
    name: str

    @property
    def source(self) -> Source:
        """The file for the importing verb."""
        return Source(_folder() / f"{self.digest}{self.ending}", self.name)


def hold(file: UploadedFile[bytes] | None) -> Held | None:
    """Keep an uploaded file under the digest of its content; files of yesterday go."""
    if file is None:
        return None
    content = file.read()
    name = Path(file.name or "").name
    held = Held(hashlib.sha256(content).hexdigest(), Path(name).suffix.lower(), name[:80])
    _clear()
    replace_file(held.source.path, content)
    return held


def ticket(areas: Held | None, changes: Held | None) -> str:
    """What the second step of the page sends back: signed, so that it names these files and no others."""
    return signing.dumps([asdict(one) if one else None for one in (areas, changes)], salt=_SALT)


def redeem(text: str) -> tuple[Held | None, Held | None] | None:
    """The files of a ticket; None where it is forged or too old, or a file is gone."""
    try:
        areas, changes = (Held(**one) if one else None for one in signing.loads(text, salt=_SALT, max_age=_SECONDS))
    except signing.BadSignature:
        return None
    if any(one is not None and not one.source.path.is_file() for one in (areas, changes)):
        return None
    return areas, changes


def _folder() -> Path:
    return private_folder(settings.ZHIKUN_DATA / "incoming" / "areas")


def _clear() -> None:
    for path in _folder().iterdir():
        if path.stat().st_mtime < time.time() - _SECONDS:
            path.unlink(missing_ok=True)
