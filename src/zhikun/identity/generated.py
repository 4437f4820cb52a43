"""Generated people are recognised by their numbers: GB/T 2260 has no area that begins with 99."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

GENERATED_AREA = "99"


def any_generated(numbers: pa.Array | pa.ChunkedArray) -> bool:
    """Whether some of these identity numbers belong to generated people, who do not exist."""
    return bool(pc.any(pc.starts_with(numbers.cast(pa.string()), GENERATED_AREA)).as_py())
