"""ABC as it is found: headers in any order, odd keys and meters, voices, broken lines, escapes."""

from __future__ import annotations

import pytest

from tunetrace import AbcError, Transcription
from tunetrace.tokenizer.abc.mend import mend
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.keys import parse_key, parse_meter
from tunetrace.tokenizer.titles import readable


def tokens(text: str) -> str:
    return " ".join(tokenize_abc(text).tokens)


# Headers


@pytest.mark.parametrize(
    "header",
    [
        "X:1\nT:A\nM:6/8\nL:1/16\nK:G",
        "X:1\nT:A\nK:G\nM:6/8\nL:1/16",
        "X:1\nK:G\nL:1/16\nT:A\nM:6/8",
        "K:G\nX:1\nM:6/8\nT:A\nL:1/16\nR:jig",
        "  X:1\n  T:A\n\tM:6/8\n  L:1/16\n  K:G",
        "X : 1\nT : A\nM : 6/8\nL : 1/16\nK : G",
        "X:1\n%%titlefont Times\nT:A % the title\nI:linebreak $\nM:6/8\nL:1/16\nK:G % in G",
    ],
)
def test_the_fields_before_the_music_may_stand_in_any_order(header: str) -> None:
    tune = tokenize_abc(f"{header}\nG2A2|\n")
    assert " ".join(tune.tokens) == "M:6/8 K:Cmaj C D |"
    assert (tune.number, tune.titles, tune.meter) == (1, ("A",), "6/8")


def test_the_unit_length_follows_the_meter_wherever_that_stands() -> None:
    assert tokens("X:1\nK:C\nM:2/4\nC2|") == "M:2/4 K:Cmaj C |"
    assert tokens("X:1\nM:2/4\nK:C\nM:3/4\nC2|") == "M:3/4 K:Cmaj C 2 |"


def test_several_titles_are_kept_and_a_continued_one_is_one() -> None:
    tune = tokenize_abc("X:1\nT:The Kesh\n+:Jig\nT:The Mountaineers'\nK:G\nT:Kesh, The\nG")
    assert tune.titles == ("The Kesh Jig", "The Mountaineers'", "Kesh, The")


@pytest.mark.parametrize(
    ("text", "key", "changes"),
    [
        ("D exp _b _e ^f", "Dmaj", {"B": -1, "E": -1, "F": 1, "C": 0, "D": 0, "G": 0, "A": 0}),
        ("D exp_b_e^f", "Dmaj", {"B": -1, "E": -1, "F": 1, "C": 0, "D": 0, "G": 0, "A": 0}),
        ("G =f", "Gmaj", {"F": 0}), ("D=c", "Dmaj", {"C": 0}), ("Gm=f", "Gmin", {"F": 0}),
        ("Dphr^f", "Dphr", {"F": 1}), ("Ddorian", "Ddor", {}), (" A minor", "Amin", {}),
        ("c", "Cmaj", {}), ("am", "Amin", {}), ("bb", "Bbmaj", {}), ("e dorian", "Edor", {}),
        ("G Major", "Gmaj", {}), ("AMIXOLYDIAN", "Amix", {}), ("Am clef=treble", "Amin", {}),
        ("F♯m", "F#min", {}), ("B♭", "Bbmaj", {}), ("G middle=d octave=-1 score=x", "Gmaj", {}),
        ("alto", "Cmaj", {}), ("bass", "Cmaj", {}),
    ],
)  # fmt: skip
def test_keys_as_people_spell_them(text: str, key: str, changes: dict[str, int]) -> None:
    parsed = parse_key(text)
    assert (parsed.name, dict(parsed.changes)) == (key, changes)


@pytest.mark.parametrize(
    ("text", "meter"),
    [("6/8 slip", "6/8"), ("C| reel", "2/2"), ("c", "4/4"), ("2+3/8", "5/8"), ("free", "none"),
     (" 4 / 4 ", "4/4"), ("None", "none")],
)  # fmt: skip
def test_meters_as_people_spell_them(text: str, meter: str) -> None:
    assert parse_meter(text) == meter


def test_a_key_field_inside_a_tune_may_change_accidentals_or_the_clef_alone() -> None:
    assert tokens("X:1\nK:G\nf|[K:=f]f|[K:clef=bass]f|[K:G]f") == "K:Cmaj B | _B | _B | B"
    assert tokens("X:1\nK:G\nf|\nK:none\nf") == "K:Cmaj B | K:Fmaj B"


# Voices, overlays, parts


def remarks(text: str) -> tuple[str, ...]:
    return tokenize_abc(text).remarks


VOICE_2 = "voice 2 (1 bar) was left out; --voice reads another one"


@pytest.mark.parametrize(
    "text",
    [
        "X:1\nK:C\nV:1\nCDE|\nV:2\nGAB|\nV:1\nFGA|",
        "X:1\nV:1 clef=treble\nV:2 clef=bass\nK:C\nV:1\nCDE|\nV:2\nGAB|\nV:1\nFGA|",
        "X:1\nV:1\nV:2\nK:C\n[V:2]GAB|\n[V:1]CDE|[V:2]G|[V:1]FGA|",
        "X:1\nK:C\nV:1\nK:C treble\nV:2\nK:G bass\nM:3/4\nV:1\nCDE|\nV:2\nGAB|\nV:1\nFGA|",
        "X:1\nV:0\nV:1\nK:C\n[V:1]CDE|\n[V:2]GAB|\n[V:1]FGA|",
        "X:1\nK:C\nCDE|\nV:2\nGAB|\nV:*\nFGA|",
    ],
)
def test_of_several_voices_the_first_is_taken_and_the_tune_says_so(text: str) -> None:
    assert tokens(text) == "K:Cmaj C D E | F G A |"
    bars = 2 if "[V:2]G|" in text else 1
    assert remarks(text) == (
        f"voice 2 ({bars} bar{'s' * (bars > 1)}) was left out; --voice reads another one",
    )


def test_one_voice_is_worth_no_remark() -> None:
    assert remarks("X:1\nV:1\nK:C\nV:1\nCDE|\n[V:1]FGA|") == ()


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("CD & EF :| G", "C D :| G"), ("CD & EF || G", "C D | G"), ("CD & EF", "C D"),
        ("CD &\\\nEF | G", "C D | G"), ("CD &\\\nEF &\\\nAB :| G", "C D :| G"),
        ("CD &\\\nEF\nG", "C D G"), ("CD & \"a|b\"EF | G", "C D | G"),
    ],
)  # fmt: skip
def test_an_overlay_ends_with_its_bar(music: str, expected: str) -> None:
    tune = tokenize_abc(f"X:1\nK:C\n{music}")
    assert " ".join(tune.body) == expected
    assert len(tune.remarks) == 1


def test_what_is_not_played_out_or_taken_for_granted_is_said() -> None:
    assert remarks("X:1\nP:ABAC\nK:G\nP:A\nG|[P:B]A|") == (
        "the playing order P:ABAC is not followed",
    )
    assert remarks("X:1\nm:~G2=GAG\nK:G\n~G2|") == (
        "macros (m:) are not expanded", "1 decoration was left out",
    )  # fmt: skip
    assert remarks("X:1\nK:am\nA") == ("the key 'am' is taken as Amin",)
    assert remarks("X:1\nK:none\nA") == ("K: states no key; C is taken as the tonic",)
    assert remarks("X:1\nK:HP\nA") == ("the bagpipes' key HP is taken as Amix",)
    assert remarks("X:1\nP:A\nM:6/8\nU:T=!trill!\nK:G\nG|") == ()


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ('"Am"A "G7"B |', ("2 chord symbols were left out",)),
        ('"^slowly"A "_x(y-h"B |', ("2 annotations were left out",)),
        ("{g}A {gef}B |", ("4 grace notes were left out",)),
        ("~A !trill!B +fermata+c .d uAvB |", ("6 decorations were left out",)),
        ("(AB) ((3ABc (3ABc) .(AB) |", ("3 slurs were left out",)),
        ("A-|A B-B [A-c-] |1-3 A .| B .-B |", ("5 ties were left out",)),
        ("A\nw:la la\nB\nw:la\nW:la", ("3 lines of words (w:) were left out",)),
        ('"Am"{g}~(A-A) |', ("1 chord symbol was left out", "1 grace note was left out",
                             "1 decoration was left out", "1 slur was left out",
                             "1 tie was left out")),
        ("A [K:Gm] [r:~\"(-] B [P:A]|", ()),  # no signs, but texts in fields
        ("A |[V:2] ~B \"C\" | c |[V:1] (B) |",
         ("voice 2 (2 bars) was left out; --voice reads another one", "1 slur was left out")),
        ("V:1\nA|B|\nw:la\nV:bass\n(A|\"x\"B|\nw:la\nV:3\nz4|\n",
         ("voices bass (2 bars) and 3 (1 bar) were left out; --voice reads another one",
          "1 line of words (w:) was left out")),
        ("A\n" + "".join(f"V:{k}\nB|\n" for k in range(2, 9)),
         ("voices 2 (1 bar), 3 (1 bar), 4 (1 bar), 5 (1 bar), 6 (1 bar) and 2 more were left out; "
          "--voice reads another one",
          )),
    ],
)  # fmt: skip
def test_a_tune_says_what_was_left_out_of_it(music: str, expected: tuple[str, ...]) -> None:
    assert remarks(f"X:1\nK:C\n{music}") == expected


# Bar lines and repeats


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("|::", "|:"), ("::|", ":|"), ("|]:", "|:"), ("[|:", "|:"), ("[|]", "|"), ("[|]:|", ":|"),
        (":|[2", ":| |2"), (":|4", ":| |4"), ("|[1-3", "|1-3"), ("| 1", "|1"), (":| 2", ":| |2"),
        ("|| |:", "|:"), (".|", "|"), (":|]", ":|"), ("|:::", "|:"), ("|1,3", "|1,3"),
    ],
)  # fmt: skip
def test_repeats_of_every_kind(line: str, expected: str) -> None:
    assert tokens(f"X:1\nK:C\nC {line} D") == f"K:Cmaj C {expected} D"


def test_a_number_after_a_bar_line_that_may_be_a_lost_note_is_refused() -> None:
    for music in ("| 4=A2F2 |", "| 2z", "| 62 | A"):
        with pytest.raises(AbcError, match="there is no note before"):
            tokenize_abc(f"X:1\nK:C\nC {music}")


# Lines that were broken


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("CDE\n2F|", "C D E 2 F |"), ("CD/\n2E|", "C D /2 E |"), ("CD3\n/2E|", "C D 3/2 E |"),
        ("C[CE]\n2F|", "C [ C E ] 2 F |"), ("CD^\nE|", "C D ^E |"), ("CD_\\\nE|", "C D _E |"),
        ("CD|\n:EF:|", "C D |: E F :|"), (": EF:|", "|: E F :|"), ("CD:|\n2EF|", "C D :| |2 E F |"),
        ("CD|\\\n1EF:|", "C D |1 E F :|"), ("CD[C\nE]F|", "C D [ C E ] F |"),
        ("CD |=20\nEF|", "C D | E F |"), ("C=3DD |=20\nE =\nF|", "C =D | E F |"),
        ("CD =\n(EF)|", "C D E F |"),
    ],
)  # fmt: skip
def test_a_line_broken_inside_a_note_is_read_as_one(music: str, expected: str) -> None:
    tune = tokenize_abc(f"X:1\nK:C\n{music}")
    assert " ".join(tune.body) == expected
    slurs = ("1 slur was left out",) if "(" in music else ()
    assert tune.remarks == (*slurs, "a line break inside a note or a sign is taken out")
    assert tune.text == f"X:1\nK:C\n{music}"


@pytest.mark.parametrize(
    ("music", "line", "column"),
    [("CD2\n3E|", 4, 1), ("CD =\nEF|", 3, 4), ("CD|\n2EF|", 4, 1), ("C[D\nE|F", 3, 2)],
)
def test_a_break_that_may_mean_two_things_is_not_mended(music: str, line: int, column: int) -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_abc(f"X:1\nK:C\n{music}")
    assert (raised.value.line, raised.value.column) == (line, column)


def test_what_is_mended_keeps_the_columns_of_what_follows() -> None:
    assert mend(["K:C", "CD", "2E|"]) == ["K:C", "CD2", " E|"]
    assert mend(["K:C", "CD|", "E2|"]) is None


def test_an_accidental_holds_over_a_line_end_that_stands_for_a_bar_line() -> None:
    # The second line begins a bar by its length, but no bar line is written before it.
    text = "X:1\nM:2/4\nL:1/8\nK:C\n_BAGF\nBAB^B|BAGF|\nB4"
    assert tokens(text) == "M:2/4 K:Cmaj _B A G F | _B A B ^B | B A G F | B 4"


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("_B4-|B4 A4|B4", "_B 4 | _B 4 A 4 | B 4"),
        ("^F2F2-|F2F2|F", "^F 2 F 2 | ^F 2 =F 2 | F"),  # only the note that is tied
        ("^F2-|F2-|F2G2F2|", "^F 2 | ^F 2 | ^F 2 G 2 =F 2 |"),
        ("(^F2-)|G2F2", "^F 2 | G 2 F 2"),  # a tie that leads to another note
        ("F2-|F2", "F 2 | F 2"), ("^F2-F2|F2", "^F 2 F 2 | F 2"), ("^F2-|f2", "^F 2 | f 2"),
        ("^F2- |^F2F2", "^F 2 | ^F 2 F 2"),
    ],
)  # fmt: skip
def test_a_tied_note_keeps_its_accidental_over_the_bar_line(music: str, expected: str) -> None:
    assert " ".join(tokenize_abc(f"X:1\nL:1/8\nK:C\n{music}").body) == expected


# Text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Se\'an \'O", "Seán Ó"), (r"\`a\^e\~n\"o\,c\cc\vs", "àêñöççš"), (r"\aa\ae\ss\/o", "åæßø"),
        ("B&eacute;al &amp; Bos", "Béal & Bos"), (r"\u00e9\U0001d11e", "é\U0001d11e"),
        (r"100\% \& \\", "100% & \\"), ("AT&T", "AT&T"), (r"C:\xyz \uD800", r"C:\xyz \uD800"),
        (r"\=a\ua\;a\.z\Ho", "āăążő"),
    ],
)  # fmt: skip
def test_titles_come_out_as_text(text: str, expected: str) -> None:
    assert readable(text) == expected


def test_no_escape_brings_a_control_character_into_a_title() -> None:
    tune = tokenize_abc("X:1\nT:a&#27;[2Jb\\u0007c\nK:C\nC")
    assert tune.title.isprintable()


def test_blocks_of_text_and_postscript_are_no_music() -> None:
    text = "X:1\nK:C\nC\n%%beginps\nmoveto [ (A\n%%endps\nD\n%%begintext\nE\n%%endps\n%%endtext\nF"
    assert tokens(text) == "K:Cmaj C D F"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("X:1\nCDE", "no key"), ("X:1\nK:H\nC", "bad key"), ("X:1\nM:x\nK:C\nC", "bad meter"),
        ("X:1\nL:x\nK:C\nC", "bad unit length"), ("X:1\nK:C\nC0", "bad note length"),
        ("X:1\nK:C\nC(1D", "bad tuplet"), ("X:1\nK:C\n[C|", "open bracket"),
        ("X:1\nK:C\nC\"a", "open bracket"), ("X:1\nK:C\nC ]", "stray sign"),
        ("X:1\nK:C\nC é", "stray sign"), ("X:1\nK:C\n| 3", "stray sign"), ("X:1\nK:C", "no notes"),
        ("X:1\nK:C\nz|", "no notes"), ("X:1\nM:4/4\nK:C\nCZ999|Z999", "too long"),
        ("X:1\nK:C\nC9999999", "too long"), ("X:1\nK:Cb\n^^C", "outside the tokens"),
    ],
)  # fmt: skip
def test_every_mistake_has_a_kind(text: str, kind: str) -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_abc(text)
    assert raised.value.kind == kind


def test_a_tune_of_a_thousand_fields_is_a_tune() -> None:
    tune = tokenize_abc("X:1\n" + "T:a\nT:b\nV:1\n" * 1000 + "K:C\nC")
    assert isinstance(tune, Transcription)
    assert tune.titles == ("a", "b")


def test_a_bar_line_that_opens_a_line_ends_the_accidentals_of_the_bar_before() -> None:
    # The line before is exactly full, so that its end would be a bar line without this one.
    text = "X:1\nM:4/4\nL:1/8\nK:C\n^c2 d2 e2 f2{}\n{}c2 d2 e2 f2|"
    with_one = "M:4/4 K:Cmaj ^c 2 d 2 e 2 f 2 | c 2 d 2 e 2 f 2 |"
    assert tokens(text.format("", "| ")) == tokens(text.format("|", "")) == with_one
    assert tokens(text.format("", "")) == with_one.replace("| c", "| ^c")


def test_music_before_any_voice_is_named_is_the_first_voices() -> None:
    assert tokens("X:1\nV:1\nV:2\nK:C\nCDE|\nV:2\nGAB|\nV:1\nFGA|") == "K:Cmaj C D E | F G A |"


def test_what_cannot_be_read_in_another_voice_does_no_harm() -> None:
    text = "X:1\nK:C\n[V:1]CDE|[V:2][GB|[V:1]FGA|\n[V:2] 4 } é | [V:1] c3|"
    assert tokens(text) == "K:Cmaj C D E | F G A | c 3 |"


def test_a_digit_that_may_be_an_ending_is_not_made_a_length() -> None:
    with pytest.raises(AbcError, match="there is no note before"):
        tokenize_abc("X:1\nM:4/4\nL:1/8\nK:C\nCDEF|GABc\n1 defg|")


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("X:1\nK:C octave=-1\nCDE|", "octave= in K: is ignored; no note is moved"),
        ("X:1\nK:C\nCDE|\nK:D octave=1\nFGA|", "octave= in K: is ignored; no note is moved"),
        ("X:1\nCDE|\nK:C\nFGA|", "text before K: that is not a field is ignored"),
    ],
)
def test_what_is_left_out_is_remarked(text: str, remark: str) -> None:
    assert remarks(text) == (remark,)


def test_music_without_a_voice_goes_on_in_voice_1() -> None:
    text = "X:1\nK:C\nCDE|\nV:2\nGAB|\nV:1\nFGA|"
    assert tokens(text) == "K:Cmaj C D E | F G A |"
    assert remarks(text) == (VOICE_2,)
    assert remarks("X:1\nK:C\nCDE|\nV:1\nFGA|") == ()


@pytest.mark.parametrize("line", [" [V:2] CDE|", "|:[V:2] CDE|", "[M:4/4][V:2] CDE|"])
def test_a_voice_need_not_begin_its_line(line: str) -> None:
    assert tokens(f"X:1\nV:1\nV:2\nK:C\n{line}").endswith("C D E |")


@pytest.mark.parametrize("name", ["1", "A"])
def test_music_before_the_only_voice_that_is_declared_is_its_own(name: str) -> None:
    text = f"X:1\nV:{name}\nK:C\nCDE|\nV:{name}\nFGA|"
    assert tokens(text) == "K:Cmaj C D E | F G A |"
    assert remarks(text) == ()


def test_a_mistake_after_another_voice_is_placed_where_it_is() -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_abc("X:1\nK:C\n[V:1] CDEF|[V:2] ::^ [V:1] C ^ D|")
    assert (raised.value.line, raised.value.column) == (3, 30)
