"""Facts as people read them where no page draws them: in lists, files and short texts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from zhikun.engine.run.display import number
from zhikun.registry.vocabulary import vocabulary


def in_words(entity: str, name: str, value: Any) -> str:
    """A fact's value as people read it."""
    known = vocabulary().get((entity, name))
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        choices = (known.choices if known else None) or {}
        return "、".join(str(choices.get(one, one)) for one in value) or _("无")
    if known is not None and known.choices:
        return str(known.choices.get(value, value))
    if isinstance(value, int | float):
        return number(value, known.unit if known else None)
    return str(value)
