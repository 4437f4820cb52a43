"""Checks data against the part of JSON Schema that docs/reference/explanation.schema.json uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float),
}  # fmt: skip
KNOWN = {
    "$schema", "title", "description", "type", "enum", "properties", "required", "additionalProperties", "items", "minimum",
    "pattern",
}  # fmt: skip


def faults(data: Any, schema: Mapping[str, Any], path: str = "$") -> Iterator[str]:
    """'$.steps[3].row: ...' for everything that does not fit."""
    assert set(schema) <= KNOWN, f"{path}: {set(schema) - KNOWN} is not checked here"
    kinds = schema.get("type", list(_TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(_is(data, kind) for kind in kinds):
        yield f"{path}: {data!r} is no {kinds}"
    elif "enum" in schema and data not in schema["enum"]:
        yield f"{path}: {data!r} is not in {schema['enum']}"
    elif "minimum" in schema and data < schema["minimum"]:
        yield f"{path}: {data!r} is below {schema['minimum']}"
    elif "pattern" in schema and not re.search(schema["pattern"], data):
        yield f"{path}: {data!r} is not like {schema['pattern']}"
    elif isinstance(data, dict):
        yield from _of_object(data, schema, path)
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from faults(item, schema["items"], f"{path}[{number}]")


def _is(data: Any, kind: str) -> bool:
    return isinstance(data, _TYPES[kind]) and (kind == "boolean" or not isinstance(data, bool))


def _of_object(data: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    rest = schema.get("additionalProperties", {})
    yield from (f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in data)
    for name, value in data.items():
        if name in known:
            yield from faults(value, known[name], f"{path}.{name}")
        elif rest is False:
            yield f"{path}: {name} is not known"
        else:
            yield from faults(value, rest, f"{path}.{name}")
