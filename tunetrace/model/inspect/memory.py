"""What the corpus has of a traced transcription: what memory alone would predict at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tunetrace.arguments import public
from tunetrace.checker.check import admitted_without
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.search.infinite import InfiniteGram
from tunetrace.indexer.search.segment import Mask
from tunetrace.model.records import END, Tokens
from tunetrace.model.trace import Memory, Trace
from tunetrace.text import printable
from tunetrace.tokenizer.vocabulary import SEPARATOR


@public
def with_memory(
    traced: Trace,
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
) -> Trace:
    """A trace with what an index has: at each step the longest match that ends there, and how often
    each token follows it (the infinite-gram, Liu et al. 2024).

    index: open, or its path (default: your own). exclude_tunes, exclude_titles: tunes of the index
    to leave out, as for check. A transcription that is itself a tune of the index, as the trace's
    header says, is compared with the others. Raises QueryError for a name that excludes no tune,
    and for a model that does not write on C.

    >>> traced = open_model().trace(["M:6/8", "K:Cmaj", "|:", "C", "3", "^F"])
    >>> with_memory(traced).memory.lengths
    array([1, 2, 3, 4, 5, 6, 1], dtype=int32)
    """
    tokens = Tokens(tuple(traced.names))
    check_on_c(tokens, str(traced.header.get("model", "the model")))
    with given_or_default(index) as opened:
        admitted = admitted_without(opened, exclude_tunes, exclude_titles)
        found = [memory_of(tune, opened, admitted) for tune in traced]
    return replace(traced, memory=Memory.join(found))


def check_on_c(tokens: Tokens, name: str) -> None:
    """QueryError unless a model writes on C, as the tunes of an index are."""
    if not tokens.stands_on_c:
        raise QueryError(
            f"{printable(name)} does not write on C, but the tunes of an index are on C, so its "
            "tunes cannot be looked up; leave the index out with --no-memory"
        )


def memory_of(traced: Trace, index: Index, admitted: Mask | None) -> Memory:
    """What an index has of one transcription. admitted: which tunes count, by id; None for all."""
    facts = traced.header["tunes"][0]
    own = facts.get("tune") if isinstance(facts, dict) else None
    if isinstance(own, str):  # `corpus:number`
        ids = index.resolve(own)
        admitted = ~index.mask(ids) if admitted is None else admitted & ~index.mask(ids)
    symbols = bytes([SEPARATOR]) + index.vocabulary.encode_known(traced.tokens)
    symbol_of = _symbols(traced.names, index)
    lengths, tunes = np.empty(len(symbols), np.int32), np.empty(len(symbols), np.int32)
    probabilities = np.zeros((len(symbols), len(traced.names)), dtype=np.float32)
    is_known = symbol_of >= 0
    for step, following in enumerate(InfiniteGram(index.figures, admitted).along(symbols)):
        lengths[step], tunes[step] = following.length, following.tunes
        probabilities[step, is_known] = following.probabilities[symbol_of[is_known]]
    return Memory(lengths, tunes, probabilities)


def _symbols(names: Sequence[str], index: Index) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The symbol of each token of a model in an index; -1 if it has none. END is SEPARATOR."""
    vocabulary = index.vocabulary
    found = [
        SEPARATOR if name == END else vocabulary.symbol(name) if name in vocabulary else -1
        for name in names
    ]
    return np.array(found, dtype=np.intp)
