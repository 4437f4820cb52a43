"""Names of people: middle dots in all their forms, rare characters kept, noise removed."""

from __future__ import annotations

import re
import unicodedata

# The dot of names such as 阿卜杜拉·买买提 is typed in many ways; GB/T 36452 and household registers use U+00B7.
_DOTS = "·•・‧∙⋅●．｡。.﹒᛫ㆍ･˙"
_DOT_TABLE = dict.fromkeys(map(ord, _DOTS), "·")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\u0000-\u001f\u007f]")
_PLAIN = re.compile("[\u4e00-\u9fff]+")
_SPACES = re.compile(r"\s+")


def normalise_name(text: str) -> str:
    """A name without invisible marks; spaces inside Chinese names removed; middle dots as `·`.

    No Unicode normalisation: it would replace compatibility ideographs (rare characters that stand on
    identity cards) by others. Full-width Latin letters are made plain.
    """
    if _PLAIN.fullmatch(text):
        return text
    cleaned = _INVISIBLE.sub("", text).strip()
    cleaned = "".join(unicodedata.normalize("NFKC", c) if "\uff21" <= c <= "\uff5a" else c for c in cleaned)
    if not any(c.isascii() and c.isalpha() for c in cleaned):
        cleaned = _SPACES.sub("", cleaned)
        return cleaned.translate(_DOT_TABLE).strip("·")
    return _SPACES.sub(" ", cleaned)


def is_name(text: str) -> bool:
    """Whether a normalised name can be one: at least two characters, none of them a digit or a sign of a list."""
    return 2 <= len(text) <= 50 and not any(c.isdigit() or c in "、，,;；/\\@#=" for c in text)
