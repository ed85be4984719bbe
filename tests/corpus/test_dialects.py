"""Texts as models and collections write them: each is read as the tunes that are in it.

The tunes are our own, in the form of each dialect.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from tests.commands import call
from tests.conftest import SWEDISH
from tunetrace import Rejected, Transcription, check, read, tokenize
from tunetrace.arguments import AS_FOUND, Reading
from tunetrace.corpus.readers import read_tunes
from tunetrace.tokenizer.layout.bars import lay_out

APART = "a length after a space is taken as the length of the note before it"
TUPLET = "a number after the sign of a tuplet, as in (3 2, is taken as its notes"
CODES = "the control codes before the music were left out"


def tunes_in(text: str, reading: Reading = AS_FOUND) -> list[Transcription]:
    """The tunes of a text, in which none is set aside."""
    found = list(read_tunes(text, "text", reading))
    tunes = [tune for tune in found if isinstance(tune, Transcription)]
    assert tunes == found
    return tunes


def tokens_in(text: str, reading: Reading = AS_FOUND) -> list[str]:
    return [" ".join(tune.tokens) for tune in tunes_in(text, reading)]


# TunesFormer, IrishMAN, MelodyT5

CODED = "S:2\nB:5\nE:4\nB:4\nL:1/8\nM:6/8\nK:G\n"
BODY = ' de |"G" g3 gab |"D7" a2 f d2 e |"G" g3- g :: d |"Em" e3 efg | f6 :|\n'
READ = "M:6/8 K:Cmaj G A | c 3 c d e | d 2 B G 2 A | c 3 c :| |: G | A 3 A B c | B 6 :|"


@pytest.mark.parametrize(
    "text",
    [
        f"{CODED}{BODY}",
        f"X:1\n{CODED}{BODY}",  # as TunesFormer saves its tunes
        f"{CODED}{BODY}".replace("L:1/8", "X:1\nL:1/8"),  # the codes before X:
        f"X:1\nL:1/8\nM:6/8\nK:G\n{BODY}",  # IrishMAN, whose codes are in another column
        f"E:5\nL:1/8\nM:6/8\nK:G\n{BODY}",  # MelodyT5
        f"%%variation\nL:1/8\nM:6/8\nK:G\n{BODY}",  # a record of MelodyHub
        f"%%harmonization\nT:\nL:1/8\nM:6/8\nK:G\n{BODY}",
    ],
)
def test_control_codes_are_no_music(text: str) -> None:
    (tune,) = tunes_in(text)
    assert " ".join(tune.tokens) == READ
    assert tune.titles == ()


def test_control_codes_begin_a_tune_and_are_left_out_with_a_remark() -> None:
    for between in ("", "\n", "\n\n"):
        one, two, three = tunes_in(between.join([f"{CODED}{BODY}"] * 3))
        assert {one.tokens, two.tokens, three.tokens} == {tuple(READ.split())}
        assert [one.line, two.line, three.line] == [1 + n * (8 + len(between)) for n in range(3)]
        assert one.remarks == ("4 chord symbols were left out", "1 tie was left out", CODES)


def test_a_source_and_a_book_are_no_control_codes() -> None:
    (tune,) = tunes_in("X:1\nS:Pat Mitchell\nB:O'Neill's 1850\nK:G\nGAB|")
    assert tune.remarks == ()


# NotaGen

NOTAGEN = (
    "%Baroque\n%Bach, Johann Sebastian\n%Chamber\n%%score { 1 | 2 } 3\nL:1/8\nQ:1/4=80\nM:3/4\n"
    'K:D\nV:1 treble nm="Violin" snm="Vln."\nV:2 bass nm="Bass"\nV:3 treble nm="Oboe"\n'
    '[r:0/2][V:1]"^Andante"!p! d2 (fe) .d2|[V:2]D,6|[V:3]x6|\n'
    "[r:1/1][V:1]!<(! a2 g2!<)! f2|[V:2]D,2 E,2 F,2|[V:3]z4 A2|\n"
    "[r:2/0][V:1][M:2/4] d4|][V:2][M:2/4] D,4|][V:3][M:2/4] [FA]4|]\n"
)
VIOLIN = "M:3/4 K:Cmaj c 2 e d c 2 | g 2 f 2 e 2 | M:2/4 c 4 |"
BASS = "M:3/4 K:Cmaj C, 6 | C, 2 D, 2 E, 2 | M:2/4 C, 4 |"
OBOE = "M:3/4 K:Cmaj z 6 | z 4 G 2 | M:2/4 [ E G ] 4 |"


def test_of_interleaved_voices_the_first_is_read() -> None:
    (tune,) = tunes_in(NOTAGEN)
    assert " ".join(tune.tokens) == VIOLIN
    assert tune.remarks[0] == (
        "voices 2 (3 bars) and 3 (3 bars) were left out; --voice reads another one"
    )


@pytest.mark.parametrize(
    ("voice", "tokens"),
    [("1", VIOLIN), ("2", BASS), ("3", OBOE), ("Bass", BASS), ("Oboe", OBOE), ("Violin", VIOLIN)],
)
def test_a_voice_is_read_by_its_number_or_its_name(voice: str, tokens: str) -> None:
    assert tokens_in(NOTAGEN, Reading(voice=voice)) == [tokens]
    assert tokens_in("X:5\n" + NOTAGEN, Reading(voice=voice)) == [tokens]
    assert " ".join(tokenize(NOTAGEN, voice=voice)) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "X:1\nK:C\nV:T1\nCDE|\nV:B1\nGAB|\nV:T1\nFGA|\nV:B1\ncde|",
        "X:1\nV:T1 clef=treble\nV:B1 clef=bass\nK:C\nV:T1\nCDE|\nV:B1\nGAB|cde|\nV:T1\nFGA|",
        "X:1\nV:T1\nV:B1\nK:C\n[V:T1]CDE|[V:B1]GAB|\n[V:T1]FGA|[V:B1]cde|",
        "X:1\nV:T1\nK:G\nK:C\nV:B1\nL:1/8\nV:T1\nL:1/4\n[V:T1]CDE|\n[V:B1]GAB|cde|",
        "X:1\nK:C\nCDE|\nV:B1\nGAB|cde|\nV:1\nFGA|",
    ],
)
def test_the_second_voice_is_read_wherever_it_is(text: str) -> None:
    for voice in ("B1", "2"):
        (tune,) = tunes_in(text, Reading(voice=voice))
        assert " ".join(tune.tokens) == "K:Cmaj G A B | c d e |"
        assert len(tune.remarks) == 1
        assert "left out" in tune.remarks[0]
    one = "K:Cmaj C 2 D 2 E 2 |" if "L:1/4" in text else "K:Cmaj C D E | F G A |"
    assert tokens_in(text, Reading(voice="1")) == [one]


def test_a_tune_without_the_voice_is_set_aside_and_the_reason_names_its_voices() -> None:
    text = f"X:1\n{NOTAGEN}\nX:2\nK:C\nCDE|\n\nX:3\nK:C\nV:1\nCDE|\nV:2\nEFG|"
    one, two, three = read_tunes(text, "text", Reading(voice="3"))
    assert isinstance(one, Transcription)
    assert [r.reason for r in (two, three) if isinstance(r, Rejected)] == [
        "the tune has no voice '3'; it has one voice",
        "the tune has no voice '3'; its voices are 1 and 2",
    ]
    assert tokens_in("X:2\nK:C\nCDE|", Reading(voice="1")) == ["K:Cmaj C D E |"]


def test_voices_are_found_by_their_names_in_any_case_and_listed_with_them() -> None:
    text = 'X:1\nK:C\nV:1 name="Fiddle"\nCDE|\nV:2 nm="Bass"\nEFG|\nV:3\nGAB|'
    assert tokens_in(text, Reading(voice="bass")) == ["K:Cmaj E F G |"]
    assert tokens_in(text, Reading(voice="FIDDLE")) == ["K:Cmaj C D E |"]
    (rejected,) = read_tunes(text, "text", Reading(voice="Viola"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == (
        "the tune has no voice 'Viola'; its voices are 1 (Fiddle), 2 (Bass) and 3"
    )


def test_voices_go_from_the_command_and_the_functions_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "score.abc"
    path.write_text(NOTAGEN)
    assert call("tokenize", path, "--voice", "2").out.split() == BASS.split()
    (tune,) = read(path, voice="Oboe")
    assert isinstance(tune, Transcription)
    assert " ".join(tune.tokens) == OBOE
    index = tmp_path / "i.db"
    call("index", "build", path, "--voice", "Bass", "--index", index)
    (checked,) = check(NOTAGEN, index, voice="2").tunes
    assert checked.verdict.kind == "whole"
    (checked,) = call("check", path, "--voice", "2", "--index", index, "--json").json["tunes"]
    assert checked["verdict"]["kind"] == "whole"
    assert "no voice '9'" in call("tokenize", path, "--voice", "9").refusal


# Chats and mail

JIG = "X:1\nT:The Brook\nM:6/8\nL:1/8\nK:G\n|: GAB c2d | edc B2A :|\nG3 G3 |]\n"
JIG_READ = "M:6/8 K:Cmaj |: C D E F 2 G | A G F E 2 D :| C 3 C 3 |"
EXPLAINED = (
    "\n### How to read it\n- `X: 1` - the number of the tune.\n- `K: G` - the key.\n"
    "X: 1 is the number\nT: The title\nK: G is the key, and it is also where it ends\n\n"
    "Feel free to change the notes | and the bars | as you like. Enjoy!\n"
)


@pytest.mark.parametrize(
    "text",
    [
        f"Here is a jig in G:\n\n```abc\n{JIG}```\nEnjoy!\n",
        f"Here is a jig in G:\n```\n{JIG}```\n{EXPLAINED}",
        f"1. The first jig:\n\n   ```abc\n{JIG}   ```\n\n2. Play it slowly.\n",
        f"Sure! Here is a jig:\n```{JIG}```\nEnjoy!",
        f"Sure! Here is a jig:\n```abc\n{JIG}",  # the answer was cut off
        f"Sure! Here is a jig:\n\n{JIG}\nEnjoy! It is in G.",
        f"Here it is the melody in ABC Notation in Folk style:\n{JIG}To read this, note that:\n"
        '- The first line is the number, "X:1".\n',
        f"### Response:\nHere it is:\n{JIG.rstrip()} </s>\n",
        f"<|im_start|>assistant\n{JIG.rstrip()}<|im_end|>\n",
        JIG.replace("K:G\n", "K:G\nThe first part:\n").replace("\nG3", "\n**Coda**\nG3"),
        "".join(f"> {line}\n" for line in f"Hi,\n\n{JIG}\nBye".splitlines()) + "\nA nice tune!\n",
        "".join(f">> {line}\n" for line in f"```abc\n{JIG}```".splitlines()),
        "".join(f"    {line}\n" for line in JIG.splitlines()),
        "".join(f"`{line}`\n" for line in JIG.splitlines()),
        f"The tune is this:\n\n`{JIG.rstrip()}`\n",
    ],
)  # fmt: skip
def test_a_tune_in_a_chat_or_a_mail_is_read_without_the_prose(text: str) -> None:
    for lines in (text, text.replace("\n", "\r\n")):
        (tune,) = tunes_in(lines)
        assert " ".join(tune.tokens) == JIG_READ
        assert tune.titles == ("The Brook",)


def test_several_fences_are_several_tunes_and_keep_their_lines() -> None:
    text = f"One:\n\n```abc\n{JIG}```\n{EXPLAINED}\nTwo:\n```\n{JIG}```\nor\n\n{JIG}"
    before = text.split(JIG)
    lines = [before[0], before[0] + JIG + before[1], text[: -len(JIG)]]
    assert [tune.line for tune in tunes_in(text)] == [part.count("\n") + 1 for part in lines]
    without = JIG.replace("X:1\nT:The Brook\n", "")
    text = text.replace(JIG, without)
    assert tokens_in(text.replace("X: 1 is", "It is")) == [JIG_READ] * 3


def test_prose_beside_the_music_is_counted_in_a_remark() -> None:
    (tune,) = tunes_in(f"{JIG}Enjoy!\nIt is in G major.\n")
    assert tune.remarks == ("2 lines of text were left out",)
    with_words = JIG.replace("|: GAB", '|: "Fine" GAB').replace("\nG3", ' "D.C. al Fine"\nG3')
    (tune,) = tunes_in(with_words)
    assert tune.remarks == ("2 chord symbols were left out",)


def test_the_place_of_a_mistake_is_that_in_the_chat() -> None:
    quoted = "".join(f"> {line}\n" for line in JIG.splitlines())
    text = f"> Here:\n>\n> ```abc\n{quoted}> ```"
    (rejected,) = read_tunes(text.replace("c2d", "c[d"), "chat")
    assert isinstance(rejected, Rejected)
    assert rejected.place == "chat:9:11"


# folk-rnn's Swedish text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (
            "[L:1/16]\n[M:3/4]\n[K:GMaj]\nG 2 A c B 2 A B G 4 | e f e ^c d 8 :|",
            "M:3/4 K:Cmaj C D /2 F /2 E D /2 E /2 C 2 | A /2 B /2 A /2 ^F /2 G 4 :|",
        ),
        (
            "[L:1/8]\n[M:3/4]\n[K:DMin]\nA > ^c d /2 e /2 d (3 f 2 e 2 e |1 A 4 z 2 :|",
            "M:3/4 K:Cmin G > =B c /2 d /2 c (3 e 2 d 2 d |1 G 4 z 2 :|",
        ),
        (
            "[L:1/16] [M:3/4] [K:CMaj] [ G, E ] F E 2 [ C 2 E 2 ] [ B, 4 D 4 ] 2 |",
            "M:3/4 K:Cmaj [ G, E ] /2 F /2 E [ C E ] [ B, 2 D 2 ] 2 |",
        ),
        (  # 9/16 is four and a half eighths
            "[L:1/8]\n[M:9/16]\n[K:CMaj]\nA A /2 c /2 A /2 c /2 e 3 /2 | c /2 /2 d /2 /2 e 4 | ]",
            "M:9/16 K:Cmaj A A /2 c /2 A /2 c /2 e 3/2 | c /4 d /4 e 4 |",
        ),
        (  # two notes in a triplet: two eighths long, like the triplet of three
            "[L:1/8]\n[M:3/4]\n[K:CMaj]\n(3 2 A 2 c (3 2 c 2 B (3 A G B :| [ 2 A 6 |",
            "M:3/4 K:Cmaj (3::2 A 2 c (3::2 c 2 B (3 A G B :| |2 A 6 |",
        ),
        (
            "[L:1/8]\n[M:2/4]\n[K:CMaj]\nc 2 d 2 | [M:3/4] c 2 d 2 e 2 | [K:GMaj] [L:1/16] d 4 |",
            "M:2/4 K:Cmaj c 2 d 2 | M:3/4 c 2 d 2 e 2 | K:Gmaj d 2 |",
        ),
    ],
)  # fmt: skip
def test_swedish_text_is_read_with_the_lengths_that_it_states(text: str, tokens: str) -> None:
    (tune,) = tunes_in(text)
    assert " ".join(tune.tokens) == tokens
    assert tune.remarks == ((TUPLET, APART) if "(3 2" in text else (APART,))
    assert tokens_in(f"{text}\n\n{text}\n") == [tokens, tokens]


def test_the_swedish_sample_is_read_and_its_bars_add_up(shared: Path) -> None:
    path = shared / SWEDISH
    found = list(read(path))
    tunes = [tune for tune in found if isinstance(tune, Transcription)]
    rejected = [tune for tune in found if isinstance(tune, Rejected)]
    assert len(found) == 1000
    assert len(rejected) <= 10
    assert all(tune.reason and tune.line for tune in rejected)
    bars = list(chain.from_iterable(lay_out(tune.tokens).bars for tune in tunes))
    assert sum(bar.adds_up for bar in bars) > 0.9 * len(bars)


def test_a_source_in_the_middle_of_a_tune_ends_it_only_among_control_codes() -> None:
    """S: names a source in other ABC, and a page of it may be a number."""
    (tune,) = read_tunes("T:a\nM:4/4\nL:1/8\nK:C\nGABc|\nS:3\ndedB|\nS:4\n", "the text")
    assert isinstance(tune, Transcription)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj G A B c | d e d B |"
    coded = "S:1\nB:1\nM:4/4\nL:1/8\nK:C\nGABc|\n"
    assert len(list(read_tunes(coded + coded, "the text"))) == 2
