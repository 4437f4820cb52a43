"""Read a survey: files to facts for the engine, messages for people, rejects to be corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.model import Pack
from zhikun.intake.survey.convert import Context
from zhikun.intake.survey.corrected import as_corrected, check_same_people, joined, of_corrected
from zhikun.intake.survey.elsewhere import Elsewhere
from zhikun.intake.survey.headings import Mapped, Mapping, map_sheets
from zhikun.intake.survey.households import check_households, mask_of_in, rejected_households
from zhikun.intake.survey.layout import HOUSEHOLD_COLUMN, ROW_COLUMN, SheetLayout, layouts
from zhikun.intake.survey.model import RejectedSheet, Survey
from zhikun.intake.survey.people import check_people
from zhikun.intake.survey.rows import Rows, bad_rows, counted, household_numbers, messages_of, take_rows
from zhikun.intake.survey.values import Finding
from zhikun.tables import Kind, Limits, RowMessage, Severity, Sheet, UnreadableFile, is_table_file, read_sheets
from zhikun.wording import _

Progress = Callable[[str, int, int], None]
#: Looks at all rows of a survey and reports on them what a file alone cannot tell: who is on file elsewhere.
Check = Callable[[dict[str, Rows]], None]
_LONG_NUMBER = 1e11


def read(
    path: Path | str,
    pack: Pack,
    *,
    members: Path | str | None = None,
    corrected: Sequence[Path | str] = (),
    today: date | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    check: Check | None = None,
) -> Survey:
    """The survey in `path`: a workbook, a folder, or the household file of several CSV or Parquet files.

    A household with an error in its own row or in any row of its people is rejected as a whole; warnings do
    not reject. `members` names the member file where it does not lie beside the household file under the same
    name. `corrected` are files of households that came back, in the order of their coming: each household replaces
    that of the same number in the survey and in earlier files, or is added. `today` is the last day that a date may
    have: a birth after the day of assessment would make an age below zero. `check` looks at the rows of the survey after
    all others.
    Raises UnreadableFile, with every reason, when no row can be read: not a workbook, a password, a sheet or a required
    column missing.
    """
    reader = _Reader(pack, today or datetime.now().astimezone().date(), limits, progress, check)
    apart = [Path(file) for file in corrected]
    mapping = reader.mapping(Path(path), Path(members) if members else None, apart)
    if not apart:
        return _survey(reader.rows(mapping), mapping)
    fixed: list[tuple[Mapping, dict[str, Rows]]] = []  # the latest first
    for number in range(len(apart), 0, -1):
        try:
            fixes = reader.mapping(apart[number - 1], None)
            fixed.append((fixes, reader.rows(fixes, _elsewhere(fixes, fixed), alone=True)))
        except UnreadableFile as error:
            raise UnreadableFile(*of_corrected(error.messages, _which(number, apart))) from None
    found = reader.rows(mapping, _elsewhere(mapping, fixed))
    fixed.reverse()
    names = [_which(number, apart) for number in range(1, len(apart) + 1)]
    check_same_people([(_("原表"), found), *zip(names, (rows for _unused, rows in fixed), strict=True)],
                      pack.facts_of("member"))  # fmt: skip
    parts = [as_corrected(_survey(rows, fixes), name) for (fixes, rows), name in zip(fixed, names, strict=True)]
    return joined(_survey(found, mapping), parts, household_numbers(mapping.sheets["household"]))


def read_sheets_given(
    sheets: Sequence[Sheet], pack: Pack, *, today: date | None = None, check: Check | None = None
) -> Survey:
    """`read` for sheets that are in memory already: a piece of a file that is too large to be read whole."""
    reader = _Reader(pack, today or datetime.now().astimezone().date(), None, None, check)
    mapping = _mapped(sheets, layouts(pack), {})
    return _survey(reader.rows(mapping), mapping)


def _which(number: int, files: Sequence[Path]) -> str:
    """What a corrected file is called in messages: by its place on the command line where there are several."""
    return _("更正表") if len(files) == 1 else _("更正表{n}").format(n=number)


def _elsewhere(mapping: Mapping, later: Sequence[tuple[Mapping, dict[str, Rows]]]) -> Elsewhere | None:
    files = tuple(rows for _unused, rows in later)
    return Elsewhere(files, household_numbers(mapping.sheets["household"])) if files else None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files of one survey in the same way."""

    pack: Pack
    today: date
    limits: Limits | None
    progress: Progress | None
    check: Check | None = None

    def mapping(self, path: Path, members: Path | None, apart: Sequence[Path] = ()) -> Mapping:
        """Which sheets and columns of the files mean what; `apart` are no part of a folder. Raises UnreadableFile."""
        plans = layouts(self.pack)
        sheets: list[Sheet] = []
        for file in survey_files(path, members, plans):
            if path.is_dir() and file.resolve() in {other.resolve() for other in apart}:
                continue
            sheets.extend(read_sheets(file, limits=self.limits, progress=self.progress))
        return _mapped(sheets, plans, {path.name: "household", members.name: "member"} if members else {})

    def rows(self, mapping: Mapping, elsewhere: Elsewhere | None = None, alone: bool = False) -> dict[str, Rows]:
        """The rows of every sheet, checked; without those of households that are told of elsewhere.

        `alone`: a file of which nothing may be left, but which must have had a household.
        """
        found: dict[str, Rows] = {}
        for number, (entity, mapped) in enumerate(mapping.sheets.items()):
            if self.progress:
                self.progress(_("核对“{sheet}”").format(sheet=mapped.grid.sheet), number, len(mapping.sheets))
            context = Context(self.today, self.pack.place or "", mapped.grid.typed)
            found[entity] = take_rows(mapped, context, elsewhere)
        if elsewhere is None or (alone and not found["household"].left_out):
            _something_to_read(found)
        check_people(found["member"], self.pack.facts_of("member"), self.today)
        check_households(found)
        if self.check:
            self.check(found)
        if self.progress:
            self.progress(_("汇总"), len(found), len(found))
        return found


def _mapped(sheets: Sequence[Sheet], plans: Sequence[SheetLayout], given: dict[str, str]) -> Mapping:
    mapping = map_sheets(sheets, plans, given)
    mapping.messages.extend(_blind_spots(sheets))
    if mapping.fatal:
        raise UnreadableFile(*mapping.fatal, *mapping.messages)
    return mapping


def survey_files(path: Path, members: Path | None, plans: Sequence[SheetLayout]) -> list[Path]:
    """The files that make up a survey: all of a folder, or a household file with its siblings."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if is_table_file(file))
        if not files:
            message = RowMessage("", 0, "", _("文件夹“{name}”里没有表格文件").format(name=path.name),
                                 _("工作簿、CSV 或 Parquet 文件"), _("请检查文件夹是否选对"))  # fmt: skip
            raise UnreadableFile(message)
        return files
    files = [path]
    if members:
        files.append(members)
    if path.suffix.lower() not in {".csv", ".tsv", ".txt", ".parquet"} or not path.parent.is_dir():
        return files
    home = next(plan for plan in plans if plan.entity == "household")
    for word in (home.title, home.entity):
        if path.stem.endswith(word):
            stem = path.stem.removesuffix(word)
            for plan in plans:
                if plan.entity == "household" or (members and plan.entity == "member"):
                    continue
                siblings = [path.with_name(f"{stem}{name}{path.suffix}") for name in (plan.title, plan.entity)]
                files.extend(sibling for sibling in siblings[:2] if sibling.is_file())
            break
    return list(dict.fromkeys(files))


def _blind_spots(sheets: Sequence[Sheet]) -> list[RowMessage]:
    """Old formats do not tell a cell with an error from a blank one: an amount may go unknown unnoticed."""
    names = [sheet.name for sheet in sheets if not sheet.tells_errors and len(sheet)]
    if not names:
        return []
    found = _("这是旧格式的工作簿，公式出错或没有计算的格读出来是空白，按未知处理")
    remedy = _("表里有公式的，请用 Excel 或 WPS 另存为 .xlsx 再导入")
    return [RowMessage(names[0], 0, "", found, "", remedy, Severity.WARNING)]


def _something_to_read(found: dict[str, Rows]) -> None:
    if not len(found["household"]):
        rows = found["household"]
        left_out = _("（示例行不算）") if rows.examples else ""
        found_text = _("没有数据行{left_out}").format(left_out=left_out)
        raise UnreadableFile(RowMessage(rows.sheet, 0, "", found_text, _("每户一行"), _("请从表头下一行开始填写")))


def _survey(found: dict[str, Rows], mapping: Mapping) -> Survey:
    rejected = rejected_households(found)
    tables, rejects, counts = {}, {}, {}
    messages = list(mapping.messages)
    for entity, rows in found.items():
        out = mask_of_in(rows.households, rejected) | bad_rows(rows)
        if entity != "household":
            out |= ~mask_of_in(rows.households, found["household"].households)
        messages.extend(messages_of(rows))
        tables[entity] = _table(rows, np.flatnonzero(~out))
        rejects[entity] = _rejected(rows, np.flatnonzero(out))
        counts[f"rows.{entity}"] = len(rows)
        counts[f"accepted.{entity}"] = int((~out).sum())
    home = found["household"]
    # A household whose number could not be used is still a household that was handed in, and goes back.
    counts["households"] = len(home.households.drop_null().unique()) + home.households.null_count
    counts["accepted"] = counts["accepted.household"]
    counts["rejected"] = counts["households"] - counts["accepted"]
    counts["loose_rows"] = sum(int((~mask_of_in(rows.households, home.households)).sum()) for rows in found.values())
    counts["examples"] = sum(rows.examples for rows in found.values())
    counts["empty_rows"] = sum(rows.empty for rows in found.values())
    sheets = (("", frozenset(found)),) if len(home) else ()
    return Survey(tables, tuple(messages), rejects, counts, sheets)


def _table(rows: Rows, kept: np.ndarray) -> pa.Table:
    """The engine's facts of these rows; a column that the file does not have is a fact nobody asked.

    People stand in the order of their numbers and are counted from 1 in each household, as the engine counts them: what it
    asks of the second must not be read as a question about the first.
    """
    numbered = bool(rows.mapped.layout.row_heading)
    if numbered:
        homes = rows.households.take(pa.array(kept)).dictionary_encode().indices.to_numpy(zero_copy_only=False)
        kept = kept[np.lexsort((rows.row[kept], homes))]
    where = pa.array(kept)
    columns = {HOUSEHOLD_COLUMN: rows.households.take(where)}
    if numbered:
        columns[ROW_COLUMN] = pa.array(counted(columns[HOUSEHOLD_COLUMN]), pa.int32())
    for fact in rows.mapped.layout.facts:
        if fact.name in rows.facts:
            columns[fact.name] = rows.facts[fact.name].values.take(where)
    return pa.table(columns)


def _rejected(rows: Rows, out: np.ndarray) -> RejectedSheet:
    """The rows as they stand in the file, every column of it, with what is wrong."""
    grid = rows.mapped.grid
    mapped: Mapped = rows.mapped
    by_heading = {rows.heading(name): index for name, index in mapped.facts.items()}
    by_heading[rows.household_column()] = mapped.household
    if mapped.row is not None:
        by_heading[grid.header[mapped.row].strip()] = mapped.row
    problems: dict[int, list[tuple[int, str]]] = {}
    for message_heading, finding in _all_findings(rows):
        index = by_heading.get(message_heading, -1)
        text = RowMessage("", 0, message_heading, finding.found, finding.expected, finding.remedy)
        problems.setdefault(finding.at, []).append((index, str(text)))
    columns = [grid.columns[i].take(rows.kept[out]) for i in range(len(grid.header))]
    cells = []
    for column in columns:
        texts = column.text.to_pylist()
        cells.append(
            [
                float(number) if kind == Kind.NUMBER and abs(number) < _LONG_NUMBER
                else ("" if kind == Kind.MERGED else text)
                for text, kind, number in zip(texts, column.kind, column.number, strict=True)
            ]
        )  # fmt: skip
    facts = {index: name for name, index in mapped.facts.items()}
    return RejectedSheet(
        mapped.layout.entity,
        mapped.layout.title,
        tuple(h.strip() for h in grid.header),
        facts,
        tuple(int(n) for n in rows.numbers[out]),
        tuple(zip(*cells, strict=True)),
        tuple(tuple(problems.get(int(i), ())) for i in out),
    )


def _all_findings(rows: Rows) -> Iterator[tuple[str, Finding]]:
    for name, fact in rows.facts.items():
        for finding in fact.findings:
            yield rows.heading(name), finding
    yield from rows.findings
