"""A platform of a test with a key ring of its own that can be rotated while it works."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from zhikun.identity.keyring import KeyRing, read_ring, with_new_version, write_ring


def rotate(settings) -> KeyRing:
    """One more version in the ring, as `zhikun keys rotate` writes it."""
    held = read_ring(settings.ZHIKUN_KEYS)
    return write_ring(
        replace(with_new_version(held, date(2027, 1, 1), "每年一次", settings.ZHIKUN_DATA), rotation=None)
    )
