"""What can go wrong while a report is written, said so that an officer can act on it."""

from __future__ import annotations


class DocumentError(Exception):
    """A report cannot be written. The message says what is wrong and the way out."""


class FontsMissing(DocumentError):
    """No font with Chinese characters was found, so a PDF would come out empty or full of boxes."""


class UnknownValue(DocumentError):
    """A report asks for a household value that neither the results nor the survey holds."""


class ScoreOffScale(DocumentError):
    """A cause was scored outside 0, 0.5 ... 5, so the published kind of table cannot hold it."""
