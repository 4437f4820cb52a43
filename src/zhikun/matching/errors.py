"""What can go wrong when records are compared: sentences for people."""

from __future__ import annotations


class MatchingError(ValueError):
    """The comparison cannot be made, or a decision cannot be kept; nothing was changed."""
