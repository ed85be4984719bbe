"""folk-rnn's text: with and without titles, on one line or four, spaced or not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

from tests.conftest import GENERATED, POST, V2_SAMPLE
from tests.strategies import heaps
from tunetrace import AbcError, Transcription, read, tokenize
from tunetrace.corpus.readers import detect_format, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.tokenizer.folkrnn import to_folkrnn, tokenize_folkrnn
from tunetrace.tokenizer.vocabulary import V2_TOKENS

TOKENS = ["M:9/8", "K:Cmaj", "G", "E", "E", "E", "2", "D", "E", "D", "C", "|", "G", "3", ":|"]


def transcriptions(text: str) -> list[Transcription]:
    tunes = list(read_tunes(text, "text"))
    assert not [tune for tune in tunes if isinstance(tune, Rejected)]
    return [tune for tune in tunes if isinstance(tune, Transcription)]


@pytest.mark.parametrize(
    "text",
    [
        "M:9/8\nK:Cmaj\nG E E E 2 D E D C | G 3 :|\n",
        "M:9/8\nK:Cmaj\nGEEE2DEDC|G3:|\n",
        "T:A title\nM:9/8\nK:Cmaj\nG E E E 2 D E D C | G 3 :|\n",
        "X:7\nT:A title\nM:9/8\nK:Cmaj\nG E E E 2 D E D C | G 3 :|\n",
        "M:9/8 K:Cmaj G E E E 2 D E D C | G 3 :| </s>\n",
        "<s> M:9/8 K:Cmaj G E E E 2 D E D C | G 3 :| </s>",
        "<s>M:9/8K:CmajGEEE2DEDC|G3:|</s>",
        "M:9/8\r\nK:Cmaj\r\nG E E E 2 D E D C | G 3 :|\r\n",
        "\ufeffM:9/8\nK:Cmaj\nG E E E 2 D E D C |\nG 3 :|\n",
    ],
)
def test_every_way_of_writing_a_transcription_gives_the_same_tokens(text: str) -> None:
    (tune,) = transcriptions(text.removeprefix("\ufeff"))
    assert list(tune.tokens) == TOKENS
    assert (tune.meter, tune.key, tune.original_key) == ("9/8", "Cmaj", "Cmaj")


@pytest.mark.parametrize("between", ["\n", "\n\n", "\n \n\n"])
def test_tunes_are_told_apart_with_and_without_empty_lines(between: str) -> None:
    one = "M:9/8\nK:Cmaj\nG E E E 2 D E D C | G 3 :|\n"
    assert [list(tune.tokens) for tune in transcriptions(between.join([one] * 3))] == [TOKENS] * 3
    titled = [f"X:{n}\nT:T{n}\n{one}" for n in (3, 4)]
    tunes = transcriptions(between.join(titled))
    assert [(tune.number, tune.title) for tune in tunes] == [(3, "T3"), (4, "T4")]


def test_one_tune_a_line_ends_at_its_last_token() -> None:
    line = "M:9/8 K:Cmaj G E E E 2 D E D C | G 3 :| </s>\n"
    tunes = transcriptions(line * 3)
    assert [list(tune.tokens) for tune in tunes] == [TOKENS] * 3
    assert [tune.line for tune in tunes] == [1, 2, 3]


def test_a_frame_that_is_not_closed_is_a_frame_all_the_same() -> None:
    # A sample that was cut off at the longest length has no </s>.
    tunes = transcriptions("<s> M:4/4 K:Cmaj A B\n<s> M:4/4 K:Cdor C D\n")
    assert [" ".join(tune.tokens) for tune in tunes] == ["M:4/4 K:Cmaj A B", "M:4/4 K:Cdor C D"]


def test_one_tune_a_line_needs_no_frame() -> None:
    tunes = transcriptions("M:4/4 K:Cmaj A B |\nM:4/4 K:Cdor C D |\n")
    assert [tune.key for tune in tunes] == ["Cmaj", "Cdor"]


def test_tokens_set_apart_by_spaces_stay_as_they_are() -> None:
    assert tokenize("M:4/4\nK:Cmaj\nA 2 > B 3 /2 c 2> d |") == (
        ["M:4/4", "K:Cmaj", "A", "2", ">", "B", "3", "/2", "c", "2>", "d", "|"]
    )


def test_what_is_no_token_is_named_with_its_place() -> None:
    with pytest.raises(AbcError) as raised:
        tokenize_folkrnn("M:4/4\nK:Cmaj\nA B Hornpipe c |", first_line=5)
    assert (raised.value.line, raised.value.column) == (7, 5)
    assert "'Hornpipe' is not a folk-rnn token" in raised.value.reason


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("M:4/4\nK:Cmaj\nC D", "folkrnn"),
        ("M:4/4 K:Cdor C D", "folkrnn"),
        ("<s>M:9/8K:CmajC", "folkrnn"),
        ("X:1\nK:C major\nC D", "abc"),
        ("X:1\nK:Cmajor\nC D", "abc"),
        ("K:maj\nC D", "folkrnn"),
        ("X:1\nL:1/8\nK:Cmaj\nC D", "abc"),
        ("X:1\nK:G\nC D", "abc"),
        ("X:1\nK:C\nC D", "abc"),
        ("CDE", "abc"),
        ("\n".join(["K:Cmaj\nC\n"] * 9 + ["K:Gmaj\nC\n"]), "folkrnn"),
        ("\n".join(["K:Cmaj\nC\n"] * 8 + ["K:Gmaj\nC\n"]), "abc"),
    ],
)
def test_the_keys_of_a_file_tell_its_format(text: str, format: str) -> None:
    assert detect_format(text) == format


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("=d 2 - | =d", "=d 2 | =d"),
        ("=d2-|=d", "=d 2 | =d"),  # without spaces
        (
            "_B 4 - | B 4 A 4 | B 4",
            "_B 4 | _B 4 A 4 | B 4",
        ),  # as in ABC, it holds on
        ("^F - | F F | F", "^F | ^F =F | F"),
        ("^F - | F - | F G F", "^F | ^F | ^F G =F"),
        ("^F - F | F", "^F F | F"),
        ("^F - :| F", "^F :| F"),  # a tie leads over no repeat
        ("[ C - E - ] 2 | E", "[ C E ] 2 | E"),
        ("C - |1-3 C", "C |1-3 C"),
        ("B - | K:Cmin B - | B", "B | K:Cmin B | B"),
    ],
)
def test_ties_are_dropped_as_those_of_abc(text: str, body: str) -> None:
    tune = tokenize_folkrnn(f"M:4/4\nK:Cmaj\n{text}")
    assert " ".join(tune.tokens) == f"M:4/4 K:Cmaj {body}"
    ties = len(re.findall("-(?![0-9])", text))
    assert tune.remarks == (f"{ties} tie{'s were' if ties > 1 else ' was'} left out",)
    assert tune.text.endswith(text)


def test_tunes_of_v3_are_read_but_for_their_ties(shared: Path) -> None:
    found = list(read(shared / "folkrnn_v3_1000.txt"))
    lines = (shared / "folkrnn_v3_1000.txt").read_text().split("\n")
    assert [" ".join(tune.tokens) for tune in found if isinstance(tune, Transcription)] == [
        " ".join(word for word in line.split() if word != "-") for line in lines if line
    ]


def test_comments_of_folkrnn_text_are_no_tunes() -> None:
    text = (
        "%abc-2.1\n%%titlefont Times\n\nM:4/4\nK:Cmaj\n% here\nC D\n\n%%end\n\nM:4/4\nK:Cmaj\nE\n"
    )
    assert detect_format(text) == "folkrnn"
    one, two = read_tunes(text, "text")
    assert isinstance(one, Transcription)
    assert isinstance(two, Transcription)
    assert (one.body, two.body) == (("C", "D"), ("E",))
    assert (one.line, two.line) == (4, 11)


@given(heaps)
def test_tokens_to_text_and_back_is_the_identity(tokens: list[str]) -> None:
    text = to_folkrnn(["M:4/4", "K:Cmaj", "C", *tokens], title="A title", number=3)
    tune = tokenize_folkrnn(text)
    if tokens[-1] != "</s>":
        assert list(tune.tokens) == ["M:4/4", "K:Cmaj", "C", *tokens]
    assert (tune.title, tune.number) == ("A title", 3)


def naive_tokens(path: Path) -> list[list[str]]:
    """The transcriptions of a file, cut at empty lines and spaces alone."""
    blocks = re.split(r"\n\s*\n", path.read_text())
    return [
        [
            word
            for line in block.split("\n")
            if line[:2] not in ("X:", "T:")
            for word in line.split()
        ]
        for block in blocks
        if block.strip()
    ]


@pytest.mark.parametrize(("name", "tunes"), [(V2_SAMPLE, 3000), (GENERATED, 5999)])
def test_the_samples_are_read_whole_and_written_back(shared: Path, name: str, tunes: int) -> None:
    found = list(read(shared / name))
    assert [list(tune.tokens) for tune in found if isinstance(tune, Transcription)] == (
        naive_tokens(shared / name)
    )
    assert len(found) == tunes
    for tune in found:
        assert isinstance(tune, Transcription)
        written = to_folkrnn(tune.tokens, title=tune.title, number=tune.number)
        assert tokenize_folkrnn(written).tokens == tune.tokens
    beyond = {token for tokens in naive_tokens(shared / name) for token in tokens} - set(V2_TOKENS)
    assert len(beyond) == (31 if name == GENERATED else 0)


def test_the_v2_sample_has_half_a_million_tokens_of_body(shared: Path) -> None:
    tunes = [tune for tune in read(shared / V2_SAMPLE) if isinstance(tune, Transcription)]
    assert sum(len(tune.body) for tune in tunes) == 502_119


def test_the_examples_transcription_is_that_of_the_post(shared: Path) -> None:
    assert POST.read_text() == (shared / "seed_tune.txt").read_text()
