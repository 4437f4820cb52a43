"""The files of imports on disk: sealed in the data folder under the batch, open only while they are read."""

from __future__ import annotations

import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.utils.translation import gettext as _

from zhikun.disk import private_folder
from zhikun.identity.sealed_files import Readable
from zhikun.privacy import open_file, remove_file, seal_file
from zhikun.tables import RowMessage, UnreadableFile, is_table_file

_PURPOSE = "import_file"
_PARTS = frozenset({"file", "rejects"})
SUFFIXES = frozenset({".xlsx", ".csv", ".zip", ".parquet"})
MOST_BYTES = 100_000_000
_MOST_UNPACKED = 1_000_000_000
_MOST_FILES = 20
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1


def folder() -> Path:
    """Where the sealed files of imports lie."""
    return Path(settings.ZHIKUN_DATA) / "imports"


def _place(batch: uuid.UUID, part: str) -> Path:
    return folder() / f"{batch}.{part}"


def _binding(batch: uuid.UUID, part: str) -> str:
    return f"registry_importbatch.{part}:{batch}"


def sealed_as(path: Path) -> tuple[str, str] | None:
    """With which purpose and binding a path below the folder was sealed; None: it is none of our files."""
    batch, _dot, part = path.name.partition(".")
    if len(path.parts) != 1 or part not in _PARTS:
        return None
    try:
        return _PURPOSE, _binding(uuid.UUID(batch), part)
    except ValueError:
        return None


def keep(batch: uuid.UUID, part: str, source: Readable) -> None:
    """Seal a file of the batch: `file` as it was uploaded, `rejects` the workbook that goes back."""
    seal_file(source, _place(batch, part), purpose=_PURPOSE, binding=_binding(batch, part))


def content(batch: uuid.UUID, part: str) -> Iterator[bytes]:
    """The plain content in chunks. Raises FileNotFoundError where there is none."""
    return open_file(_place(batch, part), purpose=_PURPOSE, binding=_binding(batch, part))


def has(batch: uuid.UUID, part: str) -> bool:
    """Whether the batch has this file."""
    return _place(batch, part).exists()


def remove(batch: uuid.UUID, *parts: str) -> None:
    """The files are no longer needed."""
    for part in parts:
        remove_file(_place(batch, part))


@contextmanager
def opened(batch: uuid.UUID, name: str) -> Iterator[Path]:
    """What a reader is to open: the plain file, or the folder of a zip's tables. Gone at the end, also of a killed run.

    The place is the batch's own: what a killed run left behind is removed before the next begins.
    """
    room = folder() / f"open-{batch}"
    shutil.rmtree(room, ignore_errors=True)
    private_folder(room)
    try:
        plain = room / f"upload{PurePosixPath(name).suffix.lower()}"
        with plain.open("wb") as file:
            for chunk in content(batch, "file"):
                file.write(chunk)
        yield _unpacked(plain, name) if plain.suffix == ".zip" else _named(plain, name)
    finally:
        shutil.rmtree(room, ignore_errors=True)


@contextmanager
def workbench(batch: uuid.UUID, name: str) -> Iterator[Path]:
    """A plain file that a library is to write before it is sealed; gone at the end."""
    room = private_folder(folder() / f"open-{batch}-out")
    try:
        yield room / name
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _named(plain: Path, name: str) -> Path:
    """Under its own name: messages and the choice of sheets go by it."""
    wanted = plain.with_name(PurePosixPath(name.replace("\\", "/")).name or plain.name)
    return plain.rename(wanted)


def _unpacked(archive: Path, name: str) -> Path:
    target = private_folder(archive.parent / "tables")
    try:
        with zipfile.ZipFile(archive) as held:
            _extract(held, target, name)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        raise _refused(name, _("压缩包打不开，可能没有传完"), _("请重新压缩后上传")) from None
    finally:
        archive.unlink(missing_ok=True)
    return target


def _extract(held: zipfile.ZipFile, target: Path, name: str) -> None:
    tables = [info for info in held.infolist() if not info.is_dir() and is_table_file(Path(_name_of(info)))]
    if not tables:
        raise _refused(name, _("压缩包里没有表格文件"), _("请把家庭表和成员表（CSV 或 Parquet）放进压缩包"))
    if len(tables) > _MOST_FILES:
        raise _refused(name, _("压缩包里有 {n} 个表格文件").format(n=len(tables)), _("请只放一次调查的几张表"))
    if any(info.flag_bits & _ENCRYPTED for info in tables):
        raise _refused(name, _("压缩包设有密码"), _("请不设密码压缩后上传；上传后会加密存放"))
    if sum(info.file_size for info in tables) > _MOST_UNPACKED:
        raise _refused(name, _("解开后超过 1000 MB"), _("请按乡镇分成几个文件，或请管理员用命令导入"))
    left = _MOST_UNPACKED
    for info in tables:
        path = target / PurePosixPath(_name_of(info)).name
        with held.open(info) as source, path.open("xb") as plain:
            while chunk := source.read(1 << 20):
                left -= len(chunk)
                if left < 0:  # what a zip says of its sizes need not be true
                    raise _refused(name, _("解开后超过 1000 MB"), _("请按乡镇分成几个文件，或请管理员用命令导入"))
                plain.write(chunk)


def _name_of(info: zipfile.ZipInfo) -> str:
    """The name in the archive; Windows in Chinese writes it in GBK without saying so."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename.replace("\\", "/")
    try:
        return info.filename.encode("cp437").decode("gb18030").replace("\\", "/")
    except UnicodeError:
        return info.filename.replace("\\", "/")


def _refused(name: str, found: str, remedy: str) -> UnreadableFile:
    found = _("文件“{name}”：{found}").format(name=name, found=found)
    return UnreadableFile(RowMessage("", 0, "", found, "", remedy))
