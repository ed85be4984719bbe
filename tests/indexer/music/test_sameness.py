"""Identity by music: against plain counting on real tunes, and on tunes worked out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import GENERATED, V2_SAMPLE
from tests.indexer.music.plain_music import Form, forms
from tests.strategies import bodies, heaps
from tunetrace import Index, Transcription
from tunetrace.corpus.readers import read
from tunetrace.indexer.music.sameness import music_hashes
from tunetrace.tokenizer.layout.bars import Layout, lay_out

MakeIndex = Callable[..., Index]


def laid_out(text: str) -> Layout:
    return lay_out(text.split())


def hashes(*tunes: str | Sequence[str]) -> list[dict[int, set[int]]]:
    """The hashes of each tune, by part."""
    found: list[dict[int, set[int]]] = [defaultdict(set) for _ in tunes]
    layouts = [lay_out(tune.split() if isinstance(tune, str) else tune) for tune in tunes]
    for tune, part, number in music_hashes(layouts).tolist():
        assert number not in found[tune][part]
        found[tune][part].add(number)
    return [dict(some) for some in found]


def assert_hashed_alike(tunes: Sequence[Sequence[str]]) -> None:
    """That forms are the same where their hashes are, and only there."""
    form_of: dict[int, Form] = {}
    hash_of: dict[Form, int] = {}
    for tokens, found in zip(tunes, hashes(*tunes), strict=True):
        expected = forms(tokens)
        assert found.keys() == expected.keys(), tokens
        for part, some in expected.items():
            assert len(some) == len(found[part]), tokens
            if len(some) == 1:  # of two it is not known which is which
                (form,), (number,) = some, found[part]
                assert hash_of.setdefault(form, number) == number, tokens
                assert form_of.setdefault(number, form) == form, tokens
    for tokens, found in zip(tunes, hashes(*tunes), strict=True):
        for part, some in forms(tokens).items():
            known = {hash_of[form] for form in some if form in hash_of}
            assert known <= found[part], tokens
            assert {form_of[number] for number in found[part] if number in form_of} <= some, tokens


@pytest.mark.parametrize("name", [V2_SAMPLE, GENERATED, "folkrnn_v3_1000.txt"])
@pytest.mark.slow
def test_real_tunes_are_the_same_where_plain_counting_finds_them_so(
    shared: Path, name: str
) -> None:
    tunes = [tune.tokens for tune in read(shared / name) if isinstance(tune, Transcription)]
    assert_hashed_alike(tunes[:500])


@given(st.lists(st.one_of(bodies, heaps), min_size=1, max_size=4))
@example([["z", "|1", "C", ":|"]])  # a rest that ends the second turn
def test_any_tokens_are_the_same_where_plain_counting_finds_them_so(
    tunes: list[list[str]],
) -> None:
    assert_hashed_alike(tunes)


def is_same(left: str, right: str) -> bool:
    """Whether two tunes are the same as wholes."""
    first, second = hashes(left, right)
    return not first[0].isdisjoint(second[0])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("M:4/4 K:Cmaj |: C 4 E 4 | G 8 :|", "M:4/4 K:Cmaj C 4 E 4 | G 8 | C 4 E 4 | G 8 |"),
        ("M:4/4 K:Cmaj |: C 4 E 4 | G 8 :|", "M:4/4 K:Cmaj C 4 E 4 | G 8"),
        ("M:4/4 K:Cmaj C 4 E 4 | G 8 :|", "M:4/4 K:Cmaj |: C 4 | E 4 G 8 :|"),
        (
            "M:4/4 K:Cmaj |: C 4 E 4 |1 G 8 :| |2 C 8 |",
            "M:4/4 K:Cmaj C 4 E 4 | G 8 | C 4 E 4 | C 8 |",
        ),
        (  # the second ending closes with a sign that repeats nothing
            "M:4/4 K:Cmaj |: C 4 E 4 |1 G 8 :| |2 C 8 :|",
            "M:4/4 K:Cmaj C 4 E 4 | G 8 | C 4 E 4 | C 8 |",
        ),
        (
            "M:4/4 K:Cmaj |: C 8 |1,3 G 8 :| |2,4 E 8 :|",
            "M:4/4 K:Cmaj C 8 | G 8 | C 8 | E 8 | C 8 | G 8 | C 8 | E 8 |",
        ),
        (  # the part after the endings is repeated from its own beginning
            "M:4/4 K:Cmaj |: C 8 |1 G 8 :| |2 E 8 | D 8 | F 8 :|",
            "M:4/4 K:Cmaj C 8 | G 8 | C 8 | E 8 | D 8 | F 8 | D 8 | F 8 |",
        ),
        (  # what leads in is played once
            "M:4/4 K:Cmaj G 2 |: C 4 E 4 | G 8 :|",
            "M:4/4 K:Cmaj G 2 | C 4 E 4 | G 8 | C 4 E 4 | G 8 |",
        ),
        ("M:2/4 K:Cmaj C E G c | G 4 |", "M:4/4 K:Cmaj C 2 E 2 G 2 c 2 | G 8 |"),
        ("M:2/4 K:Cmaj C /2 E /2 G | c 2 |", "M:4/4 K:Cmaj C E G 2 | c 4 |"),
        ("M:2/4 K:Cmix |: C B c 2 :|", "M:4/4 K:Cmaj C 2 _B 2 c 4 | C 2 _B 2 c 4 |"),
        ("M:2/2 K:Cmaj C 4 E 4 |", "M:4/4 K:Cmaj C 4 E 4 |"),
        ("M:3/4 K:Cmaj C D E F G A |", "M:6/8 K:Cmaj C D E F G A |"),
        ("K:Cmaj C D E F G A |", "M:6/8 K:Cmaj C D E F G A |"),
        ("M:4/4 K:Cmix C 4 B 4 |", "M:4/4 K:Cmaj C 4 _B 4 |"),
        ("M:4/4 K:Cmin C 4 E 2 =E 2 | E 8 |", "M:4/4 K:Cmaj C 4 _E 2 =E 2 | _E 8 |"),
        ("M:4/4 K:Cmaj ^F 2 F 2 G 4 | F 8 |", "M:4/4 K:Cmaj ^F 2 ^F 2 G 4 | =F 8 |"),
        ("M:4/4 K:mix |: =C 4 _B 4 :|", "M:4/4 K:Cmix |: C 4 B 4 :|"),
        ("M:4/4 K:Gmaj G 4 F 4 |", "M:4/4 K:Cmaj C 4 B, 4 |"),
        ("M:6/8 K:Cmaj G E C F A F | E 3 |", "M:6/8 K:Cmaj G E C F A F | E 3 z 3 |"),
        ("M:4/4 K:Cmaj z 4 z 2 C 2 | E 8 |", "M:4/4 K:Cmaj C 2 | E 8 | z 8 |"),
        ("M:4/4 K:Cmaj C 2 z 2 z 2 E 2 |", "M:4/4 K:Cmaj C 2 z 4 E 2 |"),
        ("M:4/4 K:Cmaj C 2 z | z 3 E 2 |", "M:4/4 K:Cmaj C 2 z 4 E 2 |"),
        ("M:4/4 K:Cmaj [ C G E ] 4 c 4 |", "M:4/4 K:Cmaj [ E C G C ] 4 c 4 |"),
        ("M:4/4 K:Cmaj (3 C D E F 2 |", "M:4/4 K:Cmaj C 2/3 D 2/3 E 2/3 F 2 |"),
        ("M:4/4 K:Cmaj C > D E < F |", "M:4/4 K:Cmaj C 3/2 D /2 E /2 F 3/2 |"),
        ("M:4/4 K:Cmaj C 4 | K:Gmaj F 4 |", "M:4/4 K:Cmaj C 4 ^F 4 |"),
        ("M:6/8 K:Cmaj C 3 E 3 | M:9/8 G 9 |", "M:6/8 K:Cmaj C 3 E 3 | G 9 |"),
    ],
)  # fmt: skip
def test_one_tune_in_two_notations_is_the_same(left: str, right: str) -> None:
    assert is_same(left, right)
    assert is_same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("K:Cmaj C 4 E 4 |", "K:Cmaj C 4 F 4 |"),
        ("K:Cmaj C 4 E 4 |", "K:Cmaj c 4 e 4 |"),  # another octave
        ("K:Cmaj C 4 E 4 |", "K:Cmin C 4 E 4 |"),  # another third
        ("K:Cmaj C 4 E 4 |", "K:Cmaj C 4 E 3 |"),
        ("K:Cmaj C 4 E 4 |", "K:Cmaj C 4 z E 4 |"),
        ("K:Cmaj C 2 z E 4 |", "K:Cmaj C 2 z 2 E 4 |"),
        ("K:Cmaj C z E 4 |", "K:Cmaj C 2 E 4 |"),
        ("K:Cmaj [ C E ] 4 G 4 |", "K:Cmaj C 4 [ E G ] 4 |"),
        ("K:Cmaj [ C E ] 4 |", "K:Cmaj C 4 E 4 |"),
        ("K:Cmaj C 2 |", "K:Cmaj C 2 C 2 |"),  # a repeat without its sign
        ("K:Cmaj |: C 2 :| E 2 |", "K:Cmaj C 2 E 2 E 2 |"),
        ("K:Cmaj ^F 2 F 2 |", "K:Cmaj ^F 2 | F 2 |"),  # the bar line ends the sharp
        ("K:Cmaj C 2 ^F 2 f 2 |", "K:Cmaj C 2 ^F 2 =f 2 |"),
    ],
)
def test_what_sounds_otherwise_is_another_tune(left: str, right: str) -> None:
    assert not is_same(left, right)


FIRST = "C D E F G A B c | c B A G F E D C"
SECOND = "c d e d c d e d | c d e f g f e d"


def test_parts_that_change_places_are_the_same_parts_and_not_the_same_tune(
    make_index: MakeIndex,
) -> None:
    index = make_index(
        f"T:Known\nM:4/4\nK:Cmaj\n|: {FIRST} :| |: {SECOND} :|",
        f"T:First Part Alone\nM:2/2\nK:Cmaj\n{FIRST} |",
    )
    swapped = laid_out(f"M:4/4 K:Cmaj |: {SECOND} :| {FIRST} |")
    assert index.same_music([swapped]) == [(0, 1, 1, 2), (0, 2, 1, 1), (0, 2, 2, 0)]
    alone = laid_out(f"M:4/4 K:Cmaj {SECOND} | z 8 | {SECOND} |")
    assert index.same_music([alone]) == []
    doubled = laid_out(f"M:4/4 K:Cmaj {SECOND} | {SECOND} |")
    assert index.same_music([doubled]) == [(0, 0, 1, 2)]
    whole = laid_out(f"M:2/4 K:Cmaj {FIRST} | {FIRST} | {SECOND} | {SECOND} |")
    assert index.same_music([whole, swapped, whole]) == [
        (0, 0, 1, 0),
        (1, 1, 1, 2), (1, 2, 1, 1), (1, 2, 2, 0),
        (2, 0, 1, 0),
    ]  # fmt: skip


def test_only_admitted_tunes_are_the_same(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E |", "M:4/4\nK:Cmaj\nC D | E |")
    layout = laid_out("C D E |")
    for asked in ([layout], [layout, layout]):
        assert {same.tune for same in index.same_music(asked)} == {1, 2}
        assert {same.tune for same in index.same_music(asked, index.mask([2]))} == {2}


def test_a_part_of_fewer_than_eight_notes_is_not_named() -> None:
    (seven,) = hashes("C D E F G A B :| c d e f g a b c' |")
    (eight,) = hashes("C D E F G A B [ C c ] :| c d e f g a b c' |")
    assert (seven.keys(), eight.keys()) == ({0, 2}, {0, 1, 2})


def test_nothing_that_sounds_is_the_same_as_nothing() -> None:
    assert hashes(["z", "|", "z"], ["|"], []) == [{}, {}, {}]
    assert len(music_hashes([])) == 0


_notes = st.sampled_from(["C", "D", "E", "^F", "G", "_B", "c"])
_lengths = st.sampled_from(["", "2", "3", "/2", "3/2"])
_bar = st.lists(st.tuples(_notes, _lengths), min_size=1, max_size=6).map(
    lambda notes: [token for note in notes for token in note if token]
)
_bars = st.lists(_bar, min_size=1, max_size=6)


def in_bars(bars: Sequence[Sequence[str]]) -> list[str]:
    return [token for bar in bars for token in (*bar, "|")]


@given(_bars, _bars)
def test_a_part_written_twice_is_the_part_between_repeat_signs(
    first: list[list[str]], second: list[list[str]]
) -> None:
    written = in_bars([*first, *first, *second, *second])
    folded = ["|:", *in_bars(first)[:-1], ":|", "|:", *in_bars(second)[:-1], ":|"]
    (one, other) = hashes(written, folded)
    assert not one[0].isdisjoint(other[0])


@given(_bars, st.data())
def test_a_tune_with_one_note_changed_is_another(
    bars: list[list[str]], data: st.DataObject
) -> None:
    tokens = ["C", "2", "|", *in_bars(bars)]
    at = data.draw(st.sampled_from([k for k, token in enumerate(tokens) if token[-1].isalpha()]))
    higher, longer = [*tokens], [*tokens]
    higher[at : at + 1] = ["|", "e'", "|"]
    longer[at : at + 1] = [tokens[at], "5"]
    tune, pitched, stretched = hashes(tokens, higher, longer)
    assert tune[0].isdisjoint(pitched[0])
    assert tune[0].isdisjoint(stretched[0])


@given(st.lists(st.one_of(bodies, heaps), min_size=1, max_size=3), st.data())
def test_any_keys_on_the_way_make_no_difference_to_plain_counting(
    tunes: list[list[str]], data: st.DataObject
) -> None:
    keys = st.sampled_from(["K:Cmaj", "K:Cmin", "K:Gmaj", "K:Ebdor", "K:Bphr", "K:mix"])
    for tokens in tunes:
        for at in data.draw(st.lists(st.integers(0, len(tokens)), max_size=3)):
            tokens.insert(at, data.draw(keys))
    assert_hashed_alike(tunes)
