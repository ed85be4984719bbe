"""Tunes into files: a picture, a tune-book, or a file for another program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import Format, Paper, Reading, public
from tunetrace.checker.check import Places
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError, QueryError
from tunetrace.files import check_folder, check_place
from tunetrace.indexer.index import Index
from tunetrace.indexer.tune import TuneDetail, named_tunes
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.score.book.cairo import check_cairo, to_pdfs, to_png
from tunetrace.score.book.formats import (
    ABC_CREATOR,
    ONE_TUNE_A_FILE,
    SCORE_FILE,
    ScoreFormat,
    format_of,
    names_for,
    signed_mei,
    signed_png,
    write_together,
)
from tunetrace.score.book.page import one_page, to_svg
from tunetrace.score.book.pdf import check_pypdf, joined
from tunetrace.score.book.tunebook import Tunebook
from tunetrace.score.engraving import Engraving, check_tonic, engrave
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription


@dataclass(frozen=True, slots=True, repr=False)
class SavedScore(Record):
    """A tune that was written as a score."""

    title: str
    place: str
    """Where it is from: `book.abc:12`, or `oneills:2`."""
    file: str
    """The file that it is in."""
    page: int | None
    """The page of a PDF that it begins on, from 1; None in another file."""


@dataclass(frozen=True, slots=True, repr=False)
class SavedScores(Record):
    """Tunes that were written as scores."""

    files: tuple[str, ...]
    """The files that were written."""
    pages: int | None
    """The pages of a PDF, with those of its index; None for other files."""
    tunes: tuple[SavedScore, ...]
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read or engraved."""


@public
def save_scores(
    pieces: Sequence[str | Path | Transcription | TuneDetail],
    output: str | Path,
    index: Index | str | Path | None = None,
    *,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    only: str | Sequence[str] = (),
    tonic: str | None = None,
    swing: bool = False,
    paper: Paper | None = None,
    force: bool = False,
    workers: int = 0,
    progress: Progress = silent,
) -> SavedScores:
    """Write tunes as scores into a file, in the format that its name ends with.

    pieces: one tune or several: files, folders, tunes of the index by `corpus:number`, id or title,
    `-` for standard input, or transcriptions. output: ends in .svg or .png for one picture of all
    tunes, in .pdf for a tune-book, in .abc, or in .mid, .musicxml or .mei, of which each tune has
    its own file: `tunes-1.mid`, `tunes-2.mid` and so on if there are several.
    index: open, or its path (default: your own). format, voice, column: as for read. only: the
    places of the tunes that are written, as `5-9`. tonic: of the key to write them in, as `G`;
    default: each in its own key. swing: play a .mid as hornpipes and jigs are played. paper: of a
    .pdf (default: a4). force: replace scores that tunetrace wrote.
    workers: extra processes that draw the pages of a large .pdf; the program's main module is
    imported by each.

    Raises InputError if no tune can be written, QueryError for options that do not fit, and
    OutputError if a package is missing or a file cannot be written; then no file has changed.

    >>> save_scores("examples/kesh.abc", "kesh.svg").tunes[0].title
    'The Kesh'
    """
    kind = format_of(output)
    _check_options(kind, tonic=tonic, swing=swing, paper=paper)
    path = Path(output)
    if kind not in ONE_TUNE_A_FILE:
        check_place(path, SCORE_FILE, force=force)
    check_folder(path, "the score")
    reading = Reading(format, voice, column)
    tunes = _TunesToSave(_read(pieces, index, reading), Places.read(only), tonic, progress)
    contents, book = _contents(kind, tunes, path, swing=swing, paper=paper or "a4", workers=workers)
    tunes.refuse_none()
    files = names_for(path, len(contents))
    write_together(dict(zip(files, contents, strict=True)), force=force)
    names = files if len(files) > 1 else files * len(tunes.engraved)
    starts = [entry.page for entry in book.entries] if book else [None] * len(names)
    return SavedScores(
        files=tuple(map(str, files)),
        pages=book.count if book else None,
        tunes=tuple(
            SavedScore(title, place, str(name), page)
            for (title, place), name, page in zip(tunes.engraved, names, starts, strict=True)
        ),
        set_aside=tuple(tunes.set_aside),
    )


def score_of(
    tune: Transcription | TuneDetail,
    kind: ScoreFormat,
    *,
    tonic: str | None = None,
    swing: bool = False,
    paper: Paper | None = None,
) -> bytes:
    """The content of the file that save_scores writes of one tune. Raises as save_scores."""
    _check_options(kind, tonic=tonic, swing=swing, paper=paper)
    tunes = _TunesToSave([tune], None, tonic, silent)
    contents, _ = _contents(kind, tunes, Path("tune"), swing=swing, paper=paper or "a4", workers=0)
    tunes.refuse_none()
    return contents[0]


def _check_options(
    kind: ScoreFormat, *, tonic: str | None, swing: bool, paper: Paper | None
) -> None:
    """Find out before a tune is read that a file cannot be made."""
    check_tonic(tonic)
    if swing and kind != "mid":
        raise QueryError("only a .mid can have swing; write a .mid, or leave out the swing")
    if paper is not None and kind != "pdf":
        raise QueryError("only a .pdf is on paper; write a .pdf, or leave out the paper")
    if kind in ("png", "pdf"):
        check_cairo()
    if kind == "pdf":
        check_pypdf()


def _read(
    pieces: Sequence[str | Path | Transcription | TuneDetail],
    index: Index | str | Path | None,
    reading: Reading,
) -> Iterator[Transcription | TuneDetail | Rejected]:
    """The tunes in their order. Names in a row are read together."""
    if not pieces:
        raise InputError("no tune is given; give a file, corpus:number or a title")
    names: list[str | Path] = []
    for piece in pieces:
        if isinstance(piece, str | Path):
            names.append(piece)
            continue
        if names:
            yield from named_tunes(names, index, reading, by_title=True)
            names = []
        yield piece
    if names:
        yield from named_tunes(names, index, reading, by_title=True)


class _TunesToSave:
    """Engraves tunes as they come. Those that cannot be engraved are set aside."""

    def __init__(
        self,
        tunes: Iterable[Transcription | TuneDetail | Rejected],
        places: Places | None,
        tonic: str | None,
        progress: Progress,
    ) -> None:
        self._tunes = tunes
        self._places = places
        self._tonic = tonic
        self._progress = progress
        self.engraved: list[tuple[str, str]] = []
        """The title and the place of each tune that was engraved."""
        self.set_aside: list[Rejected] = []

    def __iter__(self) -> Iterator[Engraving]:
        for place, tune in enumerate(self._tunes, 1):
            if self._places is not None and place not in self._places:
                if place > self._places.last:
                    break
                continue
            if isinstance(tune, Rejected):
                self.set_aside.append(tune)
                continue
            number = len(self.engraved) + 1
            try:
                engraving = engrave(tune, self._tonic, id=f"s{number}")
            except (InputError, QueryError) as error:
                self.set_aside.append(_rejected(tune, error))
                continue
            self.engraved.append((engraving.staff.title, _place_of(tune)))
            yield engraving
            self._progress("engraving", number)

    def refuse_none(self) -> None:
        """Raise InputError if no tune was engraved."""
        if self.engraved:
            return
        if not self.set_aside:
            raise InputError("no tune is at these places of the input; give others")
        first = self.set_aside[0]
        raise InputError(f"no tune can be written; {first.place}: {first.reason}")


def _place_of(tune: Transcription | TuneDetail) -> str:
    return tune.place if isinstance(tune, Transcription) else tune.reference


def _rejected(tune: Transcription | TuneDetail, error: Exception) -> Rejected:
    return Rejected(
        input=tune.input if isinstance(tune, Transcription) else tune.reference,
        line=tune.line if isinstance(tune, Transcription) else None,
        column=None,
        reason=str(error),
        kind="not engraved",
        number=tune.number,
        title=tune.title,
    )


def _contents(
    kind: ScoreFormat, tunes: _TunesToSave, path: Path, *, swing: bool, paper: Paper, workers: int
) -> tuple[list[bytes], Tunebook | None]:
    """The contents of the files, and the tune-book if they are one."""
    if kind == "pdf":
        book = Tunebook(paper)
        pages = list(to_pdfs(book.pages(tunes), workers))
        return [joined(pages, book, _title(tunes, path))], book
    if kind in ("svg", "png"):
        page = one_page(tunes)
        tunes.refuse_none()
        if kind == "png":
            return [signed_png(to_png(page))], None
        return [to_svg(page, _title(tunes, path)).encode()], None
    if kind == "abc":
        texts = [tune.abc(number) for number, tune in enumerate(tunes, 1)]
        return ["\n".join([f"{ABC_CREATOR}\n", *texts]).encode()], None
    return [_alone(kind, tune, swing=swing) for tune in tunes], None


def _alone(kind: ScoreFormat, tune: Engraving, *, swing: bool) -> bytes:
    """A tune in a format that has one in a file."""
    if kind == "mid":
        return tune.midi(is_swung=swing)
    if kind == "mei":
        return signed_mei(tune.mei())
    return tune.musicxml().encode()


def _title(tunes: _TunesToSave, path: Path) -> str:
    """The title of a whole file: that of its only tune, or the file's name."""
    titles = [title for title, _ in tunes.engraved]
    return titles[0] if len(titles) == 1 and titles[0] else printable(path.stem)
