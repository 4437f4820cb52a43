"""What of a survey still counts when a later file tells of some of its households."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.intake.survey.convert import Context, convert
from zhikun.intake.survey.headings import Mapped
from zhikun.intake.survey.households import mask_of_in
from zhikun.intake.survey.rows import Rows, usable_numbers
from zhikun.intake.survey.values import mask_of


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Later files: the rows of their households do not count here, nor do rows of nobody that came back in them."""

    files: tuple[dict[str, Rows], ...]
    known: pa.Array  # every household of this file's household sheet

    def left(
        self, mapped: Mapped, context: Context, kept: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The positions among `kept` that still count here, and which of them stood below a household told of there."""
        households = usable_numbers(mapped.grid.columns[mapped.household].take(kept))
        there = pa.concat_arrays([file["household"].households.drop_null() for file in self.files])
        theirs = mask_of_in(households, there)
        owned = theirs | mask_of_in(households, self.known)
        above = np.maximum.accumulate(np.where(owned, np.arange(len(kept)), -1)) if len(kept) else kept
        cut_off = ~owned & (above >= 0) & theirs[above] if len(kept) else theirs
        gone = theirs.copy()
        loose = np.flatnonzero(~owned)
        if len(loose):
            gone[loose[self._came_back(mapped, context, kept, (theirs, loose, cut_off))]] = True
        return kept[~gone], cut_off[~gone]

    def _came_back(
        self, mapped: Mapped, context: Context, kept: NDArray[np.intp],
        where: tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]],
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Which rows of nobody a later file holds: by the identity number, else by every cell that could be read.

        A row there that is some household's own, as it stands here, is not the row of nobody, however alike they are.
        """
        theirs, loose, cut_off = where
        sheets = [file[mapped.layout.entity] for file in self.files if mapped.layout.entity in file]
        facts = [f for f in mapped.layout.facts if f.name in mapped.facts and all(f.name in s.facts for s in sheets)]
        back = np.zeros(len(loose), dtype=bool)
        if not sheets or not facts:
            return back
        own: dict[str, pa.Array] = {}
        mine: dict[str, list[object]] = {}
        for fact in facts:
            column = mapped.grid.columns[mapped.facts[fact.name]]
            own[fact.name] = convert(fact, column.take(kept[theirs]), context).values
            told = convert(fact, column.take(kept[loose]), context)
            mine[fact.name] = told.values.to_pylist()
            for finding in told.findings:  # what was wrong is what has changed
                mine[fact.name][finding.at] = None
        number = next((fact.name for fact in facts if fact.format == "id_number"), "")
        numbered = [~mask_of(pc.is_null(sheet.households)) for sheet in sheets]
        counted: dict[tuple[tuple[str, str], ...], int] = {}
        for index in range(len(loose)):
            cells = {name: values[index] for name, values in mine.items() if _tells(values[index])}
            identified = bool(number) and number in cells
            if identified:
                cells = {number: cells[number]}
            if not cells:
                continue
            found = 0
            for sheet, with_number in zip(sheets, numbered, strict=True):
                alike = _alike({name: sheet.facts[name].values for name in cells}, cells)
                found += int((alike if cut_off[loose[index]] else alike & with_number).sum())
            taken = 0 if identified else int(_alike({name: own[name] for name in cells}, cells).sum())
            key = tuple((name, repr(cell)) for name, cell in cells.items())
            if found > taken + (0 if identified else counted.get(key, 0)):
                back[index] = True
                counted[key] = counted.get(key, 0) + 1
        return back


def _tells(cell: object) -> bool:
    return cell is not None and cell != []


def _alike(columns: dict[str, pa.Array], cells: dict[str, object]) -> NDArray[np.bool_]:
    """The rows that hold exactly these cells."""
    found: NDArray[np.bool_] | None = None
    for name, cell in cells.items():
        values = columns[name]
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if isinstance(cell, list):
            same = np.array([value == cell for value in values.to_pylist()], dtype=bool)
        else:
            same = mask_of(pc.fill_null(pc.equal(values, pa.scalar(cell, values.type)), False))
        found = same if found is None else found & same
    return found if found is not None else np.zeros(0, dtype=bool)
