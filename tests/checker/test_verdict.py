"""The verdict: what says most comes first, and each bound is where it is said to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checker.batches import checked, like, near, same, source, span
from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.records import SameTune
from tunetrace.checker.verdict import verdict_on

BEYOND, BY_CHANCE = span(expected=1e-6), span(expected=1.0)


def part(own_part: int, of_theirs: int) -> SameTune:
    """A part of a corpus tune, or all of it, that is a part of the checked tune, or all of it."""
    return replace(same(1), own_part=own_part, part=of_theirs)


def standing(longest: float, copied: float) -> Percentiles:
    """Shares of real tunes that have a shorter longest span, and less in spans of 8."""
    return Percentiles(100, None, None, None, {"longest_notes": longest, "copied_8": copied})


OF_ONE = {"most_from": like(1), "sources": (source(1, 30.0),), "longest": 8}


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"identical_to": (same(1),), "same_parts": (part(1, 2),), **OF_ONE}, "whole"),
        ({"same_parts": (part(0, 2),), **OF_ONE, "most_share": 1.0}, "part"),
        ({"same_parts": (part(1, 2),), **OF_ONE, "most_share": 0.49}, "part"),
        ({"same_parts": (part(1, 2),), **OF_ONE, "most_share": 0.5}, "most"),
        ({**OF_ONE, "most_share": 0.5, "spans": (BY_CHANCE,)}, "most"),
        ({**OF_ONE, "most_share": 0.49, "spans": (BEYOND,)}, "pieces"),
        ({**OF_ONE, "most_share": 0.49, "spans": (BY_CHANCE,)}, "none"),
        # At least a tenth of real tunes share as much where fewer than 90% have less.
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.89, 0.89)}, "none"),
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.9, 0.89)}, "pieces"),
        ({**OF_ONE, "spans": (BEYOND,), "standing": standing(0.89, 0.9)}, "pieces"),
        # A near copy says more than pieces, and less than the same notes.
        ({"near_copies": (near(2),), "same_parts": (part(0, 2),), **OF_ONE}, "part"),
        ({"near_copies": (near(2),), **OF_ONE, "most_share": 0.5}, "most"),
        ({"near_copies": (near(2),), **OF_ONE, "most_share": 0.49, "spans": (BEYOND,)}, "near"),
        ({"near_copies": (near(2),)}, "near"),
        ({"near_copies": ()}, "none"),
        ({"longest": 7, "spans": (BEYOND,)}, "none"),
        ({}, "none"),
    ],
)
def test_the_verdict_is_what_says_most(found: dict[str, Any], kind: str) -> None:
    assert verdict_on(checked(**found)).kind == kind


@pytest.mark.parametrize(
    ("copies", "said"),
    [
        (2, "It is also Morrison's (session:102)."),
        (3, "2 more corpus tunes are the same."),
        (99, "98 more corpus tunes are the same."),
        # No more than 100 are looked for.
        (100, "At least 99 more corpus tunes are the same."),
    ],
)
def test_equal_settings_are_counted(copies: int, said: str) -> None:
    found = tuple(replace(same(1), tune=k, number=100 + k) for k in range(1, copies + 1))
    assert (
        verdict_on(checked(identical_to=found)).text == f"This is Morrison's (session:101). {said}"
    )


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
            [part(1, 2), part(2, 1), part(3, 3)],
            "Its first, second and third parts are the second, first and third of Morrison's "
            "(session:101).",
        ),
        ([part(1, 0), part(2, 0)], "Its first and second parts are each Morrison's (session:101)."),
        (
            [part(k, k) for k in range(1, 6)],
            "5 of its parts are parts of Morrison's (session:101).",
        ),
        (
            [replace(part(k, 1), tune=k, number=k, title="") for k in range(1, 6)],
            "Its first part is the first part of (untitled) (session:1), its second part is the "
            "first part of (untitled) (session:2) and its third part is the first part of "
            "(untitled) (session:3); 2 more parts are in other tunes.",
        ),
    ],
)
def test_a_part_is_named_in_both_tunes(parts: list[SameTune], said: str) -> None:
    assert verdict_on(checked(same_parts=tuple(parts))).text == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.0, "All of it is in Morrison's (session:101): all of its notes are found there in runs "
         "of 8 or more."),
        (0.95, "Nearly all of it is in Morrison's (session:101): 95% of its notes are found there "
         "in runs of 8 or more."),
        (0.5, "Most of it is in Morrison's (session:101): 50% of its notes are found there in runs "
         "of 8 or more."),
        (0.4, "Much of it is in Morrison's (session:101): 40% of its notes are found there in runs "
         "of 8 or more."),
    ],
)  # fmt: skip
def test_how_much_of_a_tune_is_in_one(share: float, said: str) -> None:
    assert verdict_on(checked(**OF_ONE, most_share=share), 0.4).text == said


@pytest.mark.parametrize(
    ("meter", "key", "said"),
    [
        ("6/8", None, "Morrison's (session:101), which is in 6/8."),
        (None, "Cmix", "Morrison's (session:101), which is mixolydian."),
        # A tune in E minor is in C minor in the index; nobody would call it so.
        ("2/2", "Cmin", "Morrison's (session:101), which is in 2/2 and minor."),
    ],
)
def test_another_meter_or_mode_is_told_without_the_tonic_of_the_index(
    meter: str | None, key: str | None, said: str
) -> None:
    found = replace(same(1), meter=meter, key=key)
    assert verdict_on(checked(identical_to=(found,))).text == f"This is {said}"


def test_another_mode_and_the_same_parts_are_told_with_most_of_a_tune() -> None:
    found = {**OF_ONE, "most_from": replace(like(1), key="Cmin"), "most_share": 0.97}
    assert verdict_on(checked(**found, same_parts=(part(2, 2),))).text == (
        "Nearly all of it is in Morrison's (session:101), which is minor: 97% of its notes are "
        "found there in runs of 8 or more; its second part is the second part of Morrison's "
        "(session:101)."
    )


def test_pieces_are_told_with_how_many_tunes_have_them_and_the_most_of_one() -> None:
    found = {**OF_ONE, "most_share": 0.25, "spans": (BEYOND,), "copied_from": 3}
    tune = replace(checked(**found), copied_share={8: 0.6, 12: 0.5, 16: 0.0, 24: 0.0, 32: 0.0})
    assert verdict_on(tune).text == (
        "Some of it is in the corpus: 60% of its notes are found there in runs of 8 or more, in 3 "
        "tunes together; Morrison's (session:101) alone has 25%."
    )
    assert verdict_on(replace(tune, copied_from=1)).text == (
        "Some of it is in the corpus: 60% of its notes are found there in runs of 8 or more, all "
        "in Morrison's (session:101)."
    )


def test_for_each_part_the_tune_is_named_that_has_most_of_the_parts() -> None:
    one, both = part(1, 1), [replace(part(k, k), tune=2, title="The Kesh") for k in (1, 2)]
    text = verdict_on(checked(same_parts=(one, *both))).text
    assert text == "Its first and second parts are the first and second of The Kesh (session:101)."


IN_MORRISONS = (
    "Most of it is in Morrison's (session:101): 50% of its notes are found there in runs of 8 or "
    "more."
)
KESH_LOWER = "This is The Kesh (session:102), a fourth lower."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"near_copies": (near(2, "The Kesh"), near(1))}, KESH_LOWER),
        (
            {"near_copies": (near(2, "The Kesh", own_part=2, part=1, scope="part"),)},
            "Its second part is the first part of The Kesh (session:102), a fourth lower.",
        ),
        (
            {"near_copies": (near(2, "The Kesh", aspect="contour", change=""),)},
            "It has the contour of The Kesh (session:102).",
        ),
        # Another tune is named in a second sentence; one that is named already is not.
        (
            {**OF_ONE, "most_share": 0.5, "near_copies": (near(2, "The Kesh"),)},
            f"{IN_MORRISONS} {KESH_LOWER}",
        ),
        ({**OF_ONE, "most_share": 0.5, "near_copies": (near(1),)}, IN_MORRISONS),
        (
            {**OF_ONE, "most_share": 0.5, "near_copies": (near(2, "The Kesh"), near(1))},
            IN_MORRISONS,
        ),
        # The named tune is the first part of it; another one is the second, a third the first.
        (
            {**OF_ONE, "most_share": 0.5, "near_copies": (
                near(1, own_part=1, part=1, scope="part"),
                near(3, own_part=1, part=1, scope="part"),
                near(2, "The Kesh", own_part=2, part=1, scope="part"),
            )},
            f"{IN_MORRISONS} Its second part is the first part of The Kesh (session:102), a fourth "
            "lower.",
        ),
        (
            {"same_parts": (part(0, 2),), "near_copies": (near(2, "The Kesh"),)},
            f"This is the second part of Morrison's (session:101). {KESH_LOWER}",
        ),
        ({"identical_to": (same(1),), "near_copies": (near(2, "The Kesh"),)},
         "This is Morrison's (session:101)."),
        (
            {"identical_to": (same(1),), "near_copies": (near(1, change="in doubled lengths"),)},
            "This is Morrison's (session:101), in doubled lengths.",
        ),
    ],
)  # fmt: skip
def test_a_near_copy_is_named_with_what_was_changed(found: dict[str, Any], said: str) -> None:
    assert verdict_on(checked(**found)).text == said


def test_in_another_view_a_near_copy_is_named_without_the_view() -> None:
    """Near copies are sought in the same way in every view."""
    tune = checked(near_copies=(near(2, "The Kesh"),), view="contour")
    assert verdict_on(tune).text == KESH_LOWER
