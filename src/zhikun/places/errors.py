"""What the verbs of this room refuse."""

from __future__ import annotations

from zhikun.pages.errors import DomainError


class NotAllowed(DomainError):
    """The officer may not keep areas, or not these."""
