"""The closed schema of format 1, as data: which keys a section knows, of what kind, with which values.

`docs/reference/pack-format.md` says the same in prose. `shape.py` applies these tables; nothing else knows keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhikun.engine.packs import monitoring

FORMAT = 1

ENTITY_TYPES = ("number", "boolean", "choice", "choices", "date", "text", "place")
LIST_KINDS = ("policies", "services", "needs", "labels", "flags")
GRADES = ("A", "B", "C", "D", "K", "S")
#: Sets (facts of type choices, lists) are carried as bits of one 64-bit number.
MOST_ITEMS = 62
#: Codes that stand for something else where values are written.
RESERVED_CODES = frozenset({"unknown"})
#: Keywords of the formula language and columns of results: as names they could not be told apart. (Names of functions
#: may be used: a function is always followed by a parenthesis.)
RESERVED_NAMES = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "between",
        "true",
        "false",
        "null",
        "is",
        "case",
        "when",
        "then",
        "else",
        "end",
        "like",
        "select",
        "from",
        "if",
        "any",
        "all",
        "row",
        "unknown",
    ]
)
#: How a condition of an indicator is written, and the operator it is. `known: true | false` is the tenth.
RELATIONS: Mapping[str, str] = {
    "is": "=",
    "is_not": "!=",
    "below": "<",
    "at_most": "<=",
    "above": ">",
    "at_least": ">=",
    "any_of": "in",
    "none_of": "not in",
}


@dataclass(frozen=True, slots=True)
class Key:
    """What one key holds. `of` names the schema of the records in it; `allowed` the only values."""

    kind: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    of: str = ""


Schema = Mapping[str, Key]

_SOURCE: Schema = {
    "reference": Key("text"),
    "grade": Key("enum", allowed=GRADES),
    "sample": Key("boolean"),
    "reason": Key("text"),
}
_PERIOD: Schema = {"from": Key("date"), "until": Key("date")}
_TITLE = Key("text", required=True)
_ON = Key("name", required=True)

SCHEMAS: Mapping[str, Schema] = {
    "pack": {
        "format": Key("integer", required=True),
        "id": Key("name", required=True),
        "title": _TITLE,
        "version": Key("text", required=True),
        "place": Key("place_or_null", required=True),
        "first_day": Key("date", required=True),
        "sample": Key("boolean"),
        "extends": Key("records", of="extension"),
        "sources": Key("labelled", of="document"),
        "programmes": Key("texts_by_name"),
        "notes": Key("records", of="note"),
        "results": Key("record", of="results"),
        "places": Key("text"),
    },
    "extension": {
        "pack": Key("name", required=True),
        "programmes": Key("names"),
        "facts": Key("dotted_names"),
        "indicators": Key("names"),
        "groups": Key("names"),
    },
    "document": {
        "title": _TITLE,
        "issuer": Key("text"),
        "number": Key("text"),
        "date": Key("text"),
        "grade": Key("enum", allowed=GRADES),
        "url": Key("text"),
        "note": Key("text"),
    },
    "note": {"subject": Key("text", required=True), "text": Key("text", required=True), **_SOURCE},
    "results": {
        "category": Key("name"),
        "amount": Key("name"),
        "index": Key("name"),
        "rank": Key("name"),
        "eligible": Key("name"),
        "causes": Key("names"),
        "policies": Key("names"),
        "flags": Key("names"),
        "columns": Key("names"),
    },
    "facts_file": {"entities": Key("named", of="entity"), "facts": Key("facts", of="fact")},
    "standards_file": {"standards": Key("named", of="standard")},
    "programme_file": {
        "standards": Key("named", of="standard"),
        "tables": Key("named", of="table"),
        "rules": Key("named", of="rule"),
        "decisions": Key("named", of="decision"),
        "lists": Key("named", of="list"),
        "rankings": Key("named", of="ranking"),
    },
    "entity": {"title": _TITLE, "sheet": Key("text", required=True)},
    "fact": {
        "title": _TITLE,
        "type": Key("enum", required=True, allowed=ENTITY_TYPES),
        "unit": Key("text_or_empty"),
        "decimals": Key("integer"),
        "min": Key("number"),
        "max": Key("number"),
        "period": Key("enum", allowed=("once", "month", "year", "last_12_months", "last_6_months")),
        "choices": Key("choices"),
        "format": Key("enum", allowed=("name", "id_number", "phone", "address", "bank_account", "note")),
        "question": Key("text"),
        "note": Key("text"),
        "dimension": Key("text"),
        "source": Key("text"),
        "sensitivity": Key("enum", allowed=("general", "personal", "sensitive")),
        "asked_when": Key("formula"),
        "if_not_asked": Key("value"),
        "required": Key("boolean"),
        "replaces": Key("name"),
        **_SOURCE,
    },
    "standard": {
        "title": _TITLE,
        "type": Key("enum", allowed=("number", "boolean", "choice")),
        "unit": Key("text_or_empty"),
        "choices": Key("choices"),
        "values": Key("records", required=True, of="standard_value"),
        "note": Key("text"),
        "replaces": Key("name"),
    },
    "standard_value": {
        "from": Key("date", required=True),
        "place": Key("place"),
        "value": Key("value", required=True),
        "note": Key("text"),
        **_SOURCE,
    },
    "table": {
        "title": _TITLE,
        "file": Key("text"),
        "keys": Key("records", required=True, of="table_key"),
        "value": Key("record", required=True, of="table_value"),
        "versions": Key("records", of="table_version"),
        "note": Key("text"),
        "replaces": Key("name"),
        **_PERIOD,
        **_SOURCE,
    },
    "table_key": {"column": Key("name", required=True), "choices_of": Key("dotted"), "unit": Key("text_or_empty")},
    "table_value": {
        "column": Key("name", required=True),
        "type": Key("enum", allowed=("number", "choice")),
        "unit": Key("text_or_empty"),
        "choices": Key("choices"),
    },
    "table_version": {"file": Key("text", required=True), "note": Key("text"), **_PERIOD, **_SOURCE},
    "rule": {
        "title": _TITLE,
        "on": _ON,
        "type": Key("enum", required=True, allowed=("number", "boolean", "choice")),
        "unit": Key("text_or_empty"),
        "choices": Key("choices"),
        "choices_of": Key("dotted"),
        "formula": Key("formula"),
        "rounding": Key("record", of="rounding"),
        "versions": Key("records", of="rule_version"),
        "note": Key("text"),
        "text_true": Key("text"),
        "text_false": Key("text"),
        "replaces": Key("name"),
        **_PERIOD,
        **_SOURCE,
    },
    "rule_version": {
        "formula": Key("formula", required=True),
        "rounding": Key("record", of="rounding"),
        "note": Key("text"),
        **_PERIOD,
        **_SOURCE,
    },
    "rounding": {
        "to": Key("number", required=True),
        "direction": Key("enum", required=True, allowed=("up", "down", "half_up")),
        **_SOURCE,
    },
    "decision": {
        "title": _TITLE,
        "on": _ON,
        "type": Key("enum", required=True, allowed=("number", "boolean", "choice")),
        "unit": Key("text_or_empty"),
        "choices": Key("choices"),
        "choices_of": Key("dotted"),
        "first_match": Key("records", of="branch"),
        "versions": Key("records", of="decision_version"),
        "note": Key("text"),
        "text_true": Key("text"),
        "text_false": Key("text"),
        "replaces": Key("name"),
        **_PERIOD,
        **_SOURCE,
    },
    "decision_version": {
        "first_match": Key("records", required=True, of="branch"),
        "note": Key("text"),
        **_PERIOD,
        **_SOURCE,
    },
    "branch": {
        "when": Key("formula"),
        "then": Key("formula"),
        "otherwise": Key("formula"),
        "text": Key("text"),
        "note": Key("text"),
        **_SOURCE,
    },
    "list": {
        "title": _TITLE,
        "on": _ON,
        "kind": Key("enum", required=True, allowed=LIST_KINDS),
        "items": Key("named", required=True, of="item"),
        "note": Key("text"),
        "replaces": Key("name"),
        **_SOURCE,
    },
    "item": {
        "title": _TITLE,
        "when": Key("formula", required=True),
        "order": Key("number"),
        "department": Key("text"),
        "note": Key("text"),
        "confirm": Key("text"),
        "text": Key("text"),
        **_PERIOD,
        **_SOURCE,
    },
    "ranking": {
        "title": _TITLE,
        "by": Key("records", required=True, of="ranking_key"),
        "within": Key("enum", required=True, allowed=("county", "township", "village", "pack")),
        "among": Key("formula"),
        "note": Key("text"),
        "replaces": Key("name"),
        **_SOURCE,
    },
    "ranking_key": {
        "value": Key("name", required=True),
        "direction": Key("enum", required=True, allowed=("highest_first", "lowest_first")),
    },
    # -- warnings/
    "list_source_file": {
        "title": _TITLE,
        "department": Key("text", required=True),
        "kind": Key("enum", required=True, allowed=monitoring.KINDS),
        "purpose": Key("text", required=True),
        "sensitive": Key("enum", allowed=monitoring.SENSITIVITIES),
        "valid_months": Key("integer"),
        "delivery": Key("record", required=True, of="delivery"),
        "columns": Key("named", required=True, of="list_column"),
        "note": Key("text"),
        **_SOURCE,
    },
    "delivery": {
        "rhythm": Key("enum", required=True, allowed=monitoring.RHYTHMS),
        "due_day": Key("integer", required=True),
        "months": Key("integers"),
        "note": Key("text"),
        **_SOURCE,
    },
    "list_column": {
        "title": _TITLE,
        "type": Key("enum", required=True, allowed=monitoring.COLUMN_TYPES),
        "required": Key("boolean"),
        "headers": Key("texts"),
        "choices": Key("choices"),
        "unit": Key("text_or_empty"),
        "min": Key("number"),
        "max": Key("number"),
        "sensitive": Key("enum", allowed=monitoring.SENSITIVITIES),
        "note": Key("text"),
    },
    "indicators_file": {
        "causes": Key("texts_by_name"),
        "indicators": Key("named", required=True, of="indicator"),
    },
    "indicator": {
        "title": _TITLE,
        "list": Key("name", required=True),
        "measure": Key("enum", required=True, allowed=monitoring.MEASURES),
        "column": Key("name"),
        "where": Key("records", of="condition"),
        "window": Key("record", of="window"),
        "bands": Key("records", required=True, of="band"),
        "weight": Key("record", required=True, of="weight"),
        "direction": Key("enum", required=True, allowed=monitoring.DIRECTIONS),
        "cause": Key("name", required=True),
        "way": Key("enum", allowed=monitoring.WAYS),
        "groups": Key("names"),
        "among": Key("enum", allowed=("enrolled", "not_enrolled")),
        "department": Key("text"),
        "note": Key("text"),
        **_SOURCE,
    },
    "condition": {
        "column": Key("name", required=True),
        **{relation: Key("value") for relation in RELATIONS},
        "known": Key("boolean"),
        **_SOURCE,
    },
    "window": {"months": Key("integer", required=True), **_SOURCE},
    "band": {"from": Key("number", required=True), "points": Key("number", required=True), "title": _TITLE, **_SOURCE},
    "weight": {"value": Key("number", required=True), **_SOURCE},
    "groups_file": {"groups": Key("named", required=True, of="watched_group")},
    "watched_group": {"title": _TITLE, "enrolled": Key("boolean", required=True), "note": Key("text"), **_SOURCE},
    "levels_file": {
        "levels": Key("named", required=True, of="level"),
        "escalations": Key("records", of="escalation"),
        "quiet": Key("record", of="quiet"),
    },
    "level": {
        "title": _TITLE,
        "from": Key("number", required=True),
        "days": Key("integer", required=True),
        "way": Key("enum", allowed=("deliver", "enrol", "conference")),
        "note": Key("text"),
        **_SOURCE,
    },
    "escalation": {
        "after_days": Key("integer", required=True),
        "to": Key("enum", required=True, allowed=monitoring.ESCALATION_TARGETS),
        "text": Key("text", required=True),
        **_SOURCE,
    },
    "quiet": {"months": Key("integer", required=True), **_SOURCE},
    "routes_file": {"routes": Key("named", required=True, of="route")},
    "route": {
        "title": _TITLE,
        "department": Key("text", required=True),
        "groups": Key("names"),
        "causes": Key("names"),
        "columns": Key("names", required=True),
        "note": Key("text"),
        **_SOURCE,
    },
}
