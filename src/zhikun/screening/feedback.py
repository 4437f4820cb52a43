"""What visits found, row by row: from a file or a command, checked against the warnings they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import DIRECTIONS
from zhikun.identity import (
    TOKEN,
    DocumentKind,
    KeyRing,
    check_documents,
    document_kind,
    document_title,
    fault_text,
    holds_id_number,
    mask_id_number,
    mask_id_numbers_in,
    token_from_text,
    token_of,
)
from zhikun.screening.decisions import OUTCOMES, Decisions, Finding, in_force, right
from zhikun.screening.identified import under_present_keys
from zhikun.screening.model import PURPOSE, Earlier
from zhikun.screening.runs import Runs
from zhikun.screening.words import direction_words, outcome_words
from zhikun.tables import RowMessage, UnreadableFile, read_sheets
from zhikun.wording import _, did_you_mean
from zhikun.workdays import Month, NotAMonth

#: The headings of a feedback file, each with the others it goes by.
HEADINGS = {
    "person": ("人员代码", "代码"),
    "id_number": ("身份证号", "公民身份号码", "身份证号码", "证件号码"),
    "document_kind": ("证件类型", "证件种类"),
    "month": ("月份", "预警月份"),
    "direction": ("方向", "预警方向"),
    "outcome": ("结果", "核实结果", "核查结果"),
    "helped_with": ("帮扶措施", "措施", "落实政策"),
    "causes": ("原因", "致困原因"),
    "on": ("日期", "核实日期", "入户日期"),
    "by": ("经办人", "核实人", "入户人"),
    "pack": ("政策包",),
}
_HEAD_ROWS = 20
_ASKED = ["person", "direction", "causes", "raised", "level"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one row: accepted (and what it contradicts), known already, or refused and why."""

    row: int
    state: str  # accepted, known, refused
    text: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """One row as it was written, texts by the names of HEADINGS."""

    row: int
    cells: Mapping[str, str]

    @property
    def filled(self) -> bool:
        """Whether a visitor has written something: the other cells of a work list come filled."""
        return any(self.cells.get(name) for name in ("outcome", "helped_with", "on"))


class Unanswerable(ValueError):
    """A person or a row that cannot be taken, in words; it never names an identity number."""


def rows_of(path: Path) -> list[Given]:
    """The rows of a feedback file. Raises UnreadableFile where it has no headings to go by."""
    for sheet in read_sheets(path):
        for index, head in enumerate(sheet.head(_HEAD_ROWS)):
            names = {_heading(text): place for place, text in enumerate(head) if _heading(text)}
            if "outcome" in names and ("person" in names or "id_number" in names):
                grid = sheet.grid(index)
                columns = {name: grid.columns[place].text.to_pylist() for name, place in names.items()}
                given = (
                    Given(int(row), {name: str(texts[n] or "").strip() for name, texts in columns.items()})
                    for n, row in enumerate(grid.rows)
                )
                return [one for one in given if any(one.cells.values())]
    raise UnreadableFile(
        RowMessage(
            "",
            0,
            "",
            _("没有找到反馈表的表头"),
            _("“人员代码”或“身份证号”，和“结果”各一列"),
            _("请在 zhikun monitor worklist 写出的名单上填写"),
        )
    )


def left_out(rows: Sequence[Given]) -> list[str]:
    """The columns that are gone from a work list, and what is taken in their place; none of somebody's own table."""
    every = {name for row in rows for name in row.cells}
    instead = {
        "on": _("没有“核实日期”这一列，入户都按今天记"), "month": _("没有“月份”这一列，都按那天已发出的最近一次预警记"),
        "causes": _("没有“原因”这一列，都按预警的全部原因记"), "by": _("没有“经办人”这一列，都按收表的人记"),
    }  # fmt: skip
    return [text for name, text in instead.items() if name not in every] if "pack" in every else []


def take(
    data: Path, pack: Pack, rows: Sequence[Given], *, ring: KeyRing, today: date, by: str = ""
) -> list[Answer]:  # fmt: skip
    """Check each row against the warning it answers and keep what is right; the same again is kept once."""
    log, warned = Decisions(data, ring), _Warned(Runs(data, pack.id, ring).all())
    log.check(warned.months)
    standing = in_force(log.history())
    findings: list[tuple[int, Finding]] = []
    answers: dict[int, Answer] = {}
    for given in rows:
        try:
            findings.append((given.row, _finding(given, pack, warned, ring, today, by)))
        except (Unanswerable, NotAMonth) as error:
            answers[given.row] = Answer(given.row, "refused", mask_id_numbers_in(str(error)))
    new = log.add([finding for _row, finding in findings]) if findings else []
    for (row, found), is_new in zip(findings, new, strict=True):
        answers[row] = Answer(row, "accepted", _against(found, standing)) if is_new else Answer(row, "known")
    return [answers[given.row] for given in rows]


def _against(new: Finding, standing: dict[tuple[str, bytes, Month, str, str], Finding]) -> str:
    """What somebody found before that cannot be true beside it, and which of the two stands; it stands from here on."""
    about = [(new.pack, new.person, new.month, new.direction, cause) for cause in new.causes]
    before = next(
        (old for key in about if (old := standing.get(key)) and {right(old), right(new)} == {True, False}), None
    )
    later = [key for key in about if key not in standing or standing[key].on <= new.on]
    standing |= dict.fromkeys(later, new)
    if before is None:
        return ""
    words = outcome_words()
    kept = new if before.on <= new.on else before
    return _("{b} {d} 反馈的是“{o}”，这次是“{n}”；两次都留着，以 {k} 入户的“{w}”为准。记错了的，请再反馈一次。").format(
        b=before.by, d=before.on, o=words[before.outcome], n=words[new.outcome], k=kept.on, w=words[kept.outcome]
    )


class Warned(NamedTuple):
    """A warning that stands: its causes and the day on which it went out, in its present colour."""

    causes: list[str]
    raised: date


class _Warned:
    """The warnings of months, read once each."""

    def __init__(self, months: Sequence[Earlier]) -> None:
        self.months = months  # those that were run, oldest first
        self._months: dict[Month, dict[bytes, dict[str, Warned]]] = {}

    def of(self, run: Earlier, person: bytes) -> dict[str, Warned]:
        """A person's warnings by direction."""
        if run.month not in self._months:
            found: dict[bytes, dict[str, Warned]] = {}
            table = pq.read_table(run.file("warnings"), columns=_ASKED)
            table = table.filter(pc.is_valid(table["level"]))
            for row in table.to_pylist():
                found.setdefault(row["person"], {})[row["direction"]] = Warned(row["causes"], row["raised"])
            self._months[run.month] = found
        return self._months[run.month].get(person, {})


def _finding(given: Given, pack: Pack, warned: _Warned, ring: KeyRing, today: date, by: str) -> Finding:
    cells = given.cells
    if cells.get("pack") not in (None, "", pack.id):
        raise Unanswerable(
            _(
                "这一行是政策包“{a}”的预警，现在收的是“{b}”的反馈，会记到别的预警上，因此没有收。请加 --pack {a} 再交。"
            ).format(a=cells["pack"], b=pack.id)
        )
    person = _known_as(_person(cells, ring), cells, ring, warned)
    outcome = _word(cells.get("outcome", ""), outcome_words(), OUTCOMES, _("结果"))
    day = _day(cells.get("on", ""), today)
    direction = cells.get("direction", "")
    if direction:
        direction = _word(direction, direction_words(), DIRECTIONS, _("方向"))
    month, warnings = _warning(person, cells.get("month", ""), direction, day, warned, pack)
    direction = direction or _only_direction(month, warnings)
    if outcome == "verified":
        _still_open(person, month, direction, day, warned)
    causes = _causes(cells.get("causes", ""), warnings[direction].causes, pack)
    helped_with, entered_by = _said(cells, outcome, by)
    return Finding(person, pack.id, month, direction, causes, outcome, helped_with, day, entered_by, today)


def _only_direction(month: Month, warnings: Mapping[str, Warned]) -> str:
    if len(warnings) == 1:
        return next(iter(warnings))
    raise Unanswerable(
        _("这个人 {m} 有两个方向的预警，不知道反馈的是哪一个。请填“方向”：{d}。").format(
            m=month, d="、".join(direction_words().values())
        )
    )


def _said(cells: Mapping[str, str], outcome: str, by: str) -> tuple[str, str]:
    """What was done and by whom: both are kept as they are written, so that no identity number may stand in them."""
    helped_with, entered_by = cells.get("helped_with", ""), cells.get("by", "") or by
    if outcome == "helped" and not helped_with:
        raise Unanswerable(_("结果是“已帮扶”，没有写帮扶措施，以后说不清落实了什么。请填“帮扶措施”。"))
    if holds_id_number(helped_with):
        raise Unanswerable(
            _("“帮扶措施”里像是写了身份证号，记下来会泄露个人信息，这一行没有收。请删去号码，只写落实了什么。")
        )
    if not entered_by:
        raise Unanswerable(_("没有写经办人，以后无法说明是谁核实的。请填“经办人”。"))
    if holds_id_number(entered_by):
        raise Unanswerable(_("“经办人”里像是写了身份证号，记下来会泄露个人信息，这一行没有收。请只写姓名或工号。"))
    return helped_with, entered_by


def _still_open(person: bytes, month: Month, direction: str, day: date, warned: _Warned) -> None:
    """Whether the warning still stood on the day of the visit: what has been cleared cannot be found to be as it says."""
    later = [run for run in warned.months if run.month > month and run.on <= day]
    if later and direction not in warned.of(later[-1], person):
        raise Unanswerable(
            _(
                "这个人 {m} 的预警在 {l} 已经解除，{d} 没有等待核实的预警，不能记“情况属实”。请核对月份和核实日期。"
            ).format(m=month, l=later[-1].month, d=day)
        )


def looks_like_number(text: str) -> bool:
    """Whether a text is meant as an identity number, right or wrong, and not as a token."""
    plain = "".join(text.split())
    return len(plain) < 2 * TOKEN.byte_width and sum(c.isdigit() for c in plain) >= len(plain) - 1 > 0


def person_of(token: str, number: str, ring: KeyRing, kind: str = "") -> bytes:
    """The person's token, from the token's text or from the number of a document. Raises Unanswerable; it never names the number.

    `kind` is the kind of document in words (护照, ...); without it the number stands on an identity card.
    """
    if token:
        try:
            return token_from_text(token)
        except ValueError:
            raise Unanswerable(
                _(
                    "“{t}”不是人员代码：应为 32 位数字和字母 a 至 f，请从名单或页面上整个复制；是护照等证件的号码的，请一并写明证件类型。"
                ).format(t=mask_id_number(token))
            ) from None
    if not number:
        raise Unanswerable(_("没有写人员代码，也没有写身份证号，不知道是谁。请填其中一项。"))
    document = document_kind(kind) if kind else DocumentKind.RESIDENT
    if document is None:
        titles = "、".join(document_title(one) for one in DocumentKind)
        raise Unanswerable(_("不认识证件类型“{k}”。可写：{all}。").format(k=mask_id_numbers_in(kind), all=titles))
    checked = check_documents(pa.array([number], pa.string()), document)
    plain = checked.numbers[0].as_py()
    if plain is None and document is DocumentKind.RESIDENT:
        found, expected, remedy = fault_text(int(checked.fault[0]))
        raise Unanswerable(
            _("{found}；应为{expected}；{remedy}。").format(found=found, expected=expected, remedy=remedy)
        )
    if plain is None:
        raise Unanswerable(
            _("{k}号码里有不会出现的字符，或被表格软件四舍五入过。请照证件重新录入。").format(
                k=document_title(document)
            )
        )
    return token_of(ring, PURPOSE, plain, document)


def _person(cells: Mapping[str, str], ring: KeyRing) -> bytes:
    return person_of(cells.get("person", ""), cells.get("id_number", ""), ring, cells.get("document_kind", ""))


def _known_as(person: bytes, cells: Mapping[str, str], ring: KeyRing, warned: _Warned) -> bytes:
    """The person under the present keys: a work list may have been printed before they were rotated."""
    if ring.current == 1 or not cells.get("person"):
        return person
    newest_first = warned.months[::-1]
    return next(
        (one for one in under_present_keys(ring, person) if any(warned.of(run, one) for run in newest_first)), person
    )


def _warning(
    person: bytes, text: str, direction: str, day: date, warned: _Warned, pack: Pack
) -> tuple[Month, dict[str, Warned]]:  # fmt: skip
    """The month that is answered, and the person's warnings in it that had gone out by the day of the visit.

    Without a month, the newest that has one; with a direction, of that direction.
    """
    asked = list(warned.months[::-1])
    if text:
        month = Month.read(text)
        asked = [run for run in asked if run.month == month]
        if not asked:
            raise Unanswerable(
                _(
                    "{m} 没有筛查过（政策包“{p}”），没有预警可以反馈。请核对月份；名单是另一个政策包的，请用 --pack 写明。"
                ).format(m=month, p=pack.id)
            )
    others, early = False, list[date]()
    for run in asked:
        found = warned.of(run, person)
        mine = {name: one for name, one in found.items() if direction in ("", name)}
        if out := {name: one for name, one in mine.items() if one.raised <= day}:
            return run.month, out
        others = others or len(mine) < len(found)
        early += [one.raised for one in mine.values()]
    if early:
        raise Unanswerable(
            _("核实日期 {d} 早于预警发出的日子 {r}，那次入户不可能是核实这次预警。请核对日期和月份。").format(
                d=day, r=min(early)
            )
        )
    when = f" {asked[0].month} " if text else ""
    if others:
        raise Unanswerable(
            _("这个人{m}没有“{d}”方向的预警。请核对方向和月份。").format(m=when, d=direction_words()[direction])
        )
    if text:
        raise Unanswerable(_("这个人{m}没有预警。请核对人员和月份。").format(m=when))
    raise Unanswerable(_("这个人没有过预警（政策包“{p}”）。请核对人员代码或身份证号，和 --pack。").format(p=pack.id))


def _causes(text: str, known: list[str], pack: Pack) -> tuple[str, ...]:
    """The causes that were handled: those named, or all of the warning."""
    if not text:
        return tuple(known)
    words = pack.monitoring.causes if pack.monitoring else {}
    asked = [part for part in text.replace("，", "、").replace(",", "、").split("、") if part.strip()]
    return tuple(
        dict.fromkeys(
            _word(part.strip(), {code: words.get(code, code) for code in known}, known, _("原因")) for part in asked
        )
    )


def _day(text: str, today: date) -> date:
    if not text:
        return today
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"):
        try:
            day = datetime.strptime(text.split(" ", maxsplit=1)[0], form).date()  # noqa: DTZ007 - a day of the calendar has no zone
        except ValueError:
            continue
        if day > today:
            raise Unanswerable(_("核实日期 {d} 晚于今天。请核对年份。").format(d=day))
        return day
    raise Unanswerable(_("“{t}”不是日期。请写成 2026-11-20。").format(t=text))


def _word(text: str, words: Mapping[str, str], codes: Sequence[str], what: str) -> str:
    """The code that a text stands for: the code itself or its words."""
    for code in codes:
        if text in (code, words[code]):
            return code
    if not text:
        raise Unanswerable(_("“{w}”没有填。可填：{all}。").format(w=what, all="、".join(words[code] for code in codes)))
    hint = did_you_mean(text, words.values())
    raise Unanswerable(
        _("“{w}”不能是“{t}”。可填：{all}。{hint}").format(
            w=what, t=text, all="、".join(words[code] for code in codes), hint=hint
        )
    )


def _heading(text: str) -> str:
    plain = "".join(str(text or "").split())
    return next((name for name, words in HEADINGS.items() if plain in words), "")


def as_rows(values: Mapping[str, Any]) -> Iterator[Given]:
    """One row from a command's options."""
    yield Given(1, {name: str(value) for name, value in values.items() if value})
