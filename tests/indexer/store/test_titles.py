"""Titles that are one and the same to a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tunetrace import Filters, Index, QueryError, check, tune
from tunetrace.indexer.store.rows.titles import has_words, title_key
from tunetrace.tokenizer.titles import spaced

MakeIndex = Callable[..., Index]


@pytest.mark.parametrize(
    "titles",
    [
        ("The Belharbour", "Belharbour, The", "BELHARBOUR", "TheBelharbour", "belharbour"),
        ("A Jig For Bernie", "Jig for Bernie, A", "AJigForBernie"),
        ("An Phis Fhliuch", "Phis Fhliuch, An", "AnPhisFhliuch"),
        ("Bowe's Favourite", "Bowes Favourite", "BOWE'S FAVOURITE!"),
        ("The 91st at Modder River", "The91stAtModderRiver", "91st At Modder River"),
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


@pytest.mark.parametrize(
    "title",
    [
        "The Big Reel Of Ballynacally",
        "A Barrel Of Knives",
        "A L'envers",
        "McMahons",
        "Alan MacPherson Of Mosspark",
        "Annie O'Neill",
        "Andy De Jarlis'",
        "The Bob Wi' The One Horn",
        "The 91st At Modder River March",
        "Bill Nicholson's 67th",
        "2D Or Not 2D",
        "5:30am",
        "A Yowe Came To Wir Door, Yarmin",
        "The Blackthorn Stick (Set Dance Tune)",
        "A.M. Shinnie",
        "Angus No.2",
        "The Blue-eyed Lassie",
        "Añada De Chanuces",
        "AJ's",
    ],
)
def test_a_title_that_lost_its_spaces_gets_them_again(title: str) -> None:
    assert spaced(title.replace(" ", "")) == title
    assert spaced(title) == title


def test_a_title_of_folk_rnns_data_is_shown_with_spaces_and_found_by_either(
    make_index: MakeIndex,
) -> None:
    text = "T:TheBigReelOfBallynacally\nM:4/4\nK:Cmaj\nC D E F |"
    index = make_index(text)
    for title in ("TheBigReelOfBallynacally", "the big reel of ballynacally", "Big Reel of Bally"):
        found = tune(title, index)
        assert (found.title, found.text) == ("The Big Reel Of Ballynacally", text)


# Parts of titles


def test_a_part_begins_where_a_word_does() -> None:
    assert has_words("The Humours of Glendart", "humoursofglen")
    assert has_words("The Humours of Glendart", "glendart")
    assert has_words("TheHumoursOfGlendart", "glen")
    assert not has_words("The Humours of Glendart", "mours")
    assert not has_words("Banshee", "she")


@pytest.fixture(scope="module")
def grace(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two settings of one tune by three titles, and of four other tunes."""
    names = ("Mary Grace", "Fair Mary Grace\nT:Mary Grace", "Gracie's", "The Humours of Glendart",
             "The Humours of Tulla", "Untitled")  # fmt: skip
    tunes = [MORRISONS.replace("T:Morrison's", f"T:{name}") for name in names]
    return index_of(tmp_path_factory.mktemp("grace"), *tunes)


@pytest.mark.parametrize("part", ["Mary Grac", "mary", "MARY GR", "MaryGrac", "Fair"])
def test_a_part_of_the_titles_of_one_tune_names_its_settings(grace: Path, part: str) -> None:
    wanted = {1, 2} if part != "Fair" else {2}
    shown = call("tune", part, "--index", grace, "--json").json
    assert {shown["tune"], *(one["tune"] for one in shown["settings"])} == {1, 2}
    assert shown["named"] == len(wanted)
    found = call("figure", "C 3", "--title", part, "--index", grace, "--json").json
    assert {hit["tune"] for hit in found["results"]} == wanted


def test_a_whole_title_is_no_part_of_others(grace: Path) -> None:
    assert (
        call("figure", "C 3", "--title", "Mary Grace", "--index", grace, "--json").json["of"] == 2
    )


@pytest.mark.parametrize("command", [("tune",), ("figure", "C 3", "--title")])
def test_a_part_of_several_tunes_titles_lists_them(grace: Path, command: tuple[str, ...]) -> None:
    assert call(*command, "humours", "--index", grace).refusal == (
        "'humours' is part of 2 titles of several tunes, such as \"The Humours of Tulla\" and "
        '"The Humours of Glendart"; give more of the title'
    )


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("Mairi Grace", 'the nearest titles are "Mary Grace" and "Fair Mary Grace"'),
        (
            "Humours of Glendard",
            'the nearest titles are "The Humours of Glendart" and "The Humours of Tulla"',
        ),
        ("Gracys", 'the nearest title is "Gracie\'s"'),
        ("Zzyzx", "give an id, corpus:number or a title"),
    ],
)
@pytest.mark.parametrize(
    "command", [("tune",), ("figure", "C 3", "--title"), ("check", "--exclude-title"),
                ("check", "--exclude-tune")],
)  # fmt: skip
def test_a_title_that_is_none_gets_the_nearest_ones(
    grace: Path, command: tuple[str, ...], wrong: str, hint: str
) -> None:
    refusal = call(*command, wrong, "--index", grace, stdin=KESH.encode()).refusal
    assert refusal == f"there is no tune '{wrong}' in the index; {hint}"


@pytest.mark.parametrize("option", ["--exclude-title", "--exclude-tune"])
def test_nothing_is_excluded_by_a_part_of_its_title(grace: Path, option: str) -> None:
    refusal = call("check", option, "Mary", "--index", grace, stdin=KESH.encode()).refusal
    assert refusal == (
        "there is no tune 'Mary' in the index; the nearest titles are \"Mary Grace\" and "
        '"Fair Mary Grace"'
    )


def test_one_title_or_id_can_be_excluded_without_a_list(grace: Path) -> None:
    for exclude in ({"exclude_titles": "Mary Grace"}, {"exclude_tunes": 1}):
        (checked,) = check(MORRISONS, grace, **exclude).tunes  # type: ignore[arg-type]
        assert 1 not in {name.tune for name in checked.identical_to}


# Filters that admit nothing


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--meter", "6/7"),
         "no tune of the index is in the meter 6/7; its meters are 6/8 and 4/4"),
        (("--key", "lyd"), "no tune of the index is in lyd; its modes are Cdor and Cmaj"),
        (("--meter", "3/4", "--key", "dor"),
         "no tune of the index is in the meter 3/4; its meters are 6/8 and 4/4"),
    ],
)  # fmt: skip
def test_a_filter_that_admits_nothing_says_what_there_is(
    tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    index = index_of(tmp_path, KESH, MORRISONS, "X:3\nM:4/4\nL:1/8\nK:Edor\nE2B2 E2B2|\n")
    for command in (("figure", "C 3"), ("bar", "C 3 G 3")):
        assert call(*command, *options, "--index", index).refusal == sentence


def test_filters_that_admit_nothing_together_say_so(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH, MORRISONS)
    ended = call("figure", "C 3", "--title", "Kesh", "--key", "dor", "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[1] == "no tune of the index passes all filters"
    with Index(index) as opened:
        assert opened.figure("C 3", Filters(title="Kesh", key="dor")).of == 0


def test_a_part_of_a_title_is_no_filter_where_it_is_of_several_tunes(grace: Path) -> None:
    with Index(grace) as index, pytest.raises(QueryError, match="part of 2 titles"):
        index.figure("C 3", Filters(title="Humours"))
