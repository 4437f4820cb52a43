"""The household values that measures start from: results of a run beside the facts it used, by name or by title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.model import Pack
from zhikun.measures.errors import MeasureError
from zhikun.wording import _, did_you_mean

HOUSEHOLD = "household"
PLACE = "place"
#: How many digits of a place code name which level (GB/T 2260 and the statistics bureau's codes below it).
LEVELS = {"county": 6, "township": 9, "village": 12}
MILLIONTHS = 1_000_000
_MOST = 9.0e12  # a sum of millionths beyond this no longer fits 64 bits


@dataclass(frozen=True, slots=True)
class Named:
    """A household value as the pack describes it; `labels` gives the words of a choice's codes, in the pack's order."""

    name: str
    title: str
    type: str
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def named(pack: Pack, word: str) -> Named:
    """The household value of this name or title.

    Raises MeasureError where the pack has none, or where two values share the title.
    """
    known = _known(pack)
    if word in known:
        return known[word]
    titled = [value for value in known.values() if value.title == word]
    if len(titled) == 1:
        return titled[0]
    if titled:
        names = "、".join(value.name for value in titled)
        raise MeasureError(_("政策包里叫“{w}”的有几项：{n}。请写其中一个英文名。").format(w=word, n=names))
    near = did_you_mean(word, [*known, *(value.title for value in known.values())])
    raise MeasureError(
        _("政策包“{p}”的家庭没有“{w}”这一项，没有可以计算的数。{near}请写 facts.yaml 或规则里家庭一级的名称或标题。").format(
            p=pack.id, w=word, near=near)
    )  # fmt: skip


def _known(pack: Pack) -> dict[str, Named]:
    facts = {fact.name: Named(fact.name, fact.title, fact.type, fact.unit or "", fact.choices)
             for fact in pack.facts_of(HOUSEHOLD)}  # fmt: skip
    rules = {}
    for (entity, name), rule in pack.rules.items():
        if entity == HOUSEHOLD:
            labels = {item.code: item.title for item in rule.items} if rule.kind == "list" else rule.choices
            rules[name] = Named(
                name, rule.title, "choices" if rule.kind == "list" else rule.type, rule.unit or "", labels
            )
    return facts | rules


def beside(results: pa.Table, *facts: pa.Table) -> pa.Table:
    """The results with the facts of the same households in further columns; a household without facts has unknown ones.

    A value that stands in both is taken from the results. Raises MeasureError where a household stands twice.
    """
    together = _once(results)
    for table in map(_once, facts):
        places = pc.index_in(together.column(HOUSEHOLD), value_set=table.column(HOUSEHOLD).combine_chunks())
        for name in table.column_names:
            if name not in together.column_names:
                together = together.append_column(name, table.column(name).take(places))
    return together


def _once(table: pa.Table) -> pa.Table:
    if HOUSEHOLD not in table.column_names:
        raise MeasureError(
            _("表里没有户编号一列（household），不知道哪一行是哪一户。请用 zhikun assess 写出的 results.parquet。")
        )
    if len(table.column(HOUSEHOLD).unique()) < table.num_rows:
        raise MeasureError(_("表里有的户编号出现了两次，会被算两遍。每户只能有一行；请先去掉重复的行。"))
    return table


def column(table: pa.Table, value: Named) -> pa.Array:
    """The values of all households in one array. Raises MeasureError where the table does not have them."""
    if value.name not in table.column_names:
        raise MeasureError(
            _(
                "结果和调查表里都没有“{t}”（{n}）。它如果是调查的事实，请用 --survey 给出调查表；"
                "如果是规则算出的值，请用同一政策包重新评估。"
            ).format(t=value.title, n=value.name)
        )
    found = table.column(value.name).combine_chunks()
    return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found


def numbers(array: pa.Array, title: str) -> NDArray[np.float64]:
    """Numbers with NaN for the unknown. Raises MeasureError where they are no numbers."""
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        raise MeasureError(_("“{t}”不是数字，不能这样用。请换一个数字的项。").format(t=title))
    floats = array.cast(pa.float64())
    found: NDArray[np.float64] = floats.fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    if np.isinf(found).any():
        raise MeasureError(_("“{t}”里有无穷大的数，不能相加。请检查这一列。").format(t=title))
    return found


def micro_weights(array: pa.Array, title: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Population weights in millionths (sums of them are exact in any order), and which rows have one.

    Raises MeasureError for a negative weight or a sum too large to be exact.
    """
    weights = numbers(array, title)
    known = ~np.isnan(weights)
    filled = np.where(known, weights, 0.0)
    if (filled < 0).any():
        raise MeasureError(_("“{t}”里有负数，不能作人口权数。请检查这一列。").format(t=title))
    if float(filled.sum()) > _MOST:
        raise MeasureError(_("“{t}”合计超过九万亿，超出可以精确相加的范围。请检查单位。").format(t=title))
    return np.rint(filled * MILLIONTHS).astype(np.int64), known


def places(table: pa.Table, level: str) -> list[str]:
    """The place of each household at a level (county, township, village); '' where it is not known that far.

    Raises MeasureError where the table has no places.
    """
    digits = LEVELS[level]
    codes: Sequence[Any] = column(table, Named(PLACE, _("区划代码"), PLACE)).to_pylist()
    return [str(code)[:digits] if code and len(str(code)) >= digits else "" for code in codes]
