"""Birth dates where identity numbers are masked: year and month say how old somebody is, and the day would give the number away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhikun.identity.masks import mask_birth_date

#: The fact's name, of a member and of whoever else has one.
BIRTH = "birth_date"
_TOLD = ("display", "filled", "reason")


def without_birth_days(explanation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same explanation, its birth dates without their days, also where one is put into a formula."""
    steps = explanation["steps"]
    days = {str(one["display"]) for one in steps if one["name"] == BIRTH and one["state"] != "undetermined"}
    if not days:
        return explanation

    def told(text: Any) -> Any:
        for day in days if isinstance(text, str) else ():
            text = text.replace(day, mask_birth_date(day))
        return text

    veiled = [{**one, **{name: told(one[name]) for name in _TOLD}} for one in steps]
    changes = [{**one, "text": told(one["text"])} for one in explanation.get("changes", ())]
    return {**explanation, "steps": veiled, "changes": changes}
