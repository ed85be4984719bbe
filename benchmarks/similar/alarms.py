"""False alarms: tunes that nobody wrote, asked against a corpus, and how many are named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from benchmarks.output import say, show_table
from benchmarks.similar.dressing import OTHERS
from benchmarks.similar.ours import Answer, Ours
from benchmarks.similar.titles import Titles
from tunetrace.tokenizer.transcription import Transcription

_THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_SETTINGS: Final = "settings"


def measure(
    ours: Ours,
    tunes: Sequence[tuple[int, Transcription]],
    titled: Sequence[Transcription],
    seed: int,
    most: int,
) -> None:
    """Print what is named at the default threshold, and what would be at others.

    tunes: real ones, with their places in the corpus, of which others are made. titled: the first
    tunes of the corpus, with their titles. most: about how many tunes with a setting are asked.
    """
    titles = Titles(titled)
    best: dict[str, list[float]] = {}
    rows = []
    for dressing in OTHERS:
        named_others = 0
        probable = best.setdefault(dressing.strength or dressing.kind, [])
        for place, tune in tunes:
            made = dressing.of(tune, seed + place)
            if made is None:
                continue
            own = {place, *(titles.settings(place) if place < len(titled) else ())}
            answers = ours.near(made)
            probable.append(_most(answers))
            named_others += _most(answers, own) >= ours.threshold
        shares = (_share(probable, ours.threshold), f"{named_others / len(probable):.1%}")
        rows.append((dressing.name, f"{len(probable):,}", *shares))
    show_table(
        f"Tunes that nobody wrote: how many are named at {ours.threshold:.4f}, the default",
        ("", "asked", "named", "as another tune"),
        rows,
    )
    say(
        "The target is 1% of retrograde and of shuffled tunes. As another tune: neither as the "
        "tune that it was made of nor as one of its title. With its bars in another order a tune "
        "keeps every bar, and to name it is no false alarm."
    )
    if titles.asked():
        best[_SETTINGS] = _ask_settings(ours, titles, titled, most)
    show_table(
        "   By where the threshold is",
        ("", *best),
        [
            (f"{threshold:.4g}", *(_share(some, threshold) for some in best.values()))
            for threshold in sorted({*_THRESHOLDS, ours.threshold})
        ],
    )


def _ask_settings(
    ours: Ours, titles: Titles, titled: Sequence[Transcription], most: int
) -> list[float]:
    """Ask for tunes that have a setting, print how many are named, and return how probably."""
    asked = titles.asked()
    asked = asked[:: max(1, len(asked) // most)]
    first = has_right = 0
    probable = []
    for place in asked:
        answers = ours.near(titled[place], [place])
        probable.append(_most(answers))
        right = [one.place in titles.settings(place) for one in answers
                 if one.probability >= ours.threshold]  # fmt: skip
        first += right[:1] == [True]
        has_right += any(right)
    shares = [f"{count / len(asked):.1%}" for count in (first, has_right)]
    named = _share(probable, ours.threshold)
    show_table(
        "   Tunes with a setting of the same title in the index",
        ("", "asked", "named", "first", "any"),
        [("target", "", "75%", "", ""), ("tunes", f"{len(asked):,}", named, *shares)],
    )
    say(
        "First: the first tune that is named has the same title; any: one that is named has. The "
        "tune itself is left out."
    )
    return probable


def _most(answers: Sequence[Answer], left_out: Collection[int] = ()) -> float:
    """The probability of the most probable answer; 0 without one."""
    return max((one.probability for one in answers if one.place not in left_out), default=0.0)


def _share(probable: Sequence[float], threshold: float) -> str:
    """How many are as probable as the threshold or more."""
    return f"{sum(one >= threshold for one in probable) / len(probable):.1%}"
