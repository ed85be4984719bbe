"""The post's search: against corpora made by hand, and by brute force against real tunes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import KESH, call, call_in_terminal, index_of
from tests.conftest import POST, V2_SAMPLE
from tunetrace import Index, build_index, post_search
from tunetrace.checker.post import TRANSCRIPTION, PostSearch, PostTitle
from tunetrace.corpus.origins import PublishedFile
from tunetrace.corpus.registry import NAMED_CORPORA

FIGURE = "G, C C 2"
BAR_1, BAR_2 = "G, C C 2 G, C E C", "G, C E G F D B, D"
BAR_4, BAR_6 = "F E D E C E A, B,", "G, C E F G 3 A"
OTHER = "c 2 G 2 E 2 C 2"


def tune(title: str, *bars: str, pickup: str = "") -> str:
    """A tune of one part; folk-rnn's files write titles without spaces."""
    music = " | ".join([*([pickup] if pickup else []), *bars])
    return f"T:{title.replace(' ', '')}\nM:4/4\nK:Cmaj\n{music} |"


AS_THE_POST = (
    # The first two settings of the title do not have the figure at the start, the third does.
    tune("The Belharbour", OTHER, f"{FIGURE} E 2 C 2"),
    tune("The Belharbour", f"C 2 {FIGURE} E 2", OTHER),
    tune("The Belharbour", f"{FIGURE} E 2 C 2", OTHER, pickup="A,"),
    tune("The Big Reel Of Ballynacally", f"{FIGURE} E 2 C 2"),
    tune("Bonnie Anne", f"{FIGURE} E 2 C 2"),
    tune("Bowe's Favourite", f"{FIGURE} E 2 C 2"),
    tune("The Braes Of Busby", f"{FIGURE} E 2 C 2"),
    tune("The Coalminer's", f"{FIGURE} E 2 C 2"),
    tune("The Copper Beech", f"{FIGURE} E 2 C 2"),
    tune("Dry Bread And Pullit", BAR_1, OTHER),
    tune("The Premier", BAR_1, OTHER, BAR_1),
    tune("Swing Swang", BAR_1, BAR_1, pickup="B,"),
    tune("One", BAR_2, OTHER),
    tune("Two", OTHER, OTHER, BAR_2, BAR_2),
    tune("Three", OTHER, OTHER, OTHER, BAR_2),
)  # fmt: skip
"""A corpus of 15 of which all is true that the post says, but for its size and the 217 tunes."""


def counts(search: PostSearch) -> dict[tuple[str, str], tuple[float, float, bool]]:
    """What the post and the index say of each text, and whether they agree."""
    return {(s.text, s.claim): (s.post, s.here, s.agrees) for s in search.statements}


def titles(search: PostSearch, text: str) -> list[PostTitle]:
    return [title for s in search.statements if s.text == text for title in s.titles]


def test_the_transcription_is_the_one_of_the_demo() -> None:
    assert POST.read_text(encoding="utf-8") == TRANSCRIPTION


def test_a_corpus_of_which_the_post_is_true(make_index: Callable[..., Index]) -> None:
    index = make_index(*AS_THE_POST)
    search = post_search(index)
    assert (search.index, search.corpora) == (str(index.path), ("corpus0",))
    assert (search.tunes, search.is_the_posts) == (15, False)
    found = counts(search)
    pitches, tokens = 0, 0
    for text in AS_THE_POST:
        words = text.splitlines()[3].split()
        pitches += sum(re.fullmatch(r"[A-Ga-g],?", word) is not None for word in words)
        tokens += len(words)
    assert found == {
        ("", "transcriptions"): (23_636, 15, False),
        (FIGURE, "tunes that have it"): (217, 12, False),
        # All but the first two: the seven titles and the three that have bar 1.
        (FIGURE, "tunes that begin their first bar with it"): (7, 10, True),
        (BAR_1, "tunes that have it as first bar"): (3, 3, True),
        (BAR_2, "tunes that have it"): (3, 3, True),
        (BAR_2, "tunes that have it as second bar"): (0, 0, True),
        (BAR_4, "tunes that have it"): (0, 0, True),
        (BAR_6, "tunes that have it"): (0, 0, True),
        ("", "share of pitches in its tokens"): (0.5, pytest.approx(pitches / tokens), True),
    }
    assert titles(search, FIGURE)[:2] == [
        PostTitle("The Belharbour", 3, 1), PostTitle("The Big Reel Of Ballynacally", 1, 1),
    ]  # fmt: skip
    assert titles(search, BAR_1) == [
        PostTitle("Dry Bread And Pullit", 1, 1), PostTitle("The Premier", 1, 1),
        PostTitle("Swing Swang", 1, 1),
    ]  # fmt: skip


def test_a_corpus_of_which_the_post_is_not_true(make_index: Callable[..., Index]) -> None:
    search = post_search(make_index(
        tune("Swing Swang", BAR_4, BAR_2), tune("A", BAR_1), tune("B", BAR_1, BAR_6),
        tune("C", BAR_1), tune("D", f"{FIGURE} /2 E 2 C 2"),
    ))  # fmt: skip
    found = counts(search)
    assert found[FIGURE, "tunes that have it"] == (217, 3, False)
    # As many as the post says, and none under the titles that it names.
    assert found[BAR_1, "tunes that have it as first bar"] == (3, 3, False)
    assert titles(search, BAR_1)[-1] == PostTitle("Swing Swang", 1, 0)
    assert titles(search, FIGURE)[0] == PostTitle("The Belharbour", 0, 0)
    assert found[BAR_2, "tunes that have it as second bar"] == (0, 1, False)
    assert found[BAR_4, "tunes that have it"] == (0, 1, False)
    assert found[BAR_6, "tunes that have it"] == (0, 1, False)


def test_an_index_without_tunes_answers(make_index: Callable[..., Index], tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    assert call("index", "remove", "session", "--index", path).code == 0
    search = call("check", "--post", "--json", "--index", path).json
    assert (search["tunes"], search["corpora"]) == (0, [])
    assert {statement["here"] for statement in search["statements"]} == {0}


def test_the_first_3000_transcriptions_say_what_a_search_of_their_text_says(
    v2_index: Index, shared: Path
) -> None:
    text = (shared / V2_SAMPLE).read_text(encoding="utf-8")
    tunes = [block.splitlines() for block in text.strip().split("\n\n")]
    music = [lines[-1] for lines in tunes]

    def lines_with(pattern: str) -> list[int]:
        return [k for k, line in enumerate(music) if re.search(pattern, line)]

    def as_bar(bar: str) -> str:
        return rf"(?:^|[|:] ){re.escape(bar)} (?:\||:\|)"

    words = [word for line in music for word in line.split()]
    pitches = sum(re.fullmatch(r"[_^=]*[A-Ga-g][,']*", word) is not None for word in words)
    # At the start, or after a pickup of a few tokens.
    start = r"^(?:\|: )?(?:[^|]{1,14}\| )?(?:\|: )?"
    not_longer = r"(?! [/0-9<>])"
    at_start = lines_with(start + re.escape(FIGURE) + not_longer)
    assert counts(post_search(v2_index)) == {
        ("", "transcriptions"): (23_636, len(tunes), False),
        (FIGURE, "tunes that have it"): (
            217, len(lines_with(rf"(?:^| ){re.escape(FIGURE)}{not_longer}")), False,
        ),
        (FIGURE, "tunes that begin their first bar with it"): (7, len(at_start), False),
        (BAR_1, "tunes that have it as first bar"): (3, len(lines_with(as_bar(BAR_1))), False),
        (BAR_2, "tunes that have it"): (3, len(lines_with(as_bar(BAR_2))), False),
        (BAR_2, "tunes that have it as second bar"): (0, len(lines_with(as_bar(BAR_2))), True),
        (BAR_4, "tunes that have it"): (0, len(lines_with(as_bar(BAR_4))), True),
        (BAR_6, "tunes that have it"): (0, len(lines_with(as_bar(BAR_6))), True),
        ("", "share of pitches in its tokens"): (0.5, pitches / len(words), True),
    }  # fmt: skip
    assert len(at_start) == 10
    found = {title.title: (title.settings, title.found)
             for title in titles(post_search(v2_index), FIGURE)}  # fmt: skip
    for title in found:
        squeezed = f"T:{title.replace(' ', '')}"
        settings = [k for k, lines in enumerate(tunes) if lines[0] == squeezed]
        assert found[title] == (len(settings), len({*settings} & {*at_start})), title


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The corpus folkrnn-v2 with these tunes for its published ones, and where the cache is."""
    data = ("\n\n".join(AS_THE_POST) + "\n").encode()
    corpus = NAMED_CORPORA["folkrnn-v2"]
    assert isinstance(corpus.origin, PublishedFile)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    origin = replace(corpus.origin, git_blob=blob)
    monkeypatch.setitem(NAMED_CORPORA, "folkrnn-v2", replace(corpus, origin=origin))
    cache = tmp_path / "cache"
    monkeypatch.setenv("TUNETRACE_CACHE", str(cache))
    origin.path().parent.mkdir(parents=True)
    origin.path().write_bytes(data)
    return str(cache)


@pytest.mark.parametrize("others", [[], ["book.txt"]])
def test_only_the_published_training_data_is_asked_where_the_index_has_it(
    others: list[str], published: str, tmp_path: Path
) -> None:
    sources = ["folkrnn-v2", *(str(tmp_path / name) for name in others)]
    (tmp_path / "book.txt").write_text(tune("Swing Swang", BAR_2, BAR_2), encoding="utf-8")
    build_index(sources, tmp_path / "index.db")
    search = call("check", "--post", "--json", "--index", tmp_path / "index.db").json
    assert (search["corpora"], search["tunes"], search["is_the_posts"]) == (
        ["folkrnn-v2"],
        15,
        True,
    )
    by_claim = {(s["text"], s["claim"]): s["here"] for s in search["statements"]}
    assert by_claim[BAR_2, "tunes that have it"] == 3
    assert by_claim[BAR_2, "tunes that have it as second bar"] == 0
    (_, _, swing_swang) = next(s["titles"] for s in search["statements"] if s["text"] == BAR_1)
    assert swing_swang == {"title": "Swing Swang", "settings": 1, "found": 1}
    printed = call("check", "--post", "--index", tmp_path / "index.db").out
    assert "15 tunes of folkrnn-v2\n" in printed
    assert "This is not" not in printed


def test_the_command_says_which_index_it_asked_and_that_it_is_another(tmp_path: Path) -> None:
    (tmp_path / "folkrnn-v2.txt").write_text("\n\n".join(AS_THE_POST), encoding="utf-8")
    index = tmp_path / "index.db"
    build_index([tmp_path / "folkrnn-v2.txt"], index)
    printed = call_in_terminal("check", "--post", "--index", index)
    assert (printed.code, printed.err) == (0, "")
    assert f"\n{index}\n15 tunes of folkrnn-v2\n" in printed.out
    # The name alone makes no corpus the post's.
    assert "This is not the published corpus folkrnn-v2, which the post searched" in " ".join(
        printed.out.split()
    )
    assert "tunetrace index build folkrnn-v2" in printed.out
    lines = [re.split(r" {2,}", line.strip()) for line in printed.out.splitlines()]
    for line in (
        ["tunes that have it", "217", "12", "no"],
        ["tunes that begin their first bar with it", "7 or more", "10", "yes"],
        ["The Belharbour", "yes", "1 of 3 settings"],
        ["bar 1: G, C C 2 G, C E C"],
        ["Swing Swang", "yes", "yes"],
        ["share of pitches in its tokens", "over 50%", "60%", "yes"],
    ):
        assert line in lines
    # The path of an index is not cut.
    assert max(len(line) for line in printed.out.splitlines() if line != str(index)) <= 80


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["tune.abc"], "--post reads no files; remove tune.abc"),
        (["--brief"], "--post cannot be combined with --brief; remove --brief"),
        (["--fail-over", "0.5"], "--post cannot be combined with --fail-over; remove --fail-over"),
    ],
)
def test_what_the_posts_search_does_not_use_is_refused(
    arguments: list[str], refusal: str, tmp_path: Path
) -> None:
    index = index_of(tmp_path, KESH)
    assert call("check", "--post", *arguments, "--index", index).refusal == refusal
