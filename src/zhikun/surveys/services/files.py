"""Photos and signatures: checked, made small, freed of what a camera writes into them, and sealed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from zhikun.accounts.models import Officer
from zhikun.privacy import clear_strays, open_file, seal_file
from zhikun.surveys.errors import FileRefused
from zhikun.surveys.models import Assignment, VisitFile
from zhikun.surveys.services.assigning import locked_to_fill

PURPOSE = "survey_file"
MOST_BYTES = 15 * 1024 * 1024
MOST_FILES = 20
_MOST_PIXELS = 60_000_000
_LONGEST_SIDE = 2048
_SMALL = (320, 320)
_MOST_OF_A_SIGNATURE = 400_000
_MOST_PIXELS_OF_A_SIGNATURE = 2_000_000  # a white wall packs into a few bytes
_LEAST_INK = 60  # pixels; a dot is no signature
_KINDS = ("JPEG", "PNG", "WEBP")


@transaction.atomic
def add_photo(
    assignment: Assignment, client: uuid.UUID, content: bytes, taken_at: datetime | None, *, acting_officer: Officer
) -> VisitFile:
    """Keep a photo of a visit that is being filled in. Sent twice under one number, it is one photo."""
    held = locked_to_fill(assignment, acting_officer)
    known = VisitFile.objects.filter(assignment=held, client=client).first()
    if known is not None:
        return known
    if VisitFile.objects.filter(assignment=held, visit__isnull=True, kind=VisitFile.Kind.PHOTO).count() >= MOST_FILES:
        raise FileRefused(_("照片已有 {n} 张。").format(n=MOST_FILES), _("请先删去不要的再拍。"))
    small = as_jpeg(content)
    return kept(
        VisitFile(
            client=client, assignment=held, kind=VisitFile.Kind.PHOTO, content_type="image/jpeg", taken_at=taken_at,
            added_by=acting_officer,
        ),
        small,
    )  # fmt: skip


@transaction.atomic
def drop_photo(assignment: Assignment, client: uuid.UUID, *, acting_officer: Officer) -> None:
    """Take a photo back before the visit is handed in."""
    held = locked_to_fill(assignment, acting_officer)
    one = VisitFile.objects.filter(assignment=held, client=client, visit__isnull=True).first()
    if one is not None:
        path = one.path
        one.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def kept(file: VisitFile, content: bytes) -> VisitFile:
    """Seal the bytes and keep the row. Should the transaction fail, the bytes go too."""
    file.size, file.sha256 = len(content), hashlib.sha256(content).hexdigest()
    seal_file(BytesIO(content), file.path, purpose=PURPOSE, binding=_binding(file))
    try:
        file.save(force_insert=True)
    except Exception:
        with suppress(OSError):
            file.path.unlink()
        raise
    return file


def content_of(file: VisitFile) -> Iterator[bytes]:
    """The bytes in chunks."""
    return open_file(file.path, purpose=PURPOSE, binding=_binding(file))


def small(file: VisitFile) -> bytes:
    """A photo as a small JPEG, made when it is asked for: no second file lies about."""
    picture = Image.open(BytesIO(b"".join(content_of(file))), formats=("JPEG",))
    picture.draft("RGB", _SMALL)
    picture.thumbnail(_SMALL)
    out = BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=75)
    return out.getvalue()


def as_jpeg(content: bytes) -> bytes:
    """A photo as a JPEG of at most 2048 pixels a side, upright, with nothing a camera wrote into it. Raises FileRefused."""
    if len(content) > MOST_BYTES:
        raise FileRefused(
            _("照片超过 {n} MB。").format(n=MOST_BYTES // 1024 // 1024), _("请在相机里选小一些的尺寸重拍。")
        )
    picture = ImageOps.exif_transpose(_opened(content, _KINDS)).convert("RGB")
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    out = BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def as_signature(content: bytes) -> bytes:
    """A signature as a plain PNG. Raises FileRefused for what is no picture or has next to nothing written on it."""
    if len(content) > _MOST_OF_A_SIGNATURE:
        raise FileRefused(_("签名图片太大。"), _("请清空后重新签名。"))
    picture = _opened(content, ("PNG",), _MOST_PIXELS_OF_A_SIGNATURE).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    grey = paper.convert("L")
    if sum(grey.histogram()[:160]) < _LEAST_INK:
        raise FileRefused(_("签名板是空的。"), _("请本人在签名板上签名。"))
    out = BytesIO()
    grey.save(out, "PNG", optimize=True)
    return out.getvalue()


def _opened(content: bytes, kinds: tuple[str, ...], most_pixels: int = _MOST_PIXELS) -> Any:
    """The picture, if it is one of these kinds, of a sane size, and whole."""
    refused = FileRefused(_("这个文件不是照片，或者已经损坏。"), _("请用手机相机重新拍摄；可用 JPG、PNG 格式。"))
    try:
        picture = Image.open(BytesIO(content), formats=kinds)
        if picture.width * picture.height > most_pixels:
            raise refused
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise refused from error
    return picture


def _binding(file: VisitFile) -> str:
    return f"surveys_visitfile:{file.pk}"


def folder() -> Path:
    """Where the sealed photos and signatures of visits lie."""
    return Path(settings.ZHIKUN_DATA) / "surveys"


def clear() -> int:
    """Remove what a server killed before the row was kept left of photos and signatures. How many files."""
    return clear_strays(folder(), lambda ids: set(VisitFile.objects.filter(pk__in=ids).values_list("pk", flat=True)))


def sealed_as(path: Path) -> tuple[str, str] | None:
    """Purpose and binding of a file below the folder; None for what is not sealed."""
    try:
        key = uuid.UUID(path.stem)
    except ValueError:
        return None
    return (PURPOSE, f"surveys_visitfile:{key}") if path.suffix == ".sealed" and len(path.parts) == 2 else None
