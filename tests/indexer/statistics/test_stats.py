"""What is in a corpus: counted by hand on small ones, and by brute force on random ones."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tunetrace
from tests import brute
from tests.commands import KESH, MORRISONS, index_of
from tests.strategies import bodies
from tunetrace import Index, QueryError, build_index, open_index
from tunetrace.indexer.statistics.commonest import CountedText, commonest_figures
from tunetrace.indexer.statistics.stats import CorpusStats, Spread, TuneGroup
from tunetrace.indexer.store.arrays import streams
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

VOCABULARY = Vocabulary()


def stats_of(index: Index, corpus: str | None = None, **numbers: int) -> CorpusStats:
    return tunetrace.corpus_stats(corpus, index, **numbers)


# By hand


def test_two_tunes_are_counted(tmp_path: Path) -> None:
    with open_index(index_of(tmp_path, KESH, MORRISONS)) as index:
        stats = stats_of(index, notes=2, top=3)
    # On C: C 3 C D E | D 3 D E G |, and C 3 G 3 | C G C F D B, |.
    assert (stats.tunes, stats.tokens, stats.notes, stats.bars) == (2, 24, 16, 4)
    assert (stats.corpus, stats.corpora) == (None, ("session",))
    assert stats.modes == (TuneGroup("maj", 1), TuneGroup("dor", 1))
    assert stats.original_keys == (TuneGroup("Gmaj", 1), TuneGroup("Edor", 1))
    assert stats.meters == (TuneGroup("6/8", 2),)
    assert stats.bars_a_tune == Spread(2, 2, 2, 2, 2, {2: 2})
    assert stats.notes_a_tune == Spread(8, 8, 8, 8, 8, {8: 2})
    assert stats.parts_a_tune == Spread(1, 1, 1, 1, 1, {1: 2})
    assert (stats.metered_tunes, stats.tunes_adding_up) == (2, 2)
    assert (stats.metered_bars, stats.bars_adding_up) == (4, 4)
    assert (stats.tunes_with_pickup, stats.tunes_with_repeat, stats.tunes_with_endings) == (0, 0, 0)
    assert stats.common_bars == tuple(
        CountedText(text, 1, 1) for text in ("C 3 C D E", "D 3 D E G", "C 3 G 3")
    )
    # D E stands twice in one tune; of those that stand once, C 3 C is met first.
    assert stats.common_figures == (
        CountedText("D E", 1, 2), CountedText("C 3 C", 1, 1), CountedText("C D", 1, 1),
    )  # fmt: skip


def test_pickups_endings_and_repeats_are_no_bars_of_their_own(
    make_index: Callable[..., Index],
) -> None:
    # A pickup, bars 1 and 2, bar 3 in two endings; then a part of two bars, one of them too short.
    index = make_index(
        "M:2/4\nK:Cmaj\nG, |: C 4 | D 4 |1 E 3 G, :| |2 E 3 |: C 4 | D 3 | C 4 :|",
        "M:2/4\nK:Cmin\nC 4 | C 4 |",
    )
    stats = stats_of(index)
    assert (stats.bars, stats.metered_bars, stats.bars_adding_up) == (10, 10, 9)
    assert stats.bars_a_tune is not None
    assert stats.bars_a_tune.counts == {2: 1, 6: 1}
    assert stats.parts_a_tune is not None
    assert stats.parts_a_tune.counts == {1: 1, 2: 1}
    assert (stats.metered_tunes, stats.tunes_adding_up) == (2, 1)
    assert (stats.tunes_with_pickup, stats.tunes_with_repeat, stats.tunes_with_endings) == (1, 1, 1)
    # Neither the pickup nor a short bar is among the whole ones.
    assert stats.common_bars == (
        CountedText("C 4", 2, 5), CountedText("D 4", 1, 1), CountedText("E 3 G,", 1, 1),
    )  # fmt: skip


def test_quartiles_are_values_that_tunes_have(make_index: Callable[..., Index]) -> None:
    tunes = [f"M:2/4\nK:Cmaj\n{'C 4 | ' * bars}" for bars in (1, 2, 3, 4, 20)]
    stats = stats_of(make_index(*tunes))
    assert stats.bars_a_tune == Spread(1, 2, 3, 4, 20, {1: 1, 2: 1, 3: 1, 4: 1, 20: 1})


def test_a_figure_ends_where_its_last_note_ends_and_passes_no_header(tmp_path: Path) -> None:
    text = "X:1\nT:A\nM:2/4\nL:1/8\nK:C\nC D E2|C D z E|[CE]2 G2|[M:3/4]C D E2 G2|\n"
    with open_index(index_of(tmp_path, text)) as index:
        # C D E is none: E goes on as E 2. A chord is one note. G 2 | [M:3/4] C stands on two
        # sides of a header.
        found = {c.text: c.hits for c in stats_of(index, notes=3, top=99).common_figures}
    assert found == {
        "C D E 2": 2, "D E 2 | C": 1, "E 2 | C D": 1, "C D z E": 1, "D z E | [ C E ] 2": 1,
        "E | [ C E ] 2 G 2": 1, "D E 2 G 2": 1,
    }  # fmt: skip


def test_a_corpus_is_counted_for_itself(tmp_path: Path) -> None:
    one, other = tmp_path / "one.abc", tmp_path / "other.abc"
    one.write_text(KESH, encoding="utf-8")
    other.write_text(MORRISONS, encoding="utf-8")
    build_index([one, other], tmp_path / "both.db")
    with open_index(tmp_path / "both.db") as index:
        stats = stats_of(index, "other")
        assert (stats.tunes, stats.corpus, stats.corpora) == (1, "other", ("other",))
        assert stats.modes == (TuneGroup("dor", 1),)
        assert stats_of(index).corpora == ("one", "other")
        with pytest.raises(QueryError, match="no corpus 'none'; its corpora are one, other"):
            stats_of(index, "none")
        with pytest.raises(
            QueryError, match="notes cannot be 33; give a number of notes from 1 to 32"
        ):
            stats_of(index, notes=33)
        with pytest.raises(QueryError, match="top cannot be -1"):
            stats_of(index, top=-1)
        assert stats_of(index, top=0).common_bars == stats_of(index, top=0).common_figures == ()


def test_what_no_tune_states_is_named_none(make_index: Callable[..., Index]) -> None:
    stats = stats_of(make_index("M:2/4\nK:Cmaj\nC 4 |", "K:Cmaj\nC 4 |"))
    assert stats.meters == (TuneGroup("2/4", 1), TuneGroup(None, 1))
    # A bar under no meter is as whole as any.
    assert stats.common_bars == (CountedText("C 4", 2, 2),)
    assert (stats.metered_tunes, stats.metered_bars) == (1, 1)


def test_segments_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(["M:2/4\nK:Cmaj\nC D E F | G 4 |"] * 5), encoding="utf-8")
    monkeypatch.setattr(streams, "SEGMENT_SYMBOLS", 12)
    build_index([book], tmp_path / "many.db")
    with open_index(tmp_path / "many.db") as index:
        assert len(index.figures.segments) > 1
        stats = stats_of(index, notes=3, top=1)
        assert stats.common_figures == (CountedText("C D E", 5, 5),)
        assert stats.common_bars == (CountedText("C D E F", 5, 5),)


# By brute force


def windows(tunes: Sequence[Sequence[str]], count: int) -> dict[str, tuple[int, int]]:
    """The tunes and the hits of every figure of so many notes, one by one."""
    hits: Counter[str] = Counter()
    standing: defaultdict[str, set[int]] = defaultdict(set)
    for number, tune in enumerate(tunes):
        notes = brute.notes(tune)
        for k in range(len(notes) - count + 1):
            figure = tune[notes[k][0] : notes[k + count - 1][1]]
            if not any(map(brute.is_wall, figure)):
                hits[" ".join(figure)] += 1
                standing[" ".join(figure)].add(number)
    return {text: (len(standing[text]), hits[text]) for text in hits}


@given(st.lists(bodies, min_size=1, max_size=6), st.integers(1, 5), st.integers(0, 6))
def test_the_commonest_figures_are_those_of_brute_force(
    tunes: list[list[str]], count: int, top: int
) -> None:
    notes = [(number, *note) for number, tune in enumerate(tunes) for note in brute.notes(tune)]
    first = np.cumsum([0, *(len(tune) + 1 for tune in tunes)])
    stream = b"".join(VOCABULARY.encode(tune) + bytes([SEPARATOR]) for tune in tunes)
    arrays = np.array(notes, dtype=np.int32).reshape(-1, 3)
    base = first[arrays[:, 0]].astype(np.int32)
    starts, stops = arrays[:, 1] + base, arrays[:, 2] + base
    expected = windows(tunes, count)
    found = commonest_figures(stream, starts, stops, count, bytes([SEPARATOR]), top)
    counted = {" ".join(VOCABULARY.decode(text)): (tunes, hits) for text, tunes, hits in found}
    assert len(counted) == min(top, len(expected))
    assert all(expected[text] == numbers for text, numbers in counted.items())
    # The counts are the highest there are, and in order; of equal ones any may be the last.
    assert list(counted.values()) == sorted(expected.values(), reverse=True)[: len(counted)]


@settings(max_examples=25, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=4), st.integers(1, 4))
def test_the_figures_of_an_index_have_the_counts_of_a_search(
    tunes: list[list[str]], count: int
) -> None:
    """Without chords, inside which a search looks too."""
    plain = [[token for token in tune if token not in "[]"] for tune in tunes]
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.txt"
        book.write_text("\n\n".join(f"M:none\nK:Cmaj\n{' '.join(t)}" for t in plain),
                        encoding="utf-8")  # fmt: skip
        build_index([book], Path(folder) / "book.db")
        with open_index(Path(folder) / "book.db") as index:
            stats = stats_of(index, notes=count, top=1000)
            for found in stats.common_figures:
                searched = index.figure(found.text)
                assert (searched.tunes, searched.hits) == (found.tunes, found.hits), found.text
            for bar in stats.common_bars:
                if any(token[0] in "CDEc^" for token in bar.text.split()):
                    searched = index.bar(bar.text)
                    assert (searched.tunes, searched.hits) == (bar.tunes, bar.hits), bar.text


def test_the_sample_of_v2_has_the_counts_of_the_other_commands(v2_index: Index) -> None:
    stats, info = stats_of(v2_index, top=3), v2_index.info()
    assert (stats.tunes, stats.tokens, stats.bars) == (info.tunes, info.tokens, info.bars)
    for figure in stats.common_figures:
        found = v2_index.figure(figure.text)
        assert (found.tunes, found.hits) == (figure.tunes, figure.hits)
