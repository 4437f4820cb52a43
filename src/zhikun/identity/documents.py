"""Documents other than the identity card: kept as they are written, each kind apart from all others.

Their numbers follow no rule that could be checked for every holder, so only noise is removed, and what a spreadsheet
has rounded is refused. The kind is part of the token: passport E12345678 and permit E12345678 are two persons.
港澳台居民居住证 carry an 18-character number under GB 11643 and are read as `RESIDENT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.identity.numbers import IdFault, check_id_numbers
from zhikun.wording import _


class DocumentKind(StrEnum):
    """Which document a number stands on. The value is part of every token and must never change."""

    RESIDENT = "resident"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PERMANENT_RESIDENCE = "permanent_residence"
    HOUSEHOLD_REGISTER = "household_register"
    OTHER = "other"


TITLES = {
    DocumentKind.RESIDENT: "居民身份证",
    DocumentKind.PASSPORT: "护照",
    DocumentKind.HK_MACAO_PERMIT: "港澳居民来往内地通行证",
    DocumentKind.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    DocumentKind.PERMANENT_RESIDENCE: "外国人永久居留身份证",
    DocumentKind.HOUSEHOLD_REGISTER: "户口簿编号（无身份证号的儿童）",
    DocumentKind.OTHER: "其他证件",
}
# As departments write the kind of document; what is not here is asked about, never guessed.
_WRITTEN = {
    "身份证": DocumentKind.RESIDENT,
    "居民身份证": DocumentKind.RESIDENT,
    "港澳居民居住证": DocumentKind.RESIDENT,
    "台湾居民居住证": DocumentKind.RESIDENT,
    "港澳台居民居住证": DocumentKind.RESIDENT,
    "护照": DocumentKind.PASSPORT,
    "外国护照": DocumentKind.PASSPORT,
    "中国护照": DocumentKind.PASSPORT,
    "港澳居民来往内地通行证": DocumentKind.HK_MACAO_PERMIT,
    "港澳通行证": DocumentKind.HK_MACAO_PERMIT,
    "回乡证": DocumentKind.HK_MACAO_PERMIT,
    "台湾居民来往大陆通行证": DocumentKind.TAIWAN_PERMIT,
    "台胞证": DocumentKind.TAIWAN_PERMIT,
    "外国人永久居留身份证": DocumentKind.PERMANENT_RESIDENCE,
    "外国人永久居留证": DocumentKind.PERMANENT_RESIDENCE,
    "户口簿": DocumentKind.HOUSEHOLD_REGISTER,
    "户口簿编号": DocumentKind.HOUSEHOLD_REGISTER,
    "其他": DocumentKind.OTHER,
    "其他证件": DocumentKind.OTHER,
}
_NOISE = r"[\s'`’\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}\x{00ad}()]"
_DASHES = r"[\-\x{2010}-\x{2015}\x{2212}_/.·]+"
# Here a separator tells register 12, page 3 from register 1, page 23; on travel documents it is decoration.
_SEPARATED = (DocumentKind.HOUSEHOLD_REGISTER, DocumentKind.OTHER)
_ROUNDED = r"^\d(\.\d+)?[eE]\+\d+$"


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """A column of numbers of one kind, normalised; null where `fault` (IdFault) says that one cannot stand."""

    numbers: pa.Array
    fault: NDArray[np.uint8]


def document_title(kind: DocumentKind) -> str:
    """What officers call the document."""
    return _(TITLES[kind])


def document_kind(text: str) -> DocumentKind | None:
    """The kind that a department wrote, None for a word that is not known."""
    return _WRITTEN.get("".join(text.split()))


def check_documents(numbers: pa.Array, kind: DocumentKind) -> DocumentCheck:
    """A column of numbers of one kind. Identity numbers are checked in full; of others only what can be known."""
    if kind is DocumentKind.RESIDENT:
        checked = check_id_numbers(numbers)
        return DocumentCheck(checked.numbers, checked.fault)
    wide = pc.utf8_normalize(pc.fill_null(numbers.cast(pa.string()), ""), form="NFKC")
    rounded = _mask(pc.match_substring_regex(pc.utf8_trim_whitespace(wide), _ROUNDED))
    plain = pc.utf8_upper(pc.replace_substring_regex(wide, _NOISE, ""))
    joined = pc.replace_substring_regex(plain, _DASHES, "-" if kind in _SEPARATED else "")
    text = pc.utf8_trim(joined, "-")
    fault = np.zeros(len(text), dtype=np.uint8)
    fault[_mask(pc.match_substring_regex(text, r"[^\p{L}\p{N}\-]"))] = IdFault.CHARACTERS
    fault[_mask(pc.equal(text, ""))] = IdFault.BLANK
    fault[rounded] = IdFault.ROUNDED
    return DocumentCheck(pc.if_else(pa.array(fault == 0), text, pa.scalar(None, pa.string())), fault)


def _mask(array: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
