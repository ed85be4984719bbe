"""`tunetrace corpus stats`: what it prints, and the picture that it draws."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("stats"), KESH, MORRISONS)


def lines(*arguments: str | Path) -> list[str]:
    """What the command prints, each line with single spaces."""
    ended = call("corpus", "stats", *arguments)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    return [" ".join(line.split()) for line in ended.out.splitlines()]


def test_a_corpus_is_counted(index: Path) -> None:
    shown = lines("session", "--notes", "2", "--index", index)
    assert shown[:2] == ["session", "2 tunes, 4 bars, 16 notes, 24 tokens"]
    for line in (
        "bars that add up 4 of 4 (100%)",
        "tunes whose bars all add up 2 of 2 (100%)",
        "tunes with a pickup 0 of 2 (0%)",
        "notes per tune 8 8 8 8 8",
        "maj 1 50% Gmaj 1 50% 6/8 2 100%",
        "Commonest whole bars, on C",
        "C 3 C D E 1 1",
        "Commonest figures of 2 notes, on C",
        "D E 1 2",
    ):
        assert line in shown


def test_all_of_an_index_is_named_so_and_top_bounds_what_is_shown(index: Path) -> None:
    shown = lines("--top", "1", "--index", index)
    assert shown[0] == "the whole index (session)"
    assert "maj 1 50% Gmaj 1 50% 6/8 2 100%" in shown
    assert "1 more 1 50% 1 more 1 50%" in shown
    assert not any(line.startswith("Commonest") for line in lines("--top", "0", "--index", index))


def test_as_json_it_has_counts_and_not_shares(index: Path) -> None:
    stats = call("corpus", "stats", "--top", "1", "--index", index, "--json").json
    assert (stats["corpus"], stats["corpora"], stats["tunes"]) == (None, ["session"], 2)
    assert stats["notes_a_tune"]["counts"] == {"8": 2}
    assert stats["modes"] == [{"name": "maj", "tunes": 1}, {"name": "dor", "tunes": 1}]
    assert len(stats["common_bars"]) == len(stats["common_figures"]) == 1


def test_an_unknown_corpus_is_one_sentence(index: Path) -> None:
    refusal = call("corpus", "stats", "mine", "--index", index).refusal
    assert refusal == "the index has no corpus 'mine'; its corpora are session"


# The picture


@pytest.mark.parametrize("name", ["stats.png", "STATS.PNG"])
def test_the_picture_is_a_png_that_shows_something(index: Path, tmp_path: Path, name: str) -> None:
    image = pytest.importorskip("PIL.Image")
    lines("--plot", tmp_path / name, "--index", index)
    with image.open(tmp_path / name) as picture:
        assert picture.format == "PNG"
        assert picture.size == (1500, 1650)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(2**20)}
    assert {(255, 255, 255), (0, 114, 178), (213, 94, 0)} <= colours


def test_the_ending_says_the_format_and_the_same_corpus_gives_the_same_picture(
    index: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    for name, beginning in (("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")):
        drawn = []
        for _ in range(2):
            lines("--plot", tmp_path / name, "--force", "--index", index)
            drawn.append((tmp_path / name).read_bytes())
        assert drawn[0].startswith(beginning)
        assert drawn[0] == drawn[1], name


def test_what_people_name_is_written_as_it_stands(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    tune = "X:1\nT:$\\frac$\nM:2/4\nL:1/8\nK:C\n_B2 ^F2|[CE]4|\n"
    hostile = index_of(tmp_path, tune, name="$x^2_{北京")
    lines("--plot", tmp_path / "a.svg", "--notes", "1", "--index", hostile)
    lines("--plot", tmp_path / "a.png", "--notes", "1", "--index", hostile)
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for text in ("$x^2_{北京: 1 tune, 2 bars", "_B 2 ^F 2", "[ C E ] 4", "_B 2<"):
        assert text in drawn


@pytest.mark.parametrize("name", ["stats", "stats.jpg", ".png", "stats.png.txt"])
def test_an_ending_that_is_none_of_three_is_one_sentence(
    index: Path, tmp_path: Path, name: str
) -> None:
    refusal = call("corpus", "stats", "--plot", tmp_path / name, "--index", index).refusal
    assert refusal == (f"{tmp_path / name}: the name of a picture must end in .png, .svg or .pdf")


def test_a_place_that_cannot_be_written_is_one_sentence(index: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for name, reason in (
        ("file/a.png", "the picture cannot be written (not a directory); give another file name"),
        ("folder.png", "this is a folder; give the name of a file in it"),
    ):
        place = tmp_path / name
        refusal = call("corpus", "stats", "--plot", place, "--index", index).refusal
        assert refusal.startswith(f"{place}: {reason}")


def test_without_matplotlib_one_sentence_says_how_to_install_it(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def find_others(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "matplotlib" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_others)
    refusal = call("corpus", "stats", "--plot", tmp_path / "a.png", "--index", index).refusal
    assert refusal.endswith("install it with: pip install 'tunetrace[plot]'")
    assert lines("--index", index)
