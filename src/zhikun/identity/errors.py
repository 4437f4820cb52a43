"""Why keys cannot be used as they are."""

from __future__ import annotations


class KeysRefused(Exception):
    """The key ring, or the tokens in a data folder, cannot be used: where, why it matters, the way out."""


class KeysMissing(KeysRefused):
    """There is no key ring at this place."""


class KeysUnwritten(KeysRefused):
    """The ring or a file of tokens could not be written."""


class SealRefused(Exception):
    """A sealed value cannot be opened. Says where it stands and the way out, never what is in it."""


class SealBroken(SealRefused):
    """The value was changed, cut, or moved from another row or column, or is of another ring."""


class SealVersionUnknown(SealRefused):
    """The value was sealed with a newer key, or in a newer way, than this process knows."""
