"""Sampling from a network of folk-rnn's size, beside the published sampler's loop in float64.

Both draw every token: the loop with numpy's `choice`, one transcription after another, the sampler
in batches. They take turns, so that both meet the same noise. The weights are random; how long a
product takes does not depend on them. Every transcription is cut off at the same length, so that
the sampler's rows are all in use, as they are in a long run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

import tunetrace
from benchmarks.measure import peak_memory
from benchmarks.numpy_loop import NumpyNetwork, param_values
from benchmarks.output import megabytes, say, show_table
from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import END, Model, Precision, Tokens
from tunetrace.model.stepper import ROWS, Stepper
from tunetrace.tokenizer.vocabulary import V2_TOKENS

_ROUNDS: Final = 5
_LOOP_TOKENS: Final = 150
_TUNES: Final = 768
_LENGTH: Final = 150
"""Tokens of each sampled transcription."""

_COMPARED_STEPS: Final = 100
_STEPS: Final = 25
_MAX_COPY: Final = 12

Distribution = NDArray[np.float64]


def measure(folder: Path) -> None:
    """Print the tables. folder: where an index may be built."""
    model = _model()
    before = peak_memory()
    loop = NumpyNetwork(param_values(model.network))
    with _index(folder) as index:
        kinds: dict[str, Callable[[], float]] = {
            "loop": lambda: _loop_speed(loop, model.tokens),
            "float32": lambda: _speed(model, _TUNES),
            "bfloat16": lambda: _speed(model, _TUNES, precision="bfloat16"),
            "one tune": lambda: _speed(model, 1),
            "max-copy": lambda: _speed(model, _TUNES, max_copy=_MAX_COPY, index=index),
        }
        speeds: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(_ROUNDS):
            for kind, speed in kinds.items():
                speeds[kind].append(speed())
    rows = [("budget", "", "40x; bfloat16 60x", "")]
    rows.append(("NumPy loop, float64", _tokens(speeds["loop"]), "", ""))
    for kind, name in (
        ("float32", f"{_TUNES} at once, float32"),
        ("bfloat16", f"{_TUNES} at once, bfloat16"),
        ("one tune", "one tune alone, float32"),
        ("max-copy", f"float32, --max-copy {_MAX_COPY}"),
    ):
        ratios = [own / peer for own, peer in zip(speeds[kind], speeds["loop"], strict=True)]
        spread = f"{min(ratios):.2g} to {max(ratios):.2g}x"
        rows.append((name, _tokens(speeds[kind]), f"{statistics.median(ratios):.1f}x", spread))
    show_table(
        "   Sampling from 3 layers of 512 units over 137 tokens",
        ("", "tokens/s", "times the loop", "spread"),
        rows,
    )
    say(
        f"Medians of {_ROUNDS} rounds in which all take turns, with {torch.get_num_threads()} "
        f"threads; the spread is that of the ratios within a round. The loop writes {_LOOP_TOKENS} "
        f"tokens a round, the sampler {_LENGTH} tokens of each transcription. The index that "
        f"--max-copy asks holds the three corpora of the default one. The whole benchmark had "
        f"{megabytes(peak_memory())} at most, {megabytes(before)} of it before the first token."
    )
    _say_steps(model.network)
    _say_divergence(model)
    _say_divergence(tunetrace.open_model())


def _model() -> Model:
    """Random weights, so large that a token is drawn about as surely as from a trained model."""
    network = Network(Sizes())
    network.initialize(torch.Generator().manual_seed(1))
    tokens = Tokens(V2_TOKENS)
    with torch.no_grad():
        network.to_tokens *= 80
        network.token_bias[tokens.numbers[END]] = -100.0
    return Model(network.eval(), tokens, {"name": "the random weights", "source": "benchmark"})


def _index(folder: Path) -> tunetrace.Index:
    tunetrace.build_index(path=folder / "sampling.db")
    return tunetrace.open_index(folder / "sampling.db")


def _loop_speed(loop: NumpyNetwork, tokens: Tokens) -> float:
    """Tokens per second of the loop."""
    random = np.random.default_rng(1)
    start = time.perf_counter()
    state, number = loop.start(), tokens.start
    for _ in range(_LOOP_TOKENS):
        probabilities, state = loop.step(number, state)
        number = int(random.choice(len(probabilities), p=probabilities))
    return _LOOP_TOKENS / (time.perf_counter() - start)


def _speed(model: Model, n: int, **options: object) -> float:
    """Tokens per second of the sampler, with all that it does before the first."""
    start = time.perf_counter()
    tunes = tunetrace.sample(n, model, seed=1, max_tokens=_LENGTH, **options)  # type: ignore[arg-type]
    tokens = sum(len(tune.tokens) for tune in tunes)
    return tokens / (time.perf_counter() - start)


def _say_steps(network: Network) -> None:
    """How fast the sampler's step is beside the plain one, in the time of one thread."""
    numbers = np.random.default_rng(1).integers(0, network.sizes.tokens, ROWS)
    state = network.initial_state(ROWS)
    steps: dict[str, Callable[[], object]] = {
        "plain": lambda: network.step(torch.from_numpy(numbers), state),
        "float32": partial(Stepper(network, "float32").rows().step, numbers),
        "bfloat16": partial(Stepper(network, "bfloat16").rows().step, numbers),
    }
    times: dict[str, list[float]] = {kind: [] for kind in steps}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(_STEPS):
        for kind, step in steps.items():
            start = time.thread_time()
            step()
            times[kind].append(time.thread_time() - start)
    torch.set_num_threads(threads)
    plain, packed, shorter = (statistics.median(times[kind]) for kind in steps)
    say(
        f"On one thread the sampler's step of {ROWS} transcriptions is {plain / packed:.1f} times "
        f"as fast as the plain step in float32, and {plain / shorter:.1f} times as fast in "
        f"bfloat16 (medians of {_STEPS} steps, by the thread's own time)."
    )


def _tokens(speeds: list[float]) -> str:
    return f"{statistics.median(speeds):,.0f}"


def _say_divergence(model: Model) -> None:
    """How far bfloat16's distributions are from float32's along the same transcriptions."""
    exact, near = (_distributions(model, kind) for kind in ("float32", "bfloat16"))
    divergence = np.concatenate(
        [(p * np.log2(p / q)).sum(1) for p, q in zip(exact, near, strict=True)]
    )
    difference = max(np.abs(p - q).max() for p, q in zip(exact, near, strict=True))
    entropy = np.concatenate([-(p * np.log2(p)).sum(1) for p in exact])
    say(
        f"Along {ROWS} transcriptions of {_COMPARED_STEPS} tokens of {model.name}, the "
        f"distributions with bfloat16 diverge from those with float32 by {divergence.mean():.2g} "
        f"bits a token (Kullback and Leibler), {divergence.max():.2g} at the most, where a token "
        f"has {entropy.mean():.1f} bits of entropy; the largest difference of a probability is "
        f"{difference:.2g}."
    )


def _distributions(model: Model, precision: Precision) -> list[Distribution]:
    """After each step the distributions (ROWS, tokens), tokens being drawn by float32's."""
    rows = Stepper(model.network, precision).rows()
    lead = Stepper(model.network).rows()
    random = np.random.default_rng(1)
    numbers = np.full(ROWS, model.tokens.start)
    found = []
    for _ in range(_COMPARED_STEPS):
        found.append(_softmax(rows.step(numbers)))
        sums = _softmax(lead.step(numbers)).cumsum(1)
        numbers = (sums > random.random((ROWS, 1)) * sums[:, -1:]).argmax(1)
    return found


def _softmax(logits: NDArray[np.float32]) -> Distribution:
    weights: Distribution = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)
