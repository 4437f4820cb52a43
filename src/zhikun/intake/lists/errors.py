"""Why a list cannot be received: nothing was kept, the message says what to do."""

from __future__ import annotations


class ListRefused(Exception):
    """The list cannot be received, or a receipt cannot be decided about, as things stand."""


class ListUnreadable(ListRefused):
    """The file, table or address cannot be read, or what it holds is not this list."""


class ListDamaged(ListUnreadable):
    """A file kept in the data folder is not what was written there."""


class ListUnusable(ListRefused):
    """The pack has no such list, the period is none of its, or there is no such receipt."""


class ListUnwritten(ListRefused):
    """A receipt or a workbook of rejects could not be written."""
