"""Cells to values: what every type of fact shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.identity import mask_id_numbers_in
from zhikun.tables import Column, Kind, Severity
from zhikun.wording import _

_MARKS = r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}\x{00ad}"
_INVISIBLE = rf"[\x{{0000}}-\x{{0008}}{_MARKS}]"
_NEVER_WRITTEN = rf"[\x{{0000}}-\x{{0008}}\x{{000b}}\x{{000c}}\x{{000e}}-\x{{001f}}\x{{007f}}-\x{{009f}}{_MARKS}]"
_LINE_END = r"\r\n?|\x{0085}|\x{2028}|\x{2029}"
_UNKNOWN_WORDS = frozenset({"未知", "不详", "不清楚", "不知道", "不明", "待核实", "待查", "待定", "unknown", "?", "??"})
_LONGEST_QUOTE = 40
Mask = NDArray[np.bool_]


class Finding(NamedTuple):
    """Something wrong in one cell (or, with an empty column later, one row); phrases as in RowMessage."""

    at: int  # position among the rows
    found: str
    expected: str
    remedy: str
    severity: Severity = Severity.ERROR
    wrong: str = ""


class Verdict(NamedTuple):
    """What one distinct text means: a value, or what is wrong; `note` tells how it was understood."""

    value: object = None
    found: str = ""
    expected: str = ""
    remedy: str = ""
    severity: Severity = Severity.ERROR
    note: str = ""
    wrong: str = ""  # said after the cell as it stands, where `found` is left to it


@dataclass(slots=True)
class Converted:
    """The values of one column, what is wrong in it, and rows read with some goodwill, by how."""

    values: pa.Array
    findings: list[Finding] = field(default_factory=list)
    notes: dict[str, list[int]] = field(default_factory=dict)

    def note(self, text: str, rows: Iterable[int]) -> None:
        listed = list(rows)
        if listed:
            self.notes.setdefault(text, []).extend(listed)


def clean(text: pa.Array) -> pa.Array:
    """Full-width characters made plain, invisible marks and outer spaces removed."""
    if pc.all(pc.string_is_ascii(text), min_count=0).as_py():
        return pc.utf8_trim_whitespace(text)
    plain = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKC"), _INVISIBLE, "")
    return pc.utf8_trim_whitespace(plain)


def as_told(text: pa.Array) -> pa.Array:
    """Free text as people wrote it, full-width punctuation and rare characters too.

    Only line ends become one kind, control and invisible marks go, and the outer spaces.
    """
    kept = pc.replace_substring_regex(pc.replace_substring_regex(text, _LINE_END, "\n"), _NEVER_WRITTEN, "")
    return pc.utf8_trim_whitespace(kept)


def quoted(text: str) -> str:
    """What was found, for a message: short, on one line, identity numbers masked."""
    line = mask_id_numbers_in(" ".join(text.split()))
    return _("“{text}”").format(text=line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…")


def wrote(text: str, wrong: str = "") -> str:
    """填的是“…”，不是数字: the cell as it stands and what is wrong with it, for a message."""
    found = _("填的是{text}").format(text=quoted(text))
    return _("{found}，{wrong}").format(found=found, wrong=wrong) if wrong else found


def is_unknown_word(text: str) -> bool:
    """Words with which people write that they do not know."""
    return text.lower() in _UNKNOWN_WORDS


def unknown_note() -> str:
    return _("写的是“不详”一类的话，按未知处理")


def mask_of(array: pa.Array) -> Mask:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)


def special_cells(column: Column, result: Converted) -> None:
    """Error cells, formulas without a result and cells under a merged range: never a value, always an answer."""
    for kind, found, remedy in (
        (Kind.ERROR, _("公式出错（{text}）"), _("请改正公式，或直接填入数值；不知道就留空")),
        (Kind.UNCALCULATED, _("公式没有计算结果"), _("请用 Excel 或 WPS 打开、保存一次，或直接填入数值")),
        (Kind.MERGED, _("单元格在合并区域 {text} 里，只有第一格有值"), _("请取消合并，每一格都填上")),
    ):
        for index in map(int, np.flatnonzero(column.kind == kind)):
            text = column.text[index].as_py()
            result.findings.append(Finding(index, found.format(text=text), "", remedy))


def by_unique(
    column: Column, rows: Mask, result: Converted, parse: Callable[[str], Verdict], *, as_written: bool = False
) -> list[object]:
    """`parse` once for each distinct text of the chosen rows; findings and notes for the rows that have it.

    Texts are cleaned before, unless `as_written`. Returns the value for every row of the column, None where there is none.
    """
    values: list[object] = [None] * len(column)
    where = np.flatnonzero(rows)
    if not len(where):
        return values
    encoded = column.text.take(pa.array(where)).dictionary_encode()
    codes = encoded.indices.to_numpy()
    words = encoded.dictionary if as_written else clean(encoded.dictionary)
    verdicts = [parse(word) for word in words.to_pylist()]
    meaning = np.empty(len(verdicts), dtype=object)
    meaning[:] = [verdict.value for verdict in verdicts]
    out = np.empty(len(column), dtype=object)
    out[where] = meaning[codes]
    by_code = where[np.argsort(codes, kind="stable")]
    starts = np.searchsorted(np.sort(codes), np.arange(len(verdicts) + 1))
    for code, verdict in enumerate(verdicts):
        if not (verdict.note or verdict.found or verdict.remedy):
            continue
        hits = [int(i) for i in by_code[starts[code] : starts[code + 1]]]
        if verdict.note:
            result.note(verdict.note, hits)
        else:
            found, wrong = verdict.found, verdict.wrong
            result.findings.extend(
                Finding(
                    i, found or wrote(column.text[i].as_py(), wrong), verdict.expected, verdict.remedy, verdict.severity,
                    wrong,
                )
                for i in hits
            )  # fmt: skip
    return out.tolist()
