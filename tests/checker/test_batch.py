"""A batch checked at once: as brute force says, and as each transcription is checked alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import brute
from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import GENERATED, V2_SAMPLE
from tests.indexer.test_figures import VOCABULARY, search
from tests.strategies import bodies, corpora, heaps
from tunetrace import BatchTune, Index, InputError, Rejected, build_index, check_batch, open_index
from tunetrace.checker.batch import check_transcriptions
from tunetrace.checker.batch_corpus import SymbolOrder
from tunetrace.checker.batch_measures import SliceMeasures, measure_slice
from tunetrace.checker.batch_spans import SpanArrays, find_spans
from tunetrace.checker.batch_stream import BatchStream, join_layouts
from tunetrace.checker.check import check_tune
from tunetrace.corpus.readers import read_source, read_tunes
from tunetrace.indexer.joint import JointArrays
from tunetrace.tokenizer.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription

MakeIndex = Callable[..., Index]
Tunes = list[list[str]]

batches = st.lists(st.one_of(bodies, heaps), min_size=1, max_size=4)
HEADER = "M:4/4\nK:Cmaj\n"


def matched(
    tunes: Tunes, batch: Tunes, in_segment: int
) -> tuple[BatchStream, SpanArrays, list[int]]:
    """A batch laid out, its spans in a corpus of segments of so many tunes, its longest matches."""
    order = SymbolOrder(VOCABULARY)
    segments = search(tunes, in_segment).segments
    corpus = np.concatenate([order.places[segment.symbols] for segment in segments])
    stream = join_layouts(map(lay_out, batch), VOCABULARY)
    joint = JointArrays(np.concatenate([corpus, order.places[stream.symbols]]))
    is_batch = (np.arange(len(joint.symbols)) >= len(corpus)).astype(np.int32)
    matches = joint.matches(is_batch, slice(len(corpus), None))
    spans = find_spans(stream, matches, joint.symbols, order.going_on)
    return stream, spans, matches.longest.tolist()


@given(corpora, batches, st.integers(1, 3))
def test_longest_matches_and_spans_of_a_batch_are_those_of_brute_force(
    tunes: Tunes, batch: Tunes, in_segment: int
) -> None:
    stream, spans, longest = matched(tunes, batch, in_segment)
    bounds = list(zip(spans.first_tokens.tolist(), spans.stop_tokens.tolist(), strict=True))
    for k, checked in enumerate(batch):
        start = int(stream.starts[k])
        stop = start + len(checked)
        assert longest[start:stop] == brute.longest_matches(tunes, checked)
        notes = slice(stream.first_notes[k], stream.first_notes[k + 1])
        of_tune = list(
            zip(
                (stream.note_begins[notes] - start).tolist(),
                (stream.note_ends[notes] - start).tolist(),
                strict=True,
            )
        )
        found = [(a - start, b - start) for a, b in bounds if start <= a < stop]
        assert sorted(found) == brute.spans(tunes, checked, of_tune)


@given(corpora, batches)
def test_the_measures_of_a_batch_are_what_their_definitions_say(tunes: Tunes, batch: Tunes) -> None:
    stream, spans, longest = matched(tunes, batch, 2)
    nowhere = np.zeros(len(stream.bar_texts), dtype=bool)
    measured = measure_slice(stream, spans, np.array(longest, dtype=np.int32), (nowhere, nowhere))
    for k in range(len(batch)):
        first, stop = int(stream.first_notes[k]), int(stream.first_notes[k + 1])
        inside = [
            range(a - first, b - first)
            for a, b in zip(spans.first_notes.tolist(), spans.stop_notes.tolist(), strict=True)
            if first <= a < stop
        ]
        notes = stop - first
        for length in (1, 2, 3, 5, 8):
            covered = {note for span in inside if len(span) >= length for note in span}
            unique = 1 - len(covered) / notes if notes else 1
            assert measured.uniqueness[k, length - 1] == pytest.approx(unique)
        assert measured.longest_notes[k] == max(map(len, inside), default=0)
        assert measured.originality[k] == pytest.approx(slow_originality(inside, notes, 16))


def slow_originality(spans: list[range], notes: int, window: int) -> float:
    """The mean over all windows of one less the longest stretch of a span in it, as a share."""
    if not notes:
        return 1.0
    width = min(window, notes)
    shares = []
    for start in range(notes - width + 1):
        inside = [len(set(span) & set(range(start, start + width))) for span in spans]
        shares.append(1 - max(inside, default=0) / width)
    return sum(shares) / len(shares)


def test_originality_by_hand() -> None:
    """Twenty notes of which 0–11 stand in the corpus: the five windows of 16 have 12 to 8 of it."""
    stream = join_layouts([lay_out(["C", "D"] * 10)], VOCABULARY)
    columns = (np.array([column], dtype=np.int32) for column in (0, 12, 0, 12))
    measured: SliceMeasures = measure_slice(
        stream,
        SpanArrays(*columns),
        np.zeros(21, dtype=np.int32),
        (np.zeros(1, dtype=bool), np.zeros(1, dtype=bool)),
    )
    assert measured.originality.tolist() == pytest.approx([1 - (12 + 11 + 10 + 9 + 8) / 5 / 16])
    # Within 12 notes, but not within 13, the first 12 of 20 are copied: 8 of 8 lengths from 5 on.
    assert measured.creativity.tolist() == pytest.approx([8 / 20])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(bodies, min_size=1, max_size=4), batches, st.integers(1, 40))
def test_a_batch_says_of_each_what_a_check_of_it_alone_says(
    tmp_path: Path, tunes: Tunes, batch: Tunes, slice_tokens: int
) -> None:
    source = tmp_path / "corpus.txt"
    source.write_text("\n\n".join(HEADER + " ".join(tune) for tune in tunes), encoding="utf-8")
    build_index([source], tmp_path / "index.db", force=True)
    text = "\n\n".join(HEADER + " ".join(tune) for tune in batch)
    with open_index(tmp_path / "index.db") as index:
        read = [t for t in read_tunes(text, "batch", "folkrnn") if isinstance(t, Transcription)]
        together = list(check_transcriptions(read, index, slice_tokens=slice_tokens))
        assert [t.place for t in together if isinstance(t, BatchTune)] == [*range(1, len(read) + 1)]
        for tune, answer in zip(read, together, strict=True):
            assert isinstance(answer, BatchTune)
            same(answer, tune, index)


def same(answer: BatchTune, tune: Transcription, index: Index) -> None:
    """What a batch check says of a transcription is what the check of it alone does."""
    alone = check_tune(tune, index)
    spans = {(span.first_token, span.stop_token): span for span in alone.spans}
    for span in answer.spans:
        other = spans[span.first_token, span.stop_token]
        assert (span.notes, span.tunes, span.hits) == (other.notes, other.tunes, other.hits)
        assert (span.part, span.bar) == (other.part, other.bar)
        assert span.expected == pytest.approx(other.expected)
    told = {(span.first_token, span.stop_token) for span in answer.spans}
    assert all(place in told for place, span in spans.items() if span.notes >= 8)
    longest = alone.longest_span.notes if alone.longest_span else 0
    assert (answer.notes, answer.longest_notes) == (alone.notes, longest)
    assert answer.copied_share == pytest.approx(alone.copied_share)
    assert answer.novelty == pytest.approx([point.absent for point in alone.novelty])
    assert answer.bars == len(alone.bars)
    assert answer.bars_in_corpus == sum(bar.tunes > 0 for bar in alone.bars)
    assert answer.bars_same_position == sum(bar.same_position > 0 for bar in alone.bars)
    assert answer.identical_to == alone.identical_to
    assert answer.standing == alone.standing


def test_real_transcriptions_are_checked_as_each_alone(v2_index: Index, shared: Path) -> None:
    generated = list(islice(read_source(shared / GENERATED), 60))
    real = list(islice(read_source(shared / V2_SAMPLE), 20))
    read = [t for t in (*generated, *real) if isinstance(t, Transcription)]
    for tune, answer in zip(read, check_transcriptions(read, v2_index), strict=True):
        assert isinstance(answer, BatchTune)
        same(answer, tune, v2_index)
    assert isinstance(answer, BatchTune)
    assert answer.identical_to  # the last one is in the corpus


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(bodies, min_size=2, max_size=4), bodies)
def test_sources_have_the_spans_and_are_ranked_by_what_these_say(
    tmp_path: Path, tunes: Tunes, checked: list[str]
) -> None:
    source = tmp_path / "corpus.txt"
    source.write_text("\n\n".join(HEADER + " ".join(tune) for tune in tunes), encoding="utf-8")
    build_index([source], tmp_path / "index.db", force=True)
    with open_index(tmp_path / "index.db") as index:
        (tune,) = read_tunes(HEADER + " ".join(checked), "batch", "folkrnn")
        (answer,) = check_transcriptions([tune], index)
        assert isinstance(answer, BatchTune)
    expected = {}
    for number, corpus_tune in enumerate(tunes, 1):
        notes: set[int] = set()
        bits = 0.0
        for span in answer.spans:  # in order, so that what is new lies at the end
            figure = checked[span.first_token - 2 : span.stop_token - 2]  # the header aside
            if (span.expected < 1 or span.notes >= 8) and brute.figure_hits([corpus_tune], figure):
                new = set(range(span.first_note, span.stop_note)) - notes
                bits += max(0.0, -math.log2(span.expected)) * len(new) / span.notes
                notes |= new
        if notes:
            expected[number] = (len(notes), pytest.approx(bits))
    found = {source.tune: (source.notes_shared, source.bits) for source in answer.sources}
    assert found == expected
    said = [source.bits for source in answer.sources]
    assert said == sorted(said, reverse=True)


def test_a_figure_that_many_tunes_have_is_no_source_beside_a_rare_one(
    make_index: MakeIndex,
) -> None:
    """Twelve notes that every tune begins with say less than nine that one tune alone has."""
    common = "C D E F | G A B c | d e f g |"
    rare = "^G, _B ^c' =f _e ^d _A ^f =b |"
    corpus = [f"{HEADER}{common} D D F F | A A {letter} {letter} |" for letter in "CDEFGABcdefgab"]
    index = make_index(*corpus, f"{HEADER}e e c c | {rare} g g f f |")
    (tune,) = read_tunes(f"{HEADER}{common} b b b b | {rare}", "batch", "folkrnn")
    (answer,) = check_transcriptions([tune], index)
    assert isinstance(answer, BatchTune)
    assert answer.sources[0].tune == 15
    assert answer.sources[0].longest_span_notes < answer.longest_notes
    assert isinstance(tune, Transcription)
    assert check_tune(tune, index).sources[0].tune == 15


def test_a_batch_is_read_a_slice_at_a_time(make_index: MakeIndex) -> None:
    """The answers of the first slices come before the last tunes are asked for."""
    index = make_index(f"{HEADER}C D E F | G A B c |")
    (tune,) = read_tunes(f"{HEADER}C D E F |", "batch", "folkrnn")
    asked = 0

    def endless() -> Iterator[Transcription | Rejected]:
        nonlocal asked
        while True:
            asked += 1
            yield tune

    answers = list(islice(check_transcriptions(endless(), index, slice_tokens=70), 25))
    assert len(answers) == 25
    assert asked <= 50  # slices of ten tunes


def test_those_set_aside_keep_their_place_in_a_batch(tmp_path: Path) -> None:
    batch = tmp_path / "batch.abc"
    batch.write_text(f"{KESH}\nX:2\nT:Broken\nK:C\n[CEG\n\n{MORRISONS}", encoding="utf-8")
    with open_index(index_of(tmp_path, KESH)) as index:
        first, broken, last = check_batch([batch], index)
    assert isinstance(first, BatchTune)
    assert isinstance(last, BatchTune)
    assert isinstance(broken, Rejected)
    assert (first.place, last.place) == (1, 3)
    assert (first.transcription.title, last.transcription.title) == ("The Kesh", "Morrison's")
    assert [name.title for name in first.identical_to] == ["The Kesh"]
    assert first.copied_share[8] == 1
    assert last.identical_to == ()
    assert broken.title == "Broken"


def test_a_batch_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        open_index(index_of(tmp_path, KESH)) as index,
        pytest.raises(InputError, match="no such file"),
    ):
        list(check_batch([tmp_path / "absent.txt"], index))


def test_repeats_in_a_batch_are_told_by_the_place_of_the_first(make_index: MakeIndex) -> None:
    index = make_index(f"{HEADER}G G G G |")
    tune = "C D E F | G A B c | d e f g | a b c' b | a g f e | d c B A | G F E D | E C F D | G 8 |"
    tune = f"{tune} | A, C E G | ^F A d f | {tune}"
    batch = [tune, "C 8 |", tune, tune.replace("^F A", "^F G"), "T:other\n" + HEADER + "C 8 |"]
    text = "\n\n".join(one if one.startswith("T:") else HEADER + one for one in batch)
    answers = list(check_transcriptions(read_tunes(text, "batch", "folkrnn"), index))
    repeats = [(t.duplicate_of, t.near_duplicate_of) for t in answers if isinstance(t, BatchTune)]
    assert repeats == [(None, None), (None, None), (1, None), (None, 1), (2, None)]


def test_a_copy_with_a_header_inside_is_a_copy_though_no_span_passes_it(
    make_index: MakeIndex,
) -> None:
    text = HEADER + "C D E F | M:6/8 G A B c d e |"
    (tune,) = read_tunes(text, "batch", "folkrnn")
    (answer,) = check_transcriptions([tune], make_index(text))
    assert isinstance(answer, BatchTune)
    assert (answer.notes, answer.longest_notes) == (10, 6)
    assert [name.tune for name in answer.identical_to] == [1]


def test_no_figure_passes_a_header_that_the_index_lacks(make_index: MakeIndex) -> None:
    """Of the figures of four tokens there is one before the header and one after it, both known."""
    index = make_index(HEADER + "C D E F | G A B c |")
    (tune,) = read_tunes(HEADER + "C D E F M:7/8 G A B c", "batch", "folkrnn")
    assert isinstance(tune, Transcription)
    (answer,) = check_transcriptions([tune], index)
    assert isinstance(answer, BatchTune)
    assert answer.novelty == (0, 0, 0, 0)
    same(answer, tune, index)
