"""Where figures stand: as brute force says on random corpora, and the counts on real ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import brute
from tests.commands import call, index_of
from tests.strategies import LENGTHS, NOTES, corpora, heaps
from tunetrace import Filters, Index, QueryError, check
from tunetrace.indexer.queries.symbols import parse_figure
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.longest import longest_matches
from tunetrace.indexer.search.segment import Segment
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

VOCABULARY = Vocabulary()


def search(tunes: list[list[str]], tunes_in_segment: int = 100) -> FigureSearch:
    """A search over tunes, cut into segments of so many."""
    segments = []
    for first in range(0, len(tunes), tunes_in_segment):
        stream = bytearray([SEPARATOR])
        for tune in tunes[first : first + tunes_in_segment]:
            stream += VOCABULARY.encode(tune) + bytes([SEPARATOR])
        ids = range(first + 1, first + 1 + len(tunes[first : first + tunes_in_segment]))
        segments.append(Segment.of(ids, bytes(stream)))
    return FigureSearch(segments, VOCABULARY)


def places(figures: FigureSearch, query: str, *, open_end: bool) -> list[tuple[int, int]]:
    """(tune, token of the tune) of every hit."""
    found = figures.occurrences(parse_figure(query, VOCABULARY), open_end=open_end)
    return sorted(
        (int(tune), int(at))
        for some in found
        for tune, at in zip(*some.segment.places(some.positions), strict=True)
    )


@st.composite
def a_corpus_and_a_figure(draw: st.DrawFn) -> tuple[list[list[str]], list[str]]:
    """Tunes, and a figure that is mostly taken from one of them."""
    tunes = draw(corpora)
    tune = draw(st.sampled_from(tunes))
    first = draw(st.integers(0, len(tune) - 1))
    figure = tune[first : draw(st.integers(first + 1, min(len(tune), first + 8)))]
    if not any(token in NOTES or token == "z" for token in figure):
        figure = [*figure, draw(st.sampled_from(NOTES))]
    return tunes, [token for token in figure if not brute.is_wall(token)]


@given(a_corpus_and_a_figure(), st.booleans(), st.integers(1, 3))
def test_hits_are_those_of_brute_force_however_the_corpus_is_segmented(
    given_: tuple[list[list[str]], list[str]], open_end: bool, tunes_in_segment: int
) -> None:
    tunes, figure = given_
    figures = search(tunes, tunes_in_segment)
    expected = brute.figure_hits(tunes, figure, open_end=open_end)
    assert places(figures, " ".join(figure), open_end=open_end) == expected
    distinct = len({tune for tune, _ in expected})
    symbols = VOCABULARY.encode(figure)
    assert figures.count(symbols, open_end) == (distinct, len(expected))
    if not open_end:
        for tunes_before in range(distinct + 2):
            assert figures.occurs_in_more(symbols, tunes_before) == (distinct > tunes_before)
        assert figures.occurs(symbols) == (distinct > 0)


words = st.one_of(
    st.sampled_from([*NOTES, *LENGTHS, "|", "(3", "*", "C?", "z?", "]?"]),
    st.lists(st.sampled_from([*NOTES, "2"]), min_size=2, max_size=3).map(" ".join),
    st.lists(st.sampled_from(NOTES), min_size=2, max_size=2).map(lambda n: " ".join(n) + "?"),
)


@settings(max_examples=300)
@given(corpora, st.lists(words, min_size=1, max_size=4), st.booleans())
@pytest.mark.slow
def test_wildcards_match_as_their_definitions_say(
    tunes: list[list[str]], query: list[str], open_end: bool
) -> None:
    if not any(word[0] in "CDEc^z" for word in query):
        query = [*query, "C"]
    text = " ".join(
        "{" + word.removesuffix("?") + "}" + "?" * word.endswith("?") if " " in word else word
        for word in query
    )
    expected = brute.query_hits(tunes, query, open_end=open_end)
    assert set(places(search(tunes), text, open_end=open_end)) == expected


@given(corpora, heaps)
def test_longest_matches_are_those_of_brute_force(
    tunes: list[list[str]], checked: list[str]
) -> None:
    figures = search(tunes)
    symbols = bytes(
        SEPARATOR if brute.is_wall(token) else VOCABULARY.symbol(token) for token in checked
    )
    found, _ = longest_matches(symbols, figures.segments)
    assert found.tolist() == brute.longest_matches(tunes, checked)


@given(corpora, heaps, st.data())
def test_longest_matches_leave_out_what_is_not_admitted(
    tunes: list[list[str]], checked: list[str], data: st.DataObject
) -> None:
    admitted = np.array([False, *(data.draw(st.booleans()) for _ in tunes)])
    segments = search(tunes).segments
    symbols = bytes(
        SEPARATOR if brute.is_wall(token) else VOCABULARY.symbol(token) for token in checked
    )
    found, _ = longest_matches(symbols, segments, admitted)
    others = [tune for tune, counts in zip(tunes, admitted[1:], strict=True) if counts]
    assert found.tolist() == brute.longest_matches(others, checked)


# The rules, on the smallest corpus that shows each

MakeIndex = Callable[..., Index]


def test_a_figure_does_not_match_inside_a_longer_note(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nG, C C 2 G, C |", "M:4/4\nK:Cmaj\nG, C > C |")
    assert (index.figure("G, C").tunes, index.figure("G, C").hits) == (1, 2)
    opened = index.figure("G, C", open_end=True)
    assert (opened.tunes, opened.hits) == (2, 3)


def test_hits_may_overlap(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC C C C |")
    assert index.figure("C C").hits == 3


def test_a_figure_crosses_a_bar_line_only_where_it_has_one(make_index: MakeIndex) -> None:
    index = make_index("M:2/4\nK:Cmaj\nC D E F | G A B c |")
    assert index.figure("F G").hits == 0
    assert index.figure("F | G").hits == 1


def test_no_wildcard_matches_a_header(make_index: MakeIndex) -> None:
    index = make_index("M:2/4\nK:Cmaj\nC D M:3/4 E F |")
    assert index.figure("D * E").hits == 0
    assert index.figure("* C").hits == 0
    assert index.figure("C D").hits == 1


def test_a_token_of_the_vocabulary_that_the_corpus_lacks_gives_no_hit(
    make_index: MakeIndex,
) -> None:
    index = make_index("M:2/4\nK:Cmaj\nC D E F |")
    for figure in ("=B", "_F", "C {_F =B}", "_F? C"):
        found = index.figure(figure)
        assert (found.tunes, found.hits, found.of, found.results) == (0, 0, 1, ())


def test_a_token_that_v2_lacks_is_found_where_the_corpus_has_it(make_index: MakeIndex) -> None:
    index = make_index("M:3/8\nK:Cmaj\nC _F >> E |", "M:3/8\nK:Cmaj\nC _F |")
    assert index.figure("C _F").hits == 1
    assert index.figure("_F >> E").hits == 1


def test_the_place_of_a_hit_is_that_of_its_first_note(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nB, |: C 2 (3 D E F G 4 | A 8 :| |: C 8 :|")
    (hit,) = index.figure("(3 D E F G 4").results
    assert (hit.part, hit.bar, hit.ending, hit.onset) == (1, 1, None, 2)
    (hit,) = index.figure("F G 4 | A 8").results
    assert hit.onset == 2 + Fraction(4, 3)
    (hit,) = index.figure("| A 8").results
    assert (hit.bar, hit.onset) == (2, 0)
    (hit,) = index.figure("|: C 8").results
    assert (hit.part, hit.bar, hit.onset) == (2, 1, 0)


def test_places_filter_hits_and_leave_what_is_admitted_alone(make_index: MakeIndex) -> None:
    index = make_index(
        "M:2/4\nK:Cmaj\nC 2 C 2 | C 4 :| |: C 2 D 2 | E 4 :|", "M:2/4\nK:Cmaj\nE 4 |"
    )
    assert index.figure("C 2").hits == 3
    found = index.figure("C 2", Filters(bar=1, onset=Fraction(0)))
    assert (found.tunes, found.hits, found.of) == (1, 2, 2)
    assert index.figure("C 2", Filters(part=2)).hits == 1
    assert index.figure("C 2", Filters(onset=Fraction(2))).hits == 1
    assert index.figure("C 2", Filters(part=3)).hits == 0


def test_filters_on_tunes_say_of_how_many(make_index: MakeIndex) -> None:
    index = make_index(
        "T:The Kesh\nM:6/8\nK:Cmaj\nC 3 C 3 |",
        "T:Kesh, The\nM:6/8\nK:Cdor\nC 3 C 3 |",
        "T:Other\nM:4/4\nK:Cmaj\nC 3 C 3 |",
    )
    for filters, tunes in (
        (Filters(meter="6/8"), 2),
        (Filters(meter="C"), 1),
        (Filters(key="Cdor"), 1),
        (Filters(key="maj"), 2),
        (Filters(title="kesh"), 2),
        (Filters(corpus="corpus0"), 3),
        (Filters(meter="6/8", key="maj", title="The Kesh"), 1),
    ):
        for found in (index.figure("C 3", filters), index.bar("C 3 C 3", filters)):
            assert (found.tunes, found.of) == (tunes, tunes)


def test_two_words_that_are_one_token_in_tunes_from_abc_are_pointed_out(
    tmp_path: Path,
) -> None:
    path = index_of(tmp_path, "X:1\nM:4/4\nL:1/8\nK:C\nc2>B2 c4|\n")
    assert "as ABC it is c 2> B 2" in call("figure", "c 2 > B 2", "--index", path).out
    assert call("figure", "c 2 > B 2", "--in", "C", "--index", path, "--json").json["hits"] == 1
    assert call("figure", "c 2> B 2", "--index", path, "--json").json["hits"] == 1
    assert "as ABC" not in call("figure", "c 4", "--index", path).out


def test_a_title_without_a_letter_names_no_tune(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F |")
    for ask in (
        lambda: index.figure("C D", Filters(title="!!!")),
        lambda: index.catalogue.titled("!!!"),
        lambda: index.resolve("!!!"),
    ):
        with pytest.raises(QueryError, match=r"^there is no tune '!!!' in the index; give"):
            ask()


def test_an_index_answers_many_threads_at_once(make_index: MakeIndex) -> None:
    index = make_index(*["M:4/4\nK:Cmaj\nC D E F | G A B c |"] * 20)

    def ask(number: int) -> tuple[int, int, int]:
        figure = index.figure("{C D}? E", Filters(meter="4/4"))
        (tune,) = check("M:4/4\nK:Cmaj\nC D E F |", index).tunes
        return figure.hits, index.bar("C D E F").hits, tune.bars[0].tunes

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(ask, range(200))) == [(20, 20, 20)] * 200


@pytest.mark.parametrize("meter", ["C|", "M:C|", "2/2"])
def test_cut_time_is_a_meter(make_index: MakeIndex, meter: str) -> None:
    index = make_index("M:2/2\nK:Cmaj\nC D E F |", "M:4/4\nK:Cmaj\nC D E F |")
    found = index.figure("C D", Filters(meter=meter))
    assert (found.tunes, found.of, found.results[0].meter) == (1, 1, "2/2")


def test_the_limit_shows_the_first_hits_and_counts_all(make_index: MakeIndex) -> None:
    index = make_index(*["M:2/4\nK:Cmaj\nC D E F |"] * 4)
    found = index.figure("D E", limit=2)
    assert (found.tunes, found.hits) == (4, 4)
    assert [hit.number for hit in found.results] == [1, 2]
    assert index.figure("D E", limit=0).results == ()


def test_a_wildcard_may_be_the_note_of_a_figure(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC 2 D 3 E 2 | z 2 [ C E ] 2 F |")
    assert index.figure("* 2").hits == 4
    assert index.figure("* 2 *").hits == 3  # the D after C 2 goes on
    assert index.figure("*").hits == 16 - 5  # those before a length go on


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        ("", "the figure is empty"),
        ("2", "has no note; add a note"),
        ("H", "'H' is not a token"),
        ("C K:Cmajor", "the nearest are K:Cmaj"),
        ("C M:4/4", "filter with --meter or --key"),
        ("{C D", "cannot be read"),
        ("|? C", "'|?' has no length; write ? after a note, z or ]"),
        ("| 2", "has no note; add a note"),
    ],
)
def test_a_query_that_means_nothing_says_what_would(
    make_index: MakeIndex, figure: str, sentence: str
) -> None:
    index = make_index("M:2/4\nK:Cmaj\nC D E F |")
    with pytest.raises(QueryError) as raised:
        index.figure(figure)
    assert sentence in str(raised.value)


# The real transcriptions: counts that were worked out with grep and a spreadsheet of tokens


@pytest.mark.parametrize(
    ("figure", "tunes", "hits", "open_tunes", "open_hits"),
    [
        ("G, C C 2", 26, 50, 26, 50),
        ("G, C C", 75, 194, 103, 256),
        ("c 2 B c", 78, 128, 94, 169),
        ("=B", 173, 495, 203, 617),
        ("(3 G A B", 96, 187, 96, 187),
        ("c /2 d /2 e", 45, 85, 82, 162),
    ],
)
def test_figures_stand_in_the_v2_sample_as_often_as_they_do(
    v2_index: Index, figure: str, tunes: int, hits: int, open_tunes: int, open_hits: int
) -> None:
    closed, opened = v2_index.figure(figure), v2_index.figure(figure, open_end=True)
    assert (closed.tunes, closed.hits, closed.of) == (tunes, hits, 3000)
    assert (opened.tunes, opened.hits) == (open_tunes, open_hits)


def test_a_bar_stands_in_the_v2_sample_as_often_as_it_does(v2_index: Index) -> None:
    found = v2_index.bar("C 3 C 3")
    assert (found.tunes, found.hits, found.of) == (11, 16, 3000)


def test_the_search_of_the_post_finds_the_belharbour(v2_index: Index) -> None:
    found = v2_index.figure("G, C C 2", Filters(bar=1, onset=Fraction(0)), limit=100)
    assert "The Belharbour" in {hit.title for hit in found.results}
    assert all((hit.bar, hit.onset) == (1, 0) for hit in found.results)
    assert len(found.results) == found.hits
