"""A baseline made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunetrace.indexer.store.arrays.baseline import BaselineTunes


def baseline(
    meter: Sequence[str | None], notes: Sequence[int], numbers: Sequence[float]
) -> BaselineTunes:
    found = np.array(numbers, dtype=np.float32)
    return BaselineTunes(meter, np.array(notes, dtype=np.int32), {"copied_8": found})
