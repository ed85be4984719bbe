"""How long a tune-book takes, and how large it is; and its pages drawn by CairoSVG instead.

python -m benchmarks.tunebook TUNES writes the first 500 tunes of a file or folder as a PDF.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.output import duration, megabytes, say, show_table
from tunetrace import Transcription, engrave, read, save_scores
from tunetrace.score.book.canvas import to_pdf
from tunetrace.score.book.page import BookPage, to_svg
from tunetrace.score.book.tunebook import Tunebook

_TUNES: Final = 500
_PAGES: Final = 20


def main() -> None:
    """Print both tables."""
    (source,) = sys.argv[1:]
    tunes = [tune for tune in read(source) if isinstance(tune, Transcription)][:_TUNES]
    with TemporaryDirectory(prefix="tunetrace-book-") as folder:
        path = Path(folder) / "book.pdf"
        start = time.process_time()
        saved = save_scores(tunes, path)
        seconds = time.process_time() - start
        rows = [(str(len(saved.tunes)), str(saved.pages), duration(seconds),
                 megabytes(path.stat().st_size))]  # fmt: skip
    show_table("A tune-book as PDF", ("tunes", "pages", "processor time", "file"), rows)
    pages = list(_some_pages(tunes))
    rows = [
        (name, duration(draw(pages) / len(pages)))
        for name, draw in (("cairo", _by_cairo), ("CairoSVG", _by_cairosvg))
    ]
    show_table("Drawing one of its pages", ("by", "processor time"), rows)
    say(f"The mean of {len(pages)} pages that are engraved already.")


def _some_pages(tunes: Iterable[Transcription]) -> Iterator[BookPage]:
    for number, page in enumerate(Tunebook().pages(map(engrave, tunes))):
        if number == _PAGES:
            return
        yield page


def _by_cairo(pages: Sequence[BookPage]) -> float:
    start = time.process_time()
    to_pdf(pages)
    return time.process_time() - start


def _by_cairosvg(pages: Sequence[BookPage]) -> float:
    from cairosvg import svg2pdf

    start = time.process_time()
    for page in pages:
        svg2pdf(bytestring=to_svg(page, "").encode())
    return time.process_time() - start


if __name__ == "__main__":
    main()
