"""The commonest n-grams of a corpus or a batch, and those that another one lacks.

The tunes are joined to one stream and its suffixes sorted, so that equal n-grams are neighbours,
whichever tunes they are of; comparing neighbours by their first n symbols counts them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.corpus.readers import STDIN, Format, read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError, QueryError
from tunetrace.files import exists
from tunetrace.indexer.build.writer import encoded, nothing_usable
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.query import boundaries
from tunetrace.indexer.search.suffix import Positions, suffix_array, words
from tunetrace.indexer.statistics.stats import DEFAULT_TOP, Counted
from tunetrace.indexer.store.streams import joined
from tunetrace.text import printable
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

DEFAULT_N: Final = 8
MOST_TOKENS: Final = 64

_WORD: Final = 8  # symbols that are compared at once


@dataclass(frozen=True, slots=True)
class NgramReport:
    """The commonest n-grams of some tunes, of n tokens each.

    only_in: where the tunes are from, as it was named; empty for all of the index. not_in: where
    no n-gram may stand. of: how many tunes were counted; different: how many different n-grams
    they have, and left_out: how many of those were left out as standing in not_in. ngrams: those
    in most tunes first. set_aside: the tunes that could not be read.
    """

    n: int
    only_in: tuple[str, ...]
    not_in: tuple[str, ...]
    of: int
    different: int
    left_out: int
    ngrams: tuple[Counted, ...]
    set_aside: tuple[Rejected, ...]


def count_ngrams(
    index: Index,
    *,
    n: int = DEFAULT_N,
    top: int = DEFAULT_TOP,
    only_in: Sequence[str | Path] = (),
    not_in: Sequence[str | Path] = (),
    format: Format | None = None,
) -> NgramReport:
    """The n-grams that stand in most tunes of an index, or of what only_in names.

    An n-gram is n tokens in a row, from 1 to 64, with an open end and no header among them. Those
    that stand in what not_in names are left out. Either names corpora of the index, and files and
    folders of transcriptions; a name that is both is the corpus. Of n-grams in as many tunes the
    one with more hits comes first, then the one that is met first. QueryError for numbers that
    mean nothing and for an empty corpus; InputError for a name that means nothing and where no
    tune can be read.
    """
    if not 1 <= n <= MOST_TOKENS:
        raise QueryError(f"n-grams of {n} tokens are not counted; give 1 to {MOST_TOKENS}")
    if top < 0:
        raise QueryError(f"the top {top} cannot be shown; give 0 or more")
    tunes = _Tunes(index, format)
    counted = tunes.named(only_in) if only_in else tunes.of_index(None)
    without = tunes.named(not_in) if not_in else []
    stream = joined([*counted, *without])
    found = commonest_ngrams(stream, len(joined(counted)), n, boundaries(tunes.vocabulary), top)
    decode = tunes.vocabulary.decode
    return NgramReport(
        n=n,
        only_in=tuple(printable(str(name)) for name in only_in),
        not_in=tuple(printable(str(name)) for name in not_in),
        of=len(counted),
        different=found.different,
        left_out=found.left_out,
        ngrams=tuple(
            Counted(" ".join(decode(symbols)), in_tunes, hits)
            for symbols, in_tunes, hits in found.commonest
        ),
        set_aside=tuple(tunes.set_aside),
    )


# Whose n-grams


@dataclass
class _Tunes:
    """Takes tunes from an index and from files, as symbols of one vocabulary that grows."""

    index: Index
    format: Format | None
    set_aside: list[Rejected] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary(self.index.vocabulary.extensions)

    def of_index(self, corpus: str | None) -> list[bytes]:
        """The tunes of a corpus, or of the whole index; QueryError where there is none."""
        ids = self.index.catalogue.admitted(Filters(corpus=corpus))
        wanted = None if ids is None else frozenset(ids)
        found = [
            segment.tokens_of(tune)[1]
            for segment in self.index.figures.segments
            for tune in segment.tune_ids.tolist()
            if wanted is None or tune in wanted
        ]
        if not found:
            empty = "the index" if corpus is None else f"the corpus '{corpus}'"
            raise QueryError(f"{empty} has no tune; name another corpus, or a file")
        return found

    def named(self, names: Iterable[str | Path]) -> list[bytes]:
        """The tunes of corpora, files and folders, in the order of their names, each once."""
        corpora = [corpus.name for corpus in self.index.catalogue.corpora()]
        given = list(dict.fromkeys(map(str, names)))
        for name in given:
            if name not in corpora and name != STDIN and not exists(name):
                shown = printable(name) or "''"
                held = f"it has {', '.join(corpora)}" if corpora else "it is empty"
                raise InputError(
                    f"{shown}: there is no such file, and the index has no corpus of that name; "
                    f"{held}"
                )
        found: list[bytes] = []
        for name in given:
            found += self.of_index(name) if name in corpora else self._of_file(name)
        return found

    def _of_file(self, name: str) -> list[bytes]:
        found: list[bytes] = []
        rejected: list[Rejected] = []
        for tune in read_sources([name], self.format):
            taken = tune if isinstance(tune, Rejected) else encoded(tune, self.vocabulary)
            if isinstance(taken, Rejected):
                rejected.append(taken)
            else:
                found.append(taken[1])
        if not found:
            raise nothing_usable(rejected)
        self.set_aside += rejected
        return found


# Counting


@dataclass(frozen=True, slots=True)
class NgramCounts:
    """How many different n-grams were counted and left out, and the commonest of those counted.

    commonest: (symbols, tunes, hits) each.
    """

    different: int
    left_out: int
    commonest: list[tuple[bytes, int, int]]


def commonest_ngrams(stream: bytes, end: int, n: int, walls: bytes, top: int) -> NgramCounts:
    """The n-grams that stand in most tunes of the stream up to end, and nowhere from there on.

    stream: tunes with a SEPARATOR before each and after the last; end: where the first begins
    whose n-grams are left out. walls: the symbols that no n-gram passes, SEPARATOR among them.
    """
    places = _places(stream, n, walls)
    first = _first_of_each(stream, places, n)
    sizes = np.diff(first, append=len(places))
    hits = np.add.reduceat(places < end, first, dtype=np.int64) if len(first) else sizes
    kept = hits == sizes
    left_out = int(np.count_nonzero(~kept & (hits > 0)))
    different = int(np.count_nonzero(hits))
    places, hits = places[np.repeat(kept, sizes)], hits[kept]
    if not len(hits) or not top:
        return NgramCounts(different, left_out, [])
    tunes = _tunes_of_each(stream, places, hits)
    met = np.minimum.reduceat(places, np.cumsum(hits) - hits)
    chosen = np.arange(len(hits))
    if len(hits) > top:
        chosen = np.flatnonzero(tunes >= np.partition(tunes, -top)[-top])
    best = chosen[np.lexsort((met[chosen], -hits[chosen], -tunes[chosen]))[:top]]
    commonest = [
        (stream[at : at + n], in_tunes, times)
        for at, in_tunes, times in zip(
            met[best].tolist(), tunes[best].tolist(), hits[best].tolist(), strict=True
        )
    ]
    return NgramCounts(different, left_out, commonest)


def _places(stream: bytes, n: int, walls: bytes) -> Positions:
    """Where n symbols in a row are no walls, in the order of the suffixes."""
    is_wall = np.zeros(256, dtype=bool)
    is_wall[list(walls)] = True
    before = np.zeros(len(stream) + 1, dtype=np.int32)
    np.cumsum(is_wall[np.frombuffer(stream, dtype=np.uint8)], out=before[1:])
    has_room = np.zeros(len(stream), dtype=bool)
    if len(stream) >= n:
        has_room[: len(stream) - n + 1] = before[n:] == before[:-n]
    suffixes = suffix_array(stream)
    return suffixes[has_room[suffixes]]


def _first_of_each(stream: bytes, places: Positions, n: int) -> NDArray[np.intp]:
    """Where in sorted places each different n-gram begins."""
    every = words(stream)
    is_new = np.zeros(len(places), dtype=bool)
    is_new[:1] = True
    for start in range(0, n, _WORD):
        beyond = np.uint64(8 * max(0, start + _WORD - n))
        some = every.take(places + start) << beyond
        is_new[1:] |= some[1:] != some[:-1]
    return np.flatnonzero(is_new)


def _tunes_of_each(stream: bytes, places: Positions, hits: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many tunes each n-gram stands. places: hits[0] of the first one, and so on."""
    tune_at = np.cumsum(np.frombuffer(stream, dtype=np.uint8) == SEPARATOR, dtype=np.int64)
    tunes = np.ones(len(hits), dtype=np.int64)
    repeated = np.flatnonzero(hits > 1)  # most stand once
    which = np.repeat(repeated, hits[repeated])
    pairs = np.sort((which << 32) | tune_at[places[np.repeat(hits > 1, hits)]])
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = pairs[1:] != pairs[:-1]
    counts = np.bincount(pairs[is_new] >> 32, minlength=len(hits))
    tunes[repeated] = counts[repeated]
    return tunes
