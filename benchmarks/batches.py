"""The longest matches of a whole batch, which are looked up together, beside
infini-gram's, which are a search for each token."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import BenchmarkCorpus, make_batch
from benchmarks.infini import (
    InfiniGram,
    build_infini_gram,
    checked_symbols,
    index_bytes,
    seconds_each,
)
from benchmarks.measure import seconds
from benchmarks.output import duration, megabytes, ratio, say, show_table
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.joint import Ends, LongestSearch
from tunetrace.indexer.search.segment import Segment
from tunetrace.tokenizer.vocabulary import SEPARATOR

TRANSCRIPTIONS: Final = 30_000

_ASKED: Final = 300
"""How many of them infini-gram is asked for, at equal distances; all would take it minutes."""

_REPETITIONS: Final = 3

_SLICE_TOKENS: Final = 1_000_000
"""About this many tokens are looked up together, as a check does."""

_SEPARATOR: Final = bytes([SEPARATOR])


def measure(corpus: BenchmarkCorpus, index: Index, folder: Path) -> None:
    """Print the table. folder: an empty one, where infini-gram's index is built."""
    if find_spec("infini_gram") is None:
        say("infini-gram has no wheel for this platform, so that batches are not compared.")
        return
    (segment,) = index.figures.segments
    tunes, made_of = make_batch(corpus, TRANSCRIPTIONS)
    batch = [checked_symbols(tokens, index.vocabulary) for tokens in tunes]
    building = seconds(lambda: build_infini_gram(segment.symbols.tobytes(), folder))
    infini_gram = InfiniGram(folder)
    asked = batch[:: len(batch) // _ASKED]
    _compare(batch, asked, joint_matches(segment, batch), infini_gram)
    own, peer = [], []
    for _ in range(_REPETITIONS):  # in turn, so that both meet the same noise
        own.append(seconds(lambda: joint_matches(segment, batch)))
        peer.append(seconds_each(infini_gram, asked))
    own_each = statistics.median(own) / len(batch)
    peer_each = statistics.median(statistics.mean(times) for times in peer)
    peer_median = statistics.median(statistics.median(times) for times in peer)
    show_table(
        f"   The longest matches of a batch of {len(batch):,} transcriptions",
        ("", "the batch", "each", "median", "tunetrace is"),
        [
            ("budget", "", "", "", "250x faster"),
            ("tunetrace", duration(own_each * len(batch)), duration(own_each), "", ""),
            (
                "infini-gram",
                f"({duration(peer_each * len(batch))})",
                duration(peer_each),
                duration(peer_median),
                ratio(own_each, peer_each),
            ),
        ],
    )
    say(
        f"{made_of[0].upper()}{made_of[1:]}: {sum(map(len, batch)):,} tokens. tunetrace looks all "
        f"of it up at once; infini-gram was asked for {len(asked)} of the "
        "transcriptions one by one, with its index in memory, and its time for the batch is worked "
        "out from their mean; median is that of one transcription. Both find the same length for "
        "every token of those. Medians of "
        f"{_REPETITIONS}. infini-gram's index took {duration(building)} to build from the stream "
        f"of symbols and has {megabytes(index_bytes(folder))}."
    )


def joint_matches(segment: Segment, batch: Sequence[bytes]) -> list[NDArray[np.int32]]:
    """The longest matches of each transcription of a batch, in symbols."""
    found: list[NDArray[np.int32]] = []
    for some in _slices(batch):
        stream = b"".join(symbols + _SEPARATOR for symbols in some)
        nowhere = np.zeros(len(stream) + 1, dtype=bool)  # whether notes are longer is not asked
        asked = LongestSearch(stream, Ends(nowhere[1:], nowhere, nowhere))
        longest = asked.in_segment(segment).lengths
        stops = np.cumsum([len(symbols) + 1 for symbols in some])
        found += [lengths[:-1] for lengths in np.split(longest, stops[:-1])]
    return found


def _slices(batch: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    first = size = 0
    for place, symbols in enumerate(batch, 1):
        size += len(symbols) + 1
        if size >= _SLICE_TOKENS or place == len(batch):
            yield batch[first:place]
            first, size = place, 0


def _compare(
    batch: Sequence[bytes],
    asked: Sequence[bytes],
    found: Sequence[NDArray[np.int32]],
    infini_gram: InfiniGram,
) -> None:
    """End the benchmark where the peer finds another length anywhere."""
    for symbols, lengths in zip(asked, found[:: len(batch) // _ASKED], strict=True):
        if not np.array_equal(infini_gram.longest_matches(symbols), lengths):
            raise SystemExit(f"infini-gram and tunetrace differ on {symbols!r}")
