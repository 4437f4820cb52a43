"""What this room refuses."""

from __future__ import annotations

from zhikun.pages.errors import DomainError


class NotAllowed(DomainError):
    """The officer may not see the record."""


class TooMany(DomainError):
    """More entries than a spreadsheet opens."""
