"""What is read of MusicXML: each file is written by hand, and its tokens are worked out by hand."""

from __future__ import annotations

import pytest

from tunetrace import AbcError, InputError, Rejected, Transcription, tokenize
from tunetrace.corpus.readers import read_tunes

KEY = "<key><fifths>{0}</fifths><mode>{1}</mode></key>"
TIME = "<time><beats>{0}</beats><beat-type>{1}</beat-type></time>"


def attributes(key: str = KEY.format(0, "major"), time: str = TIME.format(4, 4)) -> str:
    return f"<attributes><divisions>120</divisions>{key}{time}</attributes>"


def note(name: str, length: float, inside: str = "", alter: int = 0, after: str = "") -> str:
    """A note such as C4, or a rest, `z`. length: in eighths, of 60 divisions each."""
    sign = f"<alter>{alter}</alter>" if alter else ""
    pitch = f"<pitch><step>{name[0]}</step>{sign}<octave>{name[1:]}</octave></pitch>"
    sound = "<rest/>" if name == "z" else pitch
    before, _, rest = inside.partition("|")
    return f"<note>{before}{sound}<duration>{round(60 * length)}</duration>{rest}{after}</note>"


def score(*measures: str, parts: dict[str, str] | None = None, head: str = "") -> str:
    """A file of one part with these measures, or of parts by their names."""
    music = "".join(f'<measure number="{k}">{it}</measure>' for k, it in enumerate(measures, 1))
    parts = parts or {"Fiddle": music}
    listed = "".join(
        f'<score-part id="P{k}"><part-name>{name}</part-name></score-part>'
        for k, name in enumerate(parts, 1)
    )
    music = "".join(f'<part id="P{k}">{it}</part>' for k, it in enumerate(parts.values(), 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0">{head}'
        f"<part-list>{listed}</part-list>{music}</score-partwise>"
    )


def read(text: str, voice: str | None = None) -> Transcription:
    from tunetrace.arguments import Reading

    (tune,) = read_tunes(text, "tune.musicxml", Reading(voice=voice))
    assert isinstance(tune, Transcription), tune
    return tune


def tokens(text: str, voice: str | None = None) -> str:
    return " ".join(read(text, voice).tokens)


def reason(text: str, voice: str | None = None) -> str:
    from tunetrace.arguments import Reading

    (tune,) = read_tunes(text, "tune.musicxml", Reading(voice=voice))
    assert isinstance(tune, Rejected)
    assert tune.line is None
    return tune.reason


def barline(place: str, inside: str) -> str:
    return f'<barline location="{place}">{inside}</barline>'


SCALE = "".join(note(name, 1) for name in ("C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5"))


def test_a_bar_of_eighths_in_the_octaves_of_abc() -> None:
    assert tokens(score(attributes() + SCALE)) == "M:4/4 K:Cmaj C D E F G A B c |"


@pytest.mark.parametrize(
    ("key", "first", "expected"),
    [
        (KEY.format(1, "major"), "G4", "K:Cmaj C"),
        (KEY.format(1, "minor"), "E4", "K:Cmin C"),
        (KEY.format(1, "dorian"), "A4", "K:Cdor c"),
        (KEY.format(-1, "mixolydian"), "C4", "K:Cmix C"),
        (KEY.format(-3, "aeolian"), "C4", "K:Cmin C"),
        (KEY.format(2, "ionian"), "D4", "K:Cmaj C"),
        (KEY.format(-2, "major"), "B4", "K:Cmaj ^c"),  # B natural is one step above B flat
    ],
)
def test_the_key_has_its_mode(key: str, first: str, expected: str) -> None:
    assert tokens(score(attributes(key) + note(first, 8))) == f"M:4/4 {expected} 8 |"


def test_without_a_mode_major_is_assumed_and_said() -> None:
    tune = read(score(attributes("<key><fifths>2</fifths></key>") + note("D4", 8)))
    assert (tune.original_key, tune.remarks) == (
        "Dmaj", ("the file states no mode; D major is assumed",),
    )  # fmt: skip
    tune = read(score(attributes("") + note("D4", 8)))
    assert (tune.original_key, tune.remarks) == (
        "Cmaj", ("the file states no key; C major is assumed",),
    )  # fmt: skip


def test_a_key_of_single_accidentals_is_kept() -> None:
    key = ("<key><key-step>B</key-step><key-alter>-1</key-alter>"
           "<key-step>F</key-step><key-alter>1</key-alter></key>")  # fmt: skip
    music = note("B4", 4, alter=-1) + note("F4", 4, alter=1)
    assert tokens(score(attributes(key) + music)) == "M:4/4 K:Cmaj _B 4 ^F 4 |"


def test_repeats_endings_and_a_pickup() -> None:
    forward, backward = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
    text = score(
        attributes(time=TIME.format(2, 4)) + note("G4", 1),
        barline("left", forward) + note("C5", 4),
        barline("left", '<ending number="1" type="start"/>') + note("D5", 4)
        + barline("right", f'<ending number="1" type="stop"/>{backward}'),
        barline("left", '<ending number="2, 3" type="start"/>') + note("E5", 3)
        + barline("right", '<bar-style>light-heavy</bar-style>'
                  f'<ending number="2, 3" type="discontinue"/>{backward}'),
        barline("left", forward) + note("C5", 4) + barline("right", backward),
    )  # fmt: skip
    assert tokens(text) == "M:2/4 K:Cmaj G |: c 4 |1 d 4 :| |2,3 e 3 :| |: c 4 :|"


def test_a_bar_without_a_line_after_it_goes_on() -> None:
    hidden = barline("right", "<bar-style>none</bar-style>")
    halves = (note("F4", 4, alter=1) + hidden, note("F4", 4, alter=1))
    assert tokens(score(attributes() + halves[0], halves[1])) == "M:4/4 K:Cmaj ^F 4 F 4 |"


def test_key_and_meter_change_in_the_middle() -> None:
    change = attributes(KEY.format(1, "major"), TIME.format(6, 8))
    text = score(attributes() + note("C4", 8), change + note("F4", 6, alter=1))
    assert tokens(text) == "M:4/4 K:Cmaj C 8 | M:6/8 K:Gmaj F 6 |"


def test_a_key_that_is_stated_again_is_no_change() -> None:
    bar = attributes() + note("C4", 8)
    assert tokens(score(bar, bar)) == "M:4/4 K:Cmaj C 8 | C 8 |"


def test_an_accidental_is_written_where_the_sound_asks_for_it() -> None:
    sharp, natural = "|<accidental>sharp</accidental>", "|<accidental>natural</accidental>"
    bar = (note("F4", 2, sharp, 1) + note("F4", 2, alter=1) + note("F4", 2, natural)
           + note("F5", 2))  # fmt: skip
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj ^F 2 F 2 =F 2 f 2 |"
    # In ABC an accidental holds in all octaves, on a staff in one.
    bar = note("F4", 4, sharp, 1) + note("F5", 4)
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj ^F 4 =f 4 |"
    bar = note("F4", 4, sharp, 1) + note("F5", 4, sharp, 1)
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj ^F 4 f 4 |"


def test_an_accidental_without_need_is_kept_unless_it_is_a_reminder() -> None:
    for sign, token in (
        ("<accidental>sharp</accidental>", "=E"),  # F sharp in D is E
        ('<accidental cautionary="yes">sharp</accidental>', "E"),
        ('<accidental parentheses="yes">sharp</accidental>', "E"),
    ):
        text = score(attributes(KEY.format(2, "major")) + note("F4", 8, f"|{sign}", 1))
        assert tokens(text) == f"M:4/4 K:Cmaj {token} 8 |"


def test_a_tie_carries_its_accidental_over_the_bar_line() -> None:
    start, stop = '|<tie type="start"/>', '|<tie type="stop"/>'
    text = score(attributes() + note("F4", 8, start, 1),
                 note("F4", 4, stop, 1) + note("F4", 4))  # fmt: skip
    tune = read(text)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj ^F 8 | ^F 4 =F 4 |"
    assert tune.remarks == ("1 tie was left out",)


def test_five_eighths_are_one_note_and_three_and_two_are_two() -> None:
    def tied(*lengths: float) -> str:
        notes = [note("C4", lengths[0], '|<tie type="start"/>')]
        return "".join([*notes, note("C4", lengths[1], '|<tie type="stop"/>'), note("z", 3)])

    assert tokens(score(attributes() + tied(4, 1))) == "M:4/4 K:Cmaj C 5 z 3 |"
    assert tokens(score(attributes() + tied(3, 2))) == "M:4/4 K:Cmaj C 3 C 2 z 3 |"


def test_a_dotted_pair_on_the_beat_is_a_broken_rhythm() -> None:
    pairs = [("C4", 1.5), ("D4", 0.5), ("E4", 0.5), ("F4", 1.5), ("G4", 3), ("A4", 1)]
    bar = "".join(note(*pair) for pair in pairs)
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj C > D E < F G 3 A |"
    pairs = [("C4", 0.75), ("D4", 0.25), ("E4", 1), ("G4", 0.5), ("F4", 1.5)]
    bar = "".join(note(*pair) for pair in pairs)
    text = score(attributes(time=TIME.format(2, 4)) + bar)
    assert tokens(text) == "M:2/4 K:Cmaj C /2> D /2 E G < F |"
    pairs = [("C4", 1), ("D4", 1.5), ("E4", 0.5), ("F4", 1)]  # off the beat
    bar = "".join(note(*pair) for pair in pairs)
    text = score(attributes(time=TIME.format(2, 4)) + bar)
    assert tokens(text) == "M:2/4 K:Cmaj C D 3/2 E /2 F |"


def triplet(names: list[str], lengths: list[float], p: int, q: int, marks: bool = True) -> str:
    notes = []
    for k, (name, length) in enumerate(zip(names, lengths, strict=True)):
        kind = {1: "eighth", 2: "quarter", 0.5: "16th"}[length]
        inside = (f"|<type>{kind}</type><time-modification><actual-notes>{p}</actual-notes>"
                  f"<normal-notes>{q}</normal-notes></time-modification>")  # fmt: skip
        mark = {0: "start", len(names) - 1: "stop"}.get(k) if marks else None
        after = f'<notations><tuplet type="{mark}"/></notations>' if mark else ""
        notes.append(note(name, length * q / p, inside, after=after))
    return "".join(notes)


@pytest.mark.parametrize("marks", [True, False])
def test_tuplets_with_and_without_brackets(marks: bool) -> None:
    bar = triplet(["C4", "D4", "E4"], [1, 1, 1], 3, 2, marks)
    bar += triplet(["F4", "G4"], [2, 1], 3, 2, marks) + note("C4", 4)
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj (3 C D E (3:2:2 F 2 G C 4 |"
    bar = triplet(["C4", "D4"], [1, 1], 2, 3, marks) + note("E4", 3)
    text = score(attributes(time=TIME.format(6, 8)) + bar)
    assert tokens(text) == "M:6/8 K:Cmaj (2 C D E 3 |"
    bar = triplet(["C4"] * 5, [0.5] * 5, 5, 4, marks) + note("E4", 6)
    assert tokens(score(attributes() + bar)) == "M:4/4 K:Cmaj (5:4:5 C /2 C /2 C /2 C /2 C /2 E 6 |"


def test_a_tuplet_for_which_there_is_no_token_is_told() -> None:
    bar = triplet(["C4"] * 11, [0.5] * 11, 11, 8) + note("E4", 4)
    assert reason(score(attributes() + bar)) == (
        "a tuplet of 11 notes has no token; write it without the tuplet"
    )


def test_chords_stay_chords_and_rests_rests() -> None:
    chord = note("G4", 2) + note("C5", 2, "<chord/>|") + note("E5", 2, "<chord/>|")
    whole_bar = '<note><rest measure="yes"/><duration>480</duration></note>'
    text = score(attributes() + chord + note("z", 6), whole_bar)
    assert tokens(text) == "M:4/4 K:Cmaj [ G c e ] 2 z 6 | z 8 |"


def test_what_gives_no_token_is_counted() -> None:
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    harmony = "<harmony><root><root-step>G</root-step></root><kind>major</kind></harmony>"
    words = "<direction><direction-type><words>Da Capo</words></direction-type>"
    signs = '<notations><slur type="start"/><articulations><staccato/></articulations></notations>'
    lyric = "<lyric><text>la</text></lyric>"
    text = score(attributes() + harmony + grace * 2
                 + words + '<sound dacapo="yes"/></direction>'
                 + note("C5", 8, after=signs + lyric))  # fmt: skip
    tune = read(text)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj c 8 |"
    assert sorted(tune.remarks) == [
        "1 annotation was left out",
        "1 chord symbol was left out",
        "1 decoration was left out",
        "1 slur was left out",
        "2 grace notes were left out",
        "the jumps (D.C., D.S., coda, fine) are not followed",
        "the words under 1 note were left out",
    ]


# Voices

BACK = "<backup><duration>480</duration></backup>"
TWO = attributes() + "".join(
    (note("E5", 4, "|<voice>1</voice>"), note("D5", 4, "|<voice>1</voice>"), BACK,
     "<forward><duration>240</duration></forward>", note("G4", 4, "|<voice>2</voice>"))
)  # fmt: skip


def test_the_first_of_two_voices_is_read_or_the_one_that_is_asked_for() -> None:
    text = score(TWO, note("C5", 8, "|<voice>1</voice>"))
    tune = read(text)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj e 4 d 4 | c 8 |"
    assert tune.remarks == ("voice Fiddle voice 2 (1 bar) was left out; --voice reads another one",)
    assert tokens(text, "2") == "M:4/4 K:Cmaj z 4 G 4 | z 8 |"
    assert tokens(text, "fiddle voice 2") == "M:4/4 K:Cmaj z 4 G 4 | z 8 |"
    assert reason(text, "Flute") == (
        "the file has no voice 'Flute'; its voices are Fiddle voice 1 and Fiddle voice 2"
    )


def test_a_part_is_asked_for_by_name_id_or_place() -> None:
    flute, harp = (
        f'<measure number="1">{attributes()}{note(n, 8)}</measure>' for n in ("G5", "C3")
    )
    text = score(parts={"Flute": flute, "Celtic Harp": harp})
    tune = read(text)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj g 8 |"
    assert tune.remarks == ("voice Celtic Harp (1 bar) was left out; --voice reads another one",)
    for asked in ("2", "celtic harp", "P2"):
        assert tokens(text, asked) == "M:4/4 K:Cmaj C, 8 |"


def test_two_staves_are_two_voices_each_with_its_key() -> None:
    keys = '<key number="1"><fifths>0</fifths></key><key number="2"><fifths>-1</fifths></key>'
    text = score(
        attributes(keys) + note("C5", 8, "|<staff>1</staff>") + BACK
        + note("F3", 8, "|<voice>5</voice><staff>2</staff>")
    )  # fmt: skip
    assert tokens(text) == "M:4/4 K:Cmaj c 8 |"
    assert tokens(text, "5") == "M:4/4 K:Cmaj C, 8 |"
    assert read(text, "5").original_key == "Fmaj"


def test_a_part_of_percussion_is_passed_over() -> None:
    drum = ("<note><unpitched><display-step>E</display-step><display-octave>4</display-octave>"
            "</unpitched><duration>480</duration></note>")  # fmt: skip
    drums = f'<measure number="1">{attributes()}{drum}</measure>'
    flute = f'<measure number="1">{attributes()}{note("G5", 8)}</measure>'
    assert tokens(score(parts={"Drum": drums, "Flute": flute})) == "M:4/4 K:Cmaj g 8 |"
    assert reason(score(parts={"Drum": drums})) == (
        "the file has percussion alone; give a file with notes of a pitch"
    )


def test_a_part_whose_first_bars_rest_keeps_them() -> None:
    text = score(attributes() + note("z", 8), note("C4", 8))
    assert tokens(text) == "M:4/4 K:Cmaj z 8 | C 8 |"


# Files


def test_titles_are_those_of_the_file_or_its_name() -> None:
    head = "<work><work-title>Jig &amp; Reel</work-title></work><movement-title>A</movement-title>"
    bar = attributes() + note("C4", 8)
    assert read(score(bar, head=head)).titles == ("Jig & Reel", "A")
    assert read(score(bar)).titles == ("tune",)


def test_the_text_is_abc_that_reads_as_the_same_tokens() -> None:
    tune = read(score(TWO, note("C5", 8, "|<voice>1</voice>")))
    assert tune.text == "X:1\nT:tune\nM:4/4\nL:1/8\nK:C\ne4 d4 | c8 |]"
    assert tokenize(tune.text) == list(tune.tokens)
    assert (tune.line, tune.number, tune.place) == (None, None, "tune.musicxml")


def test_the_order_by_bars_reads_as_the_order_by_parts() -> None:
    text = score(attributes() + note("C4", 8), note("D4", 8))
    timewise = (
        '<score-timewise><part-list><score-part id="P1"><part-name>Fiddle</part-name></score-part>'
        f'</part-list><measure number="1"><part id="P1">{attributes()}{note("C4", 8)}</part>'
        f'</measure><measure number="2"><part id="P1">{note("D4", 8)}</part></measure>'
        "</score-timewise>"
    )
    assert tokens(timewise) == tokens(text) == "M:4/4 K:Cmaj C 8 | D 8 |"


def test_a_file_without_notes_is_told() -> None:
    assert reason(score(attributes() + note("z", 8))) == (
        "the file has no notes; give a file with a tune"
    )
    assert reason(score()) == "the file has no notes; give a file with a tune"


def test_quarter_tones_and_durations_that_are_none_are_told() -> None:
    text = score(attributes() + note("C4", 8, alter=1).replace("<alter>1", "<alter>0.5"))
    assert reason(text).startswith("the note C")
    assert "there is no token" in reason(text)
    text = score(attributes() + note("C4", 8).replace(">480<", ">x<"))
    assert reason(text) == "a note has the duration 'x'; give it a number"


@pytest.mark.parametrize("duration", ["1e99999999", "1e-99999999", "-1", "nan", "1" * 13])
def test_a_duration_that_would_be_a_number_without_end_is_told(duration: str) -> None:
    text = score(attributes() + note("C4", 8).replace(">480<", f">{duration}<"))
    assert reason(text) == f"a note has the duration '{duration}'; give it a number"


@pytest.mark.parametrize("beats", ["99999999", "255+255", "+".join(["99"] * 9), "٩٩٩٩٩٩"])
def test_a_meter_that_would_be_counted_for_minutes_is_told(beats: str) -> None:
    text = score(attributes(time=TIME.format(beats, 1)) + note("C4", 8))
    assert reason(text).startswith("a meter has the number '")


def test_a_key_an_ending_and_an_octave_without_measure_are_told() -> None:
    key = attributes(key=KEY.format(-999999999, "major"))
    assert reason(score(key + note("C4", 8))) == (
        "a key has the number '999999999'; give a smaller one"
    )
    ending = '<barline location="left"><ending number="1-999999999" type="start"/></barline>'
    assert reason(score(attributes() + ending + note("C4", 8))) == (
        "an ending has the number '999999999'; give a smaller one"
    )
    assert reason(score(attributes() + note("C999999999", 8))) == (
        "a note is in the octave 999999999, and MusicXML has the octaves 0 to 9; give one of these"
    )


def test_a_text_without_line_ends_is_read_however_long_it_is() -> None:
    long = score(attributes() + note("C4", 8, after="<lyric>" + "x" * 100_000 + "</lyric>"))
    (tune,) = read_tunes(long, "tune.musicxml")
    assert isinstance(tune, Transcription)
    assert " ".join(tune.tokens) == "M:4/4 K:Cmaj C 8 |"


def test_more_bars_or_rests_than_any_tune_has_are_told() -> None:
    first = attributes() + note("C4", 8)
    assert reason(score(first, *[""] * 5_000)) == (
        "the voice has 5,001 bars, and more than 5,000 are no tune; divide the file into tunes"
    )
    assert reason(score(first + note("z", 1) * 5_000)) == (
        "the voice has 5,001 notes and rests, and more than 5,000 are no tune; divide the file "
        "into tunes"
    )


@pytest.mark.parametrize(
    ("doctype", "refusal"),
    [
        ('[<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]', "declares entities"),
        ('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "declares entities"),
        ('[<!ENTITY % x SYSTEM "http://localhost:9/x.dtd"> %x;]', "declares entities"),
    ],
)
def test_entities_are_refused(doctype: str, refusal: str) -> None:
    text = score(attributes() + note("C4", 8)).replace(
        "<score-partwise", f"<!DOCTYPE score-partwise {doctype}><score-partwise", 1
    )
    with pytest.raises(InputError, match=refusal):
        tokenize(text)


def test_the_usual_doctype_is_not_fetched() -> None:
    doctype = ('<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
               '"http://localhost:9/partwise.dtd">')  # fmt: skip
    text = score(attributes() + note("C4", 8)).replace("<score-", f"{doctype}<score-", 1)
    assert tokenize(text) == ["M:4/4", "K:Cmaj", "C", "8", "|"]


def test_damage_and_depth_are_one_sentence() -> None:
    text = score(attributes() + note("C4", 8))
    with pytest.raises(InputError, match="damaged or cut off in line 2; save or get it again"):
        tokenize(text[: len(text) // 2])
    with pytest.raises(InputError, match="more than 50 elements inside one another"):
        tokenize("<score-partwise>" + "<a>" * 100_000)
    with pytest.raises(AbcError, match="no notes"):
        tokenize("<score-partwise/>")
