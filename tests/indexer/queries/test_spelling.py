"""Figures as players write them: in ABC, in any key, with all that tunes have beside notes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.commands import call, index_of
from tests.strategies import bodies, heaps
from tunetrace import AbcError, Filters, Index, QueryError
from tunetrace.indexer.queries.symbols import FigureQuery
from tunetrace.indexer.search.views import VIEWS
from tunetrace.tokenizer.abc.figure import read_figure
from tunetrace.tokenizer.transpose import in_own_key
from tunetrace.tokenizer.vocabulary import Vocabulary, is_token

VOCABULARY = Vocabulary()


def asked(text: str, in_key: str | None = None, view: str = "tokens") -> FigureQuery:
    return VIEWS[view].parse(text, VOCABULARY, in_key)


@pytest.mark.parametrize(
    ("text", "in_key", "tokens"),
    [
        # G is moved down to C, a fifth; B is moved up to c, a semitone
        ("GABc", "G", "C D E F"),
        ("G3 GAB", "G", "C 3 C D E"),
        ("B2 c", "B", "c 2 d"),
        ("DGG2", "G", "G, C C 2"),
        ("E2BE dEBE", "Edor", "C 2 G C B C G C"),
        ("A2>B (3cBA", "A minor", "c 2> d (3 e d c"),
        ("GABc", "K:G", "C D E F"),
        # The text says it
        ("K:G GABc", None, "C D E F"),
        ("K:G\nGABc", None, "C D E F"),
        ("[K:G]GABc", None, "C D E F"),
        ("K:E dorian E2BE", None, "C 2 G C"),
        ("M:6/8 L:1/16 K:G G2A2", None, "C D"),
        ("L:1/16\nK:G\nG2A2", None, "C D"),
        ("X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|", None, "C 3 C D E |"),
        # As in a header, a meter below 3/4 without L: has sixteenths
        ("M:2/4\nK:G\nG2A2", None, "C D"),
        # Nothing is said: on C
        ("GABc", None, "G A B c"),
        ("C3 CDE", None, "C 3 C D E"),
        # An accidental sounds the same against the tonic
        ("F ^F =F", "G", "B, =B, _B,"),
        ("^c", "D", "=B"),
        ("c", "D =c", "_B"),
        # What a player writes beside notes
        ('"G"G2 ~A{cB}c !trill!B (GA) .G-|G', "G", "C 2 D F E C D C | C"),
        ("[GB]2 [G2B2] z2 Z", "G", None),
        ("|:G2|A2:|", "G", "|: C 2 | D 2 :|"),
        ("G2||A2|]", "G", "C 2 | D 2 |"),
        ("G2 | A2 |1 B4 :|2 c4", "G", "C 2 | D 2 |1 E 4 :| |2 F 4"),
        # As a check prints it
        ("D G G 2 D B, G, B,", "G", "G, C C 2 G, E, C, E,"),
        ("[ G B ] 2 A /2", "G", "[ C E ] 2 D /2"),
        ("A 2> B (3 c B A", "A", "c 2> d (3 e d c"),
        # Wildcards are of tokens, also in a key
        ("{d D} 2 G * B?", "G", "{G G,} 2 C * E?"),
    ],
)
def test_a_figure_is_searched_on_c(text: str, in_key: str | None, tokens: str | None) -> None:
    if tokens is None:
        with pytest.raises(QueryError, match=r"a rest of whole bars needs a meter"):
            asked(text, in_key)
    else:
        assert asked(text, in_key).text == tokens


def test_the_answer_says_what_was_read_and_what_was_left_out() -> None:
    query = asked('"G"G2 ~A{cB}c "D7"B', "G")
    assert (query.read_as, query.key) == ("ABC", "Gmaj")
    assert query.remarks == (
        "2 chord symbols were left out",
        "2 grace notes were left out",
        "1 decoration was left out",
    )
    assert (asked("GABc").read_as, asked("GABc").key) == ("ABC", None)
    assert asked("G A B c") == FigureQuery(
        "G A B c", asked("G A B c").elements, read_as="tokens", key=None, remarks=()
    )
    assert asked("T:The Kesh\nM:6/8\nK:G\nGABc").remarks == (
        "1 other field (as T:) left out",
        "M:6/8 is no part of the figure; filter by meter instead",
    )


@example(["(3", "2", "C"])  # in ABC as folk-rnn's Swedish text has it, two notes in a triplet
@example(["|:", "2", "C"])  # in ABC a second ending
@example(["C", "2", "/2"])  # in ABC one length
@given(st.one_of(bodies, heaps))
def test_tokens_mean_the_same_as_abc_or_the_answer_says_so(tokens: list[str]) -> None:
    text = " ".join(token for token in tokens if token not in ("M:3/4", "<s>"))
    try:
        query = asked(text)
    except QueryError:
        return
    try:
        abc = " ".join(read_figure(text, "C").tokens)
    except AbcError:
        abc = query.text
    doubt = f"taken as tokens; as ABC it is {abc}, which is searched if its key is given"
    assert query.read_as == "tokens"
    assert query.remarks == (() if abc == query.text else (doubt,))


@pytest.mark.parametrize("bottom", ["", "/", *(f"/{number}" for number in range(1, 33))])
def test_a_length_that_abc_states_in_another_way_says_so(bottom: str) -> None:
    for top in ("", *map(str, range(33))):
        text = f"C {top}{bottom} D"
        if not top + bottom or not is_token(top + bottom):
            continue
        abc = text
        with suppress(AbcError):  # 0 is none, and a lone 1 is an ending without its bar line
            abc = " ".join(read_figure(text, "C").tokens)
        doubt = f"taken as tokens; as ABC it is {abc}, which is searched if its key is given"
        assert asked(text).remarks == (() if abc == text else (doubt,))


@given(bodies, st.sampled_from(["Gmaj", "Edor", "Amin", "Bbmaj", "F#min", "Dmix"]))
def test_what_is_shown_in_a_key_is_found_when_it_is_copied(body: list[str], key: str) -> None:
    shown = " ".join(in_own_key(body, key))
    query, on_c = asked(shown, key), asked(" ".join(body), "C")
    assert (query.text, query.key) == (on_c.text, key)


@pytest.mark.parametrize(
    ("text", "view", "key", "symbols"),
    [
        ("GABc", "melody", "G", "0 2 4 5"),
        ("GABc d2", "intervals", "G", "+2 +2 +1 +2"),
        ("GABc d2 d", "contour", None, "U U U U R"),
        ("G3 GAB", "rhythm", "G", "3 1 1 1"),
        ("|G3 GAB|", "rhythm", "G", "| 3 1 1 1 |"),
        ("G3 | GAB z", "rhythm", "G", "3 | 1 1 1 z1"),
        # The mode says how a note without an accidental sounds
        ("EFG", "melody", "Edor", "0 2 3"),
        ("EFG", "melody", "E", "0 2 4"),
        ("EFG", "melody", "Ephr", "0 1 3"),
    ],
)
def test_notes_are_read_in_every_view(text: str, view: str, key: str | None, symbols: str) -> None:
    query = asked(text, key, view)
    assert (query.text, query.read_as) == (symbols, "ABC")


def test_directions_that_are_also_notes_are_told_apart() -> None:
    query = asked("D D D", view="contour")
    assert query.text == "D D D"
    assert query.remarks == (
        "taken as directions; as ABC it is R R, which is searched if its key is given",
    )
    assert asked("D D D", "C", "contour").text == "R R"


@pytest.mark.parametrize(
    ("text", "in_key", "view", "sentence"),
    [
        ("GAB", "Q", "tokens", "'Q' is not a key; write it as G, Em, Edor or Bb"),
        ("GAB", "h-Moll", "tokens", "'h-Moll' is not a key; write this German name as Bm"),
        ("GAB", "", "tokens", "'' is not a key; write it as G, Em, Edor or Bb"),
        ("K:D GAB", "G", "tokens", "the figure says K:Dmaj, but it is "
         "given as in Gmaj; leave one of the two out"),
        ("0 * 4", "G", "melody", "semitones are in no key; leave the key Gmaj out, or write notes "
         "without wildcards"),
        ("G", "G", "intervals", "a figure in the view intervals needs two notes; add a note"),
        ("C,,,,,, c''''''", "C", "intervals", "the figure has a note that the view intervals has "
         "no symbol for; leave it out"),
        ("de f#", "D", "tokens", "the figure cannot be read: ABC writes accidentals as ^, _ and = "
         "before the note; write ^f for f#"),
        ("G2\u266fF", "D", "tokens", "the figure cannot be read: ABC writes accidentals as ^, _ "
         "and = before the note; write ^F for \u266fF"),
        ('"F#m"fB\'\u266dA', "D", "tokens", "the figure cannot be read: ABC writes accidentals as "
         "^, _ and = before the note; write _B' for B'\u266d"),
        ("GA[B", None, "tokens", "the figure cannot be read at column 3: the chord opened with '[' "
         "is never closed; add ']' before the bar line"),
        ("GAB" * 400, None, "tokens", "the figure has 1,200 tokens; give at most 1,000"),
        ("G" * 20_001, None, "tokens", "the figure has 20,001 characters; give at most 20,000"),
        ("", "G", "tokens", "the figure is empty; give tokens separated by spaces, such as "
         "'G, C C 2'"),
        ("hello", None, "tokens", "'hello' is not a token; the nearest is e"),
        ("~!trill!", "G", "tokens", "the figure '~!trill!' has no note; add a note"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(
    text: str, in_key: str | None, view: str, sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        asked(text, in_key, view)
    assert str(refused.value) == sentence


def test_a_bar_is_read_as_a_figure_is_and_its_bar_lines_do_not_matter(
    make_index: object,
) -> None:
    index: Index = make_index("M:6/8\nK:Cmaj\n|: C 3 C D E | F 3 G 3 :|")  # type: ignore[operator]
    for text, key in (
        ("C 3 C D E", None), ("| C 3 C D E |", None), ("|: C 3 C D E", None), ("|G3 GAB|", "G"),
        ("|:G3 GAB|", "G"), ("G 3 G A B", "G"), ('"G"G3 ~GAB', "G"),
    ):  # fmt: skip
        found = index.bar(text, in_key=key)
        assert (found.query, found.hits, found.asked) == ("C 3 C D E", 1, text)
    assert index.bar("|G3 GAB|", view="rhythm", in_key="G").hits == 1
    with pytest.raises(QueryError, match=r"^'\|' is a bar line, but a bar is searched without"):
        index.bar("GAB|GAB", in_key="G")


def test_a_figure_that_is_found_in_another_key_says_so(make_index: object) -> None:
    index: Index = make_index(  # type: ignore[operator]
        "M:6/8\nK:Cmaj\nC 3 C D E | F 3 G 3 |", "M:4/4\nK:Cmaj\nC 3 C D E |"
    )
    # On C, as if read in G: C 3 C D E. In no other of the usual keys is it found.
    for ask in (index.figure, index.bar):
        for text in ("G3 GAB", "G 3 G A B"):
            found = ask(text)
            assert (found.hits, found.remarks) == (
                0,
                ("read in another key it is found, in G in 2 tunes",),
            )
        assert ask("G3 GAB", in_key="D").remarks == ()
        assert ask("G3 GAB", Filters(meter="4/4")).remarks == (
            "read in another key it is found, in G in 1 tune",
        )
        assert ask("G 3 G A *").remarks == ()


def test_a_figure_that_is_found_in_another_octave_says_so(make_index: object) -> None:
    index: Index = make_index(  # type: ignore[operator]
        "M:6/8\nK:Cmaj\nc G F E G E |",
        "M:6/8\nK:Cmaj\nc' 3 b a g |",
        "M:6/8\nK:Cmaj\nC 3 B, A, G, |",
    )
    # From G one moves down to C, from A up: the same melody is asked an octave higher.
    for ask in (index.figure, index.bar):
        assert ask("gdcBdB", in_key="G").hits == 1
        found = ask("aedcec", in_key="A")
        assert (found.query, found.hits) == ("c' g f e g e", 0)
        assert found.remarks == ("it is found an octave lower in 1 tune",)
        assert ask("g3 fed", in_key="G").remarks == (
            "it is found an octave lower in 1 tune and an octave higher in 1 tune",
        )
        assert ask("z 3 z z z", in_key="G").remarks == ()


def test_the_command_says_how_a_figure_was_read(tmp_path: object) -> None:
    path = index_of(tmp_path, "X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n")  # type: ignore[arg-type]
    lines = call("figure", '"G"G3 GAB', "--in", "G", "--index", path).out.splitlines()
    assert lines[:4] == [
        "C 3 C D E",
        'on C; asked as "G"G3 GAB in Gmaj',
        "1 chord symbol was left out",
        "found in 1 of 1 tune, once",
    ]
    lines = call("bar", "C3 CDE", "--index", path).out.splitlines()
    assert lines[:3] == [
        "C 3 C D E",
        "read as ABC on C: C3 CDE; give another key with --in",
        "found in 1 of 1 tune, once",
    ]
    assert call("figure", "C 3 C D E", "--index", path).out.splitlines()[:2] == [
        "C 3 C D E",
        "found in 1 of 1 tune, once",
    ]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("text", ["q" * 19_000, "&" * 19_000, "|" * 19_000, "[" * 900, "{" * 9000])
def test_what_is_wrong_with_a_huge_figure_is_said_in_one_line(text: str, view: str) -> None:
    with pytest.raises(QueryError) as raised:
        asked(text, view=view)
    assert len(str(raised.value)) < 250


def test_wildcards_count_though_no_spaces_set_them_apart() -> None:
    with pytest.raises(QueryError, match=r"^the figure has 1,001 tokens; give at most 1,000$"):
        asked("*" * 1001)
    assert len(asked("c" + "*" * 999).elements) == 1000


def test_no_control_character_of_a_key_is_in_a_message() -> None:
    with pytest.raises(QueryError) as raised:
        asked("G", "G\0\x1b[31m")
    assert str(raised.value).isprintable()
