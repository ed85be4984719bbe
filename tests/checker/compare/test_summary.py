"""What a batch is summed up to: counts by hand, numpy for quantiles, properties of bins."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checker.batches import checked, name, near, same, source, span, transcription
from tunetrace.checker.compare.records import BatchSummary, MeasureSummary
from tunetrace.checker.compare.summary import COPIES, BatchTally, distribution
from tunetrace.checker.measures import MEASURES, SIMILARITY
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.store.arrays.baseline import BaselineTunes


def tally(*records: CheckedTune | Rejected, called: str = "ours") -> BatchTally:
    batch = BatchTally(called, [f"{called}.txt"])
    for record in records:
        batch.add(record)
    return batch


def measure(summary: BatchSummary, of: str) -> MeasureSummary:
    return next(measure for measure in summary.measures if measure.name == of)


def numbers_in(record: Any) -> list[float]:
    """Every number that a record holds, however deep."""
    if is_dataclass(record):
        return [n for f in fields(record) for n in numbers_in(getattr(record, f.name))]
    if isinstance(record, dict):
        return [n for value in record.values() for n in numbers_in(value)]
    if isinstance(record, tuple):
        return [n for value in record for n in numbers_in(value)]
    return [record] if isinstance(record, int | float) else []


def rejected(kind: str) -> Rejected:
    return Rejected("ours.txt", 1, None, "it has no K: field", kind)


def test_what_is_true_of_a_transcription_is_counted_once_a_transcription() -> None:
    summary = tally(
        checked(20, identical_to=(same(1), same(2)), spans=(span(), span()), notes=30),
        checked(12, duplicate_of=1, spans=(span(expected=0.01 / 8),), notes=20),
        checked(7, near_duplicate_of=1, notes=10),
        checked(near_duplicate_of=1, duplicate_of=2, notes=0),
    ).summary()
    assert (summary.name, summary.inputs) == ("ours", ("ours.txt",))
    assert (summary.transcriptions, summary.notes) == (4, 60)
    assert summary.identical == 1
    assert summary.duplicates == 2
    assert summary.near_duplicates == 1  # what is the same is not nearly the same as well
    assert summary.beyond_chance == 1  # 0.01 by chance, of eight notes, is not below it
    assert summary.with_span == {8: 2, 12: 2, 16: 1, 24: 0, 32: 0}
    assert (summary.bars, summary.bars_in_corpus, summary.bars_same_position) == (8, 4, 0)


def test_what_is_in_one_corpus_tune_is_counted_and_listed_the_most_copied_first() -> None:
    records = [
        checked(place=1, most_from=name(1), most_share=0.49),
        checked(place=2, most_from=name(2), most_share=0.5),
        checked(place=3, most_from=name(3), most_share=0.9),
        checked(place=4, identical_to=(same(4), same(5)), most_from=name(5), most_share=0.2),
        checked(place=5, most_from=name(2), most_share=0.5),
        checked(place=6),
    ]
    summary = tally(*records).summary()
    assert (summary.identical, summary.nearly_of_one, summary.mostly_of_one) == (1, 2, 4)
    found = [(copy.place, copy.tune.tune, copy.share, copy.is_whole) for copy in summary.copies]
    assert found == [(4, 4, 1.0, True), (3, 3, 0.9, False), (2, 2, 0.5, False), (5, 2, 0.5, False)]


@pytest.mark.parametrize(("bound", "count"), [(0.0, 2), (0.2, 2), (0.21, 1), (1.0, 0)])
def test_which_share_counts_can_be_set_and_nothing_is_no_share(bound: float, count: int) -> None:
    batch = BatchTally("ours", copy_share=bound)
    for share in (0.2, 0.5):
        batch.add(checked(most_from=name(1), most_share=share))
    batch.add(checked())
    summary = batch.summary()
    assert (summary.copy_share, summary.mostly_of_one, len(summary.copies)) == (bound, count, count)


def test_the_list_of_copies_ends_after_the_first() -> None:
    """Those copied most are kept, whenever they come."""
    shares = [0.5 + k / 100 for k in range(COPIES + 5)]
    records = [checked(place=k, most_from=name(1), most_share=s) for k, s in enumerate(shares, 1)]
    summary = tally(*records).summary()
    assert summary.mostly_of_one == COPIES + 5
    assert [copy.place for copy in summary.copies] == [*range(COPIES + 5, 5, -1)]


def test_those_set_aside_are_counted_by_kind_the_commonest_first() -> None:
    summary = tally(
        rejected("no key"), checked(), rejected("bad meter"), rejected("no key")
    ).summary()
    assert (summary.transcriptions, summary.set_aside) == (1, 3)
    assert list(summary.set_aside_by.items()) == [("no key", 2), ("bad meter", 1)]


def test_every_measure_is_there_in_its_order_with_its_value() -> None:
    tune = checked(9, 0.25, creativity=0.5, originality=0.75, bar_count=8, bars_same_position=2)
    summary = tally(tune, checked()).summary()
    assert [m.name for m in summary.measures] == [m.name for m in MEASURES]
    means = {m.name: m.batch.mean for m in summary.measures}
    assert means == {
        "longest_notes": 4.5, "copied_8": 0.125, "copied_12": 0.125, "copied_16": 0.0,
        "copied_24": 0.0, "copied_32": 0.0, "creativity": 0.75, "originality": 0.875,
        "bars_in_corpus": 0.3125, "bars_same_position": 0.125,
    }  # fmt: skip


def near_tally(*records: CheckedTune) -> BatchTally:
    """A batch of which near copies were sought among 3,000 tunes, from a probability of 0.9 on."""
    batch = BatchTally("ours", named_from=0.9)
    for record in records:
        batch.add(record)
    return batch


def test_near_copies_are_counted_beside_the_mistakes_to_expect() -> None:
    copies = (near(1), near(2))
    summary = near_tally(
        checked(similarity=0.97, near_copies=copies),
        checked(similarity=0.95, near_copies=copies[:1], most_from=name(1), most_share=0.49),
        checked(similarity=0.95, near_copies=copies[:1], most_from=name(1), most_share=0.5),
        checked(similarity=0.99, near_copies=copies[:1], identical_to=(same(1),)),
        checked(similarity=0.5, near_copies=()),
    ).summary()
    assert (summary.near_copies, summary.near_copies_only) == (4, 2)
    assert summary.named_from == 0.9
    assert summary.false_alarms == pytest.approx(0.05)  # 1% of five tunes
    similarity = measure(summary, "similarity")
    assert [m.name for m in summary.measures] == [m.name for m in (*MEASURES, SIMILARITY)]
    assert similarity.batch.mean == pytest.approx((0.97 + 0.95 + 0.95 + 0.99 + 0.5) / 5)
    assert (similarity.batch.least, similarity.batch.most) == (0.5, 0.99)


def test_a_verbatim_batch_has_nothing_on_near_copies() -> None:
    summary = tally(checked(), checked()).summary()
    assert summary.near_copies is summary.near_copies_only is None
    assert summary.named_from is summary.false_alarms is None
    assert "similarity" not in [m.name for m in summary.measures]


def test_similarity_is_compared_with_real_tunes_where_theirs_was_measured() -> None:
    """Two tunes of the same meter and length have 0.2 and 0.4 as the most similar one: 0.3."""
    batch = near_tally(*(checked(similarity=0.8, near_copies=(), notes=8) for _ in range(3)))
    columns = {m.name: np.full(2, 0.5, dtype=np.float32) for m in MEASURES}
    notes = np.array([8, 8], dtype=np.int32)
    without = batch.summary(BaselineTunes(["6/8", "6/8"], notes, columns))
    assert measure(without, "similarity").baseline is None
    assert measure(without, "similarity").to_baseline is None
    assert measure(without, "copied_8").baseline == 0.5
    similar = {**columns, "similarity": np.array([0.2, 0.4], dtype=np.float32)}
    found = measure(batch.summary(BaselineTunes(["6/8", "6/8"], notes, similar)), "similarity")
    assert found.baseline == pytest.approx(0.3)
    assert found.to_baseline is not None
    assert found.to_baseline.mean == pytest.approx(0.5)


def test_similarity_is_compared_with_that_of_another_batch() -> None:
    """Each of the one has more than each of the other: in all pairs."""
    one = near_tally(*(checked(similarity=0.5 + k / 100, near_copies=()) for k in range(9)))
    other = near_tally(*(checked(similarity=k / 100, near_copies=()) for k in range(9)))
    found = measure(one.summary(other=other), "similarity").to_other
    assert found is not None
    assert (found.mean, found.superiority, found.verdict) == (0.5, 1.0, "more")


def test_a_curves_mean_is_over_those_that_reach_so_far() -> None:
    summary = tally(
        checked(novelty=(0.0, 0.5), uniqueness=(0.0, 1.0)),
        checked(novelty=(0.5, 1.0, 0.25), uniqueness=(0.5, 1.0)),
        checked(novelty=(), uniqueness=(1.0, 1.0)),
    ).summary()
    assert summary.novelty == (0.25, 0.75, 0.25)
    assert summary.uniqueness == (0.5, 1.0)


def test_sources_are_those_whose_spans_are_beyond_chance_most_transcriptions_first() -> None:
    one_in_a_hundred = 9.643856189774724  # bits: -log2(0.01 / 8), in eight notes
    summary = tally(
        checked(sources=(source(5, 20, "A"), source(7, 10, "B"), source(9, 9.6))),
        checked(sources=(source(7, 30, "B"), source(3, 10, "C"), source(9, one_in_a_hundred))),
    ).summary()
    assert [(s.tune, s.title, s.number, s.transcriptions) for s in summary.sources] == [
        (7, "B", 107, 2), (3, "C", 103, 1), (5, "A", 105, 1),
    ]  # fmt: skip


def test_no_more_than_twenty_sources_are_named() -> None:
    summary = tally(checked(sources=tuple(source(k, 50) for k in range(25)))).summary()
    assert [s.tune for s in summary.sources] == list(range(20))


# Distributions


@given(st.lists(st.integers(0, 300), min_size=1), st.booleans())
def test_a_distribution_is_what_numpy_says(numbers: list[int], is_share: bool) -> None:
    values = np.array(numbers) / (300 if is_share else 1)
    found = distribution(values, is_share)
    assert found.count == len(numbers) == sum(found.histogram)
    assert found.mean == pytest.approx(values.mean())
    assert found.median == pytest.approx(np.percentile(values, 50))
    assert found.deciles == pytest.approx(np.percentile(values, range(10, 100, 10)))
    assert (found.least, found.most) == (values.min(), values.max())


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_lies_in_the_bin_that_its_fraction_is_in(share: tuple[int, int]) -> None:
    part, of = share
    found = distribution(np.array([part / of]), True)
    assert (found.low, found.high, len(found.histogram)) == (0.0, 1.0, 20)
    assert found.histogram.index(1) == min(20 * part // of, 19)


@pytest.mark.parametrize(
    ("notes", "place"), [(0, 0), (1, 0), (2, 1), (62, 31), (64, 31), (300, 31)]
)
def test_notes_are_counted_in_bins_of_two_and_long_spans_in_the_last(
    notes: int, place: int
) -> None:
    found = distribution(np.array([float(notes)]), False)
    assert (found.low, found.high, len(found.histogram)) == (0.0, 64.0, 32)
    assert found.histogram.index(1) == place


# Batches with little in them

BASELINE = BaselineTunes(
    ["6/8", "4/4"],
    np.array([8, 100], dtype=np.int32),
    {measure.name: np.array([0.5, 0.5], dtype=np.float32) for measure in MEASURES},
)


@pytest.mark.parametrize(
    "batch",
    [
        [],
        [rejected("no key")],
        [checked()],
        [checked(9, 1.0)] * 3,
        [checked(0, notes=0, bars=0, bars_in_corpus=0, novelty=())],
    ],
    ids=["nothing", "unreadable", "one", "equal", "empty"],
)
def test_a_batch_with_little_in_it_is_summed_up_without_a_number_that_is_none(
    batch: list[CheckedTune | Rejected],
) -> None:
    for other in ([], [checked()], [checked()] * 2, [checked(3), checked(4)]):
        summary = tally(*batch).summary(BASELINE, tally(*other))
        assert all(map(isfinite, numbers_in(summary)))
        has_rows = summary.transcriptions > 0
        assert all((m.to_baseline is not None) == has_rows for m in summary.measures)
        assert all((m.to_other is not None) == (has_rows and bool(other)) for m in summary.measures)


def test_without_a_baseline_and_another_batch_there_is_no_comparison() -> None:
    for measure_ in tally(checked()).summary().measures:
        assert measure_.baseline is measure_.to_baseline is measure_.to_other is None


def test_a_batch_goes_on_growing_after_it_was_summed_up() -> None:
    batch = tally(checked(4))
    before = batch.summary()
    batch.add(checked(8))
    assert before.transcriptions == 1
    assert measure(batch.summary(), "longest_notes").batch.mean == 6.0


def test_a_batch_is_compared_with_the_baseline_by_its_meters_and_lengths() -> None:
    columns = {m.name: np.repeat(np.float32([0.25, 0.75]), 40) for m in MEASURES}
    baseline = BaselineTunes(["6/8"] * 40 + ["4/4"] * 40, np.full(80, 8, np.int32), columns)
    tunes = [checked(copied=0.5), checked(copied=0.5), checked(copied=0.5, meter="4/4")]
    compared = measure(tally(*tunes).summary(baseline), "copied_8")
    assert compared.baseline == pytest.approx((0.25 + 0.25 + 0.75) / 3)
    assert compared.to_baseline is not None
    assert compared.to_baseline.mean == pytest.approx(0.5 - (0.25 + 0.25 + 0.75) / 3)


def test_a_transcription_without_a_meter_is_summed_up_like_any_other() -> None:
    tune = checked(transcription=transcription(meter=None))
    assert tally(tune).summary(BASELINE).transcriptions == 1
