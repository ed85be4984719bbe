"""The questions that are answered in other processes, each with the index as its first argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, Literal

from tunetrace.arguments import Paper, Reading
from tunetrace.checker.check import admitted_without, check_transcriptions
from tunetrace.checker.records import CheckReport
from tunetrace.checker.similar.records import SimilarReport
from tunetrace.checker.similar.similar import similar, similar_to_each
from tunetrace.corpus.readers import read_bytes
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.find.find import find as find_tunes
from tunetrace.indexer.following.continuations import continuations
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import Continuations, Found, IndexInfo, Matches
from tunetrace.indexer.search.views import view_named
from tunetrace.indexer.tune import TuneDetail
from tunetrace.indexer.tune import tune as tune_of
from tunetrace.records import Record
from tunetrace.score.book.save import score_of
from tunetrace.text import counted, plain
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.web.problems import not_found, too_large, unreadable
from tunetrace.web.settings import Limits
from tunetrace.web.work.answers import File, told_corpora

NAME: Final = "input"
"""What messages call the text that was sent."""

_USUAL: Final = Limits()

_REFERENCE: Final = re.compile(r"(?:.+:)?[0-9]{1,9}", re.ASCII)
"""A tune of the index; a corpus may have any name."""

FileFormat = Literal["svg", "pdf", "mid", "musicxml", "abc"]
"""The formats in which a tune is sent as a file."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """What is said of a format of files."""

    media_type: str
    said: str
    """What a tune in it is, in words."""
    is_shown: bool = False
    """Whether a browser shows it, rather than saving it."""


FILES: Final[dict[FileFormat, FileKind]] = {
    "svg": FileKind("image/svg+xml", "a picture of its notation", is_shown=True),
    "pdf": FileKind("application/pdf", "a page of notation"),
    "mid": FileKind("audio/midi", "sound"),
    "musicxml": FileKind("application/vnd.recordare.musicxml+xml", "MusicXML"),
    "abc": FileKind("text/vnd.abc; charset=utf-8", "ABC"),
}

_SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""What a file may do that a browser shows by itself: nothing but have its own look."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadTune(Record):
    """A tune as it was read."""

    input: str
    """The name of its file or other input."""
    line: int | None
    """The line on which it begins, from 1; None in MusicXML and MIDI."""
    number: int | None
    """The number of its X: field."""
    title: str
    """Its chief title; empty if it has none."""
    meter: str | None
    """Its meter."""
    key: str | None
    """Its key on C, in which it is compared."""
    original_key: str | None
    """Its key as written."""
    remarks: tuple[str, ...]
    """What the reader left out or assumed."""
    tokens: tuple[str, ...]
    """Its tokens, transposed to C."""
    text: str
    """The tune as it was found; of MusicXML or MIDI the ABC made of it."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadTunes(Record):
    """The tunes of a text or file."""

    tunes: tuple[ReadTune, ...]
    """The tunes that were read, in their order."""
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read."""


# What is in the index


def corpora(index: Index) -> IndexInfo:
    """What is in the index. Of files on this machine only the names are given, and no folder."""
    info = index.info()
    return replace(info, path=index.storage.name, corpora=tuple(told_corpora(info.corpora)))


def figure(index: Index, text: str, filters: Filters, **options: Any) -> Matches:
    """Where a figure is found."""
    return index.figure(text, filters, **options)


def bar(index: Index, text: str, filters: Filters, **options: Any) -> Matches:
    """Where a whole bar is found."""
    return index.bar(text, filters, **options)


def what_follows(index: Index, text: str, filters: Filters, **options: Any) -> Continuations:
    """What comes after a figure, or before it."""
    return continuations(text, filters, index, **options)


def find(index: Index, query: str, filters: Filters, **options: Any) -> Found:
    """The tunes that have several figures, each at its place."""
    return find_tunes(query, filters, index, **options)


def tune(index: Index, reference: str) -> TuneDetail:
    """A tune of the index. ProblemError, with the nearest titles, if it has no such tune."""
    try:
        return tune_of(reference, index)
    except QueryError as error:
        raise not_found(plain(str(error))) from None


def tune_file(index: Index, reference: str, kind: FileFormat) -> File:
    """A tune of the index as a file. ProblemError as `tune`."""
    return _file(tune(index, reference), kind)


def similar_to(index: Index, reference: str, *, align: int | None, **options: Any) -> SimilarReport:
    """The tunes that are like a tune of the index. align: how many are shown bar under bar."""
    if not _REFERENCE.fullmatch(reference):
        raise QueryError(
            f"'{reference}' is not a tune of the index; give corpus:number or its id, or send the "
            "tune itself with POST"
        )
    try:
        asked, *_ = index.resolve(reference)
    except QueryError as error:
        raise not_found(plain(str(error))) from None
    found = similar(asked, index, alignment=align != 0, **options)
    return SimilarReport((found.aligned(align),), ())


# Tunes that are sent


def check(
    index: Index, data: bytes, reading: Reading, *, limits: Limits = _USUAL, **options: Any
) -> CheckReport:
    """What of the tunes in a text or file is in the index."""
    exclude = [options.pop(f"exclude_{what}", ()) for what in ("tunes", "titles", "families")]
    options = {"details": True, **options, "view": view_named(options["view"])}
    admitted = admitted_without(index, *exclude)
    tunes = _sent(data, reading, limits, "checked")
    return CheckReport.gather(check_transcriptions(tunes, index, admitted, **options))


def similar_to_sent(
    index: Index,
    data: bytes,
    reading: Reading,
    *,
    align: int | None,
    limits: Limits = _USUAL,
    **options: Any,
) -> SimilarReport:
    """The tunes that are like each tune in a text or file. align: as for similar_to."""
    tunes = _sent(data, reading, limits, "compared")
    answers = list(similar_to_each(tunes, index, alignment=align != 0, **options))
    report = SimilarReport(
        tuple(one.aligned(align) for one in answers if not isinstance(one, Rejected)),
        tuple(one for one in answers if isinstance(one, Rejected)),
    )
    if not report.tunes:
        raise unreadable(report.set_aside[0], "compared")
    return report


def read(index: Index, data: bytes, reading: Reading, *, limits: Limits = _USUAL) -> ReadTunes:
    """The tunes in a text or file."""
    tunes = _sent(data, reading, limits, "read")
    return ReadTunes(
        tuple(
            ReadTune(
                one.input, one.line, one.number, one.title, one.meter, one.key, one.original_key,
                one.remarks, one.tokens, one.text,
            )
            for one in tunes
            if isinstance(one, Transcription)
        ),
        tuple(one for one in tunes if isinstance(one, Rejected)),
    )  # fmt: skip


def score(
    index: Index,
    data: bytes,
    reading: Reading,
    kind: FileFormat,
    *,
    limits: Limits = _USUAL,
    tonic: str | None = None,
    swing: bool = False,
    paper: Paper | None = None,
) -> File:
    """The first tune in a text or file, as a file."""
    (first,) = _within(islice(read_bytes(data, NAME, reading), 1), limits)
    if isinstance(first, Rejected):
        raise unreadable(first, "written")
    return _file(first, kind, tonic=tonic, swing=swing, paper=paper)


def _sent(
    data: bytes, reading: Reading, limits: Limits, done: str
) -> list[Transcription | Rejected]:
    """The tunes in a text or file, of which at least one can be read.

    done: what is to be done with them, for the message. ProblemError if none can be read, and if
    there are more, or longer ones, than the limits admit.
    """
    tunes = list(_within(read_bytes(data, NAME, reading), limits))
    if not any(isinstance(tune, Transcription) for tune in tunes):
        raise unreadable(next(tune for tune in tunes if isinstance(tune, Rejected)), done)
    return tunes


def _within(
    tunes: Iterator[Transcription | Rejected], limits: Limits
) -> Iterator[Transcription | Rejected]:
    first = list(islice(tunes, limits.tunes))
    for tune in first:
        if isinstance(tune, Transcription) and len(tune.tokens) > limits.tokens:
            raise too_large(
                f"{tune.place}: the tune has {counted(len(tune.tokens), 'token')}; give one of at "
                f"most {limits.tokens:,}"
            )
        yield tune
    for _ in tunes:
        raise too_large(
            f"more than {counted(limits.tunes, 'tune')} were sent; send at most {limits.tunes:,} "
            "at once, or ask for a report with POST /api/report"
        )


def _file(
    tune: Transcription | TuneDetail,
    kind: FileFormat,
    *,
    tonic: str | None = None,
    swing: bool = False,
    paper: Paper | None = None,
) -> File:
    return File(
        score_of(tune, kind, tonic=tonic, swing=swing, paper=paper),
        FILES[kind].media_type,
        corpora=(tune.corpus,) if isinstance(tune, TuneDetail) else (),
        name=f"{tune.title}.{kind}",
        is_shown=FILES[kind].is_shown,
        headers={"Content-Security-Policy": _SANDBOX},
    )
