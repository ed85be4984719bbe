"""Searching for figures, warm and in process, beside FTS5's phrase queries and grep."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.corpus import SEED, BenchmarkCorpus
from benchmarks.measure import median_seconds
from benchmarks.output import duration, ratio, say, show_table
from benchmarks.peers import PhraseSearch, grep_count
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, is_header

_FIGURES: Final = ("c 2 B c", "(3 G A B", "G, C C 2")
_RARE_TOKENS: Final = (5, 8, 12, 40)
_RARE_TUNES: Final = 3
_REPETITIONS: Final = 51
_PEER_REPETITIONS: Final = 11


def measure(corpus: BenchmarkCorpus, index: Index, fts5: Path, lines: Path) -> None:
    """Print the tables: tunetrace against its budget, then beside the peers."""
    figures = [_commonest_note(corpus.tunes), *_FIGURES, *_rare(corpus.tunes, index)]
    show_table(
        "2. Search for a figure, warm, in process",
        ("figure", "tunes", "hits", "budget", "count", "with 10 hits", "of new tunes"),
        [_own_row(figure, index) for figure in figures],
    )
    say(
        "Count is Index.figures.count of the encoded figure, tunes and hits; with 10 hits "
        "is Index.figure, which also reads the query and says of ten hits what tune, part, bar and "
        "onset they have; of new tunes is the same where the bars of those ten tunes have not "
        "been laid out for an earlier answer. The budget of a rare figure (here one of up to "
        f"{_RARE_TUNES} tunes) is 10 µs to count it and 150 µs with ten hits shown; that of the "
        f"commonest token is 20 ms. Medians of {_REPETITIONS}."
    )
    with PhraseSearch(fts5) as search:
        rows = [_peer_row(figure, index, search, lines) for figure in figures]
    show_table(
        "   The same figures with an open end, beside the peers",
        ("figure", "tunes", "tunetrace", "FTS5", "tunetrace is", "grep -cF", "tunetrace is"),
        rows,
    )
    say(
        "FTS5, grep and tunetrace count the same tunes for every figure above. "
        "Neither peer counts hits or knows where a note ends, so that they count what "
        "--open-end counts; grep's time includes that of starting its process. "
        f"Medians of {_REPETITIONS} (tunetrace) and {_PEER_REPETITIONS} (peers)."
    )


def _own_row(figure: str, index: Index) -> tuple[str, ...]:
    symbols = index.vocabulary.encode(figure.split())
    tunes, hits = index.figures.count(symbols)
    budget = "10, 150 µs" if tunes <= _RARE_TUNES else "20 ms" if " " not in figure else ""
    count = median_seconds(lambda: index.figures.count(symbols), _REPETITIONS)
    answer = median_seconds(lambda: index.figure(figure), _REPETITIONS)
    new_answer = median_seconds(lambda: _answer_of_new_tunes(figure, index), _REPETITIONS)
    times = (duration(count), duration(answer), duration(new_answer))
    return (_shortened(figure), f"{tunes:,}", f"{hits:,}", budget, *times)


def _answer_of_new_tunes(figure: str, index: Index) -> object:
    index.layout.cache_clear()
    return index.figure(figure)


def _peer_row(figure: str, index: Index, search: PhraseSearch, lines: Path) -> tuple[str, ...]:
    tokens = figure.split()
    symbols = index.vocabulary.encode(tokens)
    tunes, _ = index.figures.count(symbols, open_end=True)
    peers = (search.count(tokens), grep_count(tokens, lines))
    if peers != (tunes, tunes):
        raise SystemExit(f"'{figure}': tunetrace counts {tunes} tunes, FTS5 and grep {peers}")
    own = median_seconds(lambda: index.figures.count(symbols, open_end=True), _REPETITIONS)
    fts5 = median_seconds(lambda: search.count(tokens), _PEER_REPETITIONS)
    grep = median_seconds(lambda: grep_count(tokens, lines), _PEER_REPETITIONS)
    compared = (duration(fts5), ratio(own, fts5), duration(grep), ratio(own, grep))
    return (_shortened(figure), f"{tunes:,}", duration(own), *compared)


def _commonest_note(tunes: Sequence[Sequence[str]]) -> str:
    """The commonest token that is a figure by itself."""
    counts = Counter(token for tokens in tunes for token in tokens)
    return next(token for token, _ in counts.most_common() if MEANINGS[token].kind == NOTE)


def _rare(tunes: Sequence[Sequence[str]], index: Index) -> Iterator[str]:
    """A rare figure of each length, cut from a tune somewhere."""
    chance = random.Random(SEED)
    for length in _RARE_TOKENS:
        tunes_found = 0
        while not 1 <= tunes_found <= _RARE_TUNES:
            tokens = chance.choice(tunes)
            start = chance.randrange(len(tokens))
            figure = tokens[start : start + length]
            is_usable = len(figure) == length and MEANINGS[figure[0]].kind == NOTE
            if is_usable and not any(map(is_header, figure)):
                tunes_found, _ = index.figures.count(index.vocabulary.encode(figure))
        yield " ".join(figure)


def _shortened(figure: str) -> str:
    """A figure for the table: a long one by its first two tokens and how many it has."""
    tokens = figure.split()
    return figure if len(tokens) <= 5 else f"{' '.join(tokens[:2])} … ({len(tokens)})"
