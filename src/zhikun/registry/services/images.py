"""Photos and scans as they come in: checked for what they really are, turned upright, freed of what the camera wrote into them.

A photo carries where and when it was taken. The file's row keeps both; the stored picture does not.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from zhikun.pages.errors import DomainError

MOST_BYTES = 10 * 1024 * 1024
#: A 50-megapixel photo is 150 MB in memory; more is no photo of a document.
MOST_PIXELS = 50_000_000
THUMBNAIL = (320, 240)
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PDF = "application/pdf"


@dataclass(frozen=True)
class Prepared:
    """A file ready to be sealed: its bytes, what it is, a thumbnail (JPEG) if it is a picture, when and where it was taken."""

    content: bytes
    content_type: str
    thumbnail: bytes | None = None
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None


class FileRefused(DomainError):
    """A file that is not what it must be."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what, why=why, remedy=_("请上传 JPEG、PNG、WebP 图片或 PDF，每个不超过 10 MB。"), field="file")


def prepared(content: bytes) -> Prepared:
    """Raises FileRefused. What a file is says its content, not its name."""
    if not content:
        raise FileRefused(_("文件是空的。"))
    if len(content) > MOST_BYTES:
        raise FileRefused(_("文件超过 10 MB。"))
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise FileRefused(_("PDF 不完整。"), _("可能没有下载完或传输中断。"))
        return Prepared(content, PDF)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _picture(content)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise FileRefused(_("图片的像素太多。"), _("过大的图片会使系统停顿。")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise FileRefused(_("文件不是图片或 PDF，或者已经损坏。"), _("系统按内容辨认，不看文件名。")) from None


def _picture(content: bytes) -> Prepared:
    with Image.open(io.BytesIO(content), formats=list(_FORMATS)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        kind = image.format or ""
        exif = image.getexif()
        taken, place = _taken_at(exif), _place(exif)
        image.load()
        upright = ImageOps.exif_transpose(image)
    plain = upright if upright.mode in {"RGB", "L", "RGBA"} else upright.convert("RGB")
    small = plain.convert("RGB")
    small.thumbnail(THUMBNAIL)
    latitude, longitude = place or (None, None)
    return Prepared(
        _bytes(plain.convert("RGB") if kind == "JPEG" else plain, kind), _FORMATS[kind], _bytes(small, "JPEG"), taken,
        latitude, longitude,
    )  # fmt: skip


def _bytes(image: Image.Image, kind: str) -> bytes:
    """The picture alone: no EXIF, no comment, no colour profile with a name in it."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    target = io.BytesIO()
    options: dict[str, Any] = {"quality": 88} if kind in {"JPEG", "WEBP"} else {}
    clean.save(target, kind, **options)
    return target.getvalue()


def _taken_at(exif: Image.Exif) -> datetime | None:
    """The camera's clock, read as the office's time; a clock that runs ahead is not believed."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    text = inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    try:
        naive = datetime.strptime(str(text), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - made aware in the next line
    except ValueError:
        return None
    aware = timezone.make_aware(naive)
    return aware if aware <= timezone.now() and aware.year >= 2000 else None


def _place(exif: Image.Exif) -> tuple[float, float] | None:
    gps: Mapping[int, Any] = exif.get_ifd(ExifTags.IFD.GPSInfo)
    tags = ExifTags.GPS
    latitude = _degrees(gps.get(tags.GPSLatitude), gps.get(tags.GPSLatitudeRef), "S", 90)
    longitude = _degrees(gps.get(tags.GPSLongitude), gps.get(tags.GPSLongitudeRef), "W", 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(parts: Any, reference: Any, negative: str, most: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not value <= most:
        return None
    return round(-value if reference == negative else value, 6)
