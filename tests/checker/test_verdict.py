"""The verdict: what says most comes first, and each bound is where it is said to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checker.batches import checked, name, same, source, span
from tunetrace.checker.records import SameTune
from tunetrace.checker.verdict import verdict_on
from tunetrace.indexer.baseline import Standing

BEYOND, BY_CHANCE = span(expected=1e-6), span(expected=1.0)


def part(own_part: int, of_theirs: int) -> SameTune:
    """A part of a corpus tune, or all of it, that is a part of the checked tune, or all of it."""
    return replace(same(1), own_part=own_part, part=of_theirs)


def standing(longest: float, copied: float) -> Standing:
    """Shares of people's tunes that have a shorter longest span, and less in spans of 8."""
    return Standing(100, None, None, None, {"longest_notes": longest, "copied_8": copied})


OF_ONE = {"most_from": name(1), "sources": (source(1, 30.0),), "longest": 8}


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"identical_to": (same(1),), "same_parts": (part(1, 2),), **OF_ONE}, "whole"),
        ({"same_parts": (part(1, 2),), **OF_ONE, "most_share": 1.0}, "part"),
        ({**OF_ONE, "most_share": 0.5, "spans": (BY_CHANCE,)}, "most"),
        ({**OF_ONE, "most_share": 0.49, "spans": (BEYOND,)}, "pieces"),
        ({**OF_ONE, "most_share": 0.49, "spans": (BY_CHANCE,)}, "none"),
        # At least a tenth of people's tunes share as much where fewer than 90% have less.
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.89, 0.89)}, "none"),
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.9, 0.89)}, "pieces"),
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.89, 0.9)}, "pieces"),
        ({"longest": 7, "spans": (BEYOND,)}, "none"),
        ({}, "none"),
    ],
)
def test_the_verdict_is_what_says_most(found: dict[str, Any], kind: str) -> None:
    assert verdict_on(checked(**found)).kind == kind


def test_the_share_that_is_most_can_be_set() -> None:
    tune = checked(**OF_ONE, most_share=0.3, spans=(BY_CHANCE,))
    assert [verdict_on(tune, bound).kind for bound in (0.3, 0.31)] == ["most", "none"]
    assert verdict_on(checked(), 0.0).kind == "none"  # nothing of it is in any tune


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([part(0, 2)], "This is the second part of Morrison's (session:101)."),
        ([part(1, 2)], "Its first part is the second part of Morrison's (session:101)."),
        ([part(2, 0)], "Its second part is Morrison's (session:101)."),
        (
            [part(1, 2), part(7, 1)],
            "Its first part is the second part of Morrison's (session:101) and its part 7 is the "
            "first part of Morrison's (session:101).",
        ),
    ],
)
def test_a_part_is_named_in_both_tunes(parts: list[SameTune], said: str) -> None:
    assert verdict_on(checked(same_parts=tuple(parts))).text == said


def test_for_each_part_the_tune_is_named_that_has_most_of_the_parts() -> None:
    one, both = part(1, 1), [replace(part(k, k), tune=2, title="The Kesh") for k in (1, 2)]
    text = verdict_on(checked(same_parts=(one, *both))).text
    assert text.count("The Kesh") == 2
    assert "Morrison's" not in text
