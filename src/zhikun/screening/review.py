"""The pairs that wait for a person: a workbook to look at, and the decisions that come back in it.

Names are masked, of birth dates year and month are shown: what agrees and what does not is said in words, part by part. The
row of the sender's file is named, so that a doubt can be settled with whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.disk import written_whole
from zhikun.documents.book import WHOLE, WRAP, Book, Head
from zhikun.identity import KeyRing, holds_id_number, mask_id_numbers_in, mask_name, token_from_text, token_text
from zhikun.matching import MatchingError, Verdict
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.feedback import Answer, Given
from zhikun.screening.identified import RECORDS, person_id, record_id, under_present_keys
from zhikun.screening.linking import LINKS_FILE, MATCHING, Linking, Links
from zhikun.screening.model import GivenFile
from zhikun.screening.received import links_damaged, reading_files
from zhikun.screening.words import generated_words
from zhikun.tables import RowMessage, UnreadableFile, read_sheets
from zhikun.wording import _

_HEAD_ROWS = 20
#: What a person may write about a pair.
VERDICTS = {"是同一人": Verdict.SAME, "不是同一人": Verdict.DIFFERENT}
_OTHER_WORDS = {"同一人": Verdict.SAME, "是": Verdict.SAME, "不同": Verdict.DIFFERENT, "否": Verdict.DIFFERENT}
#: The headings of the workbook that decisions are read by.
HEADINGS = {"record": "记录代码", "person": "人员代码", "verdict": "认定", "why": "理由"}
#: The same of two people watched, who may be one.
DOUBLES = {"person": "人员代码", "other": "另一人员代码", "verdict": "认定", "why": "理由"}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was written: pairs and rows of the list that wait."""

    pairs: int
    rows: int


def write_review(links: Links, linking: Linking, population: GivenFile, ring: KeyRing, path: Path) -> Reviewed:
    """The workbook of what waits in one list, readable to its owner alone."""
    found = pq.read_table(linking.folder / LINKS_FILE).to_pylist()
    waiting = [row for row in found if row["outcome"] == "review"]
    mine = {row["row"]: row for row in links.records(linking.source, linking.file).rows.to_pylist()}
    people = links.watched(population).named({row["person"] for row in waiting})
    by_token = {person["token"]: person for person in people.to_pylist()}
    shown = _shown(population, by_token)
    scope = f"{linking.source.id}/{linking.period}"
    pairs: dict[tuple[bytes, bytes], dict[str, Any]] = {}
    for row in waiting:
        pair = pairs.setdefault((row["record"], row["person"]), row | {"rows": []})
        pair["rows"].append(row["row"])
    lines = []
    for (record, person), pair in sorted(pairs.items(), key=lambda item: (item[1]["rows"], item[0])):
        own, other = mine[pair["rows"][0]], by_token[person]
        lines.append([
            "、".join(map(str, pair["rows"])), mask_name(own["name"] or ""), _month(own["birth_date"]), own["place"] or "",
            shown.get(person) or mask_name(other["name"] or ""), _month(other["birth_date"]), other["place"] or "",
            pair["text"], None if pair["probability"] is None else round(100 * pair["probability"]), "", "",
            token_text(record) + (f"@{scope}" if pair["scoped"] else ""), token_text(person),
        ])  # fmt: skip
    with written_whole(path) as beside, Book(beside, _("待核对的人")) as book:
        book.table(
            _("待核对"), _heads(), lines, title=_("{t}（{r}）：待核对的人").format(t=linking.source.title, r=linking.label),
            remarks=[
                _("一行是名单里的一个人和他可能是的一位监测对象。请在“认定”写 是同一人 或 不是同一人，并写明理由；空着的下次再问。"),
                _("“依据”里正数支持是同一人，负数反对，每加 1 可能性大一倍。姓名已遮盖；拿不准时按行号向报送单位核实。"),
            ],
            warning=generated_words(shown.values()),
        )  # fmt: skip
    return Reviewed(len(lines), len({row["row"] for row in waiting}))


def rows_of(path: Path) -> list[Given]:
    """The rows of a workbook of pairs. Raises UnreadableFile where it has no headings to go by."""
    for sheet in read_sheets(path):
        for index, head in enumerate(sheet.head(_HEAD_ROWS)):
            places = {text.strip(): place for place, text in enumerate(head) if text}
            headings = next((one for one in (DOUBLES, HEADINGS) if set(one.values()) <= set(places)), None)
            if headings is not None:
                grid = sheet.grid(index)
                columns = {name: grid.columns[places[heading]].text.to_pylist() for name, heading in headings.items()}
                given = (
                    Given(int(row), {name: str(texts[n] or "").strip() for name, texts in columns.items()})
                    for n, row in enumerate(grid.rows)
                )
                return [one for one in given if any(one.cells.values())]
    expected = "、".join(f"“{heading}”" for heading in HEADINGS.values())
    remedy = _("请在 zhikun match review 或 match duplicates 写出的工作簿里填写，不要改表头")
    raise UnreadableFile(RowMessage("", 0, "", _("没有找到核对表的表头"), expected, remedy))


def take_decisions(
    data: Path, links: Links, rows: Sequence[Given], *, ring: KeyRing, by: str, on: date, replace: bool = False
) -> list[Answer]:
    """Keep what was decided, row by row; rows without a verdict stay open and are not answered.

    Raises ScreeningRefused where `by` holds an identity number: it would be kept as it is written.
    """
    if holds_id_number(by):
        raise ScreeningRefused(
            _("--by 里像是写了身份证号，它会留在认定记录里给人看见，因此没有照办。请只写姓名或工号，再运行一次。")
        )
    links.check_decisions()
    known = _known_pairs(data)
    people = links.ever_watched({token for given in rows for pair in _written(given, ring) for token in pair})
    answers = []
    for given in rows:
        if not given.cells.get("verdict"):
            continue
        try:
            verdict = _verdict(given)
            first, second = _double(given, people, ring) if "other" in given.cells else _pair(given, known, ring)
            log = links.doubles if "other" in given.cells else links.decisions
            new = log.decide(first, second, verdict, by=by, on=on, why=given.cells.get("why", ""), correct=replace)
            answers.append(Answer(given.row, "accepted" if new else "known"))
        except (MatchingError, ScreeningRefused, ValueError) as error:
            answers.append(Answer(given.row, "refused", mask_id_numbers_in(str(error))))
    return answers


def _verdict(given: Given) -> Verdict:
    """What is said about a pair, and that its reason may be kept. Raises ScreeningRefused."""
    words, said = VERDICTS | _OTHER_WORDS, given.cells["verdict"]
    if said not in words:
        raise ScreeningRefused(_("“认定”不能是“{v}”，请写 {all}。").format(v=said, all="、".join(VERDICTS)))
    if holds_id_number(given.cells.get("why", "")):
        raise ScreeningRefused(
            _("“理由”里像是写了身份证号，记下来会泄露个人信息，这一行没有收。请删去号码，只写怎样核实的。")
        )
    return words[said]


def _pair(given: Given, known: set[tuple[bytes, str, bytes]], ring: KeyRing) -> tuple[str, str]:
    """The record and the person of a row that was found before. Its workbook may be of earlier keys. Raises ScreeningRefused."""
    plain, _at, scope = given.cells.get("record", "").partition("@")
    written = token_from_text(plain), token_from_text(given.cells.get("person", ""))
    renewed = zip(under_present_keys(ring, written[0], RECORDS), under_present_keys(ring, written[1]), strict=True)
    for record, person in renewed:
        if (record, scope, person) in known:
            return record_id(ring, record, scope), person_id(ring, person)
    raise ScreeningRefused(
        _("没有比对过这一对，可能“记录代码”或“人员代码”被改动过。请用 zhikun match review 重新导出，照抄这两列。")
    )


def _double(given: Given, people: set[bytes], ring: KeyRing) -> tuple[str, str]:
    """Two people watched. Raises ScreeningRefused."""
    if not given.cells.get("person") and not given.cells.get("other"):
        raise ScreeningRefused(
            _("这一行两处的证件号码相同，就是同一个人，不用认定。请核实应在哪一户，请报送单位改正名册后重新接收。")
        )
    for one, other in _written(given, ring):
        if {one, other} <= people:
            return person_id(ring, one), person_id(ring, other)
    raise ScreeningRefused(
        _(
            "监测名册里没有这一对人，可能“人员代码”或“另一人员代码”被改动过。请用 zhikun match duplicates 重新导出，照抄这两列。"
        )
    )


def _written(given: Given, ring: KeyRing) -> list[tuple[bytes, bytes]]:
    """The tokens of a row about two people, as they may have been written under any keys; none where they are not readable."""
    try:
        texts = [given.cells[name] for name in ("person", "other")]
        one, other = (under_present_keys(ring, token_from_text(text)) for text in texts)
        return list(zip(one, other, strict=True))
    except (KeyError, ValueError):
        return []


def _known_pairs(data: Path) -> set[tuple[bytes, str, bytes]]:
    """Every pair that was ever found: record, scope, person."""
    found = set()
    for path in sorted((data / MATCHING).glob(f"*/*/*/*/{LINKS_FILE}")):
        scope = "/".join(path.relative_to(data / MATCHING).parts[:2])
        try:
            table = pq.read_table(path, columns=["record", "scoped", "person"])
        except (pa.ArrowException, OSError) as error:
            raise links_damaged(path.parent) from error
        for row in table.to_pylist():
            if row["person"] is not None:
                found.add((row["record"], scope if row["scoped"] else "", row["person"]))
    return found


def _shown(population: GivenFile, persons: Iterable[bytes]) -> dict[bytes, str]:
    """Masked name and number of people."""
    wanted = list(persons)
    if not wanted:
        return {}
    with reading_files(population.path), duckdb.connect() as con:
        found = con.execute(
            "SELECT person, arg_min(shown, row) FROM read_parquet($1) WHERE list_contains($2::BLOB[], person)"
            " GROUP BY person",
            [str(population.path), wanted],
        ).fetchall()
    return dict(found)


def _month(day: date | None) -> str:
    return _("不详") if day is None else f"{day.year}-{day.month:02d}"


def _heads() -> list[Head]:
    return [
        Head(_("名单行号"), 10), Head(_("名单中的姓名"), 12), Head(_("出生年月"), 10), Head(_("区划"), 15),
        Head(_("可能是"), 26), Head(_("出生年月"), 10), Head(_("区划"), 15), Head(_("依据"), 60, WRAP),
        Head(_("把握（%）"), 9, WHOLE), Head(HEADINGS["verdict"], 12, choices=tuple(VERDICTS)),
        Head(HEADINGS["why"], 24, WRAP), Head(HEADINGS["record"], 34), Head(HEADINGS["person"], 34),
    ]  # fmt: skip
