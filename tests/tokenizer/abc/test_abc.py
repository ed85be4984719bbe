"""ABC as people write it: what is read, what is dropped, where it is moved to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import V2_SAMPLE
from tests.strategies import bodies, heaps
from tunetrace import AbcError, Transcription, read
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.keys import (
    LETTERS,
    Key,
    parse_key,
    parse_meter,
    parse_unit_length,
)
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, REST
from tunetrace.tokenizer.write import to_abc


def body(music: str, key: str = "C", unit: str | None = "1/8", meter: str = "4/4") -> str:
    fields = [f"M:{meter}"] + ([f"L:{unit}"] if unit else []) + [f"K:{key}"]
    return " ".join(tokenize_abc("\n".join(["X:1", *fields, music])).body)


@pytest.mark.parametrize(
    ("name", "key", "music", "tokens"),
    [
        ("The Kesh", "G", "G3 GAB", "C 3 C D E"),
        ("Cooley's", "Edor", "EBBA B2EB", "C G G F G 2 C G"),
        ("The Star of Munster", "Ador", "c2Ac B2GB", "e 2 c e d 2 B d"),
        ("The Musical Priest", "Bm", "FBBA B2Bd", "G c c B c 2 c e"),
    ],
)
def test_tunes_come_to_c_in_the_octave_that_folk_rnn_chose(
    name: str, key: str, music: str, tokens: str
) -> None:
    assert body(music, key) == tokens


@pytest.mark.parametrize(
    ("key", "music", "tokens"),
    [
        ("D", "D E F G A B c d", "C D E F G A B c"),
        ("D", "=c =F ^G", "_B _E ^F"),  # below the tonic's scale, and above it
        ("G", "=f ^c _B", "_B ^F _E"),
        ("F", "_e =B", "_B ^F"),
        ("Bb", "_A =E", "_B ^F"),
        ("Am", "^G ^F", "=B =A"),  # degrees 7 and 6 of a minor scale, raised
        ("Em", "^d =c", "=B _A"),
        ("C#m", "^B", "=B"),
        ("Bm", "^^f", "^g"),
    ],
)
def test_an_accidental_sounds_the_same_against_the_tonic(key: str, music: str, tokens: str) -> None:
    assert body(music, key) == tokens


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("G", "Gmaj"), ("Edor", "Edor"), ("E Dorian", "Edor"), ("Em", "Emin"), ("E minor", "Emin"),
        ("A Mixolydian", "Amix"), ("AMix", "Amix"), ("Bb", "Bbmaj"), ("F#m", "F#min"),
        ("GMaj", "Gmaj"), ("GM", "Gmaj"), ("D aeolian", "Dmin"), ("C ionian", "Cmaj"),
        ("HP", "Amix"), ("Hp", "Amix"), ("none", "Cmaj"), ("", "Cmaj"), ("D clef=bass", "Dmaj"),
        ("  G treble-8 ", "Gmaj"), ("Bphr", "Bphr"), ("F lyd", "Flyd"), ("Eloc", "Eloc"),
    ],
)  # fmt: skip
def test_keys_are_read_in_every_spelling(text: str, key: str) -> None:
    assert parse_key(text).name == key


@pytest.mark.parametrize("text", ["H", "Es", "G sharp", "K", "12"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(AbcError, match="is not a key"):
        parse_key(text)


def test_the_signatures_are_those_of_the_circle_of_fifths() -> None:
    # Sharps (+) and flats (-) from any book on the rudiments of music.
    book = {"Cmaj": 0, "Gmaj": 1, "Fmaj": -1, "Dmaj": 2, "Bbmaj": -2, "Emaj": 4,
            "Abmaj": -4,
            "Amin": 0, "Emin": 1, "Bmin": 2, "Gmin": -2, "Cmin": -3, "Ddor": 0, "Edor": 2,
            "Ador": 1, "Gmix": 0, "Amix": 2, "Dmix": 1, "Ephr": 0, "Flyd": 0, "Bloc": 0,
    }  # fmt: skip
    for name, expected in book.items():
        signature = Key(name[:-3], name[-3:]).signature()
        assert sum(signature.values()) == expected, name
    assert Key("D", "maj").signature() == dict.fromkeys(LETTERS, 0) | {"F": 1, "C": 1}


@pytest.mark.parametrize(
    ("text", "meter"),
    [("4/4", "4/4"), (" 6/8 ", "6/8"), ("C", "4/4"), ("C|", "2/2"), ("none", "none"), ("", "none"),
     ("2+3/8", "5/8"), ("(2+3+2)/8", "7/8")],
)  # fmt: skip
def test_meters_are_read_in_every_spelling(text: str, meter: str) -> None:
    assert parse_meter(text) == meter


@pytest.mark.parametrize("text", ["FREI4/4", "4", "4/0", "0/4", "4/4/4", "-3/4", "99999/4"])
def test_what_is_no_meter_is_refused(text: str) -> None:
    with pytest.raises(AbcError):
        parse_meter(text)


def test_unit_lengths_are_read_in_eighths() -> None:
    assert [parse_unit_length(text) for text in ("1/8", " 1/16", "1/4", "1")] == [
        1, Fraction(1, 2), 2, 8,
    ]  # fmt: skip
    for text in ("", "0/8", "1/0", "x", "1/8/8"):
        with pytest.raises(AbcError, match="unit note length"):
            parse_unit_length(text)


@pytest.mark.parametrize(
    ("unit", "meter", "music", "tokens"),
    [
        ("1/8", "4/4", "C C2 C/ C/2 C// C3/2 C3/", "C C 2 C /2 C /2 C /4 C 3/2 C 3/2"),
        ("1/16", "4/4", "C C2 C4 C3 C/", "C /2 C C 2 C 3/2 C /4"),
        ("1/4", "4/4", "C C2 C/2 C3/2", "C 2 C 4 C C 3"),
        ("1/16", "4/4", "C>D C2<D2", "C /2> D /2 C < D"),
        (None, "2/4", "C C2", "C /2 C"),  # L is 1/16 below 3/4
        (None, "6/8", "C C2", "C C 2"),
        ("1/16", "4/4", "[CE] [CE]2 [C2E2] [C2E2]2", "[ C E ] /2 [ C E ] [ C E ] [ C E ] 2"),
    ],
)
def test_lengths_are_brought_to_eighths(
    unit: str | None, meter: str, music: str, tokens: str
) -> None:
    assert body(music, unit=unit, meter=meter) == tokens


@pytest.mark.parametrize(
    ("music", "tokens"),
    [
        ('"Am"C"^up"D', "C D"),
        ("{g}C {/ga}D", "C D"),
        ("(CD) (C(DE)F)", "C D C D E F"),
        ("C-C C -D", "C C C D"),
        (".C ~D uE vF TG HA", "C D E F G A"),
        ("!trill!C !fermata!D +trill+E", "C D E"),
        ("C!\n!D", "C D"),
        ("C % a comment with notes CDE\nD", "C D"),
        ("C `D y E y2 F", "C D E F"),
        ("C D\nw: la la\nE F\ns: * *", "C D E F"),
        ("C\\\nD", "C D"),
        ("C D & E F | G", "C D | G"),
        ("CD*EF;G", "C D E F G"),
        ("x C x2", "z C z 2"),
        ("((3CDE)F", "(3 C D E F"),
        ("C'B,,c,", "c B,, C"),  # nothing is dropped: a pitch is spelled as it sounds
        ("%%begintext\nCDEF\n%%endtext\nG", "G"),
        ("C\nP:B\nD\nQ:1/4=120\nE", "C D E"),
        ("[r:remark]C[Q:1/4=90]D", "C D"),
    ],
)
def test_what_folk_rnn_dropped_is_dropped(music: str, tokens: str) -> None:
    assert body(music) == tokens


@pytest.mark.parametrize(
    ("music", "tokens"),
    [
        ("C||D", "C | D"), ("C|]", "C |"), ("[|C", "| C"), ("C::D", "C :| |: D"),
        ("C:|:D", "C :| |: D"), ("C:||:D", "C :| |: D"), ("C:||D", "C :| D"), ("C||:D", "C |: D"),
        ("C:|]D", "C :| D"), ("C|\n|:D", "C |: D"), ("C | | D", "C | D"), ("C.|D", "C | D"),
        ("C|1D:|2E", "C |1 D :| |2 E"), ("C|[1D:|[2E", "C |1 D :| |2 E"),
        ("C| [1D :| [2E", "C |1 D :| |2 E"), ("C[1D:|[2E", "C |1 D :| |2 E"),
        ("C|1,3D:|2E", "C |1,3 D :| |2 E"), ("C|1-3D:|4E", "C |1-3 D :| |4 E"),
        ("C|\n[CE]D", "C | [ C E ] D"),
    ],
)  # fmt: skip
def test_bar_lines_become_folk_rnns(music: str, tokens: str) -> None:
    assert body(music) == tokens


@pytest.mark.parametrize(
    ("music", "tokens"),
    [
        ("(3CDE", "(3 C D E"), ("(3:2:3CDE", "(3 C D E"), ("(3:2CDE", "(3 C D E"),
        ("(3::CDE", "(3 C D E"), ("(3:2:2C2D", "(3:2:2 C 2 D"), ("(5:4:5CDEFG", "(5:4:5 C D E F G"),
        ("(3[CE]DE", "(3 [ C E ] D E"), ("(4CDEF", "(4 C D E F"),
    ],
)  # fmt: skip
def test_tuplets_keep_their_sign_and_say_what_is_unusual(music: str, tokens: str) -> None:
    assert body(music) == tokens


def test_a_line_end_is_a_bar_line_only_where_the_bar_is_exactly_full() -> None:
    assert body("CDEF GABc\nCDEF", meter="4/4") == "C D E F G A B c | C D E F"
    assert body("CDEF GAB\nc|CDEF", meter="4/4") == "C D E F G A B c | C D E F"
    assert body("CDEF GABc\\\nCDEF", meter="4/4") == "C D E F G A B c C D E F"
    assert body("CDEF GABc|\nCDEF", meter="4/4") == "C D E F G A B c | C D E F"
    assert body("CDEF GABc\nCDEF", meter="none") == "C D E F G A B c C D E F"


def test_a_line_that_ends_a_bar_ends_it_before_a_field_that_follows() -> None:
    assert " ".join(tokenize_abc("X:1\nM:4/4\nL:1/8\nK:C\nA8\nM:3/4\nA6\nK:G\nA6").tokens) == (
        "M:4/4 K:Cmaj A 8 | M:3/4 A 6 | K:Gmaj A 6"
    )


def test_many_lines_without_a_bar_line_take_no_time_of_their_own() -> None:
    # 20,000 lines of three eighths: were each line end to look back over all of them, hours.
    assert len(tokenize_abc("X:1\nM:4/4\nL:1/8\nK:C\n" + "ABc\n" * 20_000).body) == 60_000


def test_broken_rhythms_that_point_both_ways_are_two() -> None:
    assert body("C><D") == "C > < D"


def test_a_tune_that_rests_longer_than_any_is_refused() -> None:
    with pytest.raises(AbcError, match="rests for more than 999 bars"):
        tokenize_abc("X:1\nM:4/4\nK:C\nC8|Z600|Z600|")


@pytest.mark.parametrize("key", ["C clef" + " " * 30_000 + "x", "C" * 30_000, "G =" * 10_000])
def test_an_endless_key_is_refused_in_time(key: str) -> None:
    with pytest.raises(AbcError, match="is not a key"):
        parse_key(key)


def test_changes_inside_a_tune_are_followed() -> None:
    tune = tokenize_abc(
        "X:1\nM:4/4\nL:1/8\nK:G\nG2|[M:3/4]G2|\nL:1/16\nG2|[K:D]D2|[K:D]D2|\nM:3/4\nG2"
    )
    assert " ".join(tune.tokens) == ("M:4/4 K:Cmaj C 2 | M:3/4 C 2 | C | K:Gmaj G, | G, | C")
    assert (tune.meter, tune.key, tune.original_key) == ("4/4", "Cmaj", "Gmaj")


def test_accidentals_that_the_key_field_adds_are_written_out_once_a_bar_needs_them() -> None:
    assert body("c ^c c | c d", key="D =c") == "_B =B B | _B c"
    assert body("f b e", key="D exp ^f _b") == "e _a d"


def test_the_first_voice_is_taken() -> None:
    assert body("V:1\nCDE|\nV:2\nGAB|\nV:1\nFGA|") == "C D E | F G A |"
    assert body("[V:1]CDE|\n[V:2]GAB|\n[V:1]FGA|") == "C D E | F G A |"


def test_rests_of_whole_bars_last_as_the_meter_says() -> None:
    assert body("C4 C4|Z2|C8", meter="4/4") == "C 4 C 4 | z 8 | z 8 | C 8"


@pytest.mark.parametrize(
    ("music", "column", "reason"),
    [
        ("CD[EG A|", 3, "is never closed; add ']'"),
        ('CD"AmE|', 3, "never closed"),
        ("CD{gE|", 3, "never closed"),
        ("CDé|", 3, "has no meaning in ABC"),
        ("C| 4 D|", 4, "there is no note before"),
        ("C0|", 1, "is not a note length"),
        ("C1/0|", 1, "is not a note length"),
        ("|CD ^|", 5, "no note follows the accidental"),
        ("|C:D", 3, "not a bar line"),
        ("C (1D", 3, "not a tuplet"),
        ("CD[K:H]E", 3, "is not a key"),
        ("(٣ABC", 2, "٣"),  # a digit, but none of ABC's
        ("C9999999D", 1, "is too long"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line_and_column(
    music: str, column: int, reason: str
) -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_abc(f"X:1\nK:G\nGAB|\n{music}", first_line=11)
    assert (raised.value.line, raised.value.column) == (14, column)
    assert reason in raised.value.reason


@pytest.mark.parametrize(
    ("german", "name"),
    [
        ("H", "B"), ("h-Moll", "Bm"), ("B-Dur", "Bb"), ("b moll", "Bbm"), ("Es", "Eb"),
        ("as-Moll", "Abm"), ("Des Dur", "Db"), ("Fis", "F#"), ("cis-moll", "C#m"), ("d moll", "Dm"),
        ("G-Dur", "G"),
    ],
)  # fmt: skip
def test_a_key_with_its_german_name_gets_its_name_in_abc(german: str, name: str) -> None:
    with pytest.raises(AbcError) as raised:
        parse_key(german)
    assert raised.value.reason == f"'{german}' is not a key; write this German name as {name}"
    assert parse_key(name)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("X:1\nT:no key\nCDE|", 1, "no K: field"),
        ("X:1\nM:4/4\nK:G\n", 3, "no notes"),
        ("X:1\nM:four\nK:G\nCDE|", 2, "is not a meter"),
        ("X:1\nL:0/8\nK:G\nCDE|", 2, "unit note length"),
        ("X:1\nK:G\nz4|", 3, "no notes"),
    ],
)
def test_a_tune_that_is_none_says_what_it_lacks(text: str, line: int, reason: str) -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_abc(text)
    assert raised.value.line == line
    assert reason in raised.value.reason


# Round trips


def test_tokens_to_abc_and_back_is_the_identity_on_the_sample(shared: Path) -> None:
    tunes = [tune for tune in read(shared / V2_SAMPLE) if isinstance(tune, Transcription)]
    assert len(tunes) == 3000
    for tune in tunes:
        again = tokenize_abc(to_abc(tune.tokens, title=tune.title))
        assert again.tokens == tune.tokens
        assert (again.meter, again.key, again.title) == (tune.meter, tune.key, tune.title)


@given(bodies)
def test_tokens_to_abc_and_back_is_the_identity(tokens: list[str]) -> None:
    # What no bar line ends cannot be told from a bar that the line's end completes.
    tokens = ["M:4/4", "K:Cdor", "C", *tokens]
    joined = set(pairwise(tokens))
    if not joined & {("|", "|:"), ("2", ">"), ("2", "<"), ("/2", ">"), ("/2", "<"), ("4", ">")}:
        assert list(tokenize_abc(to_abc(tokens)).tokens) == tokens


@given(st.one_of(heaps, bodies))
def test_any_tokens_with_a_note_are_written_as_abc_that_is_read_with_the_same_notes(
    tokens: list[str],
) -> None:
    tokens = ["M:4/4", "K:Cdor", "C", *tokens]
    again = tokenize_abc(to_abc(tokens)).tokens
    assert notes_and_rests(again) == notes_and_rests(tokens)


def notes_and_rests(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if MEANINGS[token].kind in (NOTE, REST)]


@pytest.mark.parametrize(
    ("tokens", "music"),
    [
        ("C 2 2 D", "C4D"),
        ("C 3 /2 D", "C3/2D"),
        ("C 2 /2 D", "CD"),
        ("C > 2 D", "C2>D"),
        ("C 2> 2 D", "C4>D"),
        ("C > < D", "C>D"),
        ("C | 2 D /2", "C | D/2"),
        ("2 C (3 2 D E F", "C(3DEF"),
        ("C ] D", "CD"),
        ("[ C E | D", "[CE] | D"),
        ("[ C [ E 2 > ] 3 D", "[CE2]3D"),
        ("[ | C [ ] 2 D", "| CD"),
        ("C [ E", "C[E]"),
        ("C 999999 999999 D", "C999999D"),
    ],
)
def test_what_means_nothing_is_left_out_and_lengths_are_multiplied(tokens: str, music: str) -> None:
    assert to_abc(["K:Cmaj", *tokens.split()]).splitlines()[-1] == music


@pytest.mark.parametrize(
    ("music", "tokens"),
    [
        ("G 2 A c B /2 A 3/2 |", "G 2 A c B /2 A 3/2 |"),
        ("(3 f 2 e 2 c 2 A\t2", "(3 f 2 e 2 c 2 A 2"),
        ("[ G, E ] F [ C 2 E 2 ] [ D F ] 2", "[ G, E ] F [ C 2 E 2 ] [ D F ] 2"),
        ("A 2 > B 2 c 3/2 d // z 2 e", "A 2> B 2 c 3/2 d /4 z 2 e"),
        ("G 2|1 A 2:|2 B 2|", "G 2 |1 A 2 :| |2 B 2 |"),
    ],
)
def test_a_length_that_stands_alone_belongs_to_the_note_before_it(music: str, tokens: str) -> None:
    tune = tokenize_abc(f"X:1\nM:4/4\nL:1/8\nK:C\n{music}")
    assert " ".join(tune.body) == tokens
    assert tune.remarks == ("a length after a space is taken as the length of the note before it",)


@pytest.mark.parametrize("music", ["2 G", "G2 2", "G 2A", "G 1 A", "G ^ 2", '"D" 2', "G 234567890"])
def test_a_number_that_is_no_length_of_a_note_is_refused(music: str) -> None:
    with pytest.raises(AbcError):
        body(music)
