"""A survey and the corrected households that came back: the same number replaces, a new number is added.

A household counts whole from one file only. What the corrected file says of it, right or wrong again, stands in the place
of everything that the survey said of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.identity import mask_id_number
from zhikun.intake.survey.households import mask_of_in
from zhikun.intake.survey.model import RejectedSheet, Survey
from zhikun.intake.survey.rows import Rows
from zhikun.tables import RowMessage
from zhikun.wording import _


def check_same_people(survey: dict[str, Rows], corrected: dict[str, Rows], facts: tuple[Fact, ...]) -> None:
    """One identity number in a household of each file: an error on both rows, as within one file."""
    name = next((fact.name for fact in facts if fact.format == "id_number"), "")
    ours, theirs = survey["member"], corrected["member"]
    if name not in ours.facts or name not in theirs.facts:
        return
    places = [
        _numbers(rows, name, files["household"].households) for rows, files in ((ours, survey), (theirs, corrected))
    ]
    for number in sorted(places[0].keys() & places[1].keys()):
        for rows, at, other, there, which in (
            (ours, places[0][number], theirs, places[1][number], _("更正表")),
            (theirs, places[1][number], ours, places[0][number], _("原表")),
        ):
            found = _("身份证号 {number} 与{file}第 {row} 行（户 {home}）相同").format(
                number=mask_id_number(number),
                file=which,
                row=other.numbers[there],
                home=other.households[there].as_py(),
            )
            remedy = _("请核实此人在哪一户共同生活，从另一户删去")
            rows.report(at, rows.heading(name), found, _("一人只在一户"), remedy)


def _numbers(rows: Rows, name: str, homes: pa.Array) -> dict[str, int]:
    """The row of each identity number among people whose household is there."""
    there = mask_of_in(rows.households, homes)
    numbers = rows.facts[name].values.to_pylist()
    return {numbers[index]: index for index in map(int, np.flatnonzero(there)) if numbers[index]}


def joined(survey: Survey, corrected: Survey, before: pa.Array) -> Survey:
    """Both as one survey. `before`: the households that the survey had; `counts` gains `replaced` and `added`."""
    tables = {
        entity: pa.concat_tables(
            [found.tables[entity] for found in (survey, corrected) if entity in found.tables], promote_options="default"
        )
        for entity in {**survey.tables, **corrected.tables}
    }
    rejects = dict(survey.rejects)
    for entity, sheet in corrected.rejects.items():
        rejects[entity] = _both(rejects[entity], sheet) if entity in rejects else sheet
    counts = {
        key: survey.counts.get(key, 0) + corrected.counts.get(key, 0) for key in {**survey.counts, **corrected.counts}
    }
    accepted = corrected.tables["household"]["household"].combine_chunks()
    counts["replaced"] = int(mask_of_in(accepted, before).sum())
    counts["added"] = len(accepted) - counts["replaced"]
    return Survey(tables, (*survey.messages, *of_corrected(corrected.messages)), rejects, counts)


def of_corrected(messages: Iterable[RowMessage]) -> list[RowMessage]:
    """Messages that say which of the two files they speak of."""
    return [
        replace(message, sheet=_("更正表·{sheet}").format(sheet=message.sheet))
        if message.sheet
        else replace(message, found=_("更正表：{found}").format(found=message.found))
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
