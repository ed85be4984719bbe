"""`tunetrace model plot`: the pictures that it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import call
from tests.plots.network.traces import make_trace
from tunetrace import plot_trace, save_trace
from tunetrace.model.trace import Trace
from tunetrace.plots.network.kinds import KINDS

pytest.importorskip("matplotlib")

TRACED = Trace.join([make_trace(), make_trace(["M:4/4", "K:Cmaj", "C", "D", "|"], title="Short")])


@pytest.fixture(scope="module")
def trace_file(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "tunes.npz"
    save_trace(TRACED, path)
    return path


def test_the_command_draws_what_the_function_draws(trace_file: Path, tmp_path: Path) -> None:
    mine, expected = tmp_path / "mine.svg", tmp_path / "expected.svg"
    ended = call("model", "plot", "units", trace_file, "-o", mine, "--units", "4,2", "--layer", "1",
                 "--part", "cell", "--tune", "2")  # fmt: skip
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    plot_trace("units", TRACED, expected, unit_numbers=[4, 2], layer=1, part="cell", tune=2)
    assert mine.read_bytes() == expected.read_bytes()


def test_tokens_are_given_with_spaces_between_them(trace_file: Path, tmp_path: Path) -> None:
    mine, expected = tmp_path / "mine.svg", tmp_path / "expected.svg"
    ended = call("model", "plot", "tokens", trace_file, "-o", mine, "--tokens", " | (3  /2")
    assert (ended.code, ended.err) == (0, "")
    plot_trace("tokens", TRACED, expected, tokens=["|", "(3", "/2"])
    assert mine.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["softmax", "--layer", "1"], "the picture 'softmax' does not take --layer; leave it out, "
         "or draw layer, histogram, sorted, extremes, spectrum or units"),
        (["units", "--units", "4;2"], "Invalid value for '--units': '4;2' is not a list of units; "
         "give numbers such as 60,97; see 'tunetrace model plot --help'"),
        (["tokens", "--tokens", " "],
         "--tokens names no token; give some, such as --tokens \"| (3 /2\""),
        (["layer", "--tune", "3"],
         "there is no tune 3 in a trace of 2 tunes; give one from 1 to 2"),
        (["weights", "--layer", "1"], "weights cannot be combined with --layer; remove --layer"),
        (["weights", "--tune", "1"], "weights cannot be combined with --tune; remove --tune"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_sentence(
    trace_file: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    kind, *options = arguments
    ended = call("model", "plot", kind, trace_file, "-o", tmp_path / "a.png", *options)
    assert ended.refusal == sentence


def test_a_file_that_is_no_trace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"no trace")
    ended = call("model", "plot", "layer", tmp_path / "a.npz", "-o", tmp_path / "a.png")
    assert "this file is not a tunetrace trace" in ended.refusal


def test_the_help_says_what_each_kind_shows() -> None:
    out = call("model", "plot", "--help").out
    for kind, described in KINDS.items():
        assert any(line.split(maxsplit=1) == [kind, described.shows]
                   for line in out.splitlines()), kind  # fmt: skip
