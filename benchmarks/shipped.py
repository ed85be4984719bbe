"""How good the model that ships is: python -m benchmarks.shipped.

What it samples stands beside the tunes that were held out from it; both are checked against the
tunes that it was trained on, and no others. Printed are the shares that end, that add up and that
are copied, and how well the model predicts the held-out tunes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import tunetrace
from benchmarks.output import say, show_table
from tunetrace import Index, Model
from tunetrace.commands.model.evaluate import print_evaluation
from tunetrace.model.training.history import EpochOriginality
from tunetrace.text import listed
from tunetrace.tokenizer.folkrnn import to_folkrnn

SAMPLES: Final = 1000
SEED: Final = 7
TEMPERATURES: Final = (1.0, 0.9, 0.8)

_ROWS: Final[tuple[tuple[str, Callable[[EpochOriginality], str]], ...]] = (
    ("transcriptions", lambda found: f"{found.transcriptions + found.set_aside:,}"),
    ("end by themselves", lambda found: _percent(found.ended)),
    ("every bar adds up", lambda found: _percent(found.adding_up)),
    ("notes in spans of 8 or more", lambda found: _percent(found.copying.copied_8)),
    ("of 12 or more", lambda found: _percent(found.copying.copied_12)),
    ("of 16 or more", lambda found: _percent(found.copying.copied_16)),
    ("notes of the longest, mean", lambda found: f"{found.copying.longest_notes:.1f}"),
    ("have a span beyond chance", lambda found: _percent(found.beyond_chance)),
    ("are a corpus tune as a whole", lambda found: _percent(found.verbatim)),
    ("repeat another of them", lambda found: _percent(found.duplicates)),
)


def main(model_path: str | None = None) -> None:
    """Print the table, and the evaluation."""
    model = tunetrace.open_model(model_path)
    with TemporaryDirectory(prefix="tunetrace-shipped-") as name:
        folder = Path(name)
        tunetrace.build_index(["oneills", "ryans"], folder / "all.db")
        with tunetrace.open_index(folder / "all.db") as index:
            held_out = [to_folkrnn(tune.tokens) for tune in tunetrace.held_out_tunes(model, index)]
            training = [to_folkrnn(tune.tokens) for tune in tunetrace.training_tunes(model, index)]
            evaluation = tunetrace.evaluate_model(model, index=index, held_out=True)
        (folder / "training.txt").write_text("\n".join(training), encoding="utf-8")
        tunetrace.build_index([folder / "training.txt"], folder / "training.db")
        with tunetrace.open_index(folder / "training.db") as index:
            sampled = [_sampled(model, temperature, index) for temperature in TEMPERATURES]
            human = tunetrace.originality(held_out, index, ended=len(held_out))
    show_table(
        f"Transcriptions of {model.name} at three temperatures, and held-out tunes",
        ("", *(f"at {temperature}" for temperature in TEMPERATURES), "held out"),
        [(label, *map(value, sampled), value(human)) for label, value in _ROWS],
    )
    ratios = [f"{found.adding_up / human.adding_up:.2f}" for found in sampled]
    say(
        f"Of the sampled, {listed(ratios)} times as many add up as of the held-out tunes. Seed "
        f"{SEED}; checked against the {len(training):,} tunes of its training."
    )
    say()
    print_evaluation(evaluation)


def _sampled(model: Model, temperature: float, index: Index) -> EpochOriginality:
    """How original what the model writes at a temperature is."""
    tunes = list(tunetrace.sample(SAMPLES, model, seed=SEED, temperature=temperature))
    texts = [to_folkrnn(tune.tokens) for tune in tunes]
    return tunetrace.originality(texts, index, ended=sum(tune.has_ended for tune in tunes))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


if __name__ == "__main__":
    main(*sys.argv[1:])
