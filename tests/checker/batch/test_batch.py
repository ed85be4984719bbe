"""A batch checked at once: as brute force says, and as each transcription is checked alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import tunetrace.checker.check
from tests import brute
from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import GENERATED, V2_SAMPLE
from tests.indexer.search.test_figures import VOCABULARY, search
from tests.strategies import bodies, corpora, heaps
from tunetrace import CheckedTune, Index, InputError, Rejected, build_index, check_batch, open_index
from tunetrace.arguments import Reading
from tunetrace.checker.batch.joint import JointLongest, ends_of
from tunetrace.checker.batch.sources import _greedy_cover
from tunetrace.checker.batch.spans import SliceMeasures, SpanArrays, find_spans, measure_slice
from tunetrace.checker.batch.stream import BatchStream, join_layouts
from tunetrace.checker.check import check_transcriptions
from tunetrace.corpus.readers import read, read_tunes
from tunetrace.indexer.search.joint import LongestSearch
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription

MakeIndex = Callable[..., Index]
Tunes = list[list[str]]

batches = st.lists(st.one_of(bodies, heaps), min_size=1, max_size=4)
HEADER = "M:4/4\nK:Cmaj\n"


def matched(
    tunes: Tunes, batch: Tunes, in_segment: int
) -> tuple[BatchStream, SpanArrays, list[int]]:
    """A batch laid out, its spans in a corpus of segments of so many tunes, its longest matches."""
    figures = search(tunes, in_segment)
    stream = join_layouts(map(lay_out, batch), VOCABULARY)
    asked = LongestSearch(stream.text, ends_of(stream, figures.goes_on))
    matches = JointLongest(asked.among(figures.segments))
    return stream, find_spans(stream, matches), matches.longest.tolist()


@given(corpora, batches, st.integers(1, 3))
@pytest.mark.slow
def test_longest_matches_and_spans_of_a_batch_are_those_of_brute_force(
    tunes: Tunes, batch: Tunes, in_segment: int
) -> None:
    stream, spans, longest = matched(tunes, batch, in_segment)
    bounds = list(zip(spans.first_symbols.tolist(), spans.stop_symbols.tolist(), strict=True))
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
    nowhere = np.zeros(len(stream.bar_keys), dtype=bool)
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


HEADER_TOKENS = 2


def whole_index(folder: Path, tunes: Tunes) -> Path:
    source = folder / "corpus.txt"
    source.write_text("\n\n".join(HEADER + " ".join(tune) for tune in tunes), encoding="utf-8")
    build_index([source], folder / "index.db", force=True)
    return folder / "index.db"


def searched(tunes: Iterable[Transcription | Rejected], index: Index, **options: Any) -> list[Any]:
    """The answers where the index is searched for each transcription."""
    return list(check_transcriptions(tunes, index, slice_tokens=1, **options))


def sorted_together(
    tunes: Iterable[Transcription | Rejected], index: Index, **options: Any
) -> list[Any]:
    """The answers where the transcriptions are sorted together with the corpus."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tunetrace.checker.check, "FEW", 0)
        return list(check_transcriptions(tunes, index, is_prompt=False, **options))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(bodies, min_size=1, max_size=4), batches, st.integers(1, 40), st.booleans())
def test_both_matchers_give_the_same_answers(
    tmp_path: Path, tunes: Tunes, batch: Tunes, slice_tokens: int, excludes: bool
) -> None:
    text = "\n\n".join(HEADER + " ".join(tune) for tune in batch)
    with open_index(whole_index(tmp_path, tunes)) as index:
        admitted = ~index.mask([1]) if excludes else None
        read = [
            t for t in read_tunes(text, "batch", Reading("folkrnn")) if isinstance(t, Transcription)
        ]
        alone = searched(read, index, admitted=admitted)
        assert alone == sorted_together(read, index, slice_tokens=slice_tokens, admitted=admitted)
    assert [tune.place for tune in alone] == [*range(1, len(read) + 1)]


@pytest.mark.slow
def test_real_tunes_and_generated_ones_have_the_same_answers_from_both_matchers(
    v2_index: Index, shared: Path
) -> None:
    """Every field of 500 generated and 500 real tunes, sources and their stretches among them."""
    generated = list(islice(read(shared / GENERATED), 500))
    real = list(islice(read(shared / V2_SAMPLE), 500))
    alone = searched([*generated, *real], v2_index)
    together = list(check_transcriptions([*generated, *real], v2_index, is_prompt=False))
    assert len(alone) == 1000
    for tune, other in zip(alone, together, strict=True):
        assert tune == other
    assert all(tune.identical_to for tune in alone[500:])


def test_details_change_nothing_else_of_an_answer(v2_index: Index, shared: Path) -> None:
    tunes = list(islice(read(shared / GENERATED), 20))
    plain = list(check_transcriptions(tunes, v2_index))
    detailed = list(check_transcriptions(tunes, v2_index, details=True))
    for tune, full in zip(plain, detailed, strict=True):
        assert isinstance(full, CheckedTune)
        assert isinstance(tune, CheckedTune)
        assert full.bars is not None
        assert full.music is not None
        assert len(full.bars) == full.bar_count
        assert sum(bar.tunes > 0 for bar in full.bars) == full.bars_in_corpus
        assert sum(bar.same_position > 0 for bar in full.bars) == full.bars_same_position
        for span in full.spans:
            assert span.places is not None
            assert [hit.tune for hit in span.places] == [name.tune for name in span.examples]
            found = [hit.context[slice(*hit.found)] for hit in span.places]
            assert found == [span.text] * len(span.examples)
        spans = tuple(replace(span, places=None) for span in full.spans)
        longest = full.longest_span and replace(full.longest_span, places=None)
        assert replace(full, spans=spans, longest_span=longest, bars=None, music=None) == tune


def shared_with(corpus_tune: list[str], checked: list[str]) -> list[tuple[int, int]]:
    """The maximal stretches of eight notes or more that a tune has too, in notes [first, stop)."""
    notes = brute.notes(checked)
    standing = [
        (first, stop)
        for first in range(len(notes))
        for stop in range(first + 8, len(notes) + 1)
        if brute.figure_hits([corpus_tune], checked[notes[first][0] : notes[stop - 1][1]])
    ]
    return brute.maximal(standing)


def slow_cover(sets: list[set[int]]) -> int:
    """How many of some sets a greedy cover takes."""
    chosen = 0
    while any(sets):
        best = max(sets, key=len)
        sets = [some - best for some in sets]
        chosen += 1
    return chosen


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(bodies, min_size=1, max_size=2), min_size=2, max_size=4), st.data())
def test_sources_are_those_of_brute_force(
    tmp_path: Path, drawn: list[Tunes], data: st.DataObject
) -> None:
    """The stretches that each tune shares, what they say, the order, the cover and the most."""
    tunes = [[token for body in some for token in body] for some in drawn]
    checked = [
        token
        for tune in data.draw(st.lists(st.sampled_from(tunes), min_size=1, max_size=2))
        for token in tune[data.draw(st.integers(0, 4)) :]
    ]
    with open_index(whole_index(tmp_path, tunes)) as index:
        (tune,) = read_tunes(HEADER + " ".join(checked), "batch", Reading("folkrnn"))
        assume(isinstance(tune, Transcription))
        (answer,) = searched([tune], index)
        expected_hits = index.backoff.expected
        encode = index.vocabulary.encode_known
        notes = brute.notes(checked)
        assume(len(notes) == answer.notes)
        wanted = []
        covers = []
        for number, corpus_tune in enumerate(tunes, 1):
            long = shared_with(corpus_tune, checked)
            stretches = list(long)
            for span in answer.spans:
                figure = span.text.split()
                is_inside = any(a <= span.first_note and span.stop_note <= b for a, b in long)
                if (
                    span.notes < 8
                    and span.expected < 1
                    and not is_inside
                    and brute.figure_hits([corpus_tune], figure)
                ):
                    stretches.append((span.first_note, span.stop_note))
            stretches.sort()
            bits, reached = 0.0, 0
            for first, stop in stretches:
                begin = notes[first][0]
                for span in answer.spans:  # a short one may begin at its tuplet sign
                    if span.notes < 8 and (span.first_note, span.stop_note) == (first, stop):
                        begin = span.first_token - HEADER_TOKENS
                figure = encode(checked[begin : notes[stop - 1][1]])
                alone = max(0.0, -math.log2(expected_hits(figure)))
                bits += alone * (stop - max(first, reached)) / (stop - first)
                reached = stop
            covered = {note for first, stop in long for note in range(first, stop)}
            covers.append(covered)
            if stretches:
                longest = max(stop - first for first, stop in stretches)
                wanted.append((number, len(covered), longest, bits, stretches))
    found = [
        (
            source.tune,
            source.notes_shared,
            source.longest_span_notes,
            pytest.approx(source.bits, abs=1e-6),
            [(s.first_note, s.stop_note) for s in source.stretches],
        )
        for source in answer.sources
    ]
    assert sorted(wanted) == sorted(found, key=lambda source: source[0])
    ranks = [(-s.bits, -s.notes_shared, -s.longest_span_notes, s.tune) for s in answer.sources]
    assert ranks == sorted(ranks)
    assert answer.copied_from == slow_cover(covers)
    most = max(map(len, covers))
    assert answer.most_share == pytest.approx(most / len(notes) if notes else 0)
    assert (answer.most_from is None) == (most == 0)
    if answer.most_from is not None:
        assert len(covers[answer.most_from.tune - 1]) == most
    for source in answer.sources:
        corpus_tune = [*HEADER.split(), *tunes[source.tune - 1]]
        for s in source.stretches:
            figure = [*HEADER.split(), *checked][s.first_token : s.stop_token]
            assert corpus_tune[s.source_token : s.source_token + len(figure)] == figure


def test_a_cover_is_greedy() -> None:
    """{0-5}, {0-2, 6, 7}, {3-5, 8, 9}: the first has most, and the others add what it lacks."""
    sets = [0b0000111111, 0b0011000111, 0b1100111000]
    assert _greedy_cover(sets) == 3
    assert _greedy_cover(sets[1:]) == 2
    assert _greedy_cover([]) == 0


def test_a_tune_that_has_a_part_of_a_span_is_a_source_too(make_index: MakeIndex) -> None:
    """Ten notes stand in the first tune, eight of them in the second."""
    index = make_index(
        f"{HEADER}C D E F | G A B c | d e f ^g |", f"{HEADER}^d C D E F | G A B c | b b b b |"
    )
    (tune,) = read_tunes(f"{HEADER}C D E F | G A B c | d e ^a ^a |", "batch", Reading("folkrnn"))
    for answers in (searched([tune], index), sorted_together([tune], index)):
        sources = answers[0].sources
        assert [(s.tune, s.notes_shared, s.longest_span_notes) for s in sources] == [
            (1, 10, 10),
            (2, 8, 8),
        ]
        assert [s.bars_shared for s in sources] == [2, 1]
        assert [s.source_token for s in sources[1].stretches] == [3]


def test_a_figure_that_many_tunes_have_is_no_source_beside_a_rare_one(
    make_index: MakeIndex,
) -> None:
    """Twelve notes that every tune begins with say less than nine that one tune alone has."""
    common = "C D E F | G A B c | d e f g |"
    rare = "^G, _B ^c' =f _e ^d _A ^f =b |"
    corpus = [f"{HEADER}{common} D D F F | A A {letter} {letter} |" for letter in "CDEFGABcdefgab"]
    index = make_index(*corpus, f"{HEADER}e e c c | {rare} g g f f |")
    (tune,) = read_tunes(f"{HEADER}{common} b b b b | {rare}", "batch", Reading("folkrnn"))
    for answers in (searched([tune], index), sorted_together([tune], index)):
        assert answers[0].sources[0].tune == 15
        assert answers[0].sources[0].longest_span_notes < answers[0].longest_notes


class Endless:
    """One transcription again and again, and how many times it was asked for."""

    def __init__(self, tune: Transcription | Rejected) -> None:
        self._tune = tune
        self.times = 0

    def __iter__(self) -> Iterator[Transcription | Rejected]:
        return self

    def __next__(self) -> Transcription | Rejected:
        self.times += 1
        return self._tune


def test_the_first_answers_come_before_much_is_read(make_index: MakeIndex) -> None:
    """Each slice is as large as all before it, so that no more than half is waiting."""
    index = make_index(f"{HEADER}C D E F | G A B c |")
    (tune,) = read_tunes(f"{HEADER}C D E F |", "batch", Reading("folkrnn"))
    asked = Endless(tune)
    reads = []
    for _ in islice(check_transcriptions(asked, index), 20):
        reads.append(asked.times)
    assert reads == [1, 2, 4, 4, *[8] * 4, *[16] * 8, *[32] * 4]


def test_a_batch_is_read_a_slice_at_a_time(make_index: MakeIndex) -> None:
    """The answers of the first slices come before the last tunes are asked for."""
    index = make_index(f"{HEADER}C D E F | G A B c |")
    (tune,) = read_tunes(f"{HEADER}C D E F |", "batch", Reading("folkrnn"))
    asked = Endless(tune)
    answers = list(islice(check_transcriptions(asked, index, is_prompt=False, slice_tokens=70), 25))
    assert len(answers) == 25
    assert asked.times <= 50  # slices of ten tunes


def test_those_set_aside_keep_their_place_in_a_batch(tmp_path: Path) -> None:
    batch = tmp_path / "batch.abc"
    batch.write_text(f"{KESH}\nX:2\nT:Broken\nK:C\n[CEG\n\n{MORRISONS}", encoding="utf-8")
    with open_index(index_of(tmp_path, KESH)) as index:
        first, broken, last = check_batch([batch], index)
    assert isinstance(first, CheckedTune)
    assert isinstance(last, CheckedTune)
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
    answers = list(check_transcriptions(read_tunes(text, "batch", Reading("folkrnn")), index))
    repeats = [(t.duplicate_of, t.near_duplicate_of) for t in answers if isinstance(t, CheckedTune)]
    assert repeats == [(None, None), (None, None), (1, None), (None, 1), (2, None)]


def test_a_copy_with_a_header_inside_is_a_copy_though_no_span_passes_it(
    make_index: MakeIndex,
) -> None:
    text = HEADER + "C D E F | M:6/8 G A B c d e |"
    (tune,) = read_tunes(text, "batch", Reading("folkrnn"))
    (answer,) = check_transcriptions([tune], make_index(text))
    assert isinstance(answer, CheckedTune)
    assert (answer.notes, answer.longest_notes) == (10, 6)
    assert [name.tune for name in answer.identical_to] == [1]


def test_no_figure_passes_a_header_that_the_index_lacks(make_index: MakeIndex) -> None:
    """Of the figures of four tokens there is one before the header and one after it, both known."""
    index = make_index(HEADER + "C D E F | G A B c |")
    (tune,) = read_tunes(HEADER + "C D E F M:7/8 G A B c", "batch", Reading("folkrnn"))
    for answers in (searched([tune], index), sorted_together([tune], index)):
        assert answers[0].novelty == (0, 0, 0, 0)
