"""Which records of a great table are worth comparing with a small one: those that share a block with one of its records."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from zhikun.matching.model import Model
from zhikun.matching.records import prepared


class Candidates:
    """The blocks of a small table. A great one is asked part by part and need never be held whole."""

    def __init__(self, records: pa.Table, model: Model) -> None:
        table = prepared(records, model)
        self._model = model
        self._keys = [pc.drop_null(pc.unique(_key(table, block))) for block in model.blocks]

    def among(self, part: pa.Table) -> pa.ChunkedArray:
        """Which records of a part (with the columns of a comparison) share a block: true or false for each."""
        table = prepared(part, self._model)
        found = pa.chunked_array([pa.repeat(False, len(table))])
        for block, keys in zip(self._model.blocks, self._keys, strict=True):
            found = pc.or_(found, pc.is_in(_key(table, block), keys))
        return found


def _key(table: pa.Table, block: tuple[str, ...]) -> pa.ChunkedArray:
    """The block of each record as one text; null where one of its columns is not known."""
    return pc.binary_join_element_wise(*(table[column] for column in block), "\0")
