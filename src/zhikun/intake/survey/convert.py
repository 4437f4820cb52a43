"""One column of the file to one column of facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Fact
from zhikun.intake.survey.choices import convert_boolean, convert_choice, convert_choices
from zhikun.intake.survey.dates import convert_date
from zhikun.intake.survey.numbers import convert_number
from zhikun.intake.survey.texts import convert_place, convert_text
from zhikun.intake.survey.values import Converted, Finding, special_cells
from zhikun.tables import Column
from zhikun.wording import _

ARROW_TYPES = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "choice": pa.string(),
    "choices": pa.list_(pa.string()),
    "date": pa.date32(),
    "place": pa.string(),
    "text": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What a column is judged by beside its fact: the day, the pack's place, whether the file knows types."""

    today: date
    county: str
    typed: bool


def convert(fact: Fact, column: Column, context: Context) -> Converted:
    """The column's values in the engine's types, with what is wrong and how the rest was understood."""
    result = Converted(pa.nulls(len(column), ARROW_TYPES[fact.type]))
    special_cells(column, result)
    if fact.type == "number":
        convert_number(fact, column, context.typed, result)
    elif fact.type == "choice":
        convert_choice(fact, column, result)
    elif fact.type == "choices":
        convert_choices(fact, column, result)
    elif fact.type == "boolean":
        convert_boolean(column, result)
    elif fact.type == "date":
        convert_date(fact, column, context.today, result)
    elif fact.type == "place":
        convert_place(fact, column, context.county, result)
    else:
        convert_text(fact, column, result)
    if fact.required:
        _required(result)
    return result


def _required(result: Converted) -> None:
    missing = np.flatnonzero(pc.is_null(result.values).to_numpy(zero_copy_only=False).astype(bool))
    answered = {finding.at for finding in result.findings}
    for index in map(int, missing):
        if index not in answered:
            result.findings.append(Finding(index, _("没有填"), "", _("这是必填项，请补填")))
