"""Titles that are one and the same to a person."""

from __future__ import annotations

import pytest

from tunetrace.indexer.titles import title_key


@pytest.mark.parametrize(
    "titles",
    [
        ("The Belharbour", "Belharbour, The", "BELHARBOUR", "TheBelharbour", "belharbour"),
        ("A Jig For Bernie", "Jig for Bernie, A", "AJigForBernie"),
        ("An Phis Fhliuch", "Phis Fhliuch, An", "AnPhisFhliuch"),
        ("Bowe's Favourite", "Bowes Favourite", "BOWE'S FAVOURITE!"),
        ("Fáinne Geal an Lae", "FÁINNE GEAL AN LAE"),
    ],
)
def test_these_titles_are_one(titles: tuple[str, ...]) -> None:
    assert len({title_key(title) for title in titles}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Apples In Winter", "pples In Winter"),
        ("Andy's", "dys"),
        ("Theodora", "odora"),
        ("Banshee", "Banshees"),
        ("Strathe", "Stra"),
    ],
)
def test_these_titles_are_two(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


def test_a_title_of_an_article_or_signs_alone_still_has_a_key() -> None:
    assert title_key("The") == "the"
    assert title_key("???") == ""
