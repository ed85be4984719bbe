"""The tokens: v2's 137 in the model's order, and those beyond."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.tokenizer.vocabulary import (
    MEANINGS,
    V2_TOKENS,
    Vocabulary,
    VocabularyFullError,
    is_token,
    split_tokens,
)


def test_the_v2_tokens_stand_in_the_models_own_order(shared: Path) -> None:
    published = json.loads((shared / "folkrnn_v2_vocabulary.json").read_text())
    assert list(V2_TOKENS) == published["tokens"]


def test_there_are_137_distinct_v2_tokens_and_each_is_cut_as_one() -> None:
    assert len(set(V2_TOKENS)) == len(V2_TOKENS) == 137
    assert all(split_tokens(token) == [token] for token in V2_TOKENS)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("GEEE2DEDC", "G E E E 2 D E D C"),
        ("A2>B", "A 2> B"),
        ("A3>B", "A 3 > B"),
        ("A12>B", "A 12 > B"),
        ("A/2>B", "A /2> B"),
        ("A/2>>B", "A /2 >> B"),
        ("c3/2d/2:||2[EG]2", "c 3/2 d /2 :| |2 [ E G ] 2"),
        ("M:6/8K:Cdor|:^f_B,=e'", "M:6/8 K:Cdor |: ^f _B, =e'"),
    ],
)
def test_unspaced_text_is_cut_by_longest_match(text: str, tokens: str) -> None:
    assert split_tokens(text) == tokens.split()


def test_what_is_no_token_is_not_cut() -> None:
    assert split_tokens("CDEH") is None
    assert not any(map(is_token, ["H", "C#", "c2", "", "(1", "M:", "K:Cfoo", "2<3"]))
    assert all(map(is_token, ["_F", "G'", "B,,", ">>", "M:3/8", "K:maj", "^^c", "(3:2:2", "|1,3"]))


tokens_beyond_v2 = st.sampled_from(["_F", "G'", "B,,", ">>", "M:3/8", "K:Cphr", "7/4", "24"])


@given(st.lists(st.one_of(st.sampled_from(V2_TOKENS), tokens_beyond_v2)))
def test_tokens_to_symbols_and_back_is_the_identity(tokens: list[str]) -> None:
    vocabulary = Vocabulary()
    assert vocabulary.decode(vocabulary.learn(tokens)) == tokens
    again = Vocabulary(vocabulary.extensions)
    assert again.encode(tokens) == vocabulary.encode(tokens)


def test_v2_tokens_keep_the_models_numbers_and_new_ones_follow() -> None:
    vocabulary = Vocabulary()
    assert list(vocabulary.learn(["d'", "^g", "_F", "C", "M:3/8", "_F"])) == [
        0, 136, 137, V2_TOKENS.index("C"), 138, 137,
    ]  # fmt: skip
    assert vocabulary.extensions == ["_F", "M:3/8"]


def test_a_vocabulary_has_room_for_118_tokens_beyond_v2() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn([str(length) for length in range(100, 218)])
    assert len(vocabulary) == 255
    with pytest.raises(VocabularyFullError, match="1 tokens beyond folk-rnn v2"):
        vocabulary.learn(["C", "999"])
    assert "999" not in vocabulary


def test_the_broken_rhythms_share_two_notes_as_abc_says() -> None:
    # ABC 2.1: A>B is A3/2 B/2, A>>B is A7/4 B/4, A<B the other way round.
    for token, left, right in (
        (">", (3, 2), (1, 2)),
        ("<", (1, 2), (3, 2)),
        (">>", (7, 4), (1, 4)),
        ("2>", (6, 2), (1, 2)),
        ("/2<", (1, 4), (3, 2)),
    ):
        meaning = MEANINGS[token]
        assert (meaning.numerator, meaning.denominator) == left
        assert meaning.after == right
