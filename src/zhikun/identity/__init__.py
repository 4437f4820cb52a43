"""Identity numbers, names and masks: what they mean, whether they can be right, how they are shown.

Nothing here keeps, writes or logs a number; the callers decide what is stored. Columnar data keep tokens, made with the
keys of a ring that lies outside the data.
"""

from zhikun.identity.documents import DocumentCheck, DocumentKind, check_documents, document_kind, document_title
from zhikun.identity.errors import KeysMissing, KeysRefused, KeysUnwritten
from zhikun.identity.held import (
    Held,
    check_file,
    check_held,
    files_with_tokens,
    folder_note,
    init_keys,
    keys_for,
    not_rotated,
    renewed_from,
    ring_beside,
    token_record,
    tokens_in,
    with_token_record,
)
from zhikun.identity.keyring import KeyRing, KeyVersion, read_ring
from zhikun.identity.masks import (
    holds_id_number,
    mask_account,
    mask_id_number,
    mask_id_numbers_in,
    mask_name,
    mask_phone,
)
from zhikun.identity.names import is_name, normalise_name, normalise_names, without_title
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
from zhikun.identity.rotation import catch_up, rotate
from zhikun.identity.tokens import (
    TOKEN,
    renewed,
    renewed_token,
    short_token,
    token_from_text,
    token_of,
    token_text,
    token_texts,
    tokens_from_texts,
    tokens_of,
)

__all__ = [
    "TOKEN",
    "DocumentCheck",
    "DocumentKind",
    "Held",
    "IdCheck",
    "IdFault",
    "KeyRing",
    "KeyVersion",
    "KeysMissing",
    "KeysRefused",
    "KeysUnwritten",
    "birth_date_of",
    "catch_up",
    "check_documents",
    "check_file",
    "check_held",
    "check_id_numbers",
    "document_kind",
    "document_title",
    "fault_text",
    "files_with_tokens",
    "folder_note",
    "holds_id_number",
    "init_keys",
    "is_name",
    "keys_for",
    "mask_account",
    "mask_id_number",
    "mask_id_numbers_in",
    "mask_name",
    "mask_phone",
    "normalise_id_number",
    "normalise_name",
    "normalise_names",
    "not_rotated",
    "read_ring",
    "renewed",
    "renewed_from",
    "renewed_token",
    "ring_beside",
    "rotate",
    "sex_of",
    "short_token",
    "token_from_text",
    "token_of",
    "token_record",
    "token_text",
    "token_texts",
    "tokens_from_texts",
    "tokens_in",
    "tokens_of",
    "with_check_character",
    "with_token_record",
    "without_title",
]
