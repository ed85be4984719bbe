"""False alarms: tunes that nobody wrote, asked against a corpus, and how many are named."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.output import say, show_table
from benchmarks.similar.dressing import OTHERS
from benchmarks.similar.ours import Ours
from benchmarks.similar.titles import Titles
from tunetrace.tokenizer.transcription import Transcription


def measure(
    ours: Ours,
    tunes: Sequence[tuple[int, Transcription]],
    titled: Sequence[Transcription],
    seed: int,
    most: int,
) -> None:
    """Print what is named at the default threshold.

    tunes: real ones, with their places in the corpus, of which others are made. titled: the first
    tunes of the corpus, with their titles. most: how many tunes with a setting are asked.
    """
    titles = Titles(titled)
    rows = []
    for dressing in OTHERS:
        asked = named = named_others = 0
        for place, tune in tunes:
            made = dressing.of(tune, seed + place)
            if made is None:
                continue
            own = {place, *(titles.settings(place) if place < len(titled) else ())}
            asked += 1
            answers = ours.near(made)
            named += ours.is_named(answers)
            named_others += ours.is_named([one for one in answers if one.place not in own])
        rows.append((dressing.name, f"{asked:,}", *_shares((named, named_others), asked)))
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
    _show_settings(ours, titles, titled, most)


def _show_settings(ours: Ours, titles: Titles, titled: Sequence[Transcription], most: int) -> None:
    asked = titles.asked()
    asked = asked[:: max(1, len(asked) // most)]
    if not asked:
        return
    named = named_right = has_right = 0
    for place in asked:
        answers = ours.near(titled[place], [place])
        sure = [one for one in answers if one.probability >= ours.threshold]
        right = titles.settings(place)
        named += bool(sure)
        named_right += bool(sure) and sure[0].place in right
        has_right += any(one.place in right for one in sure)
    columns = ("", "asked", "named", "first", "any")
    shares = _shares((named, named_right, has_right), len(asked))
    show_table(
        "   Tunes with a setting of the same title in the index",
        columns,
        [("target", "", "75%", "", ""), ("tunes", f"{len(asked):,}", *shares)],
    )
    say(
        "First: the first tune that is named has the same title; any: one that is named has. The "
        "tune itself is left out."
    )


def _shares(counts: Sequence[int], of: int) -> list[str]:
    return [f"{count / max(of, 1):.1%}" for count in counts]
