"""A collection of the size of IrishMAN: reading it, and building its index, at several sizes.

python -m benchmarks.collection [TUNES]...

IrishMAN has 216,284 tunes (https://huggingface.co/datasets/sander-wood/irishman). As many are made
here by the seeded generator of benchmarks.corpus, and written as Parquet in IrishMAN's columns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from benchmarks.corpus import make_tunes
from benchmarks.measure import run_job
from benchmarks.output import duration, megabytes, say, show_table
from tunetrace.tokenizer.write import to_abc

SIZES: Final = (27_000, 108_000, 216_284)
"""An eighth of IrishMAN, half of it, and all."""

_ROW_GROUP: Final = 10_000
_SECTION: Final = re.compile(r"\|\||\|\]|\[\||:\||\|:|::")
"""What ends or begins a section in IrishMAN's control codes."""


def main(sizes: Sequence[int]) -> None:
    """Print a table with a row for each size."""
    rows = []
    with TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / "train.parquet"
            write_collection(path, size)
            index = Path(folder) / f"{size}.db"
            read, built = run_job("read", path), run_job("tunetrace", path, index)
            assert read["tunes"] == size
            rows.append(
                (f"{size:,}", megabytes(path.stat().st_size), duration(read["seconds"]),
                 megabytes(read["peak_bytes"]), duration(built["seconds"]),
                 megabytes(built["peak_bytes"]), megabytes(built["file_bytes"]))
            )  # fmt: skip
            index.unlink()
    show_table(
        "A Parquet file in IrishMAN's columns",
        ("tunes", "file", "read", "peak", "build", "peak", "index"),
        rows,
    )
    say(
        "Each number is of one process; its imports count for its memory. Reading tokenizes every "
        "tune and keeps none. A build holds the arrays of a segment at a time."
    )


def write_collection(path: Path, size: int) -> None:
    """Write tunes of the generator as IrishMAN has them: control codes, and ABC without titles."""
    schema = pa.schema([("control code", pa.string()), ("abc notation", pa.string())])
    with ParquetWriter(path, schema) as writer:
        records = enumerate(make_tunes(size), 1)
        while batch := list(islice(records, _ROW_GROUP)):
            abc = [to_abc(tokens, number=number) for number, tokens in batch]
            writer.write_table(pa.table([list(map(_control_code, abc)), abc], schema=schema))


def _control_code(abc: str) -> str:
    """How many sections a tune has, and how many bars each."""
    body = abc.partition("\nK:")[2].partition("\n")[2]
    sections = [section.count("|") + 1 for section in _sections(body)]
    return "".join([f"S:{len(sections)}\n", *(f"B:{bars}\n" for bars in sections)])


def _sections(body: str) -> Iterator[str]:
    return (section for section in _SECTION.split(body) if section.strip())


if __name__ == "__main__":
    main([int(size.replace(",", "")) for size in sys.argv[1:]] or SIZES)
