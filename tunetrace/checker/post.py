"""The search of the blog post that tunetrace grew out of, put to an index.

Part 5 of "Making sense of the folk-rnn v2 model" looked for a generated transcription's first
figure and bars in the model's training data, by hand. Here are its statements, each beside what an
index says. The figure and the bars are cut out of the transcription itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import CorpusInfo
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
"""The post's transcription, in the text that its model writes."""

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


@dataclass(frozen=True, slots=True)
class PostTitle:
    """A tune that the post names.

    settings: how many tunes of this title the index has; found: in how many of them the figure or
    the bar is, at the place that the statement is about.
    """

    title: str
    settings: int
    found: int


@dataclass(frozen=True, slots=True)
class PostStatement:
    """A statement of the post on its corpus, and what the index says.

    subject: what it is about (`bar 1`, `the corpus`); text: the figure or bar in tokens, empty for
    the corpus; claim: what is counted. post: the number that the post gives, relation: whether
    exactly that; here: that of the index. Numbers are of tunes, where is_share shares from 0 to 1.
    titles: the tunes that the post names. agrees: whether the number and all titles are as the
    post has them.
    """

    subject: str
    text: str
    claim: str
    relation: Relation
    post: float
    here: float
    is_share: bool
    titles: tuple[PostTitle, ...]
    agrees: bool


@dataclass(frozen=True, slots=True)
class PostSearch:
    """The post's statements beside what an index says.

    index: the path; corpora: those of its corpora that were asked, tunes: how many they have.
    is_the_posts: whether that is the corpus of the post, so that its numbers can be expected.
    transcription: the post's, as text.
    """

    index: str
    corpora: tuple[str, ...]
    tunes: int
    is_the_posts: bool
    transcription: str
    statements: tuple[PostStatement, ...]


def search_post(index: Index) -> PostSearch:
    """Put the post's questions to an index: to folk-rnn's training data alone, where it has it."""
    info = index.info()
    posts = [corpus for corpus in info.corpora if _is_the_posts(corpus)]
    asked = posts[:1] or info.corpora
    search = _Search(index, asked, posts[0].name if posts else None)
    return PostSearch(
        index=info.path,
        corpora=tuple(corpus.name for corpus in asked),
        tunes=search.tunes,
        is_the_posts=bool(posts),
        transcription=TRANSCRIPTION,
        statements=search.statements(),
    )


def _is_the_posts(corpus: CorpusInfo) -> bool:
    """Whether a corpus is the published file, whose checksum is compared when it is indexed."""
    named = NAMED_CORPORA[CORPUS]
    return corpus.version == named.version and named.origin.source in corpus.source


class _Search:
    """The questions, put to all corpora of an index or to one."""

    def __init__(self, index: Index, asked: Sequence[CorpusInfo], corpus: str | None) -> None:
        self.tunes = sum(one.tunes for one in asked)
        self._tokens = sum(one.tokens for one in asked)
        self._index = index
        self._corpus = corpus
        self._admitted = index.catalogue.admitted(Filters(corpus=corpus))

    def statements(self) -> tuple[PostStatement, ...]:
        """Every statement of the post that can be checked in a corpus, in the post's order."""
        layout = lay_out(TRANSCRIPTION.split())
        bars = {bar.number: bar.text for bar in layout.bars if bar.part == 1}
        figure = " ".join(bars[1].split()[:_FIGURE_TOKENS])
        first = Filters(part=1, bar=1, corpus=self._corpus)
        start = Filters(part=1, bar=1, onset=Fraction(0), corpus=self._corpus)
        second = Filters(part=1, bar=2, corpus=self._corpus)
        anywhere = Filters(corpus=self._corpus)
        of_corpus = ("the corpus", "")
        of_figure = ("first figure", figure)
        of_bar = {number: (f"bar {number}", text) for number, text in bars.items()}
        return (
            _statement(of_corpus, "transcriptions", "exactly", 23_636, self.tunes),
            _statement(of_figure, "tunes that have it", "exactly", 217,
                       len(self._figure(figure, anywhere))),
            self._named(of_figure, "tunes that begin their first bar with it", "at least",
                        len(_FIGURE_TITLES), self._figure(figure, start), _FIGURE_TITLES),
            self._named(of_bar[1], "tunes that have it as first bar", "exactly", 3,
                        self._bar(bars[1], first), _BAR_TITLES),
            _statement(of_bar[2], "tunes that have it", "exactly", 3,
                       len(self._bar(bars[2], anywhere))),
            _statement(of_bar[2], "tunes that have it as second bar", "exactly", 0,
                       len(self._bar(bars[2], second))),
            _statement(of_bar[4], "tunes that have it", "exactly", 0,
                       len(self._bar(bars[4], anywhere))),
            _statement(of_bar[6], "tunes that have it", "exactly", 0,
                       len(self._bar(bars[6], anywhere))),
            _statement(of_corpus, "share of pitches in its tokens", "more than", 0.5,
                       self._pitches(), is_share=True),
        )  # fmt: skip

    def _named(
        self,
        of: tuple[str, str],
        claim: str,
        relation: Relation,
        post: int,
        found: set[int],
        titles: tuple[str, ...],
    ) -> PostStatement:
        """A statement that names tunes; found: all those of which it is true here."""
        named = []
        for title in titles:
            settings: set[int] = set()
            with suppress(QueryError):  # of another index the title may be of no tune
                settings = set(self._index.catalogue.titled(title))
            if self._admitted is not None:
                settings &= set(self._admitted)
            named.append(PostTitle(title, len(settings), len(settings & found)))
        return _statement(of, claim, relation, post, len(found), tuple(named))

    def _figure(self, text: str, filters: Filters) -> set[int]:
        return {hit.tune for hit in self._index.figure(text, filters, limit=_ALL).results}

    def _bar(self, text: str, filters: Filters) -> set[int]:
        return {hit.tune for hit in self._index.bar(text, filters, limit=_ALL).results}

    def _pitches(self) -> float:
        """The share of tokens, headers left out, that are pitches."""
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
