"""infini-gram, the peer that answers the same question: how far does the longest match go?

infini-gram (Liu and others 2024) counts n-grams of any length by a suffix array over token ids, in
C++. It is given tunetrace's own stream, and asked by the one of its calls that needs least for all
longest matches of a text: `creativity`, a binary search from each token on, each in a thread of its
own. Asking whether a figure stands (`find`), one token further at a time, takes a quarter longer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import seconds
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, is_header

_SEPARATOR: Final = bytes([SEPARATOR])
_SHARD: Final = ".0"
_UNUSED: Final = SEPARATOR - 1

_IDS: Final = bytes([*range(1, SEPARATOR), _UNUSED, SEPARATOR])
"""infini-gram's id of each symbol: one more, so that id 0 is free. Before the tunes stands a
document of that id alone, which every query comes after: one that comes before all of an index is
said to match nowhere, since the neighbour before it, which does not exist, is looked at too."""

_LEAST_PART: Final = 100_000
"""Each processor sorts a part of the stream, and this many bytes of the next with it. Where a part
is shorter than that, infini-gram 2.6.0 writes an array that has some suffixes twice."""


def checked_symbols(tokens: Sequence[str], vocabulary: Vocabulary) -> bytes:
    """One byte a token, SEPARATOR for headers and for tokens that the vocabulary lacks."""
    symbols = vocabulary.encode_known(tokens)
    return bytes(
        SEPARATOR if is_header(token) else symbol
        for token, symbol in zip(tokens, symbols, strict=True)
    )


def build_infini_gram(stream: bytes, folder: Path) -> None:
    """Write infini-gram's index of the tunes of a stream into an empty folder.

    stream: the symbols of a segment, a SEPARATOR before each tune and after the last. The folder's
    absolute path is given to a shell by infini-gram, and must have nothing in it to be quoted.
    ValueError where the vocabulary is full, so that there is no id to spare.
    """
    if _UNUSED in stream:
        raise ValueError("the vocabulary is full, and infini-gram needs an id more")
    # It has a separator before each document, none after the last, and where each begins in bytes.
    ids = _SEPARATOR + bytes(1) + stream[:-1].translate(_IDS)
    starts = np.flatnonzero(np.frombuffer(ids, dtype=np.uint8) == SEPARATOR)
    (folder / f"tokenized{_SHARD}").write_bytes(ids)
    (folder / f"offset{_SHARD}").write_bytes(starts.astype("<u8").tobytes())
    place = str(folder.resolve())
    processors = max(1, min(os.cpu_count() or 1, len(ids) // _LEAST_PART))
    # It finds the tokens there and goes on to sort them.
    subprocess.run(
        [sys.executable, "-m", "infini_gram.indexing", "--data_dir", place, "--save_dir", place,
         "--token_dtype", "u8", "--mem", "1", "--ulimit", "1024", "--cpus", str(processors)],
        check=True, capture_output=True,
    )  # fmt: skip


def ids(symbols: bytes) -> list[int]:
    """Symbols as infini-gram is given them."""
    return list(symbols.translate(_IDS))


def index_bytes(folder: Path) -> int:
    """The size of infini-gram's index in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


class InfiniGram:
    """infini-gram's index in a folder, in memory.

    It is opened without prefetching, which asks the system for pages that are in memory already and
    takes as long as the search itself.
    """

    def __init__(self, folder: Path) -> None:
        from infini_gram.engine import InfiniGramEngine

        self._engine = InfiniGramEngine(
            str(folder), eos_token_id=0, vocab_size=SEPARATOR, token_dtype="u8", load_to_ram=True,
            ds_prefetch_depth=0, sa_prefetch_depth=0, od_prefetch_depth=0,
        )  # fmt: skip

    def longest_matches(self, symbols: bytes) -> NDArray[np.int32]:
        """Length of the longest corpus match that starts at each symbol.

        symbols: n of them, SEPARATOR where no match may pass. Returns (n,) int32, in symbols, as
        tunetrace.indexer.search.suffix.longest_matches does.
        """
        lengths = np.zeros(len(symbols), dtype=np.int32)
        start = 0
        for piece in symbols.translate(_IDS).split(_SEPARATOR):
            stop = start + len(piece)
            if piece:
                stops = self._engine.creativity(list(piece))["rs"]
                lengths[start:stop] = np.subtract(stops, np.arange(len(piece)))
            start = stop + 1
        return lengths

    def count(self, asked: list[int]) -> int:
        """How often a figure is found, given as `ids` has it."""
        found: int = self._engine.count(asked)["count"]
        return found

    def count_next(self, asked: list[int]) -> dict[int, int]:
        """How often each symbol but SEPARATOR follows a context, given as `ids` has it."""
        found = self._engine.ntd(asked, max_support=10**9)["result_by_token_id"]
        return {
            number - 1: one["cont_cnt"] for number, one in found.items() if 0 < number < SEPARATOR
        }

    def following(self, symbols: bytes) -> tuple[int, list[int]]:
        """The longest end of a context that the corpus has: its length, and how often each symbol
        but SEPARATOR follows it."""
        found = self._engine.infgram_ntd(list(symbols.translate(_IDS)), max_support=10**9)
        counts = [0] * SEPARATOR
        for number, one in found["result_by_token_id"].items():
            if 0 < number < SEPARATOR:
                counts[number - 1] = one["cont_cnt"]
        return found["suffix_len"], counts


def seconds_each(infini_gram: InfiniGram, checked: Sequence[bytes]) -> list[float]:
    """How long the longest matches of each of some transcriptions take, asked one by one."""
    return [seconds(partial(infini_gram.longest_matches, symbols)) for symbols in checked]
