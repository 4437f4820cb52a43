"""Why keys cannot be used as they are."""

from __future__ import annotations


class KeysRefused(Exception):
    """The key ring, or the tokens in a data folder, cannot be used: where, why it matters, the way out."""


class KeysMissing(KeysRefused):
    """There is no key ring at this place."""


class KeysUnwritten(KeysRefused):
    """The ring or a file of tokens could not be written."""
