"""Choices, several choices, yes and no: by label or by code. A label such as NA, 无 or 否 is a choice, never a blank."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.intake.survey.values import Converted, Verdict, by_unique, is_unknown_word, quoted, unknown_note
from zhikun.tables import Column, Kind
from zhikun.wording import _, did_you_mean

_SEPARATORS = re.compile(r"[、,;|/\n]+")
_NONE_WORDS = frozenset({"无", "没有", "none", "[]", "均无", "都没有"})
_YES = frozenset({"是", "有", "√", "✓", "✔", "对", "true", "yes", "y", "t", "1", "☑"})
_NO = frozenset({"否", "无", "没有", "不是", "×", "✗", "✘", "x", "错", "false", "no", "n", "f", "0"})
_MOST_LABELS = 12


def convert_choice(fact: Fact, column: Column, result: Converted) -> None:
    """Fill `result` with codes."""
    table = choice_table(fact.choices)
    values = by_unique(column, _usable(column), result, partial(parse_choice, fact=fact, table=table))
    result.values = pa.array(values, pa.string())


def convert_choices(fact: Fact, column: Column, result: Converted) -> None:
    """Fill `result` with lists of codes; 无 is the empty list, a blank is unknown."""
    table = choice_table(fact.choices)
    values = by_unique(column, _usable(column), result, partial(parse_choices, fact=fact, table=table))
    result.values = pa.array(values, pa.list_(pa.string()))


def convert_boolean(column: Column, result: Converted) -> None:
    """Fill `result` with truth values."""
    values = by_unique(column, _usable(column), result, parse_boolean)
    result.values = pa.array(values, pa.bool_())


def parse_choice(text: str, fact: Fact, table: Mapping[str, str]) -> Verdict:
    """One label or code."""
    code = table.get(_key(text))
    if code is not None:
        return Verdict(code)
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    hint = _hint(text, fact)
    return Verdict(
        expected=expected_choice(fact), remedy=hint or _("请从下拉列表中选择；不知道就留空"), wrong=_("不在可选项里")
    )


def parse_choices(text: str, fact: Fact, table: Mapping[str, str]) -> Verdict:
    """Several labels or codes in one cell, separated by 、 (or a comma, semicolon, slash or new line)."""
    if _key(text) in table:
        return Verdict([table[_key(text)]])
    if text.strip().lower() in _NONE_WORDS:
        return Verdict([])
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    words = [word.strip() for word in _SEPARATORS.split(text.strip("[]")) if word.strip()]
    picked: set[str] = set()
    position = 0
    while position < len(words):
        # A label may itself contain a separator: the longest run of words that is a label counts.
        for end in range(len(words), position, -1):
            code = table.get(_key("".join(words[position:end])))
            if code is not None:
                picked.add(code)
                position = end
                break
        else:
            return _unknown_pick(words[position], fact, len(words) > 1)
    return Verdict([code for code in fact.choices if code in picked])


def parse_boolean(text: str) -> Verdict:
    """是, 否 and their relatives."""
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return Verdict(word in _YES)
    if is_unknown_word(text):
        return Verdict(note=unknown_note())
    return Verdict(expected=_("“是”或“否”"), remedy=_("请填“是”或“否”；不知道就留空"), wrong=_("不是“是”或“否”"))


def expected_choice(fact: Fact) -> str:
    """The labels to choose from; of more than a dozen the first, how many there are, and where they stand."""
    labels = list(fact.choices.values())
    if len(labels) > _MOST_LABELS:
        text = _("{labels}等之一，共 {count} 项，见模板中该列的下拉选项")
        return text.format(labels="、".join(labels[:_MOST_LABELS]), count=len(labels))
    return _("{labels}之一").format(labels="、".join(labels))


def _unknown_pick(word: str, fact: Fact, several: bool) -> Verdict:
    if several and word.lower() in _NONE_WORDS:
        return Verdict(
            expected=expected_picks(fact), remedy=_("请去掉“无”，或去掉别的选项"), wrong=_("“无”和别的选项填在一起")
        )
    hint = _hint(word, fact)
    return Verdict(
        found=_("其中{word}不是选项").format(word=quoted(word)),
        expected=expected_picks(fact),
        remedy=hint or _("请照选项原文填写，用顿号隔开"),
        wrong=_("其中有的不是选项"),
    )


def expected_picks(fact: Fact) -> str:
    """The labels of which several may be chosen; of more than a dozen the first (such a column has no drop-down list)."""
    labels = list(fact.choices.values())
    text = "、".join(labels[:_MOST_LABELS])
    if len(labels) > _MOST_LABELS:
        text = _("{labels}等（共 {count} 项，见模板中该列表头的批注）").format(labels=text, count=len(labels))
    return _("{labels}中的一项或几项（用顿号隔开），没有就填“无”").format(labels=text)


def _hint(word: str, fact: Fact) -> str:
    """The label that may be meant; where none is near, the label of the nearest code."""
    near = did_you_mean(word, fact.choices.values(), shortened=True)
    if near:
        return near
    codes = difflib.get_close_matches(word, list(fact.choices), n=1)
    return did_you_mean(fact.choices[codes[0]], fact.choices.values()) if codes else ""


def _usable(column: Column) -> np.ndarray:
    return np.isin(column.kind, (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE))


def _key(text: str) -> str:
    return _SEPARATORS.sub("", re.sub(r"\s", "", unicodedata.normalize("NFKC", text))).lower()


def choice_table(choices: Mapping[str, str]) -> dict[str, str]:
    """Normalised label or code -> code. Where a code reads like another choice's label, the label counts."""
    table = {_key(code): code for code in choices}
    table.update({_key(label): code for code, label in choices.items()})
    return table
