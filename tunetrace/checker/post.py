"""The search of the blog post that tunetrace grew out of, repeated in an index.

Part 5 of "Making sense of the folk-rnn v2 model" searched the model's training data by hand for the
first figure and the bars of a generated transcription. This module compares its statements with an
index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from tunetrace.arguments import public
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.records import CorpusInfo, Matches
from tunetrace.records import Record
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE

TRANSCRIPTION: Final = (
    "M:4/4\n"
    "K:Cmaj\n"
    "B, | G, C C 2 G, C E C | G, C E G F D B, D | G, C C 2 G, C E G | F E D E C E A, B, | "
    "G, C C 2 G, C E C | G, C E F G 3 A | B c d B c B G F | D E F D C 3 :| "
    "|: D | E C C 2 D B, G, A, | B, C D E F 2 D F | E C C 2 D E F D | G ^F G A B 2 A B | "
    "G c c B c 2 B c | d e d c B d c B | G E F D G F D F | E C B, D C 3 :|\n"
)
"""The transcription of the post, as its model wrote it."""

CORPUS: Final = "folkrnn-v2"
"""The corpus that the post searched."""

_FIGURE_TITLES: Final = (
    "The Belharbour", "The Big Reel Of Ballynacally", "Bonnie Anne", "Bowe's Favourite",
    "The Braes Of Busby", "The Coalminer's", "The Copper Beech",
)  # fmt: skip
_BAR_TITLES: Final = ("Dry Bread And Pullit", "The Premier", "Swing Swang")
_FIGURE_TOKENS: Final = 4
_ALL: Final = 10**9

Relation: TypeAlias = Literal["exactly", "at least", "more than"]


@dataclass(frozen=True, slots=True, repr=False)
class PostTitle(Record):
    """A tune that the post names."""

    title: str
    """Its title."""
    settings: int
    """The tunes of the index with this title."""
    found: int
    """Those of them that have the figure or the bar at the place that the statement names."""


@dataclass(frozen=True, slots=True, repr=False)
class PostStatement(Record):
    """A statement of the post on its corpus, and the same count in the index."""

    subject: str
    """`the corpus`, `first figure`, `bar 1` …"""
    text: str
    """The figure or the bar in tokens; empty for the corpus."""
    claim: str
    """What is counted."""
    relation: Relation
    """Whether the post gives the exact number, or a bound."""
    post: float
    """The number of tunes, or the share, in the post."""
    here: float
    """The same in the index."""
    is_share: bool
    """Whether the two numbers are shares from 0 to 1."""
    titles: tuple[PostTitle, ...]
    """The tunes that the post names."""
    agrees: bool
    """Whether the index confirms the number and all titles."""


@dataclass(frozen=True, slots=True, repr=False)
class PostSearch(Record):
    """The statements of the post, compared with an index."""

    index: str
    """The path of the index."""
    corpora: tuple[str, ...]
    """The corpora of the index that were searched."""
    tunes: int
    """The number of their tunes."""
    is_the_posts: bool
    """Whether that is the corpus of the post, which should confirm its numbers."""
    transcription: str
    """The transcription of the post."""
    statements: tuple[PostStatement, ...]
    """Its statements, in its order."""


@public
def post_search(index: Index | str | Path | None = None) -> PostSearch:
    """Compare the blog post on the folk-rnn v2 model with an index.

    index: open, or its path; the default one if none is given. If the index has the corpus
    folkrnn-v2, only that one is searched, since only it can confirm the post's numbers.
    """
    with given_or_default(index) as opened:
        info = opened.info()
        posts = [corpus for corpus in info.corpora if _is_the_posts(corpus)]
        searched = posts[:1] or info.corpora
        statements = _Statements(opened, searched, posts[0].name if posts else None)
        return PostSearch(
            index=info.path,
            corpora=tuple(corpus.name for corpus in searched),
            tunes=statements.tunes,
            is_the_posts=bool(posts),
            transcription=TRANSCRIPTION,
            statements=statements.all(),
        )


def _is_the_posts(corpus: CorpusInfo) -> bool:
    """Whether a corpus is the published file. Its checksum was compared when it was indexed."""
    named = NAMED_CORPORA[CORPUS]
    return corpus.version == named.origin.version and named.origin.source in corpus.source


class _Statements:
    """A search of all corpora of an index, or of one by its name."""

    def __init__(self, index: Index, searched: Sequence[CorpusInfo], corpus: str | None) -> None:
        self.tunes = sum(one.tunes for one in searched)
        self._tokens = sum(one.tokens for one in searched)
        self._index = index
        self._anywhere = Filters(corpus=corpus)
        self._admitted = index.catalogue.admitted(self._anywhere)

    def all(self) -> tuple[PostStatement, ...]:
        """The statements of the post that can be checked in a corpus, in its order."""
        bars = {
            bar.number: bar.text for bar in lay_out(TRANSCRIPTION.split()).bars if bar.part == 1
        }
        figure = " ".join(bars[1].split()[:_FIGURE_TOKENS])
        have_figure = self._tunes(self._index.figure, figure)
        begin_with_it = self._tunes(self._index.figure, figure, part=1, bar=1, onset=Fraction(0))
        have_bar = {number: self._tunes(self._index.bar, bars[number]) for number in (2, 4, 6)}
        first = self._tunes(self._index.bar, bars[1], part=1, bar=1)
        second = self._tunes(self._index.bar, bars[2], part=1, bar=2)
        of_corpus = ("the corpus", "")
        of_figure = ("first figure", figure)
        of_bar = {number: (f"bar {number}", text) for number, text in bars.items()}
        return (
            _statement(of_corpus, "transcriptions", "exactly", 23_636, self.tunes),
            _statement(of_figure, "tunes that have it", "exactly", 217, len(have_figure)),
            _statement(of_figure, "tunes that begin their first bar with it", "at least",
                       len(_FIGURE_TITLES), len(begin_with_it),
                       self._named(_FIGURE_TITLES, begin_with_it)),
            _statement(of_bar[1], "tunes that have it as first bar", "exactly", 3, len(first),
                       self._named(_BAR_TITLES, first)),
            _statement(of_bar[2], "tunes that have it", "exactly", 3, len(have_bar[2])),
            _statement(of_bar[2], "tunes that have it as second bar", "exactly", 0, len(second)),
            _statement(of_bar[4], "tunes that have it", "exactly", 0, len(have_bar[4])),
            _statement(of_bar[6], "tunes that have it", "exactly", 0, len(have_bar[6])),
            _statement(of_corpus, "share of pitches in its tokens", "more than", 0.5,
                       self._pitches(), is_share=True),
        )  # fmt: skip

    def _tunes(self, search: Callable[..., Matches], text: str, **place: Any) -> set[int]:
        """The tunes in which a figure or a bar is found. place: as fields of Filters."""
        filters = replace(self._anywhere, **place)
        return {hit.tune for hit in search(text, filters, limit=_ALL).results}

    def _named(self, titles: Sequence[str], found: set[int]) -> tuple[PostTitle, ...]:
        """The tunes that a statement names. found: all tunes for which it is true."""
        named = []
        for title in titles:
            settings: set[int] = set()
            with suppress(QueryError):  # another index may have no tune of this title
                settings = set(self._index.catalogue.titled(title))
            if self._admitted is not None:
                settings &= set(self._admitted)
            named.append(PostTitle(title, len(settings), len(settings & found)))
        return tuple(named)

    def _pitches(self) -> float:
        """The share of pitches among all tokens but headers."""
        vocabulary, figures = self._index.vocabulary, self._index.figures
        mask = None if self._admitted is None else self._index.mask(self._admitted)
        pitches = sum(
            figures.count(vocabulary.encode([token]), open_end=True, admitted=mask)[1]
            for token in vocabulary.tokens
            if MEANINGS[token].kind == NOTE
        )
        return pitches / self._tokens if self._tokens else 0.0


def _statement(
    of: tuple[str, str],
    claim: str,
    relation: Relation,
    post: float,
    here: float,
    titles: tuple[PostTitle, ...] = (),
    *,
    is_share: bool = False,
) -> PostStatement:
    is_so = {"exactly": here == post, "at least": here >= post, "more than": here > post}[relation]
    agrees = is_so and all(title.found for title in titles)
    return PostStatement(*of, claim, relation, post, here, is_share, titles, agrees)
