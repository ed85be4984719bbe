"""The files of a slice of a report: made by a worker, and read again.

`tunes`, `spans` and `set-aside` have the rows. `sums` has what the page and the summary are made
of.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.check import Slice
from tunetrace.checker.compare.duplicates import Repeat
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.checker.tables import REJECT_COLUMNS, SPAN_COLUMNS, TUNE_COLUMNS, Column, schema_of
from tunetrace.cluster.parts import PARQUET, Parts, parquet_of
from tunetrace.errors import OutputError
from tunetrace.reports.sums import Batch, BatchSums
from tunetrace.reports.tables import ReportRows, rows_of
from tunetrace.text import printable

_COLUMNS: Final[Mapping[str, Sequence[Column[Any]]]] = {
    "tunes": TUNE_COLUMNS,
    "spans": SPAN_COLUMNS,
    "set-aside": REJECT_COLUMNS,
}
_SUMS: Final = "sums"

ENDINGS: Final = {**dict.fromkeys(_COLUMNS, PARQUET), _SUMS: ".sums"}
"""The folders of a report's slices, with the endings of their files."""

_PLAIN: Final = frozenset(
    {
        ("array", "array"), ("array", "_array_reconstructor"), ("collections", "Counter"),
        ("fractions", "Fraction"), ("numpy", "dtype"), ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"), ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"), ("numpy.core.numeric", "_frombuffer"),
    }
)  # fmt: skip
"""What sums hold besides tunetrace's own classes."""


def make_part(
    check: CheckElsewhere, batch: Batch, slice_: Slice, repeats: Sequence[Repeat | None]
) -> dict[str, bytes]:
    """Check a slice of a batch in this process, a worker; gives its files by their folders.

    repeats: what each of its usable transcriptions repeats.
    """
    answers = check.answers(slice_, repeats)
    sums = BatchSums(batch)
    for answer in answers:
        sums.add(answer)
    rows = rows_of(batch.name, answers)
    tables = zip(_COLUMNS, (rows.tunes, rows.spans, rows.rejects), strict=True)
    return {**{name: parquet_of(table) for name, table in tables}, _SUMS: pickle.dumps(sums)}


def read_part(parts: Parts, number: int) -> tuple[BatchSums, ReportRows]:
    """What was summed up of a finished slice, and its rows. OutputError if they are damaged."""
    rows = ReportRows(*(_rows(parts.table(name, number), name) for name in _COLUMNS))
    return parts.read(_SUMS, number, _read_sums), rows


def _rows(table: Any, name: str) -> Any:
    """A table as one record batch."""
    import pyarrow as pa

    schema = schema_of(_COLUMNS[name])
    columns = [
        column.chunk(0) if column.num_chunks else pa.array([], field.type)
        for column, field in zip(table.combine_chunks().columns, schema, strict=True)
    ]
    return pa.record_batch(columns, schema=schema)


def _read_sums(path: Path) -> BatchSums:
    with path.open("rb") as file:
        sums: BatchSums = _Sums(file).load()
    return sums


class _Sums(pickle.Unpickler):
    """Reads sums, and nothing that could run: classes of tunetrace, numbers and arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.partition(".")[0] == __name__.partition(".")[0]:
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise OutputError(
            f"a slice of the report has '{printable(f'{module}.{name}')}', which none of "
            "tunetrace's has; remove the folder of the slices to begin anew"
        )
