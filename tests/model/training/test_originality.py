"""How original samples are: the numbers by hand, and against the report's summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunetrace import Index, InputError, measure_baseline, open_index, originality
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.compare.summary import BatchTally
from tunetrace.corpus.readers import read
from tunetrace.tokenizer.folkrnn import to_folkrnn

KEY = "M:4/4\nK:Cmaj\n"
LONG = "C D E F G A B c | c B A G F E D C |"
"""Sixteen notes in two bars of 4/4."""
OTHER = "e d e d e d e d | g e g e g e g e |"


def test_what_samples_copy_is_the_mean_over_them(make_index):
    index = make_index(KEY + LONG)
    samples = [
        KEY + LONG,  # all of it
        KEY + "C D E F G A B c | b b b b b b b b |",  # 8 of 16 notes
        KEY + "b b b b b b b b |",  # 1 note alone stands there: B does, b does not
        KEY + "b b b b a a a a |",
    ]
    found = originality(samples, index)
    assert (found.transcriptions, found.set_aside, found.people) == (4, 0, None)
    assert found.copying.copied_8 == pytest.approx((1 + 0.5) / 4)
    assert found.copying.copied_12 == pytest.approx(1 / 4)
    assert found.copying.copied_16 == pytest.approx(1 / 4)
    assert found.copying.longest_notes == pytest.approx((16 + 8) / 4)
    assert found.verbatim == pytest.approx(1 / 4)
    assert found.duplicates == 0


def test_repeats_ends_and_bars_are_counted(make_index):
    index = make_index(KEY + LONG)
    samples = [
        KEY + OTHER,
        KEY + OTHER,  # a repeat
        KEY + "C C | D D D |",  # too short
        "K:Cmaj\n" + OTHER,  # no meter, so that nothing adds up; and a repeat too
        "M:4/4\nK:Cmaj\n",  # no music
        "what is this",
    ]
    found = originality(samples, index, ended=3)
    assert (found.transcriptions, found.set_aside) == (4, 2)
    assert found.duplicates == pytest.approx(2 / 4)
    assert found.adding_up == pytest.approx(2 / 6)
    assert found.ended == pytest.approx(3 / 6)
    assert originality(samples, index).ended is None


def test_nothing_that_can_be_read_copies_nothing(make_index):
    found = originality(["", "?", "\0" * 99, "|: :|| <s> " * 3], make_index(KEY + LONG), ended=0)
    assert found.transcriptions + found.set_aside == 4
    assert (found.copying.copied_8, found.beyond_chance, found.ended) == (0, 0, 0)


def test_no_sample_and_more_ends_than_samples_are_one_sentence(make_index):
    index = make_index(KEY + LONG)
    for samples, ended in (([], None), ([KEY + LONG], 2), ([KEY + LONG], -1)):
        with pytest.raises(InputError, match="give at least one sample"):
            originality(samples, index, ended=ended)


def test_the_numbers_are_those_of_a_report(v2_index: Index, shared: Path, tmp_path: Path):
    import shutil

    shutil.copy(v2_index.path, tmp_path / "v2.db")
    measure_baseline(tmp_path / "v2.db")
    tunes = list(read(shared / "generated_6k.txt"))[:60]
    with open_index(tmp_path / "v2.db") as index:
        tally = BatchTally("samples")
        for answer in check_transcriptions(tunes, index):
            tally.add(answer)
        summary = tally.summary(index.baseline)
        found = originality([to_folkrnn(tune.tokens) for tune in tunes], index)
    assert found.transcriptions == summary.transcriptions == 60
    assert found.people is not None
    for measure in summary.measures:
        if measure.name in ("copied_8", "copied_12", "copied_16", "longest_notes"):
            assert getattr(found.copying, measure.name) == pytest.approx(measure.batch.mean)
            assert getattr(found.people, measure.name) == pytest.approx(measure.baseline)
    assert found.beyond_chance == pytest.approx(summary.beyond_chance / 60)
    assert found.verbatim == pytest.approx(summary.identical / 60)
    assert found.duplicates == pytest.approx((summary.duplicates + summary.near_duplicates) / 60)
