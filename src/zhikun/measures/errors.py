"""What can go wrong when a measure is taken: sentences for people."""

from __future__ import annotations


class MeasureError(ValueError):
    """The measure cannot be taken from these values: what is wrong, and the way out. Nothing was left out silently."""
