"""`tunetrace find`: what it prints, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of

BOTH = 'opening "C 3" and not "C D E" or cadence "D E G"'
"""Of Morrison's the first is true, of the Kesh the second."""

AS_TOKENS = {"read_as": "tokens", "in_key": None, "remarks": []}


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("find"), KESH, MORRISONS)


def lines(text: str) -> list[str]:
    """Lines with single spaces, without rules."""
    return [" ".join(line.split()) for line in text.splitlines() if "─" not in line]


def test_each_tune_is_shown_with_all_its_hits(index: Path) -> None:
    ended = call("find", BOTH, "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert lines(ended.out) == [
        BOTH,
        "found in 2 of 2 tunes, with 2 hits",
        "",
        "figure place hits",
        "1 C 3 opening once",
        "2 C D E anywhere none",
        "3 D E G cadence once",
        "",
        "onset",
        "tune title fig. part bar (eighths) context (on C)",
        "session:3 The Kesh 3 1 2 3 D 3 D E G",
        "session:7 Morrison's 1 1 1 0 C 3 G 3",
    ]


def test_in_a_terminal_a_tune_is_named_once(index: Path) -> None:
    shown = call_in_terminal("find", '"C 3" or "D E" or "C G"', "--index", index).out
    assert lines(shown)[-5:] == [
        "session:3 The Kesh 1 1 1 0 C 3 C D E",
        "2 1 1 4 C 3 C D E",
        "2 1 2 3 D 3 D E G",
        "session:7 Morrison's 1 1 1 0 C 3 G 3",
        "3 1 2 0 C G C F D B,",
    ]


def test_as_json_it_has_these_fields_and_no_others(index: Path) -> None:
    assert call("find", BOTH, "--limit", "1", "--index", index, "--json").json == {
        "query": BOTH,
        "figures": [
            {"figure": "C 3", "place": "opening", "hits": 1, "asked": "C 3", **AS_TOKENS},
            {"figure": "C D E", "place": "", "hits": 0, "asked": "C D E", **AS_TOKENS},
            {"figure": "D E G", "place": "cadence", "hits": 1, "asked": "D E G", **AS_TOKENS},
        ],
        "tunes": 2,
        "families": None,
        "hits": 2,
        "of": 2,
        "results": [
            {
                "tune": 1, "title": "The Kesh", "corpus": "session", "number": 3, "meter": "6/8",
                "key": "Cmaj", "original_key": "Gmaj", "link": None,
                "hits": [{"figure": 3, "part": 1, "bar": 2, "ending": None, "onset": "3",
                          "context": "D 3 D E G"}],
            }
        ],
        "view": "tokens",
    }  # fmt: skip


def test_figures_may_be_written_in_abc_and_in_their_own_keys(index: Path) -> None:
    ended = call("find", 'opening "G3 GAB" or opening "K:Edor E3"', "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert lines(ended.out)[:4] == [
        'opening "G 3 G A B" or opening "C 3"',
        "figure 1: read as ABC on C: G3 GAB; give another key with --in",
        "figure 2: on C; asked as K:Edor E3 in Edor",
        "found in 2 of 2 tunes, with 2 hits",
    ]
    found = call("find", 'opening "G3 GAB" and cadence "ABd"', "--in", "G", "--index", index,
                 "--json").json  # fmt: skip
    assert [(one["figure"], one["asked"], one["in_key"]) for one in found["figures"]] == [
        ("C 3 C D E", "G3 GAB", "Gmaj"), ("D E G", "ABd", "Gmaj"),
    ]  # fmt: skip
    assert [tune["title"] for tune in found["results"]] == ["The Kesh"]


def test_the_limit_bounds_the_tunes_that_are_shown(index: Path) -> None:
    shown = call("find", '"C 3" or "D 3"', "--limit", "1", "--index", index).out
    assert "session:3" in shown
    assert "session:7" not in shown
    assert lines(shown)[-1] == "… and 1 more tune; show more with --limit"
    assert "found in 2 of 2 tunes, with 3 hits" in shown


def test_the_filters_choose_tunes(index: Path) -> None:
    found = call("find", '"C 3"', "--key", "dor", "--index", index, "--json").json
    assert (found["tunes"], found["of"]) == (1, 1)


def test_what_is_found_nowhere_is_no_error(index: Path) -> None:
    ended = call("find", 'opening "D 3"', "--index", index)
    assert (ended.code, ended.out) == (0, 'opening "D 3"\nfound in none of 2 tunes\n')


def test_a_view_is_named_and_its_places_are_those_of_notes(index: Path) -> None:
    shown = call("find", 'opening "0 0 2" and cadence "2 4 7"', "--view", "melody",
                 "--index", index).out  # fmt: skip
    assert lines(shown)[:2] == [
        'opening "0 0 2" and cadence "2 4 7" in the view melody',
        "found in 1 of 2 tunes, with 2 hits",
    ]


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ('not "C"', 'at column 5 of the query: tunes that only lack "C" would be most tunes; also '
                    'ask for a figure that they have, such as "G, C C 2" and not "C"'),
        ('opning "C"', "at column 1 of the query: 'opning' is no place; did you mean 'opening'?"),
        ('"C" and "2"', "at column 9 of the query: the figure '2' has no note; add a note"),
        ("", "the query is empty; give figures in quotes, such as "
             'opening "G, C C 2" and cadence "D E F D C 3"'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(index: Path, query: str, refusal: str) -> None:
    assert call("find", query, "--index", index).refusal.startswith(refusal)
