"""Personal data in the database: sealed fields, blind indexes, masks on pages, sealed files."""

from zhikun.privacy.fields import BlindIndexField, Sealed, SealedField
from zhikun.privacy.files import ManyStrays, clear_strays, open_file, remove_file, renew_file, seal_file
from zhikun.privacy.keys import algorithm, ring, use_ring
from zhikun.privacy.reach import reindexed, sealed_folder
from zhikun.privacy.renewal import Renewed, renew, write_columns

__all__ = [
    "BlindIndexField",
    "ManyStrays",
    "Renewed",
    "Sealed",
    "SealedField",
    "algorithm",
    "clear_strays",
    "open_file",
    "reindexed",
    "remove_file",
    "renew",
    "renew_file",
    "ring",
    "seal_file",
    "sealed_folder",
    "use_ring",
    "write_columns",
]
