"""Counts, what follows, and smoothed probabilities, beside engines that were made for them.

tokengrams (EleutherAI, in Rust) and infini-gram (in C++) count n-grams by a suffix array, as
tunetrace does; FTS5 has an index of words. All are given the same stream of tokens, and their
answers are compared with tunetrace's.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.corpus import SEED, BenchmarkCorpus
from benchmarks.infini import InfiniGram, build_infini_gram, ids
from benchmarks.measure import median_seconds, percentile, seconds
from benchmarks.output import duration, say, show_table
from benchmarks.peers import PhraseSearch, build_fts5
from tunetrace.errors import QueryError
from tunetrace.indexer.counting.many import count_many
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.infinite import InfiniteGram
from tunetrace.indexer.search.suffix import suffix_array
from tunetrace.tokenizer.vocabulary import SEPARATOR

_ASKED: Final = 200
"""Figures, and contexts, of each kind."""

_ASKED_SLOWLY: Final = 10
"""As many of them are asked of an engine that may take milliseconds for each."""

_REPETITIONS: Final = 5
_RARE_LENGTHS: Final = (5, 8, 12, 40)
_RARE_TUNES: Final = 3
_LENGTHS: Final = (1, 2, 3, 5, 8, 12)
_MANY: Final = 10_000
_MANY_LENGTHS: Final = (4, 5, 6, 8, 12)
_MOST_ID: Final = 256
_END: Final = bytes([SEPARATOR])

Row = tuple[str, ...]


class _Asked(NamedTuple):
    """What one engine is asked: a call, and the questions in the form that suits it."""

    call: Callable[[Any], object]
    questions: Sequence[Any]


class _Engines(NamedTuple):
    """The engines, warm."""

    index: Index
    stream: bytes
    tokengrams: Any
    """None where it has no wheel."""
    infini_gram: InfiniGram
    fts5: PhraseSearch

    def names(self, figure: bytes) -> list[str]:
        """The tokens of a figure."""
        return self.index.vocabulary.decode(figure)


def measure(corpus: BenchmarkCorpus, index: Index, folder: Path) -> None:
    """Print the tables. folder: an empty one, where the peers' indexes are built."""
    if find_spec("infini_gram") is None:
        say("infini-gram has no wheel for this platform, so that engines are not compared.")
        return
    (segment,) = index.figures.segments
    stream = segment.symbols.tobytes()
    sorting = seconds(lambda: suffix_array(stream))
    planting = seconds(index.figures.plant)
    (folder / "infini-gram").mkdir()
    builds = [
        duration(seconds(lambda: build_infini_gram(stream, folder / "infini-gram"))),
        duration(seconds(lambda: build_fts5(folder / "fts5", corpus.tunes))),
    ]
    tokengrams = None
    if find_spec("tokengrams") is not None:
        from tokengrams import InMemoryIndex

        tokens = folder / "tokens"
        segment.symbols.astype("<u2").tofile(tokens)
        builds.insert(
            0, duration(seconds(lambda: InMemoryIndex.from_token_file(str(tokens), None, _MOST_ID)))
        )
        tokengrams = InMemoryIndex.from_token_file(str(tokens), None, _MOST_ID)
    with PhraseSearch(folder / "fts5") as fts5:
        engines = _Engines(index, stream, tokengrams, InfiniGram(folder / "infini-gram"), fts5)
        rows = [
            ("build", duration(sorting), *builds),
            *_counts(engines),
            *_next_tokens(engines),
            *_smoothed(engines),
        ]
    peers = ["tokengrams"] * (tokengrams is not None) + ["infini-gram", "FTS5"]
    show_table(
        "   Beside engines that count n-grams, on the same stream", ("", "tunetrace", *peers), rows
    )
    _explain(tokengrams is not None, planting)
    _many(engines)


def _counts(engines: _Engines) -> Iterator[Row]:
    search = engines.index.figures
    for is_rare, lengths in ((True, _RARE_LENGTHS), (False, _LENGTHS)):
        for length in lengths:
            figures = _pieces(engines, length, is_rare=is_rare)
            tokens = [engines.names(figure) for figure in figures[:_ASKED_SLOWLY]]
            for figure in figures:
                _, hits = search.count(figure, open_end=True)
                _same(figure, hits, engines.infini_gram.count(ids(figure)))
                if engines.tokengrams is not None:
                    _same(figure, hits, engines.tokengrams.count(list(figure)))
            for figure, names in zip(figures, tokens, strict=False):
                _same(figure, search.count(figure, open_end=True)[0], engines.fts5.count(names))
            asked = [
                _Asked(lambda figure: search.count(figure, open_end=True), figures),
                _Asked(engines.infini_gram.count, [ids(figure) for figure in figures]),
                _Asked(engines.fts5.count, tokens),
            ]
            if engines.tokengrams is not None:
                asked.insert(1, _Asked(engines.tokengrams.count, [*map(list, figures)]))
            kind = f"count, {length}, rare" if is_rare else f"count, {length}"
            yield kind, *_times(asked)


def _next_tokens(engines: _Engines) -> Iterator[Row]:
    gram = InfiniteGram(engines.index.figures)
    for length in _LENGTHS:
        contexts = _pieces(engines, length)
        few = [ids(context) for context in contexts[:_ASKED_SLOWLY]]
        for context in contexts:
            if engines.tokengrams is not None:
                theirs = engines.tokengrams.count_next(list(context))
                _same(context, gram.counts(context).tolist(), theirs)
        for context, number in zip(contexts, few, strict=False):
            counts = gram.counts(context)[:SEPARATOR]
            own = {symbol: int(counts[symbol]) for symbol in counts.nonzero()[0].tolist()}
            _same(context, own, engines.infini_gram.count_next(number))
        asked = [_Asked(gram.counts, contexts), _Asked(engines.infini_gram.count_next, few)]
        if engines.tokengrams is not None:
            asked.insert(1, _Asked(engines.tokengrams.count_next, [*map(list, contexts)]))
        yield f"next, after {length}", *_times(asked), "–"


def _smoothed(engines: _Engines) -> Iterator[Row]:
    gram = InfiniteGram(engines.index.figures)
    for length in _LENGTHS:
        contexts = _pieces(engines, length)
        asked = [_Asked(gram.smoothed, contexts)]
        if engines.tokengrams is not None:
            asked.append(_Asked(engines.tokengrams.get_smoothed_probs, [*map(list, contexts)]))
        yield f"smoothed, after {length}", *_times(asked), "–", "–"


def _many(engines: _Engines) -> None:
    """Print what many figures in one call take."""
    index, chance = engines.index, random.Random(SEED)
    figures: list[bytes] = []
    while len(figures) < _MANY:
        (figure,) = _pieces(engines, chance.choice(_MANY_LENGTHS), count=1, chance=chance)
        try:
            index.figures.view.of_symbols(" ".join(engines.names(figure)), index.vocabulary)
        except QueryError:  # a header in it, or no note
            continue
        figures.append(figure)
    texts = [" ".join(engines.names(figure)) for figure in figures]
    stream = b"".join(figure + _END for figure in figures)
    expected = [index.figures.count(figure) for figure in figures]
    if index.count_many(texts).rows() != expected:
        raise SystemExit("many figures in one call and one by one have other counts")

    def one_by_one() -> None:
        for figure in figures:
            index.figures.count(figure)

    asked: list[tuple[str, str, Callable[[], object]]] = [
        ("Index.count_many, of texts", "1 µs each", lambda: index.count_many(texts)),
        ("the same without reading", "", lambda: count_many(index.figures, stream)),
        ("one by one", "10 µs each", one_by_one),
    ]
    rows = []
    for name, budget, call in asked:
        spent = median_seconds(call, _REPETITIONS)
        rows.append((name, budget, duration(spent), duration(spent / _MANY)))
    show_table(f"   {_MANY:,} figures", ("", "budget", "all", "each"), rows)
    say(
        f"Figures of {', '.join(map(str, _MANY_LENGTHS[:-1]))} or {_MANY_LENGTHS[-1]} tokens, cut "
        "from anywhere in the corpus. All three count the same tunes and hits, where the last note "
        f"ends. Medians of {_REPETITIONS}."
    )


def _pieces(
    engines: _Engines,
    length: int,
    *,
    is_rare: bool = False,
    count: int = _ASKED,
    chance: random.Random | None = None,
) -> list[bytes]:
    """Pieces of tunes of so many tokens, cut from anywhere. is_rare: of a few tunes at most."""
    chance = chance or random.Random(SEED + length)
    stream, found = engines.stream, []
    while len(found) < count:
        start = chance.randrange(len(stream) - length)
        piece = stream[start : start + length]
        if _END in piece:
            continue
        if not is_rare or engines.index.figures.count(piece, open_end=True)[0] <= _RARE_TUNES:
            found.append(piece)
    return found


def _times(asked: Sequence[_Asked]) -> list[str]:
    """The median and the 90th percentile of the times that questions take, for each engine.

    The time of a question is the median of some. The engines take turns, so that all meet the same
    noise.
    """
    spent: list[list[float]] = [[] for _ in asked]
    for number in range(max(len(one.questions) for one in asked)):
        for one, times in zip(asked, spent, strict=True):
            if number < len(one.questions):
                call = partial(one.call, one.questions[number])
                times.append(statistics.median(seconds(call) for _ in range(_REPETITIONS)))
    return [_both(statistics.median(times), percentile(times, 90)) for times in spent]


def _both(median: float, high: float) -> str:
    """Two times, with one unit where they have the same: `1.9, 3.1 µs`."""
    first, last = duration(median), duration(high)
    number, unit = first.split()
    return f"{number}, {last}" if last.endswith(f" {unit}") else f"{first}, {last}"


def _same(figure: bytes, own: object, theirs: object) -> None:
    """End the benchmark where a peer counts something else."""
    if own != theirs:
        raise SystemExit(f"{figure!r}: tunetrace counts {own}, a peer {theirs}")


def _explain(has_tokengrams: bool, planting: float) -> None:
    if not has_tokengrams:
        say("tokengrams has no wheel for this Python, so that its column is left out.")
    say(
        "Medians and 90th percentiles of "
        f"{_ASKED} pieces of tunes with so many tokens, cut from anywhere; those called rare are "
        f"in {_RARE_TUNES} tunes at most. infini-gram's next tokens and FTS5 are asked for "
        f"{_ASKED_SLOWLY} of them. All are asked from Python, and take turns. Build is sorting the "
        "stream, and for FTS5 writing its table. tunetrace also counts its common figures, which "
        f"took {duration(planting)}, once thousands of questions were asked. tunetrace counts hits "
        "and tunes, tokengrams and infini-gram hits, FTS5 tunes, all with an open end; all counts "
        "are the same. tokengrams answers next tokens as a list of as many numbers as tunetrace's "
        "array. Its smoothing is Kneser and Ney's, tunetrace's Witten and Bell's; both interpolate "
        "all contexts, from the longest to none."
    )
