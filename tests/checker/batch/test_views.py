"""Checks in the views: spans, sources and bars as brute force has them, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brute import maximal
from tests.commands import KESH, call, index_of
from tests.conftest import GENERATED, V2_SAMPLE
from tests.indexer.music.plain_music import events_of
from tests.indexer.search import plain_views
from tests.indexer.search.plain_views import NAMES
from tests.indexer.search.test_views import Tunes, a_tune, corpora, search, views
from tunetrace import (
    CheckedTune,
    Index,
    QueryError,
    check,
    check_batch,
    measure_baseline,
    open_index,
    report,
)
from tunetrace.arguments import ViewName
from tunetrace.checker.batch.joint import JointLongest, ends_of
from tunetrace.checker.batch.search import SearchLongest
from tunetrace.checker.batch.spans import find_spans
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.check import check_transcriptions
from tunetrace.corpus.readers import read_sources
from tunetrace.indexer.search.joint import LongestSearch
from tunetrace.indexer.search.views import VIEWS
from tunetrace.tokenizer.layout.bars import lay_out

MakeIndex = Callable[..., Index]


def stretches(view: str, tokens: Sequence[str]) -> dict[tuple[int, int], list[str]]:
    """The names of the symbols of each stretch of notes: (first note, note after the last)."""
    own = plain_views.symbols(view, tokens)
    if view in ("melody", "rhythm"):
        notes = [k for k, symbol in enumerate(own) if symbol.is_note]
        bounds = [(a, b + 1) for a in notes for b in notes if a <= b]
        at = {symbol: note for note, symbol in enumerate(notes)}
        return {(at[a], at[b - 1] + 1): [symbol.name for symbol in own[a:b]] for a, b in bounds}
    return {
        (a, b + 1): [symbol.name for symbol in own[a:b]]
        for a in range(len(own))
        for b in range(a + 1, len(own) + 1)
    }


def spans_by_brute_force(view: str, tunes: Tunes, checked: Sequence[str]) -> list[tuple[int, int]]:
    """The stretches of notes that are found in a tune and are part of no other."""
    known = {
        tuple(own[first:stop])
        for own in (plain_views.names(view, tune) for tune in tunes)
        for first in range(len(own))
        for stop in range(first + 1, len(own) + 1)
    }
    return maximal(
        place
        for place, names in stretches(view, checked).items()
        if "other" not in names and tuple(names) in known
    )


@settings(max_examples=200)
@given(views, corpora, a_tune, st.integers(1, 3))
def test_spans_are_the_maximal_stretches_of_notes_however_they_are_matched(
    name: str, tunes: Tunes, checked: list[str], in_segment: int
) -> None:
    expected = spans_by_brute_force(name, tunes, checked)
    view = VIEWS[name]
    figures = search(view, tunes, in_segment)
    stream = join_layouts([lay_out(checked)], figures.vocabulary, view)
    searched = find_spans(stream, SearchLongest(figures, stream))
    asked = LongestSearch(stream.text, ends_of(stream, figures.goes_on))
    together = find_spans(stream, JointLongest(asked.among(figures.segments)))
    for spans in (searched, together):
        found = zip(spans.first_notes.tolist(), spans.stop_notes.tolist(), strict=True)
        assert sorted(found) == expected


@given(views, st.lists(a_tune, min_size=1, max_size=3))
def test_notes_and_bars_of_a_stream_are_those_of_its_tunes(name: str, batch: Tunes) -> None:
    view = VIEWS[name]
    figures = search(view, batch, 9)
    stream = join_layouts([lay_out(tune) for tune in batch], figures.vocabulary, view)
    assert stream.note_tokens is not None
    alphabet = figures.alphabet
    bars = iter(stream.bar_keys)
    for k, tune in enumerate(batch):
        notes = slice(stream.first_notes[k], stream.first_notes[k + 1])
        places = [place for place, (pitches, _) in events_of(tune) if pitches]
        firsts = stream.note_tokens.firsts[notes].tolist()
        assert [first + tune[first].startswith("(") for first in firsts] == places
        for _, names in plain_views.bars(name, tune):
            key = next(bars)
            if "other" not in names:
                assert [alphabet.names[symbol] for symbol in key] == names


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_has_the_answers_of_its_transcriptions_one_by_one(
    name: str, shared: Path, v2_index: Index
) -> None:
    tunes = list(islice(read_sources([shared / GENERATED]), 300))
    view, admitted = VIEWS[name], ~v2_index.mask([1, 5, 900])
    alone = list(islice(check_transcriptions(tunes, v2_index, admitted, view=view), 250))
    together = check_transcriptions(tunes, v2_index, admitted, is_prompt=False, view=view)
    assert list(islice(together, 250)) == alone


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shared_is_the_same_in_both_tunes(
    name: ViewName, shared: Path, v2_index: Index
) -> None:
    """Of real and of generated tunes: the notes of each stretch, of its source, and of hits."""
    generated = list(check_batch(shared / GENERATED, v2_index, only="1-8", view=name))
    text = "\n\n".join((shared / V2_SAMPLE).read_text().split("\n\n")[:4])
    known = check(text, v2_index, exclude_tunes=[1, 2, 3, 4], view=name).tunes
    least = VIEWS[name].shared_notes
    count = 0
    for tune in (*generated, *known):
        assert isinstance(tune, CheckedTune)
        own = stretches(name, tune.transcription.tokens)
        for source in tune.sources:
            theirs = _from(name, v2_index.tokens(source.tune))
            for shared_stretch in source.stretches:
                place = (shared_stretch.first_note, shared_stretch.stop_note)
                names = own[place]
                count += 1
                assert theirs(shared_stretch.source_token)[: len(names)] == names
            longest = max(s.stop_note - s.first_note for s in source.stretches)
            assert (longest >= least) == (source.notes_shared > 0)
            assert longest == source.longest_span_notes
        for span in tune.spans:
            names = own[span.first_note, span.stop_note]
            found = v2_index.figure(" ".join(names), view=name, limit=10**6)
            if tune in generated:
                assert (found.tunes, found.hits) == (span.tunes, span.hits)
                assert span.expected == pytest.approx(found.expected, rel=1e-6)
            text = " ".join(tune.transcription.tokens[span.first_token : span.stop_token])
            assert text == span.text
            for hit, example in zip(span.places or (), span.examples, strict=False):
                assert hit.tune == example.tune
                assert (hit.tune, hit.part, hit.bar, hit.onset) in {
                    (one.tune, one.part, one.bar, one.onset) for one in found.results
                }
    assert count > 10


def _from(name: str, tokens: Sequence[str]) -> Callable[[int], list[str]]:
    """The names of the symbols of a tune from a note on, given by its first token."""
    own = plain_views.symbols(name, tokens)

    def names(token: int) -> list[str]:
        note = token + tokens[token].startswith("(")
        return [
            symbol.name
            for k, symbol in enumerate(own)
            if symbol.first >= note or (symbol.first < 0 and any(s.first >= note for s in own[:k]))
        ]

    return names


@pytest.mark.parametrize("name", NAMES)
def test_bars_are_counted_as_brute_force_counts_them(
    name: ViewName, shared: Path, make_index: MakeIndex
) -> None:
    sample = (shared / V2_SAMPLE).read_text().split("\n\n")[:120]
    index = make_index(*sample[:100])
    where: dict[tuple[str, ...], set[tuple[int, int, int]]] = {}
    hits: dict[tuple[str, ...], int] = {}
    for tune in range(1, 101):
        layout = index.layout(tune)
        for (_, names), bar in zip(plain_views.bars(name, layout.tokens), layout.bars, strict=True):
            where.setdefault(tuple(names), set()).add((tune, bar.part, bar.number))
            hits[tuple(names)] = hits.get(tuple(names), 0) + 1
    for tune in check("\n\n".join(sample[100:]), index, view=name).tunes:
        assert tune.bars is not None
        bars = plain_views.bars(name, tune.transcription.tokens)
        in_corpus = same = 0
        for (_, names), bar in zip(bars, tune.bars, strict=True):
            at = where.get(tuple(names), set()) if names and "other" not in names else set()
            here = {number for number, part, bar_ in at if (part, bar_) == (bar.part, bar.bar)}
            assert bar.tunes == len({number for number, _, _ in at})
            assert bar.same_position == len(here)
            assert bar.hits == (hits[tuple(names)] if at else 0)
            in_corpus, same = in_corpus + bool(at), same + bool(here)
        assert (tune.bars_in_corpus, tune.bars_same_position) == (in_corpus, same)


ORIGINAL = "T:The Original\nM:4/4\nK:Cmaj\n| C D E F G A B c | d e f e d c B A | G F E D C 4 |"
TRANSPOSED = "M:4/4\nK:Cmaj\n| D > E ^F G A B ^c d | e ^f g ^f e d ^c B | A G ^F E D 4 |"


def test_a_transposed_tune_is_found_by_its_intervals(make_index: MakeIndex) -> None:
    index = make_index(ORIGINAL)
    (verbatim,) = check(TRANSPOSED, index, verbatim=True).tunes
    assert (verbatim.verdict.kind, verbatim.view) == ("none", "tokens")
    (melody,) = check(TRANSPOSED, index, verbatim=True, view="melody").tunes
    assert melody.longest_notes < 8
    (tune,) = check(TRANSPOSED, index, verbatim=True, view="intervals").tunes
    assert tune.verdict.kind == "most"
    assert tune.verdict.text == (
        "All of it is in The Original (corpus0:1): all of its notes are found there in runs of 12 "
        "or more, in the view intervals."
    )
    assert (tune.view, tune.longest_notes, tune.copied_share[12]) == ("intervals", 21, 1.0)
    (span,) = tune.spans
    assert span.text == " ".join(TRANSPOSED.split("|", 1)[1].split()[:-1])
    assert span.places is not None
    assert span.places[0].context[slice(*span.places[0].found)] == (
        "C D E F G A B c | d e f e d c B A | G F E D C 4"
    )
    (source,) = tune.sources
    assert (source.notes_shared, source.longest_span_notes, source.bars_shared) == (21, 21, 3)
    assert source.stretches[0].source_token == 3
    assert (tune.bars_in_corpus, tune.bars_same_position, tune.bar_count) == (3, 3, 3)
    (rhythm,) = check(TRANSPOSED, index, verbatim=True, view="rhythm").tunes
    assert (rhythm.bars_in_corpus, rhythm.bars_same_position) == (2, 2)
    assert rhythm.verdict.text.endswith(", in the view rhythm.")


def test_the_same_music_is_found_in_every_view(make_index: MakeIndex) -> None:
    index = make_index(ORIGINAL)
    for view in VIEWS:
        (tune,) = check(ORIGINAL, index, view=VIEWS[view].name).tunes
        assert tune.verdict.text == "This is The Original (corpus0:1)."
        assert tune.longest_notes == 21


def test_tunes_without_notes_or_with_one_are_checked(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\n| z 4 z 4 |", "M:4/4\nK:Cmaj\n| C 4 |", ORIGINAL)
    for name in NAMES:
        for text in ("M:4/4\nK:Cmaj\n| z 4 |", "M:4/4\nK:Cmaj\n| C 4 |"):
            (tune,) = check(text, index, view=VIEWS[name].name).tunes
            has_symbol = name in ("melody", "rhythm") and "C" in text.split("|")[1]
            assert tune.longest_notes == int(has_symbol)


def test_a_view_is_not_compared_with_the_baseline_of_tokens(
    make_index: MakeIndex,
) -> None:
    path = make_index(ORIGINAL, "T:Other\n" + TRANSPOSED).path
    measure_baseline(path)
    with open_index(path) as index:
        assert check(TRANSPOSED, index).tunes[0].standing is not None
        assert check(TRANSPOSED, index, view="melody").tunes[0].standing is None


def test_the_commands_check_in_a_view(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    (tmp_path / "mine.abc").write_text("X:1\nT:Mine\nM:6/8\nL:1/8\nK:D\nE6 ABc|d3 def|\n")
    shown = call("check", tmp_path / "mine.abc", "--index", path, "--view", "contour").out
    assert "compared in the view contour, which forgives all but whether each note is" in shown
    assert "in runs of 24 notes or more: 0%; of 32 or more: 0%" in " ".join(shown.split())
    assert "figures of this many symbols" in shown
    line = call("check", tmp_path / "mine.abc", "--index", path, "--view", "melody", "--brief").out
    assert line.split()[:5] == ["place", "notes", "longest", "12+", "16+"]
    found = call("check", tmp_path / "mine.abc", "--index", path, "--view", "rhythm", "--json").json
    assert found["tunes"][0]["view"] == "rhythm"
    refused = call("check", tmp_path / "mine.abc", "--fail-over", "0.2", "--view", "melody")
    assert refused.refusal.startswith("--fail-over counts runs of tokens")


def test_a_report_in_a_view_says_so(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    (tmp_path / "mine.abc").write_text(KESH + "\n" + KESH.replace("G3 GAB", "G3 GBd"))
    written = report(tmp_path / "mine.abc", tmp_path / "report", path, view="melody")
    assert written.batch.view == "melody"
    assert "in the view melody, which forgives other lengths" in " ".join(written.words)
    assert "in runs of 12 or more" in written.words[0]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Compared in the view melody, which forgives other lengths" in page
    assert "--view melody --only" in page
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert summary["batch"]["view"] == "melody"
    with pytest.raises(QueryError, match=r"^view cannot be 'tune'; give one of tokens, melody"):
        report(tmp_path / "mine.abc", tmp_path / "other", path, view="tune")  # type: ignore[arg-type]
    assert not (tmp_path / "other").exists()
