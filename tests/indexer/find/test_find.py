"""Tunes with several figures at their places: by hand, and as brute force says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import brute
from tests.strategies import corpora
from tunetrace import (
    Filters,
    Found,
    Index,
    QueryError,
    add_to_index,
    build_index,
    find,
    open_index,
    remove_from_index,
)
from tunetrace.indexer.find import placed
from tunetrace.indexer.queries.conditions import (
    And,
    Condition,
    Not,
    Or,
    SamePart,
    Sought,
    leaves_of,
    parse_conditions,
)
from tunetrace.indexer.search.views import TOKENS
from tunetrace.tokenizer.layout.bars import Layout, lay_out

MakeIndex = Callable[..., Index]

PICKUP = "M:4/4\nK:Cmaj\nG, |: C D E F G 4 | E D C 6 :| |: c 2 B c G 4 | E D C 5 :|"
"""A tune with a pickup and two parts."""

ENDINGS = "M:2/4\nK:Cmaj\n|: C D E F |1 G A G 2 :| |2 G E C 2 |: c 2 B c | E D C z :|"
"""A first part with two endings, and a second that ends with a rest."""

ONE_PART = "M:2/4\nK:Cmaj\nC D E F | E D C 2 |"


def places(found: Found) -> dict[int, list[tuple[int, int, int, Fraction]]]:
    """(figure, part, bar, onset) of each hit by the number of its tune."""
    return {
        tune.number: [(hit.figure, hit.part, hit.bar, hit.onset) for hit in tune.hits]
        for tune in found.results
    }


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        # The first beat of bar 1 is after the pickup.
        ('opening "C D E"', {1: [(1, 1, 1, 0)], 2: [(1, 1, 1, 0)], 3: [(1, 1, 1, 0)]}),
        ('opening "G,"', {}),
        ('bar 0 "G,"', {1: [(1, 1, 0, 0)]}),
        ('opening "c 2 B"', {}),
        ('part 2 bar 1 onset 0 "c 2 B"', {1: [(1, 2, 1, 0)], 2: [(1, 2, 1, 0)]}),
        # The bar line before the first note belongs to the figure, and its place is the note's.
        ('opening "|: C D"', {1: [(1, 1, 1, 0)], 2: [(1, 1, 1, 0)]}),
        # The last note of a part, in each of its endings, whatever rests follow.
        ('cadence "E D C 6"', {1: [(1, 1, 2, 0)]}),
        ('cadence "E D C 5"', {1: [(1, 2, 2, 0)]}),
        ('cadence "G 2"', {2: [(1, 1, 2, 2)]}),
        ('cadence "E C 2"', {2: [(1, 1, 2, 1)]}),
        ('cadence "D C"', {2: [(1, 2, 2, 1)]}),
        ('cadence "E D C z :|"', {2: [(1, 2, 2, 0)]}),
        ('cadence "F"', {}),
        ('cadence "C 2"', {2: [(1, 1, 2, 2)], 3: [(1, 1, 2, 2)]}),
        ('part 2 cadence "C? z?"', {2: [(1, 2, 2, 2)]}),
        ('opening "C D" and cadence "D C 2"', {3: [(1, 1, 1, 0), (2, 1, 2, 1)]}),
        # A hit of both is shown once for each figure.
        ('"B c" and part 2 "B c G 4"', {1: [(1, 2, 1, 2), (2, 2, 1, 2)]}),
        ('"F G 4" or "F |"',
         {1: [(1, 1, 1, 3)], 3: [(2, 1, 1, 3)]}),
        ('"E D" and not "B"', {3: [(1, 1, 2, 0)]}),
        ('"C D" same part as "E D"', {1: [(1, 1, 1, 0), (2, 1, 2, 0)],
                                      3: [(1, 1, 1, 0), (2, 1, 2, 0)]}),
        # Of the hits, those in the part that has both.
        ('"G" same part as "A"', {2: [(1, 1, 2, 0), (1, 1, 2, 0), (2, 1, 2, 1)]}),
        ('"B" same part as "E D" same part as "c"',
         {1: [(1, 2, 1, 2), (2, 2, 2, 0), (3, 2, 1, 3)],
          2: [(1, 2, 1, 2), (2, 2, 2, 0), (3, 2, 1, 3)]}),
        ('"E D" and not "C D" same part as "E D"', {2: [(1, 2, 2, 0)]}),
    ],
)  # fmt: skip
def test_places_are_those_of_the_layout(
    make_index: MakeIndex, query: str, answer: dict[int, list[tuple[int, int, int, int]]]
) -> None:
    found = find(query, index=make_index(PICKUP, ENDINGS, ONE_PART))
    got = places(found)
    assert {tune: sorted(hits) for tune, hits in got.items()} == {
        tune: sorted(hits) for tune, hits in answer.items()
    }
    assert (found.tunes, found.hits) == (len(answer), sum(map(len, answer.values())))


def test_a_tune_is_shown_with_all_its_hits_in_their_order(make_index: MakeIndex) -> None:
    found = find('cadence "D C 2" or "C D"', index=make_index(PICKUP, ONE_PART), limit=1)
    assert found.query == 'cadence "D C 2" or "C D"'
    assert [(one.figure, one.place, one.hits) for one in found.figures] == [
        ("D C 2", "cadence", 1), ("C D", "", 2),
    ]  # fmt: skip
    assert (found.tunes, found.families, found.hits, found.of) == (2, None, 3, 2)
    (tune,) = found.results
    assert (tune.number, [hit.context for hit in tune.hits]) == (1, ["C D E F G 4"])
    second = find('cadence "D C 2" or "C D"', index=make_index(PICKUP, ONE_PART)).results[1]
    assert [(hit.figure, hit.context, hit.found) for hit in second.hits] == [
        (2, "C D E F", (0, 3)), (1, "E D C 2", (2, 7)),
    ]  # fmt: skip


def test_the_filters_choose_tunes_and_say_of_how_many(make_index: MakeIndex) -> None:
    index = make_index(PICKUP, ENDINGS, ONE_PART)
    found = find('"C D" and not "B"', Filters(meter="2/4"), index)
    assert (found.tunes, found.of) == (1, 2)
    with pytest.raises(QueryError, match="filters cannot have a part, a bar or an onset here"):
        find('"C D"', Filters(bar=1), index)


@pytest.mark.parametrize(
    ("query", "view", "answer"),
    [
        ('opening "0 2 4" and cadence "2 0"', "melody", {1, 2, 3}),
        ('opening "+2 +2" and cadence "-2 -2"', "intervals", {1, 2, 3}),
        ('opening "U U U" and part 2 bar 1 "D U"', "contour", {1, 2}),
        ('cadence "| 1 1 2 |"', "rhythm", {2, 3}),
        ('cadence "1 1 6 |"', "rhythm", {1}),
        ('"12 11" same part as "4 2 0"', "melody", {1, 2}),
    ],
)
def test_figures_of_another_view_have_the_same_places(
    make_index: MakeIndex, query: str, view: str, answer: set[int]
) -> None:
    found = find(query, index=make_index(PICKUP, ENDINGS, ONE_PART), view=view)  # type: ignore[arg-type]
    assert set(places(found)) == answer
    assert found.view == view


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ('"C" and opening "H"', "^at column 17 of the query: 'H' is not a token"),
        ('"C" or "2"', "^at column 8 of the query: the figure '2' has no note; add a note$"),
        ('""', "^at column 1 of the query: the figure is empty"),
        ('not "C"', "^at column 5 of the query: tunes that only lack"),
    ],
)
def test_a_figure_that_means_nothing_is_refused_with_its_column(
    make_index: MakeIndex, query: str, sentence: str
) -> None:
    with pytest.raises(QueryError, match=sentence):
        find(query, index=make_index(ONE_PART))


# By brute force: every tune by itself, from its tokens and its layout


def ends_of_parts(layout: Layout) -> set[int]:
    """The first tokens of the notes that are the last of a part or of an ending."""
    ends = set()
    for bar, after in pairwise([*layout.bars, None]):
        assert bar is not None
        is_last = after is None or after.part != bar.part
        if is_last or (bar.ending is not None and after is not None and after.ending != bar.ending):
            notes = [
                one.start + start
                for one in layout.bars
                for start, sounds in zip(one.events.starts, one.events.sounds, strict=True)
                if sounds and one.part == bar.part and one.start <= bar.start
            ]
            ends |= set(notes[-1:])
    return ends


def hits_of(tokens: Sequence[str], layout: Layout, sought: Sought) -> set[tuple[int, int]]:
    """The first token of each hit of a figure at its place, and the one past its last."""
    words = sought.figure.split()
    hits = set()
    for _, at in brute.query_hits([tokens], words):
        stop = at + len(words)
        place = layout.position(at, stop)
        pairs = ((sought.part, place.part), (sought.bar, place.bar), (sought.onset, place.onset))
        touched = [
            bar.start + start
            for bar in layout.bars
            for start, end, sounds in zip(*bar.events[:2], bar.events.sounds, strict=True)
            if sounds and bar.start + start < stop and bar.start + end > at
        ]
        is_end = bool(touched) and touched[-1] in ends_of_parts(layout)
        is_there = all(wanted in (None, is_at) for wanted, is_at in pairs)
        if is_there and (is_end or not sought.is_cadence):
            hits.add((at, stop))
    return hits


def brute_answer(tokens: Sequence[str], query: Condition) -> list[tuple[int, int, int]] | None:
    """(figure, first token, stop) of the hits to show of a tune; None if the query is false."""
    layout = lay_out(tokens)
    found: dict[Condition, list[set[tuple[int, int]]]] = {}  # of each figure of a leaf
    for leaf in leaves_of(query):
        several = leaf.of if isinstance(leaf, SamePart) else (leaf,)
        found[leaf] = [hits_of(tokens, layout, one) for one in several]
        if isinstance(leaf, SamePart):
            parts = [{layout.position(*hit).part for hit in hits} for hits in found[leaf]]
            shared = set.intersection(*parts)
            found[leaf] = [
                {hit for hit in hits if layout.position(*hit).part in shared}
                for hits in found[leaf]
            ]

    def is_true(condition: Condition) -> bool:
        if isinstance(condition, Not):
            return not is_true(condition.of)
        if isinstance(condition, And | Or):
            values = map(is_true, condition.of)
            return all(values) if isinstance(condition, And) else any(values)
        return bool(found[condition][0])

    def reasons(condition: Condition, wanted: bool) -> set[Condition]:
        """The leaves that are found and make a condition true, or if it is not wanted, false."""
        if is_true(condition) != wanted:
            return set()
        if isinstance(condition, Not):
            return reasons(condition.of, not wanted)
        if isinstance(condition, And | Or):
            return set().union(*(reasons(one, wanted) for one in condition.of))
        return {condition} if wanted else set()

    if not is_true(query):
        return None
    shown, number = [], 0
    for leaf, of_figures in found.items():
        for hits in of_figures:
            number += 1
            if leaf in reasons(query, True):
                shown += [(number, *hit) for hit in hits]
    return shown


PLACES = ("", "", "opening", "cadence", "cadence", "part 1", "part 2", "bar 0", "bar 1", "bar 2",
          "part 2 bar 1", "onset 1", "onset 0", "part 1 bar 2 cadence")  # fmt: skip


@st.composite
def a_corpus_and_a_query(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """Tunes, and a query whose figures are mostly found in them."""
    tunes = draw(corpora)

    def figure() -> str:
        tune = draw(st.sampled_from(tunes))
        first = draw(st.integers(0, len(tune) - 1))
        words = tune[first : first + draw(st.integers(1, 3))]
        words = [word for word in words if not brute.is_wall(word)]
        if not any(word[0] in "CDEc^z" for word in words):
            words.append(draw(st.sampled_from(["C", "D", "*"])))
        return f'"{" ".join(words)}"'

    def sought() -> str:
        return f"{draw(st.sampled_from(PLACES))} {figure()}"

    def condition(depth: int) -> str:
        kind = draw(st.sampled_from(["figure", "same"] + ["and", "or", "not"] * (depth > 0)))
        if kind == "figure":
            return sought()
        if kind == "same":
            return f"{sought()} same part as {sought()}"
        if kind == "not":
            return f"not ({condition(depth - 1)})"
        return f"({condition(depth - 1)} {kind} {condition(depth - 1)})"

    return tunes, draw(st.sampled_from(["{0}", "{1} and {0}", "{0} or {1}"])).format(
        condition(2), sought()
    )


def written_to(path: Path, tunes: Sequence[Sequence[str]]) -> Path:
    """A file of folk-rnn's text. What is no token of a body is left out."""
    bodies = [" ".join(token for token in tune if not brute.is_wall(token)) for tune in tunes]
    path.write_text("\n\n".join(f"M:2/4\nK:Cmaj\n{body} C |" for body in bodies))
    return path


def answers(index: Index, query: str) -> dict[int, list[tuple[object, ...]]]:
    """By tune the hits that brute force finds, as (figure, part, bar, ending, onset, context)."""
    condition = parse_conditions(query)
    expected = {}
    for segment in index.figures.segments:
        for tune in segment.tune_ids.tolist():
            tokens = index.tokens(tune)
            hits = brute_answer(tokens, condition)
            if hits is not None:
                layout = lay_out(tokens)
                expected[tune] = sorted(
                    (
                        figure,
                        at.part,
                        at.bar,
                        at.ending or 0,
                        at.onset,
                        *layout.context(first, stop),
                    )
                    for figure, first, stop in hits
                    for at in [layout.position(first, stop)]
                )
    return expected


@pytest.mark.parametrize("reads_bars", [True, False])
def test_the_answer_is_that_of_brute_force_in_several_segments_and_after_removals(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, reads_bars: bool
) -> None:
    # Both ways to find out where hits are, whatever the size of the index.
    monkeypatch.setattr(placed, "_IN_BARS", TOKENS if reads_bars else None)
    folder = tmp_path_factory.mktemp("brute")
    true = []

    @settings(max_examples=50)
    @given(a_corpus_and_a_query(), st.integers(1, 3), st.booleans())
    def agrees(given_: tuple[list[list[str]], str], segments: int, is_removed: bool) -> None:
        tunes, query = given_
        try:
            parse_conditions(query)
        except QueryError:  # of not alone
            return
        path = folder / "index.db"
        books = [
            written_to(folder / f"{k}.txt", tunes[k::segments] or [["C"]]) for k in range(segments)
        ]
        build_index(books[:1], path, force=True)
        for book in books[1:]:
            add_to_index([book], path)
        if is_removed and segments > 1:
            remove_from_index(["0"], path)
        with open_index(path) as index:
            expected = answers(index, query)
            found = find(query, index=index, limit=100)
        assert {
            tune.tune: sorted(
                (hit.figure, hit.part, hit.bar, hit.ending or 0, hit.onset, hit.context, hit.found)
                for hit in tune.hits
            )
            for tune in found.results
        } == expected
        assert found.tunes == len(expected)
        assert found.hits == sum(map(len, expected.values()))
        assert sum(one.hits for one in found.figures) == found.hits
        true.append(bool(expected))

    agrees()
    assert sum(true) > 5


def test_no_answer_depends_on_how_places_are_found(
    v2_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = (
        'opening "C" and cadence "C"', 'part 2 bar 1 "c" or cadence "G, 2"',
        'bar 4 "C D E" and not opening "G"', '"c 2" same part as "G, 2"', 'onset 2 "^F G"',
        'part 3 "C" or cadence "| C 4"', 'opening "{C E G}" and cadence "C? |"',
    )  # fmt: skip
    by_layout, by_bars = [], []
    for found, view in ((by_layout, None), (by_bars, TOKENS)):
        monkeypatch.setattr(placed, "_IN_BARS", view)
        found += [find(query, index=v2_index, limit=3000) for query in queries]
    assert by_layout == by_bars
    assert all(found.tunes for found in by_layout)


def test_the_answer_to_one_figure_is_that_of_the_figure_at_its_place(v2_index: Index) -> None:
    alone = v2_index.figure("G, C C 2", Filters(part=1, bar=1, onset=Fraction(0)), limit=100)
    found = find('opening "G, C C 2"', index=v2_index, limit=100)
    assert (found.tunes, found.hits) == (alone.tunes, alone.hits)
    assert [tune.title for tune in found.results] == [hit.title for hit in alone.results]
