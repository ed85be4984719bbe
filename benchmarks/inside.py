"""What it costs to look into a model: python -m benchmarks.inside

Traces are compared with the published equations in NumPy, and the infinite-gram with infini-gram's.
Whole experiments have no peer and are timed alone. It takes the default index, and some minutes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch

import tunetrace
from benchmarks.infini import InfiniGram, build_infini_gram
from benchmarks.measure import median_seconds, peak_memory, seconds
from benchmarks.numpy_loop import NumpyNetwork, param_values
from benchmarks.output import duration, megabytes, ratio, say, show_table
from tests.documentation import default_index
from tunetrace.indexer.search import infinite
from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.model.trace import Trace
from tunetrace.tokenizer.vocabulary import SEPARATOR, V2_TOKENS

_STEPS: Final = 300
_TUNES: Final = 20
"""Transcriptions that the infinite-grams are asked of."""


def main() -> None:
    """Measure, and print the tables."""
    say(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {os.cpu_count()} cores")
    _traces()
    with TemporaryDirectory(prefix="tunetrace-benchmarks-") as name, default_index(Path(name)):
        _infinite_grams(Path(name))
        _experiments()
    say(
        f"The whole benchmark had {megabytes(peak_memory())} at most. The load average of the last "
        f"minute is {os.getloadavg()[0]:.1f}; the benchmark alone makes about 2."
    )


def _traces() -> None:
    """A trace of a tune of 300 steps, and the NumPy loop that reads the same tokens."""
    large = Network(Sizes())
    large.initialize(torch.Generator().manual_seed(1))
    models = [tunetrace.open_model(), Model(large.eval(), Tokens(V2_TOKENS), {"name": "3 x 512"})]
    rows = []
    for model in models:
        notes = ["C", "D", "E", "2", "|"]
        tokens = ["M:4/4", "K:Cmaj", *(notes * _STEPS)[: _STEPS - 3]]
        trace = partial(model.trace, tokens)
        loop = NumpyNetwork(param_values(model.network))
        found = trace()
        peer = seconds(partial(_read, loop, found))
        mine = median_seconds(trace, 5)
        with_gates = median_seconds(partial(model.trace, tokens, gates=True), 5)
        rows.append(
            (model.name, duration(mine), duration(with_gates), duration(peer), ratio(mine, peer))
        )
    show_table(
        f"A trace of {_STEPS} steps, warm",
        ("model", "trace", "with gates", "NumPy loop", "trace"),
        rows,
    )


def _read(loop: NumpyNetwork, found: Trace) -> None:
    """Read the tokens of a trace with the loop; ValueError where its probabilities differ."""
    state = loop.start()
    for step, number in enumerate(found.read.tolist()):
        probabilities, state = loop.step(number, state)
        if np.abs(found.probabilities[step] - probabilities).max() > 1e-4:
            raise ValueError(f"step {step + 1} of the trace is not what the equations give")


def _infinite_grams(folder: Path) -> None:
    """What follows each step of some transcriptions, compared with infini-gram's infgram_ntd."""
    (folder / "infini").mkdir()
    with tunetrace.open_index() as index:
        (segment,) = index.figures.segments
        build_infini_gram(segment.symbols.tobytes(), folder / "infini")
        peer = InfiniGram(folder / "infini")
        tunes = [
            index.vocabulary.encode_known(tune.tokens)
            for tune in tunetrace.sample(_TUNES, meter="6/8", seed=1)
        ]
        gram = infinite.InfiniteGram(index.figures)
        steps = sum(map(len, tunes))
        start = time.perf_counter()
        mine = [list(gram.along(bytes([SEPARATOR]) + tune)) for tune in tunes]
        own = time.perf_counter() - start
        start = time.perf_counter()
        theirs = [[peer.following(tune[:stop]) for stop in range(1, len(tune) + 1)]
                  for tune in tunes]  # fmt: skip
        other = time.perf_counter() - start
        compared = 0
        for found, expected in zip(mine, theirs, strict=True):
            for stop, (one, (length, counts)) in enumerate(
                zip(found[1:], expected, strict=True), 1
            ):
                if one.length <= stop:  # the peer knows nothing of the beginning of a tune
                    compared += 1
                    if (one.length, one.counts[:SEPARATOR].tolist()) != (length, counts):
                        raise ValueError("the infinite-grams differ")
    show_table(
        f"What follows each of {steps:,} tokens of {_TUNES} transcriptions",
        ("infinite-gram", "a token", "tunetrace"),
        [
            ("tunetrace", duration(own / steps), ratio(own, other)),
            ("infini-gram, infgram_ntd", duration(other / steps), ""),
        ],
    )
    say(f"All counts of the {compared:,} contexts that do not reach the beginning are the same.")


def _experiments() -> None:
    """Each experiment once, as its command runs it."""
    runs: list[tuple[str, Callable[[], object]]] = [
        ("inspect --over oneills -n 200", lambda: tunetrace.inspect_over("oneills", 200)),
        ("inspect --over sample -n 200", lambda: tunetrace.inspect_over("sample", 200)),
        ("extract, 500 and 152 tunes", tunetrace.extract),
        ("intervene, 200 tunes, 5 controls", lambda: tunetrace.intervene(
            tunetrace.ablate(3, [63, 101, 111, 165, 175, 186, 275]), n=200, seed=1)),
    ]  # fmt: skip
    rows = [(name, duration(seconds(run)), megabytes(peak_memory())) for name, run in runs]
    show_table("Experiments on the model that ships", ("", "time", "memory so far"), rows)


if __name__ == "__main__":
    main()
