"""Whose row it is: numbers checked and made into tokens, names, and what people see of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.identity import (
    DocumentKind,
    IdCheck,
    IdFault,
    check_documents,
    check_id_numbers,
    document_kind,
    fault_text,
    is_name,
    mask_id_number,
    mask_name,
    normalise_names,
)
from zhikun.intake.lists.faults import Fault, Faults
from zhikun.intake.lists.spelled import all_chinese
from zhikun.intake.survey.values import mask_of
from zhikun.wording import _

#: A column of this name says on which kind of document the number of a row stands; without it all are identity cards.
DOCUMENT_KIND = "document_kind"
_REASONS = {
    IdFault.BLANK: "id_blank",
    IdFault.ROUNDED: "id_rounded",
    IdFault.LENGTH: "id_length",
    IdFault.CHARACTERS: "id_characters",
    IdFault.BIRTH_DATE: "id_birth_date",
    IdFault.CHECK: "id_check",
}
_NAME = r"^[^\d、，,;；/\\@#=]{2,50}$"
_USUAL_LENGTH = (2, 50)  # of a name in Chinese characters
_FULL_LENGTH = 18
_ROUNDED_SHARE = 50  # one row in fifty
_LONGEST_NAME = 50

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A block's numbers: normalised, with kind of document, birth date and what is wrong."""

    numbers: pa.Array
    kinds: pa.Array | None  # None: identity cards all
    birth_date: pa.Array
    codes: Codes
    suspect: int  # end in 000 and may have been rounded


def read_numbers(texts: pa.Array, kinds: pa.Array | None, title: str, required: bool, faults: Faults) -> Numbers:
    """Check a block's numbers; `kinds` are the kinds as written, blank for identity cards."""
    count = len(texts)
    if kinds is None:
        checked = check_id_numbers(texts)
        if not checked.fault.any():
            return Numbers(checked.numbers, None, checked.birth_date, np.zeros(count, dtype=np.int32), 0)
        meant, unknown, resident = None, np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
        numbers, fault = checked.numbers, checked.fault.copy()
    else:
        meant, unknown = _kinds(kinds)
        resident = meant == DocumentKind.RESIDENT
        checked = check_id_numbers(texts if resident.all() else pc.if_else(pa.array(resident), texts, ""))
        numbers, fault = _with_documents(texts, meant, checked)
    suspect = fault == IdFault.SUSPECT
    if _rounding_happened(fault):
        fault[suspect] = IdFault.ROUNDED
    codes = np.zeros(len(texts), dtype=np.int32)
    for id_fault, reason in _REASONS.items():
        rows = fault == id_fault
        if rows.any() and (required or id_fault is not IdFault.BLANK):
            for part, is_resident in ((rows & resident, True), (rows & ~resident, False)):
                if part.any():
                    codes[part] = faults.number(_fault(id_fault, reason if is_resident else "document", title))
    codes[unknown] = faults.number(_unknown_kind()) if unknown.any() else 0
    column = None if meant is None or resident.all() else pa.array([str(k) for k in meant], pa.string())
    return Numbers(numbers, column, checked.birth_date, codes, int(suspect.sum()))


def _with_documents(
    texts: pa.Array, meant: NDArray[np.object_], checked: IdCheck
) -> tuple[pa.Array, NDArray[np.uint8]]:
    """The numbers of a block in which some stand on other documents."""
    numbers, fault = checked.numbers, checked.fault.copy()
    for kind in sorted({str(k) for k in meant} - {DocumentKind.RESIDENT.value}):
        mask = meant == kind
        other = check_documents(texts.filter(pa.array(mask)), DocumentKind(kind))
        numbers = pc.replace_with_mask(numbers, pa.array(mask), other.numbers)
        fault[mask] = other.fault
    return numbers, fault


def read_names(
    texts: pa.Array, title: str, required: bool, must_be_names: bool, faults: Faults
) -> tuple[pa.Array, Codes, int]:
    """Names normalised, what is wrong, and how many do not look like names.

    Where a number says whose row it is, an odd name keeps no row out.
    """
    unusual = ~all_chinese(texts, *_USUAL_LENGTH)
    codes = np.zeros(len(texts), dtype=np.int32)
    if not unusual.any():
        return texts, codes, 0
    odd = texts.filter(pa.array(unusual))
    rest, codes[unusual], count = _unusual_names(odd, title, required, must_be_names, faults)
    if rest.equals(odd):
        return texts, codes, count
    return pc.replace_with_mask(texts, pa.array(unusual), rest), codes, count


def _unusual_names(
    texts: pa.Array, title: str, required: bool, must_be_names: bool, faults: Faults
) -> tuple[pa.Array, Codes, int]:
    """The same for names with a dot, a space, Latin letters, and for what is none."""
    names = normalise_names(texts).combine_chunks()
    blank = mask_of(pc.equal(names, ""))
    odd = ~blank & ~mask_of(pc.match_substring_regex(names, _NAME))
    if odd.any():
        where = np.flatnonzero(odd)
        odd[where] = [not is_name(name) for name in names.take(pa.array(where)).to_pylist()]
    codes = np.zeros(len(texts), dtype=np.int32)
    if must_be_names and odd.any():
        codes[odd] = faults.number(
            Fault(
                "name", title, _("这一格不是一个人的姓名"), _("一个人的姓名"), _("有数字、符号，或不足两个字，请核对")
            )
        )
    if required and blank.any():
        codes[blank] = faults.number(blank_fault(title))
    return pc.if_else(pa.array(blank), pa.scalar(None, pa.string()), names), codes, int(odd.sum())


def blank_fault(title: str) -> Fault:
    """A cell that must be filled and is not."""
    return Fault("blank", title, _("这一格空着"), "", _("这一列必填，请补上；补不上的行请删去并说明"))


def masked(names: pa.Array, numbers: pa.Array) -> pa.Array:
    """张* 6201**********12: what eyes see of a person."""
    name = pc.fill_null(names, "")
    plain = all_chinese(name, *_USUAL_LENGTH)
    hidden = pc.subtract(pc.max_element_wise(pc.utf8_length(name), 1), 1)
    stars = _stars().take(pc.min_element_wise(hidden, _LONGEST_NAME - 1))
    shown_name = pc.binary_join_element_wise(pc.utf8_slice_codeunits(name, 0, 1), stars, "")
    shown_name = _mended(shown_name, name, ~plain, mask_name)
    number = pc.fill_null(numbers, "")
    usual = mask_of(pc.match_substring_regex(number, r"^[0-9]{17}[0-9X]$"))
    shown = (
        _starred(number) if usual.all() else _mended(number, number, np.ones(len(number), dtype=bool), mask_id_number)
    )
    return pc.utf8_trim_whitespace(pc.binary_join_element_wise(shown_name, shown, " "))


@cache
def _stars() -> pa.Array:
    return pa.array(["*" * count for count in range(_LONGEST_NAME)], pa.string())


def _starred(numbers: pa.Array) -> pa.Array:
    """Numbers of 18 characters as `mask_id_number` shows them, all at once."""
    first = np.frombuffer(numbers.buffers()[1], dtype=np.int32)[numbers.offset] if len(numbers) else 0
    length = len(numbers) * _FULL_LENGTH
    signs = (
        np.frombuffer(numbers.buffers()[2] or b"", dtype=np.uint8)[first : first + length]
        .reshape(-1, _FULL_LENGTH)
        .copy()
    )
    signs[:, 4:16] = ord("*")
    offsets = np.arange(0, length + 1, _FULL_LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(signs))


def _mended(column: pa.Array, texts: pa.Array, rows: NDArray[np.bool_], mask: object) -> pa.Array:
    """The rows that need care, each distinct text once."""
    if not rows.any() or not callable(mask):
        return column
    encoded = texts.filter(pa.array(rows)).dictionary_encode()
    spelled = pa.array([mask(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(column, pa.array(rows), spelled.take(encoded.indices))


def _rounding_happened(fault: NDArray[np.uint8]) -> bool:
    """Rounding hits a whole column; one number in eleven then passes the check by chance, and must not stand."""
    return int((fault == IdFault.ROUNDED).sum()) * _ROUNDED_SHARE > len(fault)


def _kinds(kinds: pa.Array) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """The kind that each row means, and where the word is not known."""
    encoded = kinds.dictionary_encode()
    words = [_kind_of(word) for word in encoded.dictionary.to_pylist()]
    where = encoded.indices.to_numpy()
    meant = np.empty(len(words), dtype=object)
    meant[:] = [kind or DocumentKind.RESIDENT for kind in words]
    return meant[where], np.array([kind is None for kind in words], dtype=bool)[where]


def _kind_of(word: str) -> DocumentKind | None:
    if not word.strip():
        return DocumentKind.RESIDENT
    try:
        return DocumentKind(word.strip().lower())
    except ValueError:
        return document_kind(word)


def _fault(fault: IdFault, reason: str, title: str) -> Fault:
    if fault is IdFault.BLANK:
        return Fault(reason, title, _("没有身份证号"), "", _("没有号码就对不上人，请补上；补不上的行请删去并说明"))
    if reason == "document" and fault is IdFault.CHARACTERS:
        return Fault(reason, title, _("证件号码里有不该有的符号"), _("证件上的号码"), _("请照证件重新录入"))
    found, expected, remedy = fault_text(fault)
    return Fault(reason, title, found, expected, remedy)


def _unknown_kind() -> Fault:
    return Fault(
        "document", _("证件种类"), "", _("居民身份证、护照、港澳居民来往内地通行证等"), _("请照证件写出种类"), quotes=True
    )  # fmt: skip
