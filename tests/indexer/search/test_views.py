"""The views: symbols as plain definitions and music21 have them, and figures found in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import call, index_of
from tests.conftest import V2_SAMPLE
from tests.indexer.search import plain_views
from tests.indexer.search.plain_views import NAMES
from tests.peers import music21s, sample
from tests.strategies import bodies
from tunetrace import Filters, Index, QueryError, Rejected, read
from tunetrace.arguments import ViewName
from tunetrace.checker.measures import COPIED_LENGTHS
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.outline import outline_of_layouts, outline_of_segment
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.views import TOKENS, VIEWS, View
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, semitones
from tunetrace.tokenizer.transpose import interval_from_c
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

Tunes = list[list[str]]
MakeIndex = Callable[..., Index]

VOCABULARY = Vocabulary()
TOKENS_OF_ALL_KINDS = (
    "C", "D", "c", "^F", "=F", "_B,", "B,", "c'", "z", "2", "3", "/2", "3/2", "11/7", ">", "2<",
    "|", "|", "|:", ":|", "|2", "(3", "(2", "[", "]", "M:3/4", "M:6/8", "K:Cmix", "K:Dmin", "<s>",
)  # fmt: skip
tunes_of_all_kinds = st.lists(st.sampled_from(TOKENS_OF_ALL_KINDS), min_size=1, max_size=30)
a_tune = st.one_of(tunes_of_all_kinds, bodies)
corpora = st.lists(a_tune, min_size=1, max_size=4)
views = st.sampled_from(NAMES)


def names(view: View, tune: Sequence[str]) -> list[str]:
    """The names of the symbols that the package gives a tune."""
    alphabet = view.alphabet(VOCABULARY)
    return [alphabet.names[symbol] for symbol in view.symbols(lay_out(tune), b"")]


def search(view: View, tunes: Tunes, tunes_in_segment: int) -> FigureSearch:
    """A search over tunes in a view, cut into segments of so many."""
    segments = []
    vocabulary = Vocabulary()
    for first in range(0, len(tunes), tunes_in_segment):
        some = tunes[first : first + tunes_in_segment]
        stream = bytes([SEPARATOR])
        for tune in some:
            stream += view.symbols(lay_out(tune), vocabulary.learn(tune)) + bytes([SEPARATOR])
        segments.append(Segment.of(range(first + 1, first + 1 + len(some)), stream))
    return FigureSearch(segments, vocabulary, view)


def places(figures: FigureSearch, query: str) -> list[tuple[int, int]]:
    """(tune, symbol of the tune) of every hit."""
    found = figures.occurrences(figures.view.parse(query, VOCABULARY))
    return sorted(
        (int(tune), int(at))
        for some in found
        for tune, at in zip(*some.segment.places(some.positions), strict=True)
    )


# Symbols


def test_every_view_has_one_name_and_room_for_its_symbols() -> None:
    assert tuple(VIEWS) == get_args(ViewName) == (TOKENS.name, *NAMES)
    for name in NAMES:
        alphabet = VIEWS[name].alphabet(VOCABULARY)
        assert len(set(alphabet.names)) == len(alphabet.names) < SEPARATOR
        assert VIEWS[name].shared_notes in COPIED_LENGTHS


@pytest.mark.parametrize("name", NAMES)
@given(a_tune)
def test_symbols_are_those_of_the_definition(name: str, tune: list[str]) -> None:
    assert names(VIEWS[name], tune) == plain_views.names(name, tune)


@pytest.mark.parametrize("name", NAMES)
def test_symbols_of_real_tunes_are_those_of_the_definition(name: str, shared: Path) -> None:
    tunes = [t for t in read(shared / V2_SAMPLE) if not isinstance(t, Rejected)][:150]
    for tune in tunes:
        assert names(VIEWS[name], tune.tokens) == plain_views.names(name, tune.tokens)


def test_symbols_by_hand() -> None:
    tune = [
        "M:4/4",
        "K:Cdor",
        "|:",
        "G,",
        "|",
        "C",
        ">",
        "E",
        "[",
        "E",
        "G",
        "]",
        "z",
        "|",
        "(3",
        "B",
        "c",
        "B",
        "K:Cmaj",
        "B",
        "2",
        "=B",
        "2",
        ":|",
        "c'",
    ]
    # E flat and B flat by the key, B natural after it changes; the tonic stays C.
    assert " ".join(names(VIEWS["melody"], tune)) == "-5 0 3 7 10 12 10 11 11 24"
    assert " ".join(names(VIEWS["intervals"], tune)) == "+5 +3 +4 +3 +2 -2 +1 0 +13"
    assert " ".join(names(VIEWS["contour"], tune)) == "U U U U U D U R U"
    rhythm = "| 1 | 3/2 1/2 1 z1 | 2/3 2/3 2/3 2 2 | 1 |"
    assert " ".join(names(VIEWS["rhythm"], tune)) == rhythm


@pytest.mark.parametrize(
    ("key", "tune", "melody"),
    [
        ("K:Amin", "A, c e", "0 15 19"),  # in tunes that are not on C
        ("K:mix", "C _B B", "0 10 10"),  # folk-rnn v3 states the mode alone
        ("K:F#maj", "F ^A c", "0 4 7"),
        ("K:Cmaj", "^^C,,,,,, __b''''''", "-70 93"),
    ],
)
def test_the_melody_counts_from_the_tonic(key: str, tune: str, melody: str) -> None:
    assert " ".join(names(VIEWS["melody"], [key, *tune.split()])) == melody


def test_what_has_no_symbol_is_in_no_figure(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\n| C 11/7 D D | C,,,,,, c'''''' | E 11/7 D D |")
    # The rhythm is | other 1 1 | 1 1 | other 1 1 |, the intervals +2 0 -74 other -80 -2 0.
    assert index.figure("1 1", view="rhythm").hits == 3
    assert index.figure("* 1 1", view="rhythm").hits == 1
    assert index.figure("* *", view="intervals").hits == 4
    assert index.figure("U U D", view="contour").hits == 0
    assert index.figure("D U D", view="contour").hits == 1
    for text, view in (("11/7", "rhythm"), ("other", "rhythm"), ("other", "intervals")):
        with pytest.raises(QueryError, match=f"^'{text}' cannot be in a figure"):
            index.figure(text, view=view)


def test_melody_and_intervals_are_music21s_pitches() -> None:
    """On 500 tunes: the pitches that music21 reads, as far as both read the same lengths."""
    compared = 0
    for tune in sample():
        theirs = music21s(tune.text)
        if isinstance(tune.read, Rejected) or theirs is None or compared == 500:
            continue
        assert tune.read.original_key is not None
        tonic = MIDDLE_C + semitones(interval_from_c(tune.read.original_key))
        expected = [max(pitches) - tonic for pitches, _ in theirs]
        melody = [int(name) for name in names(VIEWS["melody"], tune.read.tokens)]
        if len(melody) != len(expected):
            continue  # another reading of voices, grace notes or ends (docs/agreement.md)
        compared += 1
        assert melody == expected, tune.name
        steps = [int(name) for name in names(VIEWS["intervals"], tune.read.tokens)]
        assert steps == [right - left for left, right in pairwise(expected)]
    assert compared == 500


# Figures


@st.composite
def a_corpus_and_a_figure(draw: st.DrawFn) -> tuple[str, Tunes, list[list[str] | None]]:
    """A view, tunes, and a figure that is mostly taken from one of them: names, or None for any."""
    view, tunes = draw(views), draw(corpora)
    own = plain_views.names(view, draw(st.sampled_from(tunes)))
    known = [name for name in VIEWS[view].alphabet(VOCABULARY).names if name != "other"]
    first = draw(st.integers(0, max(len(own) - 1, 0)))
    figure: list[list[str] | None] = []
    for name in own[first : first + draw(st.integers(1, 6))]:
        more = draw(st.lists(st.sampled_from(known), max_size=2))
        kind = draw(st.sampled_from(["name", "name", "name", "choice", "any"]))
        if name == "other" or kind == "any":
            figure.append(None)
        else:
            figure.append([name, *more] if kind == "choice" else [name])
    if not figure or all(some == ["|"] for some in figure):
        figure.append([known[0]])
    return view, tunes, figure


def written(figure: Sequence[Sequence[str] | None]) -> str:
    """A figure as users write it."""
    return " ".join(
        "*" if some is None else some[0] if len(some) == 1 else "{" + " ".join(some) + "}"
        for some in figure
    )


@settings(max_examples=200)
@given(a_corpus_and_a_figure(), st.integers(1, 3))
def test_hits_are_those_of_brute_force_however_the_corpus_is_segmented(
    given_: tuple[str, Tunes, list[list[str] | None]], tunes_in_segment: int
) -> None:
    view, tunes, figure = given_
    figures = search(VIEWS[view], tunes, tunes_in_segment)
    assert places(figures, written(figure)) == plain_views.hits(view, tunes, figure)


@given(views, tunes_of_all_kinds, tunes_of_all_kinds)
def test_extents_of_one_tune_are_not_those_of_another(
    name: str, tune: list[str], other: list[str]
) -> None:
    """The places in a tune are remembered by its layout, even if an equal one comes."""
    layouts = [lay_out(one) for one in (tune, other, tune)]
    extents = []
    for _ in range(2):
        for one, layout in zip((tune, other, tune), layouts, strict=True):
            count = len(plain_views.symbols(name, one))
            extents.append([VIEWS[name].extent(layout, k, k + 1) for k in range(count)])
    assert extents[0] == extents[2] == extents[3] == extents[5]
    assert extents[1] == extents[4]


@given(views, tunes_of_all_kinds, st.data())
def test_a_hit_maps_back_to_its_notes(name: str, tune: list[str], data: st.DataObject) -> None:
    own = plain_views.symbols(name, tune)
    if not own:
        return
    first = data.draw(st.integers(0, len(own) - 1))
    some = own[first : data.draw(st.integers(first + 1, len(own)))]
    start, stop = VIEWS[name].extent(lay_out(tune), first, first + len(some))
    events = [symbol for symbol in some if symbol.first >= 0]
    inside = [place for place, _ in plain_views.events_of(tune) if start <= place < stop]
    if events:
        assert (inside[0], inside[-1]) == (events[0].first, events[-1].last)
        # With all of its length; a stray one after a bar line belongs to no note.
        assert some[-1].first < 0 or stop == len(tune) or not tune[stop][0].isdigit()
    else:
        assert inside == []
    if name == "rhythm":  # bar lines at the ends of a figure are shown
        begins, ends = some[0].name == "|", some[-1].name == "|"
        assert not begins or not events or start == 0 or tune[start - 1][0] not in "|:"
        assert not ends or not events or stop == len(tune) or tune[stop][0] not in "|:"


@given(corpora, st.integers(1, 3))
def test_the_outline_of_a_stream_is_that_of_its_layouts(tunes: Tunes, in_segment: int) -> None:
    figures = search(TOKENS, tunes, in_segment)
    for segment in figures.segments:
        some = [tunes[tune - 1] for tune in segment.tune_ids.tolist()]
        found = outline_of_segment(segment, figures.vocabulary)
        expected = outline_of_layouts([lay_out(tune) for tune in some])
        for field in ("tokens", "sounds", "first_events", "first_bars"):
            assert getattr(found, field).tolist() == getattr(expected, field).tolist(), field


STRAIGHT = "T:Straight\nM:4/4\nK:Cmaj\n| C 2 E 2 G 2 c 2 | z 2 c 2 ^F 2 D 2 |"
SWUNG = "T:Swung\nM:4/4\nK:Cmix\n|: G | C > E [ E G ] c | =F 4 c 4 :|"


def test_a_figure_is_found_in_other_lengths_and_maps_back_to_its_notes(
    make_index: MakeIndex,
) -> None:
    index = make_index(STRAIGHT, SWUNG)
    assert index.figure("C E G c").hits == 0
    found = index.figure("0 4 7 12", view="melody")
    assert (found.tunes, found.hits, found.of, found.view) == (2, 2, 2, "melody")
    straight, swung = found.results
    assert (straight.title, straight.part, straight.bar, straight.onset) == ("Straight", 1, 1, 0)
    assert straight.context[slice(*straight.found)] == "C 2 E 2 G 2 c 2"
    assert (swung.title, swung.bar) == ("Swung", 1)
    assert swung.context[slice(*swung.found)] == "C > E [ E G ] c"
    # A rest and a bar line between two notes are forgiven, and so is a sharp of the bar.
    across = index.figure("12 12 6", view="melody")
    assert [hit.context[slice(*hit.found)] for hit in across.results] == ["c 2 | z 2 c 2 ^F 2"]
    assert index.figure("7 12 5", Filters(bar=1), view="melody").hits == 1
    assert index.figure("7 12 5", Filters(bar=2), view="melody").hits == 0
    steps = index.figure("-6 -4", view="intervals")
    assert [hit.context[slice(*hit.found)] for hit in steps.results] == ["c 2 ^F 2 D 2"]
    assert index.figure("4 3 5", view="intervals").tunes == 2
    rests = index.figure("z2 2", view="rhythm")
    assert [hit.context[slice(*hit.found)] for hit in rests.results] == ["z 2 c 2"]
    whole = index.figure("| 4 4 |", view="rhythm")
    assert [hit.context[slice(*hit.found)] for hit in whole.results] == ["| =F 4 c 4 :|"]
    assert [hit.bar for hit in whole.results] == [2]


def test_a_parsons_code_may_be_typed(make_index: MakeIndex) -> None:
    index = make_index(STRAIGHT, SWUNG)
    spaced = index.figure("U U U", view="contour")
    assert (spaced.tunes, spaced.hits, spaced.query) == (2, 2, "U U U")
    for code in ("*UUU", "UUU", "uuu", "UU U", "*UU u"):
        assert replace(index.figure(code, view="contour"), asked=spaced.asked) == spaced
    # A star of its own is a wildcard, and so is one between letters.
    assert index.figure("* UU", view="contour").query == "* U U"
    assert index.figure("U*U", view="contour").query == "U * U"
    assert index.figure("*U", view="contour").query == "U"
    assert index.figure("UU{R D}", view="contour").hits == 2
    assert index.bar("*UUU", view="contour").hits == 2


def test_expected_hits_are_those_of_the_views_own_model(make_index: MakeIndex) -> None:
    # The tune is one direction after another, so that chance gives about what there is.
    index = make_index("M:4/4\nK:Cmaj\n" + "| C D C D C D C D " * 8 + "|")
    found = index.figure("U D U", view="contour")
    assert found.hits == 31
    assert found.expected == pytest.approx(31, rel=0.1)
    assert index.figure("U * U", view="contour").expected is None
    assert index.figure("U D U", Filters(bar=1), view="contour").expected is None


SEMITONES = "give semitones from the tonic, -100 to 120, such as 0, 7 or -5"
STEPS = "give semitones up or down, -100 to +100, such as +2, -1 or 0"
LENGTHS = "give a usual length in eighths such as 1 or 3/2, a rest such as z1, or a bar line |"
DIRECTIONS = "give U (up), D (down) or R (repeat), or a Parsons code such as *UUDR"
WILDCARDS = "write * for any note, {0 7} for either of two"


@pytest.mark.parametrize(
    ("view", "text", "sentence"),
    [
        ("melody", "0 tonic", f"'tonic' cannot be in a figure of semitones; {SEMITONES}"),
        ("melody", "121", f"'121' cannot be in a figure of semitones; {SEMITONES}"),
        ("melody", "0 4? 7", f"'4?' cannot be in a figure of semitones; {WILDCARDS}"),
        ("melody", "{0 7", f"the figure cannot be read from column 5 on; {WILDCARDS}"),
        ("melody", " ", "the figure is empty; give semitones separated by spaces, such as "
         "'0 2 4 5'"),
        ("intervals", "+2 up", f"'up' cannot be in a figure of intervals; {STEPS}"),
        ("rhythm", "1 2/0", f"'2/0' cannot be in a figure of lengths; {LENGTHS}"),
        ("rhythm", "| |", "the figure '| |' has no note; add a length such as 1"),
        ("contour", "UXD", f"'UXD' cannot be in a figure of directions; {DIRECTIONS}"),
        ("contour", "U {UD R}", f"'UD' cannot be in a figure of directions; {DIRECTIONS}"),
        ("contour", "U" * 1001, "the figure has 1,001 directions; give at most 1,000"),
        ("contour", None, "the figure cannot be None; give text, as a str"),
        ("tune", "C", "view cannot be 'tune'; give one of tokens, melody, intervals, rhythm, "
         "contour"),
        (None, "C", "view cannot be None; give one of tokens, melody, intervals, rhythm, contour"),
    ],
)  # fmt: skip
def test_what_is_no_figure_of_a_view_is_refused(
    view: ViewName, text: str, sentence: str, make_index: MakeIndex
) -> None:
    with pytest.raises(QueryError) as refused:
        make_index(STRAIGHT).figure(text, view=view)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("view", "text", "query"),
    [
        ("melody", "+7 -0 00012", "7 0 12"),
        ("intervals", "2 +0 -1", "+2 0 -1"),
        ("rhythm", "/2 2/4 4/2 z z/2 z3", "1/2 1/2 2 z1 z1/2 z3"),
        ("contour", "u  D r", "U D R"),
    ],
)
def test_a_symbol_may_be_written_in_more_than_one_way(
    view: ViewName, text: str, query: str, make_index: MakeIndex
) -> None:
    if view == "melody":
        text = text.replace("00012", "012")
    assert make_index(STRAIGHT).figure(text, view=view).query == query


def test_an_open_end_is_refused_where_it_has_no_meaning(make_index: MakeIndex) -> None:
    with pytest.raises(QueryError, match=r"^an open end has no meaning in the view melody"):
        make_index(STRAIGHT).figure("0", view="melody", open_end=True)


# Bars


@given(views, corpora, st.integers(1, 3), st.data())
@settings(max_examples=50)
def test_whole_bars_are_those_of_brute_force(
    name: str, tunes: Tunes, in_segment: int, data: st.DataObject
) -> None:
    from tunetrace.indexer.search.places import SymbolPlaces

    every = [
        (number, place, own)
        for number, tune in enumerate(tunes, 1)
        for place, own in plain_views.bars(name, tune)
    ]
    usual = [own for _, _, own in every if own and "other" not in own]
    if not usual:
        return
    wanted = data.draw(st.sampled_from(usual))
    view = VIEWS[name]
    assert view.units is not None
    tokens, figures = search(TOKENS, tunes, in_segment), search(view, tunes, in_segment)
    symbol_places = SymbolPlaces(tokens, figures, view.units)
    found = symbol_places.whole_bars(figures.occurrences(view.parse(" ".join(wanted), VOCABULARY)))
    layouts = [lay_out(tune) for tune in tunes]
    at = [(tune, layouts[tune - 1].bar_at(token)) for tune, token in found]
    expected = [
        (tune, layouts[tune - 1].bar_at(place)) for tune, place, own in every if own == wanted
    ]
    assert at == expected


def test_a_bar_of_a_view_is_all_of_its_symbols(make_index: MakeIndex) -> None:
    index = make_index(STRAIGHT, SWUNG)
    found = index.bar("0 4 7 12", view="melody")
    assert (found.tunes, found.hits, found.expected, found.view) == (2, 2, None, "melody")
    assert [hit.context for hit in found.results] == [
        "C 2 E 2 G 2 c 2 | z 2 c 2 ^F 2 D 2", "G | C > E [ E G ] c | =F 4 c 4",
    ]  # fmt: skip
    assert index.bar("0 4 7", view="melody").hits == 0
    assert index.bar("12 6 2", view="melody").hits == 1  # without its rest
    assert index.bar("z2 2 2 2", view="rhythm").hits == 1
    assert index.bar("* * *", view="rhythm").hits == 0
    assert index.bar("{2 4} 4", view="rhythm").hits == 1
    assert index.bar("+7", view="intervals").hits == 1
    assert index.bar("+7", Filters(bar=1), view="intervals").hits == 0
    assert index.bar("+7", Filters(bar=2, part=1, onset=0), view="intervals").hits == 1  # type: ignore[arg-type]
    with pytest.raises(QueryError, match=r"^'\|' is a bar line, but a bar is searched without"):
        index.bar("3 | 3", view="rhythm")


# The command line


def test_the_commands_take_a_view(tmp_path: Path) -> None:
    path = str(index_of(tmp_path, "X:1\nT:A\nM:4/4\nL:1/8\nK:C\nG,CEG c2G2|z2G2E2C2|\n"))
    up = call("figure", "-5 0 4", "--view", "melody", "--index", path)
    assert up.out.startswith("-5 0 4 in the view melody\nfound in 1 of 1 tune, once\n")
    assert "found in 1 of 1 tune, once" in call(
        "figure", "--index", path, "--view", "contour", "*UUUUDRDD"
    ).out  # fmt: skip
    assert "found in 1 of 1 tune" in call(
        "bar", "-3 -4", "--view", "intervals", "--index", path
    ).out  # fmt: skip
    counted = call("ngrams", "--n", "3", "--view", "rhythm", "--top", "1", "--index", path).out
    assert counted.startswith("n-grams of 3 symbols of the view rhythm in the whole index\n")
    wrong = call("figure", "C", "--view", "tune", "--index", path)
    assert wrong.code == 2
    for name in VIEWS:
        assert f"'{name}'" in wrong.err
