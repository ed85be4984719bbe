"""Spans, shares and rare figures: agreement with brute force, and the rules on small corpora."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import brute
from tests.indexer.search.test_figures import search
from tests.strategies import bodies, corpora, heaps
from tunetrace import Index, build_index, check, open_index
from tunetrace.checker.batch.search import SearchLongest
from tunetrace.checker.batch.spans import (
    SpanArrays,
    find_spans,
    note_cover,
    novelty_curves,
    uniqueness,
)
from tunetrace.checker.batch.stream import BatchStream, Numbers, join_layouts
from tunetrace.checker.records import CheckedTune
from tunetrace.tokenizer.layout.bars import lay_out

MakeIndex = Callable[..., Index]


Notes = list[tuple[int, int]]


def searched(
    tunes: list[list[str]], checked: list[str], in_segment: int = 2
) -> tuple[SpanArrays, BatchStream, Numbers, Notes]:
    """The spans of a tune that is searched for in a corpus, its stream, its longest matches and its
    notes."""
    figures = search(tunes, in_segment)
    stream = join_layouts([lay_out(checked)], figures.vocabulary)
    matches = SearchLongest(figures, stream)
    notes = list(zip(stream.note_begins.tolist(), stream.note_ends.tolist(), strict=True))
    return find_spans(stream, matches), stream, matches.longest, notes


@given(corpora, st.one_of(bodies, heaps), st.integers(1, 3))
def test_spans_are_the_maximal_standing_stretches_of_whole_notes(
    tunes: list[list[str]], checked: list[str], tunes_in_segment: int
) -> None:
    spans, _, _, notes = searched(tunes, checked, tunes_in_segment)
    found = list(zip(spans.first_symbols.tolist(), spans.stop_symbols.tolist(), strict=True))
    assert sorted(found) == brute.spans(tunes, checked, notes)


@given(bodies)
def test_notes_are_told_apart_as_they_are_written(checked: list[str]) -> None:
    *_, notes = searched([checked], checked)
    assert notes == brute.notes(checked)


@given(corpora, bodies, st.integers(1, 6))
def test_the_copied_share_counts_the_notes_inside_long_spans_once(
    tunes: list[list[str]], checked: list[str], least: int
) -> None:
    spans, stream, _, notes = searched(tunes, checked)
    copied = set()
    for first, stop in brute.spans(tunes, checked, notes):
        inside = [k for k, (begin, end) in enumerate(notes) if begin >= first and end <= stop]
        if len(inside) >= least:
            copied.update(inside)
    expected = len(copied) / len(notes) if notes else 0
    outside = uniqueness(note_cover(spans, len(notes)), stream)[0, least - 1]
    assert 1 - outside == pytest.approx(expected)


@given(corpora, st.one_of(bodies, heaps))
def test_novelty_is_the_share_of_token_ngrams_that_stand_nowhere(
    tunes: list[list[str]], checked: list[str]
) -> None:
    _, stream, longest, _ = searched(tunes, checked)
    curves, lengths = novelty_curves(stream, longest)
    for n in range(1, 6):
        grams = [checked[k : k + n] for k in range(len(checked) - n + 1)]
        grams = [gram for gram in grams if not any(map(brute.is_wall, gram))]
        absent = [not brute.figure_hits(tunes, gram, open_end=True) for gram in grams]
        assert (n <= lengths[0]) == bool(grams)
        if grams:
            assert curves[0, n - 1] == pytest.approx(sum(absent) / len(grams))


def check_against(
    folder: Path, tunes: list[list[str]], checked: list[str]
) -> tuple[CheckedTune, list[tuple[int, int]]]:
    """The check of a tune against a corpus in a real index, and the tune's notes."""
    source, path = folder / "corpus.txt", folder / "index.db"
    header = "M:4/4\nK:Cmaj\n"
    source.write_text("\n\n".join(header + " ".join(tune) for tune in tunes), encoding="utf-8")
    build_index([source], path, force=True)
    with open_index(path) as index:
        (tune,) = check(header + " ".join(checked), index).tunes
    return tune, searched(tunes, checked)[3]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(bodies, min_size=1, max_size=4), bodies)
def test_the_rarest_figure_is_the_shortest_that_stands_in_the_fewest_tunes(
    tmp_path: Path, tunes: list[list[str]], checked: list[str]
) -> None:
    tune, notes = check_against(tmp_path, tunes, checked)
    layout = lay_out(["M:4/4", "K:Cmaj", *checked])
    for bar, found in zip(layout.bars, tune.bars, strict=True):
        first, stop = bar.start - 2, bar.stop - 2  # the header's two tokens aside
        inside = [(begin, end) for begin, end in notes if begin >= first and end <= stop]
        if len(inside) < 3:
            assert found.rarest_figure is None
            continue
        windows = {
            (a, b): checked[inside[a][0] : inside[b - 1][1]]
            for a in range(len(inside))
            for b in range(a + 3, len(inside) + 1)
        }
        fewest, shortest = min(
            (len({n for n, _ in brute.figure_hits(tunes, figure)}), b - a)
            for (a, b), figure in windows.items()
        )
        rarest = found.rarest_figure
        assert rarest is not None
        hits = brute.figure_hits(tunes, rarest.text.split())
        assert (rarest.tunes, rarest.hits) == (len({n for n, _ in hits}), len(hits))
        assert rarest.tunes == fewest
        sizes = {b - a for (a, b), figure in windows.items() if figure == rarest.text.split()}
        assert shortest in sizes


# The rules, on the smallest corpus that shows each


def only(index: Index, text: str, **options: object) -> CheckedTune:
    (tune,) = check(text, index, **options).tunes  # type: ignore[arg-type]
    return tune


def test_a_span_is_cut_back_where_the_corpus_has_a_longer_note(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F 2 G |")
    tune = only(index, "M:4/4\nK:Cmaj\nC D E F |")
    assert tune.longest_span is not None
    assert (tune.longest_span.text, tune.longest_span.notes) == ("C D E", 3)


def test_a_chord_is_one_note_and_a_rest_none(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC [ E G ] 2 z D 4 |")
    tune = only(index, "M:4/4\nK:Cmaj\nC [ E G ] 2 z D 4 |")
    assert tune.notes == 3
    assert tune.longest_span is not None
    assert (tune.longest_span.notes, tune.longest_span.tokens) == (3, 9)
    assert tune.longest_span.text == "C [ E G ] 2 z D 4"


def test_the_longest_span_is_the_one_with_most_notes(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC 2 D 2 E 4 |", "M:4/4\nK:Cmaj\nc d e f |")
    tune = only(index, "M:4/4\nK:Cmaj\nC 2 D 2 E 4 | c d e f |")
    assert tune.longest_span is not None
    assert tune.longest_span.text == "c d e f"
    assert [span.text for span in tune.spans] == ["c d e f"]
    assert (tune.longest_span.part, tune.longest_span.bar, tune.longest_span.onset) == (1, 2, 0)


def test_no_span_crosses_the_end_of_a_tune(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F |", "M:4/4\nK:Cmaj\nG A B c |")
    tune = only(index, "M:4/4\nK:Cmaj\nC D E F | G A B c |")
    assert tune.longest_notes == 4
    assert tune.copied_share[8] == 0


def test_copied_share_is_worked_out_on_notes(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F G A B c | d 8 |")
    tune = only(index, "M:4/4\nK:Cmaj\nC D E F G A B c | ^f ^f ^f ^f |")
    assert tune.notes == 12
    assert tune.copied_share == {8: pytest.approx(8 / 12), 12: 0, 16: 0, 24: 0, 32: 0}


def test_a_tune_of_the_index_is_named_first_of_all(make_index: MakeIndex) -> None:
    index = make_index(
        "T:One\nM:4/4\nK:Cmaj\nC D E F |", "T:Two\nM:2/2\nK:Cmix\nC D E F |", "T:Three\nM:4/4\n"
        "K:Cmaj\nC D E F | G |"
    )  # fmt: skip
    tune = only(index, "M:4/4\nK:Cmaj\nC D E F |")
    assert [name.title for name in tune.identical_to] == ["One", "Two"]
    assert only(index, "M:4/4\nK:Cmaj\nC D E |").identical_to == ()


def test_an_excluded_tune_counts_nowhere(make_index: MakeIndex) -> None:
    index = make_index(
        "T:The Kesh\nM:4/4\nK:Cmaj\nC D E F G A B c |", "T:Other\nM:4/4\nK:Cmaj\nC D E |"
    )
    text = "M:4/4\nK:Cmaj\nC D E F G A B c |"
    assert only(index, text).copied_share[8] == 1
    for options in (
        {"exclude_tunes": ["1"]},
        {"exclude_tunes": ["corpus0:1"]},
        {"exclude_tunes": ["the kesh"]},
        {"exclude_titles": ["Kesh, The"]},
    ):
        tune = only(index, text, **options)
        assert tune.identical_to == ()
        assert tune.longest_span is not None
        assert (tune.longest_span.text, tune.longest_span.tunes) == ("C D E", 1)
        assert tune.bars[0].hits == 0
        assert [source.title for source in tune.sources] == ["Other"]


def test_a_bar_is_counted_as_a_whole_and_at_its_place(make_index: MakeIndex) -> None:
    index = make_index(
        "T:One\nM:2/4\nK:Cmaj\nC 2 D 2 | E 4 | C 2 D 2 |",
        "T:Two\nM:2/4\nK:Cmaj\nE 4 | C 2 D 2 |",
        "T:Three\nM:2/4\nK:Cmaj\nC 2 D 2 2 | E 2 |",
    )
    first, second = only(index, "M:2/4\nK:Cmaj\nC 2 D 2 | c 4 |").bars
    assert (first.tunes, first.hits, first.same_position) == (2, 3, 1)
    assert [name.title for name in first.examples] == ["One", "Two"]
    assert (second.tunes, second.hits, second.same_position) == (0, 0, 0)


def test_a_tune_in_another_key_is_compared_on_c(make_index: MakeIndex) -> None:
    index = make_index("M:6/8\nK:Cmaj\nC 3 C D E |")
    tune = only(index, "X:1\nM:6/8\nL:1/8\nK:G\nG3 GAB|")
    assert tune.identical_to != ()
    assert (tune.key, tune.original_key) == ("Cmaj", "Gmaj")


def test_a_transcription_without_notes_is_checked_all_the_same(make_index: MakeIndex) -> None:
    index = make_index("M:6/8\nK:Cmaj\nC 3 C D E |")
    tune = only(index, "M:4/4\nK:Cmaj\n|:")
    assert (tune.notes, tune.longest_span, tune.spans, tune.bars) == (0, None, (), ())
    assert tune.copied_share == {8: 0, 12: 0, 16: 0, 24: 0, 32: 0}


def test_tokens_that_the_index_lacks_are_new_and_stop_a_span(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F |")
    tune = only(index, "M:4/4\nK:Cmaj\nC D _F >> E F |")
    assert tune.longest_notes == 2
    assert tune.uniqueness[:3] == (pytest.approx(1 / 5), pytest.approx(1 / 5), 1)
    assert tune.novelty[0] == pytest.approx(2 / 7)


def test_the_tunes_of_the_sample_are_found_in_their_own_index(v2_index: Index) -> None:
    text = "M:9/8\nK:Cmaj\nG E E E 2 D E D C | G E E E F G A B c |"
    tune = only(v2_index, text)
    assert tune.longest_span is not None
    assert tune.longest_span.notes == tune.notes == 17
    assert tune.longest_span.places is not None
    assert tune.longest_span.places[0].title == "'G Iomain Nan Gamhna"
    assert tune.longest_span.onset == Fraction(0)


def test_a_source_has_the_longest_of_the_stretches_that_it_shares(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F G A B c | ^c ^c | c B A G F E D C B, A, |")
    tune = only(index, "M:4/4\nK:Cmaj\nC D E F G A B c | ^f ^f | c B A G F E D C B, A, |")
    assert (tune.sources[0].longest_span_notes, tune.sources[0].notes_shared) == (10, 18)
