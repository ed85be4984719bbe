"""What comes after a figure and before it: by hand, and as brute force over lists says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import brute
from tests.model.networks import tiny_model
from tests.strategies import NOTES, bodies
from tunetrace import (
    Continuations,
    Filters,
    Index,
    Model,
    QueryError,
    add_to_index,
    build_index,
    continuations,
    find_families,
    open_index,
    open_model,
    remove_from_index,
)
from tunetrace.indexer.search.infinite import InfiniteGram
from tunetrace.tokenizer.vocabulary import SEPARATOR, V2_TOKENS

MakeIndex = Callable[..., Index]

REEL = "M:2/4\nK:Cmaj\nC D E F | G 2 C D | E 4 |"
JIG = "M:6/8\nK:Cmaj\nC D E C 3 | C D G G 3 :|"


def told(found: Continuations) -> list[tuple[str, int, int]]:
    """(text, hits, tunes) of each continuation; `…` stands for the end of the tune."""
    return [(f"{one.text} …" if one.is_end else one.text, one.hits, one.tunes)
            for one in found.results]  # fmt: skip


# By hand


def test_the_next_tokens_are_counted_with_the_share_of_each(make_index: MakeIndex) -> None:
    found = continuations("C D", index=make_index(REEL, JIG))
    assert (found.query, found.context, found.context_length, found.length) == ("C D", "C D", 2, 2)
    assert (found.hits, found.tunes, found.families, found.of, found.different) == (
        4,
        2,
        None,
        2,
        3,
    )
    assert told(found) == [("E", 2, 2), ("|", 1, 1), ("G", 1, 1)]
    assert [one.probability for one in found.results] == [0.5, 0.25, 0.25]
    assert [one.model_probability for one in found.results] == [None] * 3


def test_smoothed_probabilities_are_mixed_with_those_after_shorter_contexts(
    make_index: MakeIndex,
) -> None:
    index = make_index("M:2/4\nK:Cmaj\nC D | C E |")
    # Nine symbols follow another one, of seven kinds (M:2/4 K:Cmaj C D E | and the tune's end),
    # and 138 may. D is once among the two that follow C, of two kinds.
    alone = (1 + 7 / 138) / (9 + 7)
    after_c = (1 + 2 * alone) / (2 + 2)
    found = continuations("C", index=index)
    assert {one.text: one.smoothed_probability for one in found.results} == pytest.approx(
        {"D": after_c, "E": after_c}
    )
    for other in (
        continuations("C", index=index, notes=1),
        continuations("C", index=index, backward=True),
        continuations("* C", index=index),
        continuations("C", Filters(bar=1), index=index),
    ):
        assert {one.smoothed_probability for one in other.results} == {None}


def test_the_next_token_may_be_a_length_of_the_last_note(make_index: MakeIndex) -> None:
    index = make_index(REEL)
    assert told(continuations("F | G", index=index)) == [("2", 1, 1)]
    by_note = continuations("F | G", index=index, notes=1)
    # As a whole note the G without a length is nowhere, so nothing is known of what is before.
    assert (by_note.context, by_note.context_length) == ("", 0)


def test_a_note_has_its_lengths_and_what_is_on_the_way(make_index: MakeIndex) -> None:
    index = make_index(REEL, "M:4/4\nK:Cmaj\nC D | (3 E F G z 2 [ C E ] 2 | K:Cdor D 4 |")
    assert told(continuations("C D", index=index, notes=1)) == [
        ("E", 1, 1), ("| E 4", 1, 1), ("| (3 E", 1, 1),
    ]  # fmt: skip
    assert told(continuations("F G", index=index, notes=1)) == [("z 2", 1, 1)]
    assert told(continuations("z 2", index=index, notes=1)) == [("[ C E ] 2", 1, 1)]
    assert told(continuations("[ C", index=index, notes=1)) == [("E ] 2", 1, 1)]
    assert told(continuations("C E ] 2", index=index, notes=1)) == [("| K:Cdor D 4", 1, 1)]
    assert told(continuations("C E ] 2", index=index, notes=2)) == [("| K:Cdor D 4 | …", 1, 1)]


def test_a_bar_that_the_figure_begins_is_completed_and_counts_as_one(
    make_index: MakeIndex,
) -> None:
    index = make_index(REEL)
    for figure, bars, after in (
        ("C D E", 1, "F"),
        ("C D E", 2, "F | G 2 C D"),
        ("D E F", 1, "| G 2 C D"),  # the bar line right after it ends no bar
        ("D E F |", 1, "G 2 C D"),
        ("C D E", 3, "F | G 2 C D | E 4"),
        ("C D E", 4, "F | G 2 C D | E 4 | …"),
        ("E 4", 1, "| …"),
    ):
        assert told(continuations(figure, index=index, bars=bars)) == [(after, 1, 1)]


def test_what_comes_before_is_in_the_same_units(make_index: MakeIndex) -> None:
    index = make_index(REEL)
    for figure, asked, before in (
        ("F | G 2", {}, "E"),
        ("G 2 C", {}, "|"),
        ("C D E", {}, " …"),
        ("G 2 C", {"notes": 1}, "F |"),
        ("G 2 C", {"notes": 4}, "C D E F |"),
        ("G 2 C", {"notes": 5}, "C D E F | …"),
        ("C D | E 4", {"notes": 1}, "G 2"),
        ("C D | E 4", {"bars": 1}, "G 2"),
        ("C D | E 4", {"bars": 2}, "C D E F | G 2"),
        ("G 2", {"bars": 1}, "C D E F |"),
        ("C D E", {"bars": 1}, " …"),
    ):
        found = continuations(figure, index=index, backward=True, **asked)  # type: ignore[arg-type]
        assert told(found) == [(before, 1, 1)], figure
        assert found.backward


def test_a_tuplet_sign_belongs_to_the_note_after_it(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC 2 (3 D E F G 4 |")
    assert told(continuations("C 2", index=index, notes=1)) == [("(3 D", 1, 1)]
    assert told(continuations("E F", index=index, notes=1, backward=True)) == [("(3 D", 1, 1)]
    assert told(continuations("D E", index=index, notes=1, backward=True)) == [("C 2 (3", 1, 1)]


def test_the_end_of_a_tune_is_a_continuation(make_index: MakeIndex) -> None:
    index = make_index(REEL, "M:4/4\nK:Cmaj\nE 4 | F 4 |")
    found = continuations("E 4 |", index=index)
    assert told(found) == [(" …", 1, 1), ("F", 1, 1)]
    assert told(continuations("E 4", index=index, notes=1)) == [("| …", 1, 1), ("| F 4", 1, 1)]


def test_the_longest_end_that_is_found_is_searched(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    found = continuations("^F G E D E", index=index)
    assert (found.query, found.context) == ("^F G E D E", "D E")
    assert (found.context_length, found.length) == (2, 5)
    assert (found.hits, found.tunes) == (2, 2)
    assert told(found) == [("F", 1, 1), ("C", 1, 1)]
    back = continuations("C D E G ^F", index=index, backward=True)
    assert (back.context, back.context_length) == ("C D E", 3)
    assert told(back) == [(" …", 2, 2)]


def test_where_nothing_of_a_figure_is_found_all_places_count(make_index: MakeIndex) -> None:
    found = continuations("_B", index=make_index("M:4/4\nK:Cmaj\nC C 2 |"))
    assert (found.context, found.context_length, found.hits) == ("", 0, 4)
    assert told(found) == [("C", 1, 1), ("2", 1, 1), ("|", 1, 1), (" …", 1, 1)]


def test_an_example_has_the_figure_and_what_comes_after(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    (first, *_) = continuations("E F", index=index, bars=1).results
    hit = first.example
    assert (hit.reference, hit.part, hit.bar, hit.onset) == ("corpus0:1", 1, 1, 2)
    assert hit.context == "C D E F | G 2 C D"
    assert hit.context[slice(*hit.found)] == "| G 2 C D"
    (before,) = continuations("G 2", index=index, bars=1, backward=True).results
    assert (before.example.bar, before.example.onset) == (2, 0)
    assert before.example.context[slice(*before.example.found)] == "C D E F |"
    (end,) = continuations("E 4 |", index=index).results
    assert (end.text, end.is_end) == ("", True)
    assert end.example.context[slice(*end.example.found)] == ""


def test_families_count_settings_once(make_index: MakeIndex) -> None:
    long = "C D E F | G A B c | d e d c | B A G F | E D C E | G 4 E 4 |"
    index = make_index(*[f"M:4/4\nK:Cmaj\n{long}"] * 2, "M:4/4\nK:Cdor\nc 2 G A B d |")
    find_families(index.path)
    with open_index(index.path) as compared:
        found = continuations("G A B", index=compared)
    assert (found.tunes, found.families) == (3, 2)
    assert [(one.text, one.tunes, one.families) for one in found.results] == [
        ("c", 2, 1), ("d", 1, 1),
    ]  # fmt: skip


def test_filters_choose_the_tunes_and_the_places_of_the_figure(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    found = continuations("C D", Filters(meter="6/8"), index)
    assert (found.of, found.tunes, told(found)) == (1, 1, [("E", 1, 1), ("G", 1, 1)])
    second = continuations("C D", Filters(bar=2), index)
    assert told(second) == [("|", 1, 1), ("G", 1, 1)]
    onset = continuations("C D", Filters(bar=2, onset=Fraction(2)), index)
    assert told(onset) == [("|", 1, 1)]
    # Its end is at that place, and the whole figure is not.
    ended = continuations("A C D", Filters(bar=2, onset=Fraction(0)), index)
    assert (ended.context, told(ended)) == ("C D", [("G", 1, 1)])


def test_no_tune_that_passes_has_no_continuation(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG.replace("maj", "dor"))
    found = continuations("C D", Filters(meter="2/4", key="dor"), index)
    assert (found.of, found.hits, found.tunes, found.different, found.results) == (0, 0, 0, 0, ())


def test_a_figure_may_be_written_in_its_own_key(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    found = continuations("GABc |", index=index, in_key="G")
    assert (found.query, found.asked, found.read_as, found.in_key) == (
        "C D E F |", "GABc |", "ABC", "Gmaj",
    )  # fmt: skip
    assert told(found) == [("G", 1, 1)]
    elsewhere = continuations("G A B c |", index=index, notes=1)
    assert elsewhere.context == "|"
    assert elsewhere.remarks == ("read in another key it is found, in G in 1 tune",)


def test_the_limit_shows_the_commonest_and_counts_all(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    found = continuations("C D", index=index, limit=1)
    assert (told(found), found.hits, found.different) == ([("E", 2, 2)], 4, 3)
    assert continuations("C D", index=index, limit=0).results == ()


def test_a_figure_may_have_wildcards_and_be_shortened_place_by_place(
    make_index: MakeIndex,
) -> None:
    index = make_index(REEL, JIG)
    found = continuations("* D {E G}", index=index)
    assert (found.context, found.length) == ("* D {E G}", 3)
    assert told(found) == [("F", 1, 1), ("C", 1, 1), ("G", 1, 1)]
    any_length = continuations("^F {C G}? *", index=index)
    assert (any_length.context, any_length.context_length) == ("{C G}? *", 2)


def test_the_other_views_are_counted_in_their_symbols(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    steps = continuations("+2 +2", index=index, view="intervals")
    assert (steps.view, steps.query) == ("intervals", "+2 +2")
    assert told(steps) == [("+1", 1, 1), (" …", 1, 1), ("-4", 1, 1)]
    (up, *_) = steps.results
    assert up.example.context == "C D E F"
    assert up.example.context[slice(*up.example.found)] == "F"
    notes = continuations("0 2", index=index, view="melody", notes=2)
    assert told(notes) == [("4 5", 1, 1), ("4 …", 1, 1), ("4 0", 1, 1), ("7 7", 1, 1)]
    bars = continuations("| 1", index=index, view="rhythm", bars=1)
    assert told(bars) == [("1 1 3", 2, 1), ("1 1 1", 1, 1)]
    assert told(continuations("2 1 1", index=index, view="rhythm", notes=1)) == [("| 4", 1, 1)]
    before = continuations("+1", index=index, view="intervals", backward=True)
    assert told(before) == [("+2", 1, 1)]
    assert before.results[0].example.context == "C D E F"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"notes": 1, "bars": 1}, "notes and bars cannot both be given; leave out one of them"),
        ({"notes": 0}, "notes cannot be 0; give a number from 1 to 1,000"),
        ({"bars": 1001}, "bars cannot be 1001; give a number from 1 to 1,000"),
        ({"limit": -1}, "limit cannot be -1; give 0 or more"),
        ({"view": "melody", "text": "0 2", "bars": 1},
         "the view melody has no bar lines, so it has no bars to show; give a number of notes, or "
         "search the view tokens or rhythm"),
        ({"in_key": "H"}, "'H' is not a key; write this German name as B"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_in_a_sentence(
    make_index: MakeIndex, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        continuations(**{"text": "C D", "index": make_index(REEL), **given})
    assert str(refused.value) == sentence


# Brute force


def notes_of(tune: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """(start with its tuplet sign, start, stop with its lengths, bar) of the notes, chords and
    rests of a tune."""
    found, bar = [], 0
    at = 0
    while at < len(tune):
        token, stop = tune[at], at + 1
        if token[0] in "|:":
            bar += 1
        elif token == "[" or token == "z" or token.lstrip("^_=")[0] in "ABCDEFGabcdefg":
            if token == "[":
                while stop < len(tune) and tune[stop][0] not in "|:[]":
                    stop += 1
                stop += stop < len(tune) and tune[stop] == "]"
            last = stop
            while last < len(tune) and brute.goes_on(tune[last]):
                last += 1
            found.append((at - (at > 0 and tune[at - 1][0] == "("), at, last, bar))
        at = stop
    return found


def bars_of(tune: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """The same of the bars that have a note: from the first note to the last."""
    bars: dict[int, list[tuple[int, int, int, int]]] = {}
    for note in notes_of(tune):
        bars.setdefault(note[3], []).append(note)
    return [(*some[0][:2], some[-1][2], bar) for bar, some in bars.items()]


def piece(
    tune: Sequence[str], at: int, asked: tuple[str, int], *, backward: bool
) -> tuple[tuple[str, ...], bool]:
    """What comes after a place of a tune, or before it, and whether the tune ends there."""
    unit, count = asked
    begin = next((k for k, token in enumerate(tune) if not brute.is_wall(token)), len(tune))
    if unit == "symbol":
        ends = at == begin if backward else at == len(tune)
        return (() if ends else (tune[at - 1 if backward else at],)), ends
    parts = notes_of(tune) if unit == "notes" else bars_of(tune)
    if backward:
        before = [part for part in parts if part[1] < at]
        if len(before) < count:
            return tuple(tune[begin:at]), True
        return tuple(tune[before[-count][0] : at]), False
    after = [part for part in parts if part[2] > at]
    if len(after) < count:
        return tuple(tune[at:]), True
    return tuple(tune[at : after[count - 1][2]]), False


Told = tuple[list[str], dict[tuple[tuple[str, ...], bool], tuple[int, int]]]


def by_hand(
    tunes: Sequence[Sequence[str]],
    figure: list[str],
    asked: tuple[str, int],
    *,
    backward: bool,
) -> Told:
    """The part of the figure that is searched, and the hits and the tunes of each continuation."""
    for length in range(len(figure), -1, -1):
        part = figure[:length] if backward else figure[len(figure) - length :]
        open_end = length < len(figure) if backward else asked[0] == "symbol"
        if length:
            hits = brute.figure_hits(tunes, part, open_end=open_end)
        else:
            hits = [
                (number, at)
                for number, tune in enumerate(tunes, 1)
                for at, token in enumerate(tune)
                if not brute.is_wall(token)
                and (open_end or at + 1 == len(tune) or not brute.goes_on(tune[at + 1]))
            ]
        if hits or not length:
            break
    counted: Counter[Any] = Counter()
    having: dict[Any, set[int]] = {}
    for number, at in hits:
        place = at if backward else at + max(length, 1)
        found = piece(tunes[number - 1], place, asked, backward=backward)
        counted[found] += 1
        having.setdefault(found, set()).add(number)
    return part, {found: (hits, len(having[found])) for found, hits in counted.items()}


def as_told(found: Continuations) -> Told:
    return found.context.split(), {
        (tuple(one.text.split()), one.is_end): (one.hits, one.tunes) for one in found.results
    }


ASKED = (("symbol", 1), ("notes", 1), ("notes", 3), ("bars", 1), ("bars", 2))


def all_tunes(index: Index) -> list[list[str]]:
    """The tokens of every tune of an index, in the order of their ids."""
    ids = [tune for segment in index.figures.segments for tune in segment.tune_ids.tolist()]
    return [index.tokens(tune) for tune in sorted(ids)]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=40)
@given(st.lists(st.lists(bodies, min_size=1, max_size=3), min_size=3, max_size=3), st.data())
def test_all_is_as_brute_force_says_over_segments_and_after_corpora_were_removed(
    folder: Path, corpora: list[list[list[str]]], data: st.DataObject
) -> None:
    sources = []
    for number, tunes in enumerate(corpora):
        sources.append(folder / f"book{number}.txt")
        text = "\n\n".join(f"M:4/4\nK:Cmaj\n{' '.join(tune)}" for tune in tunes)
        sources[-1].write_text(text, encoding="utf-8")
    path = folder / "index.db"
    build_index(sources[0], path, force=True)
    add_to_index(sources[1], path)
    add_to_index(sources[2], path)
    if data.draw(st.booleans()):
        remove_from_index([data.draw(st.sampled_from(["book0", "book1", "book2"]))], path)
    with open_index(path) as index:
        tunes = all_tunes(index)
        tune = data.draw(st.sampled_from(tunes))[2:]
        first = data.draw(st.integers(0, len(tune) - 1))
        figure = [
            *data.draw(st.lists(st.sampled_from(NOTES), max_size=1)),
            *tune[first : first + data.draw(st.integers(1, 5))],
            *data.draw(st.lists(st.sampled_from(NOTES), max_size=1)),
        ]
        if not {*NOTES, "z"} & {*figure}:
            figure.append("C")
        for unit, count in ASKED:
            for backward in (False, True):
                given_ = {} if unit == "symbol" else {unit: count}
                found = continuations(
                    " ".join(figure), index=index, backward=backward, limit=10_000, **given_
                )
                expected = by_hand(tunes, figure, (unit, count), backward=backward)
                assert as_told(found) == expected
                assert found.different == len(expected[1])
                assert found.hits == sum(hits for hits, _ in expected[1].values())
                assert sum(one.probability for one in found.results) == pytest.approx(1, abs=1e-12)
                for one in found.results:
                    marked = one.example.context[slice(*one.example.found)]
                    assert marked == one.text


def test_the_next_tokens_are_those_of_the_infinite_gram(v2_index: Index) -> None:
    gram = InfiniteGram(v2_index.figures)
    for text in ("G, C C 2", "c", "^f ^f ^f G E", "=B, _A c c"):
        found = continuations(text, index=v2_index, limit=300)
        following = gram.after(v2_index.vocabulary.encode(text.split()))
        names = v2_index.vocabulary.tokens
        assert (found.context_length, found.tunes) == (following.length, following.tunes)
        assert {one.text: one.hits for one in found.results} == {
            "" if symbol == SEPARATOR else names[symbol]: int(count)
            for symbol, count in enumerate(following.counts)
            if count
        }


# The model beside it


@pytest.mark.usefixtures("one_thread")
def test_a_model_that_finds_all_tokens_equal_gives_what_is_worked_out_by_hand(
    make_index: MakeIndex,
) -> None:
    index = make_index(REEL, JIG)
    model = tiny_model(None)
    tokens, lengths, lines = len(V2_TOKENS), 0, 0
    for token in V2_TOKENS:
        lengths += brute.goes_on(token)
        lines += token[0] in "|:"
    each, no_length = 1 / tokens, 1 - lengths / tokens
    found = continuations("C D", index=index, model=model)
    assert [one.model_probability for one in found.results] == pytest.approx([each] * 3)
    assert (found.model, found.model_headers) == ("tiny", ("M:2/4", "K:Cmaj"))
    # A length cannot follow the figure, nor the note that comes after it.
    by_note = continuations("C D", index=index, notes=1, model=model)
    assert {one.text: one.model_probability for one in by_note.results} == pytest.approx(
        {"E": each, "G": each, "| E 4": each**3}
    )
    (bar, *_) = continuations("C D E", index=index, bars=1, model=model).results
    assert bar.text == "F"
    assert bar.model_probability == pytest.approx(each * (lines + 1) / tokens / no_length)
    (end,) = continuations("E 4", index=index, bars=1, model=model).results
    assert end.model_probability == pytest.approx(each**2 / no_length)


@pytest.mark.usefixtures("one_thread")
def test_a_model_s_probabilities_are_those_of_its_steps(make_index: MakeIndex) -> None:
    index = make_index(REEL, JIG)
    model = open_model()
    read = ["M:6/8", "K:Cmaj", "C", "D"]
    found = continuations("C D", Filters(meter="6/8"), index, model=model)
    assert found.model_headers == ("M:6/8", "K:Cmaj")
    last = model.trace(read).probabilities[-1]
    assert [one.model_probability for one in found.results] == pytest.approx(
        [float(last[model.tokens.numbers[one.text]]) for one in found.results]
    )
    by_note = continuations("C D", Filters(meter="6/8"), index, notes=2, model=model)
    (after,) = [one for one in by_note.results if one.text == "G G 3"]
    steps = model.trace([*read, "G", "G", "3"]).probabilities[len(read) :].astype(float)
    numbers = model.tokens.numbers
    lengths = [number for name, number in numbers.items() if brute.goes_on(name)]
    assert after.model_probability == pytest.approx(
        steps[0, numbers["G"]] * steps[1, numbers["G"]] * steps[2, numbers["3"]]
        * (1 - steps[3, lengths].sum()) / (1 - steps[0, lengths].sum()),
        rel=1e-4,  # as float32 rounds in batches of different sizes
    )  # fmt: skip


def test_a_continuation_with_a_token_that_the_model_lacks_has_no_probability(
    make_index: MakeIndex,
) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D _F 2 |")
    (found,) = continuations("C D", index=index, model=tiny_model()).results
    assert (found.text, found.model_probability) == ("_F", 0.0)


def refusal(index: Index, text: str, model: Model | str, **given: Any) -> str:
    with pytest.raises(QueryError) as refused:
        continuations(text, index=index, model=model, **given)  # type: ignore[arg-type]
    return str(refused.value)


def test_a_model_is_refused_where_it_cannot_be_asked(make_index: MakeIndex) -> None:
    index = make_index("M:3/8\nK:Cmaj\nC _F |")
    model = tiny_model()
    assert refusal(index, "C D", model, backward=True) == (
        "a model says what comes after a figure, not what comes before; leave the model out"
    )
    assert refusal(index, "0 2", model, view="melody") == (
        "a model reads tokens, but the figure is in the view melody; leave the model out, or "
        "search the view tokens"
    )
    assert refusal(index, "C *", model) == (
        "a model reads one figure, but 'C *' has wildcards; leave the model out, or write the "
        "figure without wildcards"
    )
    assert refusal(index, "_F", model) == (
        "the model tiny has no token '_F', so it cannot read the figure; give another model"
    )
    assert refusal(index, "C", model) == (
        "the model tiny writes in no meter and key of the tunes that have the figure; give another "
        "model, or other filters"
    )
    own_key = tiny_model(tokens=("<s>", "</s>", "M:4/4", "K:G", "K:D", "C", "2", "|"))
    assert refusal(index, "C", own_key) == (
        "the model tiny does not write on C, but the tunes of an index are on C; give another model"
    )
