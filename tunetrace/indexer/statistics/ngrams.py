"""The commonest n-grams of a corpus or a batch, and those that another one lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tunetrace.arguments import Format, Reading, ViewName, many_paths, public
from tunetrace.corpus.readers import read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.indexer.build.writer import encoded, nothing_usable
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.indexer.statistics.commonest import DEFAULT_TOP, CountedText, commonest_ngrams
from tunetrace.indexer.store.arrays.streams import joined
from tunetrace.indexer.tune import corpora_or_files
from tunetrace.records import Record
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.vocabulary import Vocabulary

DEFAULT_N: Final = 8
MOST_TOKENS: Final = 64


@dataclass(frozen=True, slots=True, repr=False)
class NgramReport(Record):
    """The commonest n-grams of some tunes."""

    n: int
    """How many symbols of the view each n-gram has: in the view tokens, how many tokens."""
    only_in: tuple[str, ...]
    """The corpora, files and folders whose tunes were counted; empty for the whole index."""
    not_in: tuple[str, ...]
    """The corpora, files and folders whose n-grams were left out."""
    of: int
    """How many tunes were counted."""
    different: int
    """How many different n-grams they have."""
    left_out: int
    """How many of these were left out because not_in has them."""
    ngrams: tuple[CountedText, ...]
    """The commonest of the others; those in most tunes come first."""
    set_aside: tuple[Rejected, ...]
    """The tunes set aside because they could not be read."""
    view: ViewName = TOKENS.name
    """The view in which they were counted."""


@public
def ngrams(
    n: int = DEFAULT_N,
    index: Index | str | Path | None = None,
    *,
    top: int = DEFAULT_TOP,
    only_in: str | Path | Sequence[str | Path] = (),
    not_in: str | Path | Sequence[str | Path] = (),
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    view: ViewName = TOKENS.name,
) -> NgramReport:
    """The n-grams that most tunes of an index have, or of the tunes that only_in names.

    An n-gram is n tokens in a row, from 1 to 64, without headers; any token may follow it. In
    another view it is n symbols in a row. index: open, or its path; None for the default index.
    top: how many to give. n-grams of the tunes that not_in names are left out. only_in and not_in
    name corpora of the index, or files and folders of transcriptions in this format; a name that is
    both is the corpus. view: the view in which they are counted. n-grams in equally many tunes come
    by hits, then by their first position.

    Raises QueryError if a number is out of range or a corpus is empty, InputError if a name is
    unknown or none of its tunes can be read.
    """
    if not 1 <= n <= MOST_TOKENS:
        raise QueryError(f"n cannot be {n}; give a number of tokens from 1 to {MOST_TOKENS}")
    if top < 0:
        raise QueryError(f"top cannot be {top}; give 0 or more")
    counted_names, left_out_names = many_paths(only_in, "only_in"), many_paths(not_in, "not_in")
    with given_or_default(index) as opened:
        tunes = _Tunes(opened, Reading(format, voice, column), view_named(view))
        counted = tunes.named(counted_names) if counted_names else tunes.of_index(None)
        without = tunes.named(left_out_names) if left_out_names else []
    stream = joined([*counted, *without])
    alphabet = tunes.view.alphabet(tunes.vocabulary)
    found = commonest_ngrams(stream, len(joined(counted)), n, alphabet.boundaries, top)
    return NgramReport(
        n=n,
        only_in=tuple(printable(str(name)) for name in counted_names),
        not_in=tuple(printable(str(name)) for name in left_out_names),
        of=len(counted),
        different=found.different,
        left_out=found.left_out,
        ngrams=tuple(
            CountedText(" ".join(alphabet.names[symbol] for symbol in symbols), in_tunes, hits)
            for symbols, in_tunes, hits in found.commonest
        ),
        set_aside=tuple(tunes.set_aside),
        view=tunes.view.name,
    )


@dataclass
class _Tunes:
    """Reads tunes from an index and from files, as symbols of a view.

    Those of tokens are of one vocabulary, which grows.
    """

    index: Index
    reading: Reading
    view: View
    set_aside: list[Rejected] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary(self.index.vocabulary.extensions)

    def of_index(self, corpus: str | None) -> list[bytes]:
        """The tunes of a corpus, or of the whole index; QueryError if it has none."""
        admitted = self.index.admitted(Filters(corpus=corpus))
        found = [
            segment.symbols_of(tune)
            for segment in self.index.in_view(self.view).segments
            for tune in segment.tune_ids.tolist()
            if admitted is None or admitted[tune]
        ]
        if not found:
            empty = "the index" if corpus is None else f"the corpus '{corpus}'"
            raise QueryError(f"{empty} has no tune; give another corpus, or a file")
        return found

    def named(self, names: Iterable[str | Path]) -> list[bytes]:
        """The tunes of corpora, files and folders, in the order of their names, each once."""
        corpora = [corpus.name for corpus in self.index.catalogue.corpora()]
        found: list[bytes] = []
        for name in corpora_or_files(names, corpora):
            found += self.of_index(name) if name in corpora else self._of_file(name)
        return found

    def _of_file(self, name: str) -> list[bytes]:
        read = list(read_sources([name], self.reading))
        taken = [t if isinstance(t, Rejected) else encoded(t, self.vocabulary) for t in read]
        found = [
            self.view.symbols(lay_out(one[0].tokens), one[1])
            for one in taken
            if not isinstance(one, Rejected)
        ]
        rejected = [one for one in taken if isinstance(one, Rejected)]
        if not found:
            raise nothing_usable(rejected)
        self.set_aside += rejected
        return found
