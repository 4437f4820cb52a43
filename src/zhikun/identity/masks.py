"""How personal data is shown to people who need to recognise it but not to have it."""

from __future__ import annotations

import re
import unicodedata

_STAR = "*"
# Digits may be full-width or separated by spaces; a number in a sentence must not slip through for that.
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[ \u3000-]?\d){13,16}[ \u3000-]?[\dXxＸｘ](?!\d)")

_MOBILE = re.compile(r"(?<!\d)1[ \u3000-]?[3-9](?:[ \u3000-]?\d){9}(?!\d)")


def mask_id_number(number: str) -> str:
    """The first four characters (province and city) and the last two; the birth date is always hidden."""
    return _mask(number, 4, 2)


def mask_phone(phone: str) -> str:
    """The first three and the last four digits of a mobile number; less of a shorter one."""
    return _mask(phone, 3, 4)


def mask_birth_date(day: object) -> str:
    """1968-05-**: year and month say how old somebody is; the day would give the masked number away."""
    return f"{str(day)[:7]}-**"


def mask_account(account: str) -> str:
    """The last four digits of a bank account."""
    return _mask(account, 0, 4)


def mask_name(name: str) -> str:
    """The surname's first character and stars: 张*, 欧***, 阿****·***. Works by visible character.

    Middle dots stay, so that the two parts of a name can be told apart. A one-character name is hidden.
    """
    clusters = _clusters(name.strip())
    if len(clusters) <= 1:
        return _STAR * len(clusters)
    return clusters[0] + "".join(c if c in "·• " else _STAR for c in clusters[1:])


def mask_id_numbers_in(text: str) -> str:
    """A sentence with every identity number in it masked."""
    return _LONG_NUMBER.sub(lambda found: mask_id_number(re.sub(r"[ \u3000-]", "", found.group())), text)


def holds_id_number(text: str) -> bool:
    """Whether a text that will be kept has what looks like an identity number in it, spaced or in full-width digits too."""
    return _LONG_NUMBER.search(text) is not None


def holds_phone_number(text: str) -> bool:
    """Whether a text that will be kept has what looks like a mobile number in it, spaced or in full-width digits too."""
    return _MOBILE.search(unicodedata.normalize("NFKC", text)) is not None


def _mask(text: str, head: int, tail: int) -> str:
    plain = text.strip()
    while head + tail > len(plain) * 2 // 3:
        head, tail = (head - 1, tail) if head >= tail else (head, tail - 1)
    return plain[:head] + _STAR * (len(plain) - head - tail) + (plain[-tail:] if tail else "")


def _clusters(text: str) -> list[str]:
    """Visible characters: an ideograph keeps its variation selector, a letter its accents."""
    clusters: list[str] = []
    for char in text:
        joins = unicodedata.combining(char) or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
        if joins and clusters:
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters
