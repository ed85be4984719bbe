"""Tokens in groups: every token has one, and notes and lengths are in order."""

from __future__ import annotations

from tunetrace.model.inspect.measures.groups import GROUPS, group_of, grouped
from tunetrace.tokenizer.vocabulary import V2_TOKENS


def test_each_kind_of_token_has_its_group() -> None:
    tokens = "M:6/8 K:Cdor G, ^F =b' _B, /2 3/2 16 | :| |1 (3 [ ] > 2< /2> z <s> </s> [L:1/16]"
    assert [group_of(token) for token in tokens.split()] == [
        *["meter and key"] * 2, "pitch", *["accidental"] * 3, *["duration"] * 3,
        *["bar line"] * 3, *["grouping"] * 3, *["broken rhythm"] * 3, *["other"] * 4,
    ]  # fmt: skip


def test_the_tokens_of_a_group_are_in_order() -> None:
    names = ("2", "c", "|", "G,", "/2", "C", "^C", "b'", "_D,", "3/2", "M:6/8", "M:4/4")
    assert grouped(names) == {
        "meter and key": [11, 10],
        "pitch": [3, 5, 1, 7],
        "accidental": [8, 6],
        "duration": [4, 9, 0],
        "bar line": [2],
    }


def test_every_token_of_v2_is_in_one_group() -> None:
    found = grouped(V2_TOKENS)
    assert sorted(number for numbers in found.values() for number in numbers) == list(range(137))
    assert list(found) == list(GROUPS)
    assert {group: len(numbers) for group, numbers in found.items()} == {
        "meter and key": 11, "pitch": 28, "accidental": 56, "duration": 18, "bar line": 5,
        "grouping": 9, "broken rhythm": 7, "other": 3,
    }  # fmt: skip
