"""Identity numbers, names and masks: what they mean, whether they can be right, how they are shown.

Nothing here keeps, writes or logs a number; the callers decide what is stored.
"""

from zhikun.identity.masks import mask_account, mask_id_number, mask_id_numbers_in, mask_name, mask_phone
from zhikun.identity.names import is_name, normalise_name
from zhikun.identity.numbers import (
    IdCheck,
    IdFault,
    birth_date_of,
    check_id_numbers,
    fault_text,
    normalise_id_number,
    sex_of,
    with_check_character,
)

__all__ = [
    "IdCheck",
    "IdFault",
    "birth_date_of",
    "check_id_numbers",
    "fault_text",
    "is_name",
    "mask_account",
    "mask_id_number",
    "mask_id_numbers_in",
    "mask_name",
    "mask_phone",
    "normalise_id_number",
    "normalise_name",
    "sex_of",
    "with_check_character",
]
