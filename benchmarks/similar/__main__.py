"""Measure near copies and print the tables: python -m benchmarks.similar [SECTION]...

titles         ours, TF-IDF and MMseqs2, with titles as truth
disagreements  the most probable pairs of other titles, to be judged
speed          the time for a tune, against a corpus of the size of folk-rnn's training data
planted        real tunes in other clothes: which are found again
alarms         tunes that nobody wrote: which are named
fit            the coefficients of the probability, fitted again

Without a section all but the last. Titles are known where the shared test material is.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import tunetrace
from benchmarks.corpus import SEED, TRAINING, TUNES, make_corpus, write_tunes
from benchmarks.measure import percentile, processor_seconds
from benchmarks.output import duration, say, show_table
from benchmarks.similar import agreement, alarms, fit, planted
from benchmarks.similar.dressing import is_dressable
from benchmarks.similar.ours import Ours
from tunetrace.tokenizer.folkrnn import to_folkrnn, tokenize_folkrnn
from tunetrace.tokenizer.transcription import Transcription

WITH_TITLES: Final = ("titles", "disagreements", "fit")
AGAINST_CORPUS: Final = ("speed", "planted", "alarms")
ASKED: Final = 500
_WARM_UP: Final = 50


def main() -> None:
    """Measure the sections that are asked for, each on its index, in a temporary directory."""
    given = _arguments()
    sections = given.section or [*WITH_TITLES[:-1], *AGAINST_CORPUS]
    start = time.perf_counter()
    titled = _titled()
    with TemporaryDirectory(prefix="tunetrace-similar-") as name:
        if {*WITH_TITLES} & {*sections}:
            if titled:
                _with_titles(Path(name), titled, sections, with_music=given.music)
            else:
                say(f"There is no {TRAINING.name}, so that there are no titles to compare with.")
        if {*AGAINST_CORPUS} & {*sections}:
            _against_corpus(Path(name), titled, sections, given.tunes, given.picture)
    say(
        f"All of this took {time.perf_counter() - start:.0f} s. The load average of the last "
        f"minute is {os.getloadavg()[0]:.1f}; the benchmark alone makes about 1."
    )


def _arguments() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.similar", description=__doc__, formatter_class=raw
    )
    sections = [*WITH_TITLES, *AGAINST_CORPUS]
    parser.add_argument("section", nargs="*", choices=[*sections, []], metavar="SECTION")
    said = f"real tunes that are asked of the corpus (default: {ASKED})"
    parser.add_argument("--tunes", type=int, default=ASKED, metavar="N", help=said)
    parser.add_argument("--picture", type=Path, metavar="PATH", help="draw what is found again")
    said = "print both tunes of each disagreement"
    parser.add_argument("--music", action="store_true", help=said)
    return parser.parse_args()


def _titled() -> list[Transcription]:
    """The tunes of which the titles are known; none without the shared test material."""
    if not TRAINING.exists():
        return []
    return [tune for tune in tunetrace.read(TRAINING) if isinstance(tune, Transcription)]


def _with_titles(
    folder: Path, tunes: list[Transcription], sections: Sequence[str], *, with_music: bool
) -> None:
    write_tunes(folder / "titled.txt", [tune.tokens for tune in tunes])
    tunetrace.build_index([folder / "titled.txt"], folder / "titled.db")
    with tunetrace.open_index(folder / "titled.db") as index:
        ours = Ours(index)
        if "fit" in sections:
            fit.measure(ours, tunes)
        if {"titles", "disagreements"}.isdisjoint(sections):
            return
        alone = agreement.ask_all(ours, tunes)
    if "titles" in sections:
        tunetrace.find_families(folder / "titled.db")
        with tunetrace.open_index(folder / "titled.db") as index:
            over_graph = agreement.ask_all(Ours(index), tunes)
        agreement.measure(tunes, alone, over_graph)
    if "disagreements" in sections:
        agreement.show_disagreements(tunes, alone.answers, with_music=with_music)


def _against_corpus(
    folder: Path,
    titled: list[Transcription],
    sections: Sequence[str],
    asked: int,
    picture: Path | None,
) -> None:
    corpus = make_corpus(folder, 0)
    say(f"The corpus of {TUNES:,} tunes: {', '.join(corpus.parts)}.")
    tunetrace.build_index([corpus.path], folder / "corpus.db")
    real = [tokenize_folkrnn(to_folkrnn(tokens)) for tokens in corpus.tunes[: corpus.real]]
    if [tune.tokens for tune in titled] != list(corpus.tunes[: len(titled)]):
        raise ValueError("the corpus does not begin with the tunes of which the titles are known")
    places = [place for place, tune in enumerate(real) if is_dressable(tune)]
    places = sorted(random.Random(SEED).sample(places, min(asked, len(places))))
    tunes = [(place, real[place]) for place in places]
    with tunetrace.open_index(folder / "corpus.db") as index:
        ours = Ours(index)
        if "speed" in sections:
            _show_speed(ours, tunes)
        if "planted" in sections:
            planted.measure(ours, tunes, SEED, picture)
        if "alarms" in sections:
            alarms.measure(ours, tunes, titled, SEED, asked)


def _show_speed(ours: Ours, tunes: Sequence[tuple[int, Transcription]]) -> None:
    for place, tune in tunes[:_WARM_UP]:
        ours.near(tune, [place])
    times = [processor_seconds(partial(ours.near, tune, [place])) for place, tune in tunes]
    row = (sum(times) / len(times), percentile(times, 50), percentile(times, 90), max(times))
    show_table(
        f"Near copies of one tune among {TUNES:,}, warm, in process, one thread",
        ("", "mean", "median", "90th percentile", "slowest"),
        [("budget", "5 ms", "", "", ""), ("tunetrace", *map(duration, row))],
    )
    say(f"{len(tunes):,} real tunes, each against all others. Times are processor time.")


if __name__ == "__main__":
    main()
