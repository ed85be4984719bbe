"""Leakage: settings of training tunes in a test set, whatever their titles.

A model that is tested on settings of the tunes that it was trained on is tested on its memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import Format, Reading, many_paths, public
from tunetrace.checker.similar.search import named_first, named_from
from tunetrace.corpus.readers import STDIN, read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.files import exists
from tunetrace.indexer.build.writer import nothing_usable
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.search import NearSearch, melodies_of
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.indexer.tune import corpora_or_files, transcriptions_of
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription

_TOGETHER: Final = 500
"""Tunes that are laid out together."""


@dataclass(frozen=True, slots=True, repr=False)
class LeakageTune(Record):
    """A tune of the test set and the training tune that is nearest to it."""

    tune: str
    """Where the tune is: `book.abc:12`, or `corpus:number` in an index."""
    title: str
    """Its title; empty if it has none."""
    nearest: str | None
    """Where the nearest training tune is; None if none has anything in common with it."""
    nearest_title: str
    """The title of the nearest training tune; empty if it has none."""
    probability: float
    """That both are settings of one melody, or have a part in common; 0 without a nearest one."""
    is_leaked: bool
    """Whether the probability is at least the threshold."""
    same_title: bool
    """Whether both share a title."""


@dataclass(frozen=True, slots=True, repr=False)
class LeakageReport(Record):
    """How much of a test set is settings of training tunes."""

    train: tuple[str, ...]
    """The corpora, files and folders of the training tunes."""
    test: tuple[str, ...]
    """Those of the test set."""
    train_tunes: int
    """How many training tunes there are."""
    test_tunes: int
    """How many tunes the test set has."""
    threshold: float
    """From this probability on a tune counts as leaked."""
    leaked: int
    """How many tunes of the test set are leaked."""
    leaked_share: float
    """Their share of the test set."""
    leaked_with_title: int
    """How many of the leaked tunes share a title with their nearest training tune."""
    tunes: tuple[LeakageTune, ...]
    """Each tune of the test set, the most probable first."""
    set_aside: tuple[Rejected, ...]
    """The tunes set aside because they could not be read."""


@public
def leakage(
    train: str | Path | Sequence[str | Path],
    test: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
    *,
    threshold: float | None = None,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    progress: Progress = silent,
) -> LeakageReport:
    """Settings of training tunes in a test set.

    train, test: files, folders, `-` for standard input, and corpora of the index; a name that is
    both is the file. index: open, or its path; default: your own. It is only read if a corpus is
    named. threshold: from this probability on a tune is leaked; default: as for similar, among as
    many tunes. format: of the files.

    Raises InputError if a name is unknown or none of its tunes can be read, QueryError without a
    name and for a corpus without tunes.
    """
    names = tuple(many_paths(train, "train")), tuple(many_paths(test, "test"))
    reading = Reading(format, voice, column)
    are_files = all(_is_file(name) for some in names for name in some)
    if are_files or (index is None and not storage_of().exists()):
        found = [_Sources(None, reading).named(some, progress) for some in names]
    else:
        with given_or_default(index) as opened:
            found = [_Sources(opened, reading).named(some, progress) for some in names]
    (known, known_aside), (tested, tested_aside) = found
    search = _search(known, progress)
    least = named_from(len(known)) if threshold is None else threshold
    tunes = sorted(_tested(tested, known, search, least, progress), key=lambda t: -t.probability)
    leaked = [tune for tune in tunes if tune.is_leaked]
    return LeakageReport(
        train=tuple(printable(str(name)) for name in names[0]),
        test=tuple(printable(str(name)) for name in names[1]),
        train_tunes=len(known),
        test_tunes=len(tested),
        threshold=least,
        leaked=len(leaked),
        leaked_share=len(leaked) / len(tested),
        leaked_with_title=sum(tune.same_title for tune in leaked),
        tunes=tuple(tunes),
        set_aside=(*known_aside, *tested_aside),
    )


def _search(tunes: Sequence[Transcription], progress: Progress) -> NearSearch:
    """Tunes to be searched; the id of each is its place, from 0."""
    segments = []
    for first in range(0, len(tunes), _TOGETHER):
        progress("laying out the training tunes", first)
        some = tunes[first : first + _TOGETHER]
        segments.append(NearSegment.of([lay_out(tune.tokens) for tune in some]))
    joined = NearSegment.join(segments)
    return NearSearch(Candidates([joined]), [np.arange(len(tunes), dtype=np.int32)])


def _tested(
    tunes: Sequence[Transcription],
    known: Sequence[Transcription],
    search: NearSearch,
    least: float,
    progress: Progress,
) -> Iterator[LeakageTune]:
    for first in range(0, len(tunes), _TOGETHER):
        progress("comparing the test set", first)
        some = tunes[first : first + _TOGETHER]
        melodies = melodies_of([lay_out(tune.tokens) for tune in some])
        for tune, melody in zip(some, melodies, strict=True):
            best = next(iter(named_first(search.near(melody), least)), None)
            nearest = None if best is None else known[best.tune]
            probability = 0.0 if best is None else best.probability
            yield LeakageTune(
                tune=tune.place,
                title=tune.title,
                nearest=nearest.place if nearest else None,
                nearest_title=nearest.title if nearest else "",
                probability=probability,
                is_leaked=probability >= least,
                same_title=bool(nearest and _keys(tune) & _keys(nearest)),
            )


def _is_file(name: str | Path) -> bool:
    return str(name) == STDIN or exists(name)


def _keys(tune: Transcription) -> set[str]:
    return {title_key(title) for title in tune.titles} - {""}


@dataclass
class _Sources:
    """Reads the tunes of corpora of an index, files and folders."""

    index: Index | None
    reading: Reading
    set_aside: list[Rejected] = field(default_factory=list)

    def named(
        self, names: Iterable[str | Path], progress: Progress
    ) -> tuple[list[Transcription], list[Rejected]]:
        """The tunes of these names, each name once, and those that were set aside."""
        corpora = None
        if self.index is not None:
            corpora = [corpus.name for corpus in self.index.catalogue.corpora()]
        tunes: list[Transcription] = []
        for name in corpora_or_files(names, corpora):
            progress("reading", len(tunes))
            tunes += self._of_file(name) if _is_file(name) else self._of_corpus(name)
        if not tunes:
            raise QueryError("no tunes were given; give a file, a folder or a corpus")
        return tunes, self.set_aside

    def _of_corpus(self, name: str) -> list[Transcription]:
        assert self.index is not None
        ids = self.index.catalogue.admitted(Filters(corpus=name)) or ()
        if not ids:
            raise QueryError(f"the corpus '{name}' has no tune; give another corpus, or a file")
        return list(transcriptions_of(sorted(ids), self.index))

    def _of_file(self, name: str) -> list[Transcription]:
        read = list(read_sources([name], self.reading))
        found = [tune for tune in read if isinstance(tune, Transcription)]
        rejected = [tune for tune in read if isinstance(tune, Rejected)]
        if not found:
            raise nothing_usable(rejected)
        self.set_aside += rejected
        return found
