"""Tunes in other clothes: each is what its name says, and still a tune."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.similar.dressing import DRESSINGS, OTHERS, Dressing, is_dressable
from benchmarks.similar.pieces import moved, put_together, take_apart
from tests import brute
from tests.conftest import V2_SAMPLE
from tests.strategies import bodies, heaps
from tunetrace import Transcription, read
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.folkrnn import tokenize_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import eighths
from tunetrace.tokenizer.write import to_abc

EVERY = {dressing.name: dressing for dressing in (*DRESSINGS, *OTHERS)}
SEEDS = range(40)

TUNE = """M:4/4 K:Cmaj
|: C C E 2 G 2 ^F G | (3 A B c B > A G 4 :| |: g 2 [ c e ] 2 d c B c | A G F z C 4 :|"""


def tune_of(text: str) -> Transcription:
    return tokenize_folkrnn(f"T:A tune\n{text}")


def dressed(name: str, text: str, seed: int = 0) -> str | None:
    """The music of a tune in a dressing, with its headers."""
    found = EVERY[name].of(tune_of(text), seed)
    return None if found is None else " ".join(found.tokens)


def music(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """Each note as it is written, without its length; a chord from bracket to bracket."""
    found = []
    for start, stop in brute.notes(tokens):
        end = tokens.index("]", start, stop) + 1 if tokens[start] == "[" else start + 1
        found.append(tuple(tokens[start:end]))
    return found


def bar_lengths(tokens: Sequence[str]) -> list[Fraction]:
    """How long each bar is, in eighths."""
    return [eighths(bar.duration) for bar in lay_out(tokens).bars]


def rhythm(tokens: Sequence[str]) -> list[Fraction]:
    """How long each note or rest is, in eighths."""
    return [eighths(one) for bar in lay_out(tokens).bars for one in bar.events.durations]


# Each on a small tune, by hand


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "rotation, 1 step",
            "|: D D F 2 A 2 ^G A | (3 B c d c > B A 4 :| "
            "|: a 2 [ d f ] 2 e d c d | B A G z D 4 :|",
        ),
        (
            "rotation, 6 steps",
            "|: B B d 2 f 2 ^e f | (3 g a b a > g f 4 :| "
            "|: f' 2 [ b d' ] 2 c' b a b | g f e z B 4 :|",
        ),
        (
            "octave, up",
            "|: c c e 2 g 2 ^f g | (3 a b c' b > a g 4 :| "
            "|: g' 2 [ c' e' ] 2 d' c' b c' | a g f z c 4 :|",
        ),
        (
            "octave, down",
            "|: C, C, E, 2 G, 2 ^F, G, | (3 A, B, C B, > A, G, 4 :| "
            "|: G 2 [ C E ] 2 D C B, C | A, G, F, z C, 4 :|",
        ),
        (
            "another key",
            "|: C C E 2 G 2 ^F G | (3 A B c B > A G 4 :| "
            "|: g 2 [ c e ] 2 d c B c | A G F z C 4 :|",
        ),
        (
            "parts swapped",
            "|: g 2 [ c e ] 2 d c B c | A G F z C 4 :| "
            "|: C C E 2 G 2 ^F G | (3 A B c B > A G 4 :|",
        ),
        ("half a tune, first half", "|: C C E 2 G 2 ^F G | (3 A B c B > A G 4 |"),
        ("half a tune, second half", "g 2 [ c e ] 2 d c B c | A G F z C 4 |"),
        (
            "one note for two",
            "|: C 2 E 2 G 2 ^F G | (3 A B c B > A G 4 :| "
            "|: g 2 [ c e ] 2 d c B c | A G F z C 4 :|",
        ),
        (
            "retrograde",
            "|: C F G 2 A 2 c B | (3 c d [ c e ] g > G A 4 :| "
            "|: B 2 c 2 B A G ^F | G E C z C 4 :|",
        ),
        (
            "halved lengths, fewer bars",
            "|: C /2 C /2 E G ^F /2 G /2 (3 A /2 B /2 c /2 B /2> A /2 G 2 :| "
            "|: g [ c e ] d /2 c /2 B /2 c /2 A /2 G /2 F /2 z /2 C 2 :|",
        ),
    ],
)  # fmt: skip
def test_a_dressing_without_chance_is_as_worked_out_by_hand(name: str, expected: str) -> None:
    assert dressed(name, TUNE) == f"M:4/4 K:Cmaj {expected}"


def test_lengths_are_doubled_and_halved_with_their_meter() -> None:
    assert dressed("doubled lengths, longer bars", "M:6/8 K:Cmaj C D 3/2 E /2 (3 F G A B |") == (
        "M:6/4 K:Cmaj C 2 D 3 E (3 F 2 G 2 A 2 B 2 |"
    )
    assert dressed("doubled lengths, longer bars", "M:2/4 K:Cmaj C D > E F |") == (
        "M:4/4 K:Cmaj C 2 D 2> E 2 F 2 |"
    )
    assert dressed("halved lengths, shorter bars", "M:4/4 K:Cmaj C 2 D E > F G 3 |") == (
        "M:2/4 K:Cmaj C D /2 E /2> F /2 G 3/2 |"
    )
    assert dressed("halved lengths, shorter bars", "M:6/8 K:Cmaj C 3 D E F |") == (
        "M:6/16 K:Cmaj C 3/2 D /2 E /2 F /2 |"
    )


def test_in_twice_as_many_bars_a_note_over_the_new_bar_line_is_divided() -> None:
    name = "doubled lengths, more bars"
    assert dressed(name, "M:2/4 K:Cmaj G | C D 2 E | F 3 G :|") == (
        "M:2/4 K:Cmaj G 2 | C 2 D 2 | D 2 E 2 | F 4 | F 2 G 2 :|"
    )
    # The middle is inside a triplet.
    assert dressed(name, "M:2/4 K:Cmaj C (3 D E F G |") is None


def test_a_minor_tune_under_another_signature_is_read_from_another_tonic() -> None:
    # C E G c under three flats: from Eb (K:Eb), F (K:Fdor) and Bb (K:Bbmix), moved to C.
    expected = {
        "M:4/4 K:Cmaj A, C E A 5 |",
        "M:4/4 K:Cdor G, B, D G 5 |",
        "M:4/4 K:Cmix D F A d 5 |",
    }
    found = {dressed("signature for mode", "M:4/4 K:Cmin C E G c 5 |", seed) for seed in SEEDS}
    assert found == expected


def test_a_note_is_moved_with_its_distance_from_the_scale() -> None:
    assert moved(("^F",), 1, "Cmaj") == ("^G",)
    assert moved(("=B",), 1, "Cmin") == ("^c",)  # half a tone above the scale's Bb, and c
    assert moved(("=B",), 2, "Cmin") == ("^d",)
    assert moved(("_B",), 0, "Cmin") == ("_B",)
    assert moved(("[", "C", "2", "e", "]"), -1, "Cmaj") == ("[", "B,", "2", "d", "]")


def test_parts_without_repeat_signs_are_the_halves() -> None:
    assert dressed("parts swapped", "M:2/4 K:Cmaj C 4 | D 4 | E 4 | F 4") == (
        "M:2/4 K:Cmaj E 4 | F 4 | C 4 | D 4 |"
    )
    parts = {dressed("half a tune, one part", TUNE, seed) for seed in SEEDS}
    first, second = TUNE.split("\n")[1].split(" |: ")
    assert parts == {f"M:4/4 K:Cmaj {first}", f"M:4/4 K:Cmaj |: {second}"}


def test_a_crotchet_becomes_a_triplet_with_its_upper_neighbour() -> None:
    assert dressed("triplets", "M:3/4 K:Cmaj D C E 2 D C |") == ("M:3/4 K:Cmaj D C (3 E F E D C |")
    assert dressed("triplets", "M:2/4 K:Cmaj D C E D |") is None


def test_a_note_is_split_or_joined_with_the_next() -> None:
    assert dressed("split or joined, 10%", "M:2/4 K:Cmaj C 4 |") == "M:2/4 K:Cmaj C 2 C 2 |"
    found = {dressed("split or joined, 10%", "M:2/4 K:Cmaj C > E D 2 |", s) for s in SEEDS}
    assert found == {"M:2/4 K:Cmaj C > E D D |"}
    found = {dressed("split or joined, 10%", "M:2/4 K:Cmaj C 3 E |", seed) for seed in SEEDS}
    assert found == {f"M:2/4 K:Cmaj {x} |" for x in ("C 3/2 C 3/2 E", "C 3 E /2 E /2", "C 4")}


def test_an_ornament_is_a_turn_or_a_passing_note() -> None:
    name = "ornamented, 20%"
    assert dressed(name, "M:2/4 K:Cmaj C 4 |") == "M:2/4 K:Cmaj C /2 D /2 C 3 |"
    found = {dressed(name, "M:2/8 K:Cmaj E C |", seed) for seed in SEEDS}
    assert found == {f"M:2/8 K:Cmaj {x} |" for x in ("E /2 D /2 C", "E C /2 D /2", "E C /2 B, /2")}
    assert dressed(name, "M:2/4 K:Cmaj C > E D > F |") is None


def test_one_note_for_two_needs_two_of_a_length_in_a_bar() -> None:
    assert dressed("one note for two", "M:3/4 K:Cmaj C C C D D 2 | E 3 D 3 |") == (
        "M:3/4 K:Cmaj C 2 C D D 2 | E 3 D 3 |"
    )
    assert dressed("one note for two", "M:2/4 K:Cmaj C 3 D | D 2 E 2 |") is None


@pytest.mark.parametrize(("share", "changed"), [("10%", 2), ("20%", 3), ("30%", 5), ("40%", 6)])
def test_a_share_of_the_notes_is_replaced_by_another_pitch(share: str, changed: int) -> None:
    tune = tune_of("M:4/4 K:Cmaj C D E F G A B c | c B A G F E D ^C |")
    for seed in SEEDS:
        found = EVERY[f"replaced, {share}"].of(tune, seed)
        assert found is not None
        pairs = list(zip(music(tune.tokens), music(found.tokens), strict=True))
        assert sum(old != new for old, new in pairs) == changed
        assert rhythm(found.tokens) == rhythm(tune.tokens)


def test_another_ending_changes_each_note_of_the_last_two_bars() -> None:
    tune = tune_of(TUNE)
    found = EVERY["other ending"].of(tune, 1)
    assert found is not None
    pairs = list(zip(music(tune.tokens), music(found.tokens), strict=True))
    assert [old == new for old, new in pairs] == [True] * 12 + [False] * 10
    assert rhythm(found.tokens) == rhythm(tune.tokens)


def test_a_shuffled_tune_has_the_same_notes_and_another_order() -> None:
    tune = tune_of(TUNE)
    notes = music(tune.tokens)
    for name in ("shuffled, notes", "shuffled, steps"):
        found = EVERY[name].of(tune, 1)
        assert found is not None
        assert music(found.tokens) != notes
        assert Counter(music(found.tokens)) == Counter(notes)
        assert rhythm(found.tokens) == rhythm(tune.tokens)
    assert Counter(pairwise(music(found.tokens))) == Counter(pairwise(notes))
    bars = {dressed("shuffled, bars", "M:2/4 K:Cmaj G | C 4 | D 4 :| E 3 |", s) for s in SEEDS}
    assert bars == {f"M:2/4 K:Cmaj G | {music} :| E 3 |" for music in ("C 4 | D 4", "D 4 | C 4")}


# All of them, on any tune


@given(st.one_of(bodies, heaps))
def test_a_tune_taken_apart_and_put_together_is_the_same(body: list[str]) -> None:
    tokens = ["M:4/4", "K:Cmaj", "C", *body]
    tune = tokenize_abc(to_abc(tokens))
    assert put_together(tune, take_apart(tokens)).tokens == tune.tokens


@given(bodies, st.sampled_from(sorted(EVERY)), st.integers(0, 5))
def test_every_dressing_can_be_written_and_read(body: list[str], name: str, seed: int) -> None:
    tune = tokenize_abc(to_abc(["M:4/4", "K:Cmin", "C", "|", *body]))
    found = EVERY[name].of(tune, seed)
    assert found is None or tokenize_abc(to_abc(found.tokens)).tokens == found.tokens


@pytest.fixture(scope="module")
def real(shared: Path) -> list[Transcription]:
    every = (tune for tune in read(shared / V2_SAMPLE) if isinstance(tune, Transcription))
    return random.Random(1).sample([tune for tune in every if is_dressable(tune)], 15)


SCALED = {
    "doubled lengths, longer bars": Fraction(2),
    "halved lengths, shorter bars": Fraction(1, 2),
}
CUT = {"half a tune", "doubled lengths, more bars", "halved lengths, fewer bars"}
REORDERED = {"parts swapped", "shuffled, bars"}


@pytest.mark.parametrize("dressing", EVERY.values(), ids=list(EVERY))
def test_a_dressed_tune_keeps_its_bars(real: list[Transcription], dressing: Dressing) -> None:
    for seed, tune in enumerate(real):
        found = dressing.of(tune, seed)
        if found is None:
            continue
        assert dressing.of(tune, seed) == found
        assert found.titles == tune.titles
        before, after = bar_lengths(tune.tokens), bar_lengths(found.tokens)
        if dressing.name in SCALED:
            factor = SCALED[dressing.name]
            before = [factor * length for length in before]
            bars = zip(lay_out(tune.tokens).bars, lay_out(found.tokens).bars, strict=True)
            assert all(one.adds_up == other.adds_up for one, other in bars)
        if dressing.kind in CUT or dressing.name in CUT:
            total = {"doubled lengths": 2, "halved lengths": Fraction(1, 2)}.get(dressing.kind, 0)
            assert not total or sum(after) == total * sum(before)
        elif dressing.name in REORDERED:
            assert sorted(after) == sorted(before)
        else:
            assert after == before


def test_the_halves_of_a_tune_are_the_tune(real: list[Transcription]) -> None:
    for tune in real:
        halves = [EVERY[f"half a tune, {x} half"].of(tune, 0) for x in ("first", "second")]
        both = [length for half in halves if half for length in bar_lengths(half.tokens)]
        assert both == bar_lengths(tune.tokens)


def test_a_tune_without_meter_key_or_with_few_bars_is_not_dressed() -> None:
    bars = "C D E F | " * 8
    assert is_dressable(tune_of(f"M:2/4 K:Cmaj {bars}"))
    for text in (f"K:Cmaj {bars}", f"M:none K:Cmaj {bars}", f"M:2/4 {bars}",
                 f"M:2/4 K:Cmaj {bars[10:]}", f"M:2/4 K:Cmaj {bars} K:Cmin {bars}"):  # fmt: skip
        assert not is_dressable(tune_of(text))
