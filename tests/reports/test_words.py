"""A report in words, from summaries made by hand: none, one, some and all; more, less, neither."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.checker.batches import name as corpus_tune
from tunetrace.checker.compare.records import (
    BatchSummary,
    Copy,
    Difference,
    Distribution,
    MeasureSummary,
    SourceCount,
)
from tunetrace.checker.measures import MEASURES
from tunetrace.indexer.records import CorpusInfo, IndexInfo
from tunetrace.reports.page.page import p_in_words
from tunetrace.reports.words import summary_in_words


def index(*corpora: str, tunes: int = 3000) -> IndexInfo:
    infos = tuple(CorpusInfo(name, tunes, 0, 0, 0, "", None, None, "", "", {}) for name in corpora)
    return IndexInfo("index.db", tunes, 0, 0, 0, 1, False, False, infos, "0" * 64)


def measured(mean: float, most: float = 0.0, median: float | None = None) -> Distribution:
    middle = mean if median is None else median
    return Distribution(10, mean, middle, (mean,) * 9, 0.0, most, 0.0, 1.0, (10,))


def summary(**changes: Any) -> BatchSummary:
    """A batch of ten transcriptions in which nothing was found, but for the changes."""
    values: dict[str, Any] = {
        "name": "ours", "inputs": ("ours.txt",), "transcriptions": 10, "set_aside": 0,
        "set_aside_by": {}, "notes": 1000, "identical": 0, "nearly_of_one": 0,
        "mostly_of_one": 0, "copy_share": 0.5, "copies": (), "duplicates": 0, "near_duplicates": 0,
        "beyond_chance": 0, "with_span": {}, "uniqueness": (), "novelty": (), "bars": 0,
        "bars_in_corpus": 0, "bars_same_position": 0, "sources": (), "near_copies": None,
        "near_copies_only": None, "named_from": None, "false_alarms": None,
        "measures": tuple(
            MeasureSummary(m.name, m.label, m.is_share, m.more_is_copied, measured(0.0), None,
                           None, None)
            for m in MEASURES
        ),
    }  # fmt: skip
    return BatchSummary(**{**values, **changes})


def measuring(batch: BatchSummary, **changes: dict[str, Any]) -> BatchSummary:
    """The same with other fields of its measures, by their names."""
    return replace(
        batch, measures=tuple(replace(m, **changes.get(m.name, {})) for m in batch.measures)
    )


def text(batch: BatchSummary, other: BatchSummary | None = None) -> str:
    words = "\n".join(summary_in_words(batch, index("session"), other))
    # Nothing that is computed may stand there unformatted.
    assert not re.search(r"None[^ ]|nan|inf\b|\d\.\d{5}|[{}]|  | \.", words)
    return words


def test_it_says_what_was_checked_against_what() -> None:
    assert "The batch 'ours' has 10 transcriptions with 1,000 notes. They were checked against " \
           "3,000 tunes of session. " in text(summary())  # fmt: skip
    assert "The batch 'ours' has 1 transcription with 1 note. It was checked against" in text(
        summary(transcriptions=1, notes=1)
    )
    (_, second, *_) = summary_in_words(summary(), index("a", "b", "c", "d", "e", tunes=1))
    assert "against 1 tune of a, b, c and 2 more corpora. " in second
    (_, second, *_) = summary_in_words(summary(), index("a", "b", "c", "d"))
    assert "of a, b, c and 1 more corpus. " in second


def copy(place: int, share: float = 1.0, is_whole: bool = False, title: str = "Mine") -> Copy:
    return Copy(place, "ours.txt", 9, title, corpus_tune(5, "The Kesh"), share, is_whole)


@pytest.mark.parametrize(
    ("whole", "nearly", "mostly", "bound", "said"),
    [
        (0, 0, 0, 0.5, ("none is", "none has", "none has", "50%")),
        (1, 1, 1, 0.5, ("1 is", "1 has", "1 has", "50%")),
        (2, 3, 9, 0.4, ("2 are", "3 have", "9 have", "40%")),
    ],
)
def test_it_begins_with_what_is_in_one_corpus_tune(
    whole: int, nearly: int, mostly: int, bound: float, said: tuple[str, str, str, str]
) -> None:
    batch = summary(identical=whole, nearly_of_one=nearly, mostly_of_one=mostly, copy_share=bound)
    are, have, mostly_have, share = said
    assert text(batch).splitlines()[0] == (
        f"Of 10 transcriptions, {are} the same as a corpus tune; {have} at least 90% of the notes "
        f"in one corpus tune, and {mostly_have} at least {share}, in runs of 8 or more."
    )


def test_it_names_the_first_of_those_that_are_in_one_corpus_tune() -> None:
    others = (copy(place, 0.6) for place in range(10, 19))
    copies = (copy(7, is_whole=True), copy(3, 0.95, title=""), *others)
    batch = summary(identical=1, nearly_of_one=2, mostly_of_one=11, copies=copies)
    kesh = "The Kesh (session:105)"
    named = [f"number {place} (Mine) has 60% of its notes in {kesh}" for place in (10, 11, 12)]
    assert (
        text(batch)
        .splitlines()[0]
        .endswith(
            f" in runs of 8 or more. Number 7 (Mine) is {kesh}; number 3 has 95% of "
            f"its notes in {kesh}; "
            f"{'; '.join(named)}; and 6 more."
        )
    )


def test_of_one_transcription_it_says_what_it_is() -> None:
    def first(**changes: Any) -> str:
        return text(summary(transcriptions=1, **changes)).splitlines()[0]

    assert first() == (
        "It is not the same as any corpus tune, and no corpus tune has 50% of its notes in runs of "
        "8 or more."
    )
    assert first(identical=1, mostly_of_one=1, copies=(copy(1, is_whole=True),)) == (
        "It is the same as The Kesh (session:105)."
    )
    assert first(mostly_of_one=1, copies=(copy(1, 0.75),)) == (
        "75% of its notes are in The Kesh (session:105), in runs of 8 or more."
    )


def near_copies(of: int, found: int, only: int = 0) -> str:
    """What is said of near copies, after what they are; 1% may be named by mistake."""
    batch = summary(transcriptions=of, near_copies=found, near_copies_only=only, named_from=0.9,
                    false_alarms=0.01 * of)  # fmt: skip
    return text(batch).splitlines()[1]


def test_near_copies_are_told_beside_the_mistakes_to_expect() -> None:
    bound = "a near copy in the corpus, with a probability of 90% or more. "
    what = (
        "A near copy is the same melody, or a part of it, in another key, octave, rhythm or "
        "version. "
    )
    less = "less than 50% of the notes in one corpus tune note for note. "
    by_chance = "expected to be named all the same, by chance."
    assert near_copies(of=50, found=0) == (
        f"{what}None has {bound}If none of 50 tunes had a near copy, fewer than one is {by_chance}"
    )
    assert near_copies(of=100, found=1, only=1) == (
        f"{what}1 transcription has {bound}Of these, 1 has {less}If none of 100 tunes had a near "
        f"copy, up to 1 is {by_chance}"
    )
    assert near_copies(of=2_300, found=24) == (
        f"{what}24 transcriptions have {bound}Of these, none has {less}If none of 2,300 tunes had "
        f"a near copy, up to 23 are {by_chance}"
    )


def test_of_one_transcription_it_is_said_whether_it_has_a_near_copy() -> None:
    melody = "the same melody, or a part of it, in another key, octave, rhythm or version"
    assert near_copies(of=1, found=1) == (
        f"It has a near copy in the corpus, with a probability of 90% or more: {melody}."
    )
    assert near_copies(of=1, found=0) == (
        f"It has no near copy in the corpus: no tune has {melody}, with a probability of 90% or "
        "more."
    )


def test_of_a_verbatim_batch_nothing_is_said_of_near_copies() -> None:
    assert "near cop" not in text(summary()).lower()


@pytest.mark.parametrize(
    ("count", "total", "chance"),
    [
        (0, 10, "None of them has"),
        (1, 10, "1 (10%) of them has"),
        (3, 10, "3 (30%) of them have"),
        (10, 10, "All 10 have"),
        (2, 2, "Both have"),
        (1, 500, "1 (<1%) of them has"),
        (499, 500, "499 (>99%) of them have"),
        (0, 1, "It does not have"),
        (1, 1, "It has"),
    ],
)
def test_it_says_how_many_have_spans_beyond_chance(count: int, total: int, chance: str) -> None:
    words = text(summary(transcriptions=total, beyond_chance=count))
    assert f"{chance} a span beyond chance. Such a span is so long or so unusual" in words


def test_it_says_where_chance_could_give_spans_to_so_many() -> None:
    said = "In a batch of this size, chance alone would give as many such transcriptions."
    for count, total in ((1, 100), (24, 5999), (59, 5999)):
        assert said in text(summary(transcriptions=total, beyond_chance=count))
    for count, total in ((0, 100), (2, 100), (60, 5999), (1, 1)):
        assert said not in text(summary(transcriptions=total, beyond_chance=count))


def test_it_says_how_long_the_spans_are() -> None:
    spans = {
        "longest_notes": {"batch": measured(9.0, 34.0, 8.5)},
        "copied_8": {"batch": measured(0.41)},
        "copied_12": {"batch": measured(0.002)},
    }
    assert text(measuring(summary(), **spans)).splitlines()[3] == (
        "The longest span of a typical transcription (the median) has 8.5 notes, the longest of "
        "all 34 notes. Of a transcription's notes, on average, 41% are in spans of 8 notes or "
        "more, less than 1% in spans of 12 or more and none in spans of 16 or more."
    )
    spans["longest_notes"] = {"batch": measured(1.0, 1.0)}
    spans["copied_12"] = {"batch": measured(1.0)}
    assert text(measuring(summary(transcriptions=1), **spans)).splitlines()[3] == (
        "Its longest span has 1 note. Of its notes 41% are in spans of 8 notes or more, all in "
        "spans of 12 or more and none in spans of 16 or more."
    )


@pytest.mark.parametrize(("total", "whose"), [(1, "it"), (10, "them")])
def test_it_says_where_not_a_note_was_found(total: int, whose: str) -> None:
    words = text(summary(transcriptions=total))
    assert f"No note of {whose} is found in the corpus." in words
    assert "spans of" not in words


@pytest.mark.parametrize(
    ("bars", "found", "same", "said"),
    [
        (100, 40, 1, "Of their 100 bars, 40 (40%) are found in the corpus, 1 (1%) as the same bar "
                     "of the same part; 60 (60%) are not."),
        (1000, 999, 0, "Of their 1,000 bars, 999 (>99%) are found in the corpus, none as the same "
                       "bar of the same part; 1 (<1%) is not."),
        (500, 1, 1, "1 (<1%) is found in the corpus, 1 (<1%) as the same bar of the same part; "
                    "499 (>99%) are not."),
        (8, 8, 8, "All of their 8 bars are found in the corpus, all of them as the same bar of the "
                  "same part."),
        (8, 8, 2, "All of their 8 bars are found in the corpus, 2 (25%) of them as the same bar "),
        (8, 0, 0, "None of their 8 bars is found in the corpus."),
        (1, 0, 0, "The only bar is not found in the corpus."),
        (1, 1, 0, "The only bar is found in the corpus."),
    ],
)  # fmt: skip
def test_it_says_how_many_bars_stand_nowhere(bars: int, found: int, same: int, said: str) -> None:
    assert said in text(summary(bars=bars, bars_in_corpus=found, bars_same_position=same))


def test_it_says_nothing_of_bars_where_there_are_none() -> None:
    assert "bars" not in text(summary()).replace("bar lines", "")


@pytest.mark.parametrize(
    ("same", "nearly", "said"),
    [
        (0, 0, "No transcription is the same, or nearly the same, as an earlier one of the "
               "batch."),
        (1, 0, "In the batch, 1 transcription is the same as an earlier one."),
        (0, 2, "In the batch, 2 transcriptions are nearly the same as an earlier one."),
        (2, 1, "In the batch, 2 transcriptions are the same as an earlier one and 1 more is "
               "nearly the same as an earlier one."),
    ],
)  # fmt: skip
def test_it_says_how_many_repeat_one_another(same: int, nearly: int, said: str) -> None:
    assert said in text(summary(duplicates=same, near_duplicates=nearly))
    assert "earlier" not in text(summary(transcriptions=1))


def source(number: int, transcriptions: int, title: str = "The Kesh") -> SourceCount:
    return SourceCount(number, title, "session", number, None, transcriptions)


def test_it_names_the_corpus_tunes_that_are_shared_most() -> None:
    sources = (*(source(k, 9 - k) for k in range(1, 8)), source(9, 1))
    assert text(summary(sources=sources)).splitlines()[-1] == (
        "The corpus tunes that share spans beyond chance with most transcriptions: The Kesh "
        "(session:1) with 8, The Kesh (session:2) with 7, The Kesh (session:3) with 6, The Kesh "
        "(session:4) with 5 and The Kesh (session:5) with 4."
    )
    assert text(summary(sources=(source(1, 2, ""), source(2, 1)))).endswith(
        "The corpus tune that shares spans beyond chance with most transcriptions: (untitled) "
        "(session:1) with 2."
    )


def test_it_says_where_no_corpus_tune_is_shared_by_several() -> None:
    assert "No corpus tune shares spans beyond chance with more than one" in text(
        summary(sources=(source(1, 1), source(2, 1)))
    )
    assert "with most" not in text(summary())
    alone = text(summary(transcriptions=1, sources=(source(1, 1), source(2, 1))))
    assert "It shares spans beyond chance with The Kesh (session:1) and The Kesh (session:2). " \
        in alone  # fmt: skip


def test_it_says_what_was_set_aside() -> None:
    assert "set aside" not in text(summary())
    assert text(summary(set_aside=1, set_aside_by={"no key": 1})).endswith(
        "1 tune was set aside and not counted: no key (1)."
    )
    words = summary_in_words(
        summary(transcriptions=0, set_aside=17, set_aside_by={"no key": 12, "bad meter": 5}),
        index("session"),
    )
    assert words == [
        "No transcription of 'ours' could be read.",
        "17 tunes were set aside and not counted: no key (12) and bad meter (5).",
    ]


# Real tunes


def difference(mean: float, low: float | None, high: float | None) -> Difference:
    return Difference(mean, low, high, None, None, None)


def beside_real_tunes(**differences: Difference) -> str:
    """What is said of four measures that are 0.11 and 9 against 0.52 and 9.3 in real tunes."""
    batch = summary()
    for name in ("longest_notes", "copied_8", "copied_12", "copied_16"):
        is_share = name != "longest_notes"
        found = differences.get(name, difference(0.0, -0.01, 0.01))
        batch = measuring(
            batch,
            **{
                name: {
                    "batch": measured(0.11 if is_share else 9.0, 1.0 if is_share else 20.0),
                    "baseline": 0.52 if is_share else 9.3,
                    "to_baseline": found,
                }
            },
        )
    return next(line for line in text(batch).splitlines() if line.startswith("Real tunes share"))


def test_without_a_baseline_nothing_is_said_of_people() -> None:
    assert "eal tunes" not in text(summary())


def test_more_and_less_than_people_are_said_where_the_interval_excludes_nothing() -> None:
    words = beside_real_tunes(
        longest_notes=difference(0.3, 0.1, 0.5), copied_12=difference(-0.41, -0.4234, -0.401)
    )
    assert "the batch has more of this: longest span, in notes (9 against 9.3)." in words
    assert "the batch has less of this: notes in spans of 12 or more (11% against 52%)." in words
    assert words.endswith(
        "No difference from real tunes was shown in: notes in spans of 8 or more; notes in "
        "spans of 16 or more."
    )


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.2), (0.0, 0.2), (-0.2, 0.0), (0.0, 0.0)])
def test_neither_more_nor_less_is_said_where_the_interval_has_zero_in_it(
    low: float, high: float
) -> None:
    words = beside_real_tunes(copied_12=difference(0.1, low, high))
    assert "has more" not in words
    assert "has less" not in words
    assert "No difference from real tunes was shown in: " in words


def test_one_transcription_is_too_few_for_more_or_less() -> None:
    none = difference(0.1, None, None)
    words = beside_real_tunes(longest_notes=none, copied_8=none, copied_12=none, copied_16=none)
    assert "longest span, in notes (9 against 9.3); notes in spans of 8 or more (11% " in words
    assert words.endswith("There are too few transcriptions to tell a difference from chance.")
    assert "batch has" not in words


# Another batch

NO_DIFFERENCE = Difference(0.0, -0.01, 0.01, "Mann-Whitney U test", 1.0, 0.5)


def beside_other(**differences: Difference) -> str:
    everything = {
        m.name: {"to_other": differences.get(m.name, NO_DIFFERENCE), "batch": measured(0.5)}
        for m in MEASURES
    }
    theirs = measuring(
        summary(name="theirs", transcriptions=1), **{m.name: {"batch": measured(0.25)}
                                                     for m in MEASURES}
    )  # fmt: skip
    return text(measuring(summary(), **everything), theirs).splitlines()[-1]


def test_two_batches_differ_where_the_test_says_so() -> None:
    words = beside_other(
        copied_8=Difference(0.25, 0.2, 0.3, "Mann-Whitney U test", 0.0001, 0.7),
        creativity=Difference(-0.05, -0.09, -0.01, "Mann-Whitney U test", 0.0496, 0.39),
        originality=Difference(0.4, 0.2, 0.6, "Mann-Whitney U test", 0.05, 0.8),
    )
    assert words.startswith(
        "Compared with 'theirs' (1 transcription) by the Mann-Whitney U test: a difference counts "
        f"if p is below 0.05 after Holm's correction for {len(MEASURES)} measures."
    )
    assert "The batch has more of this: notes in spans of 8 or more (50% against 25%)." in words
    assert "The batch has less of this: Creativity Index (50% against 25%)." in words
    last = words.split("No difference was shown in: ")[1].split("; ")
    assert "originality" in last
    assert len(last) == len(MEASURES) - 2


def test_it_is_said_where_ranks_and_means_differ_in_opposite_ways() -> None:
    # A few copies of another tune move the mean of theirs; of most, ours have more.
    words = beside_other(copied_8=Difference(-0.02, -0.05, 0.01, "Mann-Whitney U test", 0.02, 0.62))
    assert "The batch has more of this: notes in spans of 8 or more (50% against 25%, but more " \
           "in 62% of pairs)." in words  # fmt: skip


def test_p_is_not_rounded_to_the_other_side_of_its_limit() -> None:
    assert [p_in_words(p) for p in (0.0001, 0.0123, 0.049996, 0.05, 1.0)] == [
        "p < 0.001", "p = 0.0123", "p = 0.049996", "p = 0.05", "p = 1",
    ]  # fmt: skip


def test_two_batches_that_do_not_differ() -> None:
    words = beside_other()
    assert words.endswith("No difference was shown in any measure.")
    assert "of this" not in words


def test_another_batch_with_nothing_in_it_is_named() -> None:
    words = text(summary(), summary(name="theirs", transcriptions=0))
    assert "No transcription of 'theirs' could be read, so there is nothing to compare." in words


# Names


def test_names_from_files_stand_on_one_line_as_they_are() -> None:
    hostile = "<b>ours</b>\n\u202e"
    batch = summary(
        name=hostile,
        sources=(source(1, 2, hostile),),
        set_aside=1,
        set_aside_by={hostile: 1},
        copies=(copy(1, title=hostile),),
        mostly_of_one=1,
    )
    for paragraph in summary_in_words(batch, index(hostile), summary(name=hostile)):
        assert paragraph.isprintable()
    assert "<b>ours</b>" in summary_in_words(batch, index("session"))[1]


def test_no_paragraph_speaks_of_copies() -> None:
    words = text(summary(identical=10, beyond_chance=10, sources=(source(1, 10),)), summary())
    assert not re.search(r"cop(y|ie)", words)
