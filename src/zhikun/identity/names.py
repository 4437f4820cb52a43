"""Names of people: middle dots in all their forms, rare characters kept, noise removed."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

# The dot of names such as 阿卜杜拉·买买提 is typed in many ways; GB/T 36452 and household registers use U+00B7.
_DOTS = "·•・‧∙⋅●．｡。.﹒᛫ㆍ･˙\u0387\u2022\u2219\u25e6\u2218\u2981\u2e31\u2e33\ua78f\u26ab\U00010101"
_DOT_TABLE = dict.fromkeys(map(ord, _DOTS), "·")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\u0000-\u001f\u007f]")
_PLAIN = re.compile("[\u4e00-\u9fff]+")
_PLAIN_COLUMN = r"^[\x{4e00}-\x{9fff}]+$"
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_AROUND_DOT = re.compile(" *· *")
_SPACES = re.compile(r"\s+")
_NOTE = re.compile(r"[(（\[【〔][^()（）\[\]【】〔〕]*[)）\]】〕]$")
_TITLES = ("先生", "女士", "同志", "小姐", "老师", "户主")


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
    if _CHINESE.search(cleaned):  # M．买买提: the dot is the dot of the name, not of an abbreviation
        return _AROUND_DOT.sub("·", _SPACES.sub(" ", cleaned.translate(_DOT_TABLE))).strip("·")
    return _SPACES.sub(" ", cleaned)


def without_title(name: str) -> str:
    """A normalised name without a note in brackets and without a form of address behind it: 李四光（已故）, 欧阳娜娜女士.

    Only where at least two characters stay: 王同志 may be a person's name.
    """
    while True:
        shorter = _NOTE.sub("", name).strip()
        title = next((t for t in _TITLES if shorter.endswith(t)), "")
        shorter = shorter.removesuffix(title).strip()
        if shorter == name or len(shorter) < 2:
            return name
        name = shorter


def normalise_names(names: pa.Array | pa.ChunkedArray, *, titles: bool = False) -> pa.ChunkedArray:
    """A column of names as `normalise_name` gives them, with `titles=True` also `without_title`; null stays null.

    Names of common Chinese characters stay as they are; each other spelling is looked at once.
    """
    column = names if isinstance(names, pa.ChunkedArray) else pa.chunked_array([names])
    column = column.cast(pa.string())
    done = pc.match_substring_regex(column, _PLAIN_COLUMN)
    if titles:
        ends = pc.match_substring_regex(column, f"(?:{'|'.join(_TITLES)})$")
        done = pc.and_(done, pc.invert(ends))
    rest = pc.invert(pc.fill_null(done, fill_value=True))
    unusual = column.filter(rest).combine_chunks().dictionary_encode()
    spelled = [normalise_name(text) for text in unusual.dictionary.to_pylist()]
    spelled = [without_title(text) for text in spelled] if titles else spelled
    changed = pa.array(spelled, pa.string()).take(unusual.indices)
    whole = pc.replace_with_mask(column.combine_chunks(), rest.combine_chunks(), changed)
    return pa.chunked_array([whole])


def is_name(text: str) -> bool:
    """Whether a normalised name can be one: at least two characters, none of them a digit or a sign of a list."""
    return 2 <= len(text) <= 50 and not any(c.isdigit() or c in "、，,;；/\\@#=" for c in text)
