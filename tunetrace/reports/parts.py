"""The finished slices of a report that is made on a cluster: a data set on disk, slice by slice.

`tunes`, `spans` and `set-aside` are folders with a Parquet file for each slice: a partitioned data
set. `sums` has what the page and the summary are made of; its file is written last, so a slice that
has one is finished. `batch.json` says what was checked and how. A run that was cut off goes on from
these files.
"""

from __future__ import annotations

import io
import json
import pickle
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.check import Slice
from tunetrace.checker.compare.duplicates import Repeat
from tunetrace.checker.remote.slices import CheckElsewhere
from tunetrace.checker.tables import REJECT_COLUMNS, SPAN_COLUMNS, TUNE_COLUMNS, Column, schema_of
from tunetrace.errors import OutputError
from tunetrace.files import exists, write_whole
from tunetrace.reports.sums import Batch, BatchSums
from tunetrace.reports.tables import ReportRows, rows_of
from tunetrace.text import printable

_MADE: Final = "batch.json"
_SUMS: Final = "sums"
_COLUMNS: Final[Mapping[str, Sequence[Column[Any]]]] = {
    "tunes": TUNE_COLUMNS,
    "spans": SPAN_COLUMNS,
    "set-aside": REJECT_COLUMNS,
}

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


@dataclass(frozen=True, slots=True)
class PartFiles:
    """The files of a finished slice, as bytes."""

    tables: Mapping[str, bytes]
    """The Parquet files by the names of their folders."""
    sums: bytes


def make_part(
    check: CheckElsewhere, batch: Batch, slice_: Slice, repeats: Sequence[Repeat | None]
) -> PartFiles:
    """Check a slice of a batch in this process, a worker; gives the files of its part.

    repeats: what each of its usable transcriptions repeats.
    """
    answers = check.answers(slice_, repeats)
    sums = BatchSums(batch)
    for answer in answers:
        sums.add(answer)
    rows = rows_of(batch.name, answers)
    return PartFiles(
        {
            "tunes": _parquet(rows.tunes),
            "spans": _parquet(rows.spans),
            "set-aside": _parquet(rows.rejects),
        },
        pickle.dumps(sums),
    )


def _parquet(batch: Any) -> bytes:
    """A record batch as the bytes of a Parquet file."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    sink = io.BytesIO()
    write_table(pa.Table.from_batches([batch]), sink, compression="zstd")
    return sink.getvalue()


class Parts:
    """The folder of the finished slices."""

    def __init__(self, folder: Path, made: Mapping[str, Any], *, resume: bool) -> None:
        """Make the folder, or go on with it.

        made: what is checked and how, to be compared. resume: go on with the slices that are there.
        Raises OutputError if the folder has slices without resume, if they were made otherwise, or
        if it has other files.
        """
        self._folder = folder
        self._name = printable(str(folder))
        self._digests: dict[int, str] = {}
        place = folder / _MADE
        made = json.loads(json.dumps(made))
        if exists(place):
            if not resume:
                raise OutputError(
                    f"{self._name}: there are slices of a report that was not finished, or is kept "
                    "as a data set; go on with --resume, or remove this folder to begin anew"
                )
            self._compare(place, made)
            self._find()
        elif exists(folder) and any(folder.iterdir()):
            raise OutputError(
                f"{self._name}: this folder has other files, but the slices of a report need a "
                "folder of their own; give another folder"
            )
        else:
            content = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
            write_whole(place, content.encode(), "the report")

    def _compare(self, place: Path, made: Mapping[str, Any]) -> None:
        try:
            before = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = {}
        for name, value in made.items():
            if before.get(name) != value:
                raise OutputError(
                    f"{self._name}: its slices were made with another {name}; repeat the command "
                    "as it was, or remove this folder to begin anew"
                )

    def _find(self) -> None:
        for path in (self._folder / _SUMS).glob("part-*"):
            with suppress(OSError, ValueError), path.open("rb") as file:
                header = file.readline().decode().split()
                self._digests[int(path.stem.removeprefix("part-"))] = header[0]

    def has(self, number: int, digest: str) -> bool:
        """Whether a slice is finished. digest: of what it has now.

        Raises OutputError if the slice was another one before.
        """
        if number not in self._digests:
            return False
        if self._digests[number] != digest:
            raise self._other_batch()
        return True

    def _other_batch(self) -> OutputError:
        return OutputError(
            f"{self._name}: its slices are of another batch, or the batch was changed; repeat the "
            "command as it was, or remove this folder to begin anew"
        )

    def keep(self, number: int, digest: str, files: PartFiles) -> None:
        """Write the files of a finished slice."""
        for name, content in files.tables.items():
            write_whole(self._path(name, number), content, "the report")
        sums = f"{digest}\n".encode() + files.sums
        write_whole(self._path(_SUMS, number), sums, "the report")
        self._digests[number] = digest

    def is_finished(self, number: int) -> bool:
        """Whether a slice is finished, whatever it has."""
        return number in self._digests

    def read(self, number: int) -> tuple[BatchSums, ReportRows]:
        """What was summed up of a finished slice, and its rows."""
        with self._path(_SUMS, number).open("rb") as file:
            file.readline()
            sums = _Sums(file).load()
        return sums, ReportRows(*(self._rows(name, number) for name in _COLUMNS))

    def _rows(self, name: str, number: int) -> Any:
        import pyarrow as pa
        from pyarrow.parquet import read_table

        schema = schema_of(_COLUMNS[name])
        table = read_table(self._path(name, number), partitioning=None).combine_chunks()
        columns = [
            column.chunk(0) if column.num_chunks else pa.array([], field.type)
            for column, field in zip(table.columns, schema, strict=True)
        ]
        return pa.record_batch(columns, schema=schema)

    def see_all(self, slices: int) -> None:
        """Raise OutputError if there are more finished slices than these: the batch had more."""
        if len(self._digests) > slices:
            raise self._other_batch()

    def remove(self) -> None:
        """Remove all finished slices."""
        for name in (_SUMS, *_COLUMNS):  # without sums no slice counts as finished
            shutil.rmtree(self._folder / name, ignore_errors=True)
        with suppress(OSError):
            (self._folder / _MADE).unlink(missing_ok=True)
            self._folder.rmdir()

    def _path(self, name: str, number: int) -> Path:
        ending = ".sums" if name == _SUMS else ".parquet"
        return self._folder / name / f"part-{number:06}{ending}"


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
