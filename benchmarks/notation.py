"""Reading notation: tunes that come back from MusicXML, and how collections spell dotted pairs.

python -m benchmarks.notation [EVERY]

EVERY: every 8th tune of O'Neill's, of Ryan's and of folk-rnn v2's training data (if ../shared is
there) is written as MusicXML and read back, or every EVERY-th.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from benchmarks.corpus import TRAINING
from benchmarks.output import say, show_table
from tests.notation.files import musicxml_of
from tests.notation.test_round_trip import bare, music
from tunetrace.corpus.readers import read
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.notation.read import tokenize_notation
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import eighths
from tunetrace.tokenizer.transcription import Transcription

PAIRS = {(Fraction(3, 2), Fraction(1, 2)), (Fraction(1, 2), Fraction(3, 2))}


def collections() -> dict[str, list[Transcription]]:
    """The tunes of each collection that is here."""
    found = {name: list(NAMED_CORPORA[name].read()) for name in ("oneills", "ryans")}
    if TRAINING.exists():
        found = {"folk-rnn v2": list(read(TRAINING)), **found}
    return {
        name: [tune for tune in tunes if isinstance(tune, Transcription)]
        for name, tunes in found.items()
    }


def dotted_pairs(tune: Transcription) -> Iterator[tuple[bool, bool]]:
    """Whether each dotted pair of an eighth's neighbours is on the beat, and has a sign."""
    layout = lay_out(tune.tokens)
    is_in_threes = (tune.meter or "").endswith("/8")
    for bar in layout.bars:
        lengths = [eighths(duration) for duration in bar.events.durations]
        short = eighths((bar.full or bar.duration) - bar.duration)
        at = max(short, Fraction(0)) if bar is layout.bars[0] else Fraction(0)
        for k, pair in enumerate(pairwise(lengths)):
            if pair in PAIRS and bar.events.sounds[k] and bar.events.sounds[k + 1]:
                own = tune.tokens[
                    bar.start + bar.events.starts[k] : bar.start + bar.events.stops[k]
                ]
                is_on_beat = at % (1 if is_in_threes else 2) == 0
                yield is_on_beat, any(token[-1] in "<>" for token in own)
            at += lengths[k]


def main(every: int) -> None:
    """Print both tables and the time that a tune takes."""
    back, pairs = [], []
    tokenize_notation(musicxml_of(["M:4/4", "K:Cmaj", "C", "|"]).encode(), "musicxml", "a.xml")
    seconds, total = 0.0, 0
    for name, tunes in collections().items():
        counts = Counter[str]()
        for tune in tunes[::every]:
            data = musicxml_of(tune.tokens).encode()
            started = time.perf_counter()
            found = bare(tokenize_notation(data, "musicxml", "a.xml").tokens)
            seconds += time.perf_counter() - started
            counts["tunes"] += 1
            counts["music"] += music(found) == music(tune.tokens)
            counts["tokens"] += found == bare(tune.tokens)
        total += counts["tunes"]
        back.append([name, *(f"{counts[what]:,}" for what in ("tunes", "music", "tokens"))])
        seen = Counter(pair for tune in tunes for pair in dotted_pairs(tune))
        on, off = (seen[where, True] + seen[where, False] for where in (True, False))
        pairs.append([name, f"{on:,}", f"{seen[True, True] / on:.1%}",
                      f"{off:,}", f"{seen[False, True] / off:.1%}"])  # fmt: skip
    show_table("Written as MusicXML and read back",
               ["collection", "tunes", "same music", "same tokens"], back)  # fmt: skip
    say(f"{seconds / total * 1000:.0f} ms a tune.")
    say()
    show_table("Dotted pairs (3/2 and 1/2 eighths)",
               ["collection", "on the beat", "with > or <", "off it", "with > or <"],
               pairs)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
