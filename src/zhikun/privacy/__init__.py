"""Personal data in the database: sealed fields, blind indexes, masks on pages, sealed files."""

from zhikun.privacy.fields import BlindIndexField, Sealed, SealedField
from zhikun.privacy.files import open_file, renew_file, seal_file
from zhikun.privacy.keys import algorithm, ring, use_ring
from zhikun.privacy.renewal import Renewed, renew

__all__ = [
    "BlindIndexField",
    "Renewed",
    "Sealed",
    "SealedField",
    "algorithm",
    "open_file",
    "renew",
    "renew_file",
    "ring",
    "seal_file",
    "use_ring",
]
