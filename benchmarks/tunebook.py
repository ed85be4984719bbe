"""How long a tune-book takes, and how large it is; and what its pages are drawn from.

python -m benchmarks.tunebook TUNES writes the first 500 tunes of a file or folder as a PDF.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cairosvg import svg2pdf

from benchmarks.output import duration, megabytes, say, show_table
from tunetrace import Transcription, engrave, read, save_scores
from tunetrace.score.book.cairo import plain_svg
from tunetrace.score.book.page import BookPage, to_svg
from tunetrace.score.book.tunebook import Tunebook

_TUNES: Final = 500
_PAGES: Final = 20


def main() -> None:
    """Print both tables. It is all done in this process."""
    (source,) = sys.argv[1:]
    tunes = [tune for tune in read(source) if isinstance(tune, Transcription)][:_TUNES]
    with TemporaryDirectory(prefix="tunetrace-book-") as folder:
        path = Path(folder) / "book.pdf"
        start = time.process_time()
        saved = save_scores(tunes, path)
        seconds = time.process_time() - start
        rows = [(str(len(saved.tunes)), str(saved.pages), duration(seconds),
                 megabytes(path.stat().st_size))]  # fmt: skip
        picture = Path(folder) / "tune.png"
        start = time.process_time()
        save_scores(tunes[:1], picture)
        seconds = time.process_time() - start
    show_table("A tune-book as PDF", ("tunes", "pages", "processor time", "file"), rows)
    say(f"The first of the tunes as PNG takes {duration(seconds)}.")
    pages = list(_some_pages(tunes))
    rows = []
    for name, svg in (("the whole SVG", _whole), ("what is on paper", plain_svg)):
        start = time.process_time()
        for page in pages:
            svg2pdf(svg(page).encode())
        rows.append((name, duration((time.process_time() - start) / len(pages))))
    show_table("Drawing one of its pages by CairoSVG", ("from", "processor time"), rows)
    say(f"The mean of {len(pages)} pages that are engraved already.")


def _some_pages(tunes: Iterable[Transcription]) -> Iterator[BookPage]:
    for number, page in enumerate(Tunebook().pages(map(engrave, tunes))):
        if number == _PAGES:
            return
        yield page


def _whole(page: BookPage) -> str:
    return to_svg(page, "")


if __name__ == "__main__":
    main()
