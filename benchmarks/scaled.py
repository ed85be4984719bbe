"""What is asked of one index in `benchmarks.scale`, in a process of its own."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import psutil

from benchmarks.corpus import SEED
from benchmarks.infini import InfiniGram, build_infini_gram, ids, index_bytes
from benchmarks.measure import percentile, seconds
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.infinite import InfiniteGram

_OPENINGS: Final = 5
_FIGURES: Final = 200
_RARE: Final = 3
_LENGTH: Final = 12
_CONTEXT: Final = 6
_MOST_ID: Final = 256


def ask(place: str, checked: str, batch: str) -> dict[str, float]:
    """Open an index and ask it.

    checked: a file of transcriptions in a list in JSON. batch: a file of transcriptions.
    """
    import tunetrace

    openings = [seconds(lambda: Index(Path(place)).close()) for _ in range(_OPENINGS)]
    found = {"opening": statistics.median(openings)}
    index = Index(Path(place))
    texts: list[str] = json.loads(Path(checked).read_text(encoding="utf-8"))
    figures, contexts = rare_figures(index), some_contexts(index)
    named, before = ([_name(index, one) for one in some] for some in (figures, contexts))
    search = index.figures
    gram = InfiniteGram(search)
    found |= _times("figure", [partial(index.figure, text) for text in named])
    found |= _times(
        "next", [partial(tunetrace.continuations, text, index=index) for text in before]
    )
    found |= _times("count", [partial(search.count, one, True) for one in figures])
    found |= _times("counts", [partial(gram.counts, one) for one in contexts])
    found |= _times(
        "check", [partial(tunetrace.check, text, index, verbatim=True) for text in texts]
    )
    few = texts[: len(texts) // 4]
    found |= _times("near", [partial(tunetrace.check, text, index) for text in few])
    found |= _times("similar", [partial(tunetrace.similar, text, index) for text in few])
    memory = psutil.Process().memory_info()
    found["own_bytes"] = float(memory.rss - memory.shared)
    found["resident_bytes"] = float(memory.rss)
    arrays = sum(
        segment.symbols.nbytes + segment.suffixes.nbytes + segment.bounds.nbytes
        + segment.gram_firsts.nbytes
        for segment in search.segments
    )  # fmt: skip
    found["segments"] = float(len(search.segments))
    found["tokens"] = float(sum(len(segment.symbols) for segment in search.segments))
    found["array_each_token"] = arrays / found["tokens"]
    count = 0

    def check_all() -> None:
        nonlocal count
        count = sum(1 for _ in tunetrace.check_batch(batch, index, verbatim=True))

    elapsed = seconds(check_all)
    return {**found, "batch_each_second": count / elapsed}


def peer(name: str, place: str) -> dict[str, float]:
    """Build infini-gram's or tokengrams' index of the tokens of an index, and ask it."""
    index = Index(Path(place))
    streams = [segment.symbols.tobytes() for segment in index.figures.segments]
    stream = streams[0] + b"".join(one[1:] for one in streams[1:])
    figures, contexts = rare_figures(index), some_contexts(index)
    index.close()
    del streams, index
    with TemporaryDirectory() as there:
        folder = Path(there)
        count: Callable[[Any], object]
        count_next: Callable[[Any], object]
        if name == "infini_gram":
            elapsed = seconds(lambda: build_infini_gram(stream, folder))
            size = index_bytes(folder)
            tokens = len(stream)
            del stream
            engine = InfiniGram(folder)
            count, count_next, given = engine.count, engine.count_next, ids
        else:
            from tokengrams import InMemoryIndex

            file = folder / "tokens"
            np.frombuffer(stream, dtype=np.uint8).astype("<u2").tofile(file)
            tokens = len(stream)
            del stream
            begin = time.perf_counter()
            grams = InMemoryIndex.from_token_file(str(file), None, _MOST_ID)
            elapsed = time.perf_counter() - begin
            size = 0
            count, count_next, given = grams.count, grams.count_next, list
        found = {"seconds": elapsed}
        if size:
            found["file_each_token"] = size / tokens
        found |= _times("figure", [partial(count, given(one)) for one in figures])
        found |= _times("next", [partial(count_next, given(one)) for one in contexts])
        found["resident_bytes"] = float(psutil.Process().memory_info().rss)
    return found


def rare_figures(index: Index) -> list[bytes]:
    """Figures of 12 tokens that 1 to 3 tunes have, each from another tune."""
    found = []
    for piece in _pieces(index, _LENGTH):
        if 1 <= index.figures.count(piece)[0] <= _RARE:
            found.append(piece)
        if len(found) == _FIGURES:
            break
    return found


def some_contexts(index: Index) -> list[bytes]:
    """What is before a token of tunes: 6 tokens."""
    pieces = _pieces(index, _CONTEXT)
    return [next(pieces) for _ in range(_FIGURES)]


def _pieces(index: Index, length: int) -> Iterator[bytes]:
    """Tokens of tunes of an index without headers, from anywhere in them, without end."""
    chance = random.Random(SEED)
    search = index.figures
    boundaries = search.alphabet.boundaries
    while True:
        segment = chance.choice(search.segments)
        tune = int(segment.tune_ids[chance.randrange(len(segment.tune_ids))])
        symbols = segment.symbols_of(tune)
        first = chance.randrange(max(1, len(symbols) - length))
        piece = symbols[first : first + length]
        is_figure = len(piece) == length and not any(symbol in boundaries for symbol in piece)
        if is_figure and not search.goes_on[piece[0]] and _reads(index, piece):
            yield piece


def _reads(index: Index, piece: bytes) -> bool:
    """Whether a piece is a figure that may be asked for: it has a note, and ends with one."""
    try:
        index.figures.view.of_symbols(_name(index, piece), index.vocabulary)
    except QueryError:
        return False
    return True


def _name(index: Index, piece: bytes) -> str:
    return " ".join(index.vocabulary.decode(piece))


def _times(name: str, calls: Sequence[Callable[[], object]]) -> dict[str, float]:
    """The median of the times of calls and the time that 99% take at most, after the first fifth,
    which is not counted."""
    times = [seconds(call) for call in calls][len(calls) // 5 :]
    return {f"{name}_median": statistics.median(times), f"{name}_99": percentile(times, 99)}
