"""A survey and the corrected households that came back: the same number replaces, a new number is added.

A household counts whole from one file only. What the latest corrected file says of it, right or wrong again, stands in the
place of everything that the survey and earlier files said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.identity import mask_id_number
from zhikun.intake.survey.households import mask_of_in
from zhikun.intake.survey.model import RejectedSheet, Survey
from zhikun.intake.survey.rows import Rows
from zhikun.tables import RowMessage
from zhikun.wording import _


def check_same_people(files: Sequence[tuple[str, dict[str, Rows]]], facts: tuple[Fact, ...]) -> None:
    """One identity number in households of two files: an error on both rows, as within one file.

    `files` with the names that messages give them.
    """
    name = next((fact.name for fact in facts if fact.format == "id_number"), "")
    told = [(file, sheets) for file, sheets in files if name in sheets["member"].facts]
    places = [_numbers(sheets["member"], name, sheets["household"].households) for _file, sheets in told]
    for one, other in combinations(range(len(told)), 2):
        for number in sorted(places[one].keys() & places[other].keys()):
            for here, there in ((one, other), (other, one)):
                rows, others = told[here][1]["member"], told[there][1]["member"]
                found = _("身份证号 {number} 与{file}第 {row} 行（户 {home}）相同").format(
                    number=mask_id_number(number),
                    file=told[there][0],
                    row=others.numbers[places[there][number]],
                    home=others.households[places[there][number]].as_py(),
                )
                remedy = _("请核实此人在哪一户共同生活，从另一户删去")
                rows.report(places[here][number], rows.heading(name), found, _("一人只在一户"), remedy)


def _numbers(rows: Rows, name: str, homes: pa.Array) -> dict[str, int]:
    """The row of each identity number among people whose household is there."""
    there = mask_of_in(rows.households, homes)
    numbers = rows.facts[name].values.to_pylist()
    return {numbers[index]: index for index in map(int, np.flatnonzero(there)) if numbers[index]}


def joined(survey: Survey, corrected: Sequence[Survey], before: pa.Array) -> Survey:
    """All as one survey. `before`: the households that the survey had; `counts` gains `replaced` and `added`."""
    every = (survey, *corrected)
    entities = dict.fromkeys(entity for found in every for entity in found.tables)
    tables = {
        entity: pa.concat_tables(
            [found.tables[entity] for found in every if entity in found.tables], promote_options="default"
        )
        for entity in entities
    }
    rejects = dict(survey.rejects)
    for found in corrected:
        for entity, sheet in found.rejects.items():
            rejects[entity] = _both(rejects[entity], sheet) if entity in rejects else sheet
    counts: dict[str, int] = {}
    for found in every:
        for key, count in found.counts.items():
            counts[key] = counts.get(key, 0) + count
    replaced = [int(mask_of_in(found.tables["household"]["household"].combine_chunks(), before).sum())
                for found in corrected]  # fmt: skip
    counts["replaced"] = sum(replaced)
    counts["added"] = sum(found.counts["accepted"] for found in corrected) - counts["replaced"]
    messages = tuple(message for found in every for message in found.messages)
    return Survey(tables, messages, rejects, counts, tuple(part for found in every for part in found.sheets))


def as_corrected(found: Survey, file: str) -> Survey:
    """A corrected file's survey, its messages under the name of the file."""
    return replace(
        found,
        messages=tuple(of_corrected(found.messages, file)),
        sheets=tuple((file, entities) for _unused, entities in found.sheets),
    )


def of_corrected(messages: Iterable[RowMessage], file: str) -> list[RowMessage]:
    """Messages that say which of the files they speak of."""
    return [
        replace(message, sheet=f"{file}·{message.sheet}")
        if message.sheet
        else replace(message, found=_("{file}：{found}").format(file=file, found=message.found))
        for message in messages
    ]


def _both(first: RejectedSheet, second: RejectedSheet) -> RejectedSheet:
    """Rejected rows of both files under one heading row; a column that only one file has is blank for the other's."""
    header = list(first.header)
    facts = dict(first.facts)
    places = {}
    taken: set[int] = set()
    for index, heading in enumerate(second.header):
        fact = second.facts.get(index)
        fitting = [i for i, own in enumerate(header) if i not in taken and own == heading and facts.get(i) == fact]
        place = fitting[0] if fitting else len(header)
        if not fitting:
            header.append(heading)
            if fact is not None:
                facts[place] = fact
        taken.add(place)
        places[index] = place
    blank = [""] * (len(header) - len(first.header))
    rows: list[tuple[object, ...]] = [(*row, *blank) for row in first.rows]
    for row in second.rows:
        cells: list[object] = [""] * len(header)
        for index, cell in enumerate(row):
            cells[places[index]] = cell
        rows.append(tuple(cells))
    problems = tuple(tuple((places.get(index, -1), text) for index, text in found) for found in second.problems)
    return replace(
        first, header=tuple(header), facts=facts, rows=tuple(rows), row_numbers=first.row_numbers + second.row_numbers,
        problems=first.problems + problems,
    )  # fmt: skip
