"""What users read: every visible sentence passes through `_`.

Messages are written in Chinese, the language of the product's users, and are the gettext ids
(docs/decisions/0002). Another language is a catalogue beside this file; nothing else changes.
"""

from __future__ import annotations

import difflib
import gettext
import re
from collections.abc import Iterable
from pathlib import Path

_CATALOGUE = gettext.translation("zhikun", Path(__file__).parent / "locale", fallback=True)

# Control characters but line break and tab, and the marks that turn the direction of writing.
_UNSHOWN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]")

SAMPLE_MARK = "示例参数，须由本地填报"


def _(message: str) -> str:
    """The message in the user's language."""
    return _CATALOGUE.gettext(message)


def shown(text: str) -> str:
    """The text for a screen or a page: what could steer a terminal or hide words is told as �. Data keep it."""
    return _UNSHOWN.sub("\ufffd", text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """'您是不是想写“…”？' for the nearest known word, or an empty string when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return _("您是不是想写“{word}”？").format(word=near[0]) if near else ""
