"""The rows of the page's table, and which transcriptions are counted the most copied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checker.batches import checked, near, same, source, transcription
from tunetrace.checker.records import TuneName
from tunetrace.reports.markup import shortened
from tunetrace.reports.page.most_copied import chance
from tunetrace.reports.page.rows import PARTS, columns, copied_order, parts, row_of


@given(st.floats(0, 1))
def test_a_share_is_counted_in_parts_but_never_rounded_to_none_or_all(share: float) -> None:
    rounded = parts(share)
    assert abs(rounded - PARTS * share) <= 1
    assert (rounded == 0, rounded == PARTS) == (share == 0, share == 1)


def test_a_whole_corpus_tune_is_copied_more_than_any_other() -> None:
    whole = checked(3, 0.0, place=4, identical_to=(same(1),))
    most = checked(9, 0.5, place=3)
    longer = checked(7, 0.2, place=5)
    later, earlier = checked(5, 0.2, place=2), checked(5, 0.2, place=1)
    tunes = [earlier, later, most, whole, longer]
    places = [tune.place for tune in sorted(tunes, key=copied_order, reverse=True)]
    assert places == [4, 3, 5, 1, 2]


def test_twelve_notes_count_before_eight() -> None:
    by_eight = checked(copied_share={8: 0.9, 12: 0.1})
    by_twelve = checked(copied_share={8: 0.3, 12: 0.2})
    assert copied_order(by_twelve) > copied_order(by_eight)


def test_the_nearest_tune_is_the_one_it_is_identical_to() -> None:
    both = checked(identical_to=(same(5, "Banshee"),), sources=(source(6, 3.0, "Other"),))
    assert row_of(both).nearest == ("Banshee", "session:105")
    assert row_of(checked(sources=(source(6, 3.0, ""),))).nearest == ("(untitled)", "session:106")
    assert row_of(checked()).nearest is None


def test_columns_name_every_source_once() -> None:
    first, second = source(1, 3.0, "One"), source(2, 3.0, "Two")
    rows = [row_of(checked(sources=some)) for some in ((first,), (second,), (), (first,))]
    found = columns(rows)
    assert found["nearest"] == [0, 1, -1, 0]
    assert found["names"] == [("One", "session:101"), ("Two", "session:102")]
    assert found["title"] == ["The Kesh"] * 4


def test_a_near_copy_is_the_nearest_tune_before_a_source() -> None:
    """But after a tune that has the same part."""
    copies, sources = (near(2, "Kesh"), near(3)), (source(6, 3.0, "Other"),)
    similar = {"most_similar": TuneName.of(copies[0]), "near_copies": copies}
    found = row_of(checked(**similar, sources=sources, similarity=0.97))
    assert (found.similar, found.nearest) == (("Kesh", "session:102"), ("Kesh", "session:102"))
    assert (found.similarity, found.has_near_copy) == (97_000, True)
    found = row_of(checked(**similar, same_parts=(same(5, "Banshee"),), similarity=0.9))
    assert (found.similar, found.nearest) == (("Kesh", "session:102"), ("Banshee", "session:105"))


def test_similar_and_nearest_tunes_are_named_by_the_same_list() -> None:
    kesh, banshee = near(2, "Kesh"), near(5, "Banshee")
    first = checked(near_copies=(kesh,), most_similar=TuneName.of(kesh),
                    same_parts=(same(5, "Banshee"),), similarity=1)  # fmt: skip
    second = checked(near_copies=(banshee,), most_similar=TuneName.of(banshee), similarity=0.95)
    third = checked(near_copies=(), most_similar=TuneName.of(kesh), similarity=0.004)
    fourth = checked(near_copies=(), similarity=0.0)
    found = columns([row_of(tune) for tune in (first, second, third, fourth)])
    names = found["names"]
    assert sorted(names) == [("Banshee", "session:105"), ("Kesh", "session:102")]
    named = {f: [names[k][0] if k >= 0 else None for k in found[f]] for f in ("similar", "nearest")}
    assert named["similar"] == ["Kesh", "Banshee", "Kesh", None]
    assert named["nearest"] == ["Banshee", "Banshee", None, None]
    assert found["similarity"] == [100_000, 95_000, 400, 0]
    assert found["has_near_copy"] == [1, 1, 0, 0]


def test_rows_of_a_verbatim_check_have_no_near_copies() -> None:
    found = columns([row_of(checked())])
    assert "similarity" not in found
    assert "similar" not in found
    assert "has_near_copy" not in found


def test_titles_are_short_and_on_one_line() -> None:
    assert row_of(checked(transcription=transcription("a\nb\u202ec"))).title == "a\ufffdb\ufffdc"
    assert shortened("x" * 1_000_000) == "x" * 119 + "…"
    assert shortened("x" * 120) == "x" * 120


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        (1540.3, "1,540 in every transcription"),
        (1.2, "1 in every transcription"),
        (0.7, "1 in every transcription"),
        (0.6, "1 in 2 transcriptions"),
        (0.0052, "1 in 200 transcriptions"),
        (1e-6, "1 in 1,000,000 transcriptions"),
        (1e-12, "less than 1 in a billion transcriptions"),
        (0.0, "less than 1 in a billion transcriptions"),
    ],
)
def test_what_chance_has_is_said_readably(spans: float, said: str) -> None:
    assert chance(spans) == said
