"""`tunetrace model train` from the command line: what it prints, keeps and refuses."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands import PYTHON, call, environment, index_of, run
from tunetrace.model.training.checkpoint import load_checkpoint

REEL = "X:{number}\nT:Reel {number}\nM:4/4\nL:1/8\nK:C\n{music}\n"


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    bars = ["C2E2 G2c2", "cBAG FEDC", "E2G2 c2e2", "D2F2 A2d2", "GFED C4"]
    tunes = [
        REEL.format(number=k, music="|".join(bars[k % 5 :] + bars[: k % 3]) + "|")
        for k in range(1, 31)
    ]
    return index_of(folder, *tunes)


SMALL = ("--layers", "1", "--units", "6", "--epochs", "2")


def test_a_training_tells_each_epoch_and_leaves_a_model_that_can_be_used(
    index: Path, tmp_path: Path
) -> None:
    ended = run("model", "train", "-o", tmp_path / "m", "--index", index, *SMALL)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("epoch   1  training ")
    assert lines[1].startswith("epoch   2  training ")
    assert " bits per token" in lines[0]
    assert lines[2].startswith("kept epoch ")
    assert lines[3] == str(tmp_path / "m" / "model.safetensors")
    assert len((tmp_path / "m" / "history.jsonl").read_text().splitlines()) == 2
    shown = call("model", "show", tmp_path / "m", "--json").json
    assert (shown["units"], shown["layers"], len(shown["tokens"])) == (6, 1, 137)
    training = shown["provenance"]["training"]
    assert training["corpora"] == ["session"]
    assert training["tunes"] == 29
    assert len(training["held_out"]) == 1
    assert training["recipe"]["epochs"] == 2


def test_a_report_every_epoch_samples_and_draws(index: Path, tmp_path: Path) -> None:
    ended = call(
        "model", "train", "-o", tmp_path / "m", "--index", index, *SMALL,
        "--report-every", "2", "--samples", "5", "--json",
    )  # fmt: skip
    epochs = ended.json["epochs"]
    assert epochs[0]["originality"] is None
    found = epochs[1]["originality"]
    assert found["transcriptions"] + found["set_aside"] == 5
    assert (tmp_path / "m" / "training.png").read_bytes().startswith(b"\x89PNG")
    history = (tmp_path / "m" / "history.jsonl").read_text().splitlines()
    assert json.loads(history[1])["originality"] == found


def test_half_precision_is_half_the_size_and_the_same_model(index: Path, tmp_path: Path) -> None:
    sizes = {}
    for name, half in (("whole", []), ("half", ["--half"])):
        ended = call(
            "model", "train", "-o", tmp_path / name, "--index", index,
            "--layers", "1", "--units", "64", "--epochs", "1", *half,
        )  # fmt: skip
        assert ended.code == 0
        sizes[name] = (tmp_path / name / "model.safetensors").stat().st_size
    assert sizes["half"] == pytest.approx(sizes["whole"] / 2, rel=0.05)


def test_a_training_that_is_over_has_nothing_to_go_on_with(index: Path, tmp_path: Path) -> None:
    first = call("model", "train", "-o", tmp_path / "m", "--index", index, *SMALL)
    again = call("model", "train", "-o", tmp_path / "m", "--index", index, "--resume")
    assert again.code == 0
    assert again.out.splitlines() == first.out.splitlines()[2:]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--units", "0"], "units cannot be 0; give a number from 1 to 8192"),
        (["--layers", "99"], "layers cannot be 99; give a number from 1 to 32"),
        (
            ["--layers", "32", "--units", "8192"],
            "have 16,918,093,961 parameters, but at most 250,000,000",
        ),
        (["--epochs", "0"], "epochs cannot be 0; give a number from 1 to 100000"),
        (["--rate", "nan"], "rate cannot be nan; give a number from 1e-09 to 10"),
        (["--dropout", "1.5"], "dropout cannot be 1.5; give a number from 0 to 0.95"),
        (["--samples", "0"], "samples cannot be 0; give a number from 1 to 1000000"),
        (["--seed", "-1"], "the seed cannot be -1; give a number from 0 to 2^63 - 1"),
        (["--corpus", "none"], "the index has no corpus 'none'"),
        (["--resume"], "there is no training to continue"),
        (["--resume", "--units", "8"], "--resume cannot be combined with --units"),
    ],
)
def test_what_no_training_can_go_by_is_refused_in_a_sentence(
    index: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    refused = call("model", "train", "-o", tmp_path / "m", "--index", index, *options)
    assert said in refused.refusal


def test_a_training_that_diverged_shows_its_epochs_and_fails(index: Path, tmp_path: Path) -> None:
    options = ("--recipe", "original", "--rate", "10", "--batch", "2", *SMALL)
    ended = call("model", "train", "-o", tmp_path / "m", "--index", index, *options)
    assert [line[:9] for line in ended.out.splitlines()] == ["epoch   1", "epoch   2"]
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert ended.err.startswith("tunetrace: after epoch 2 the loss is ")


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(index: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = call("model", "train", "-o", tmp_path / "file" / "m", "--index", index, *SMALL)
    assert str(tmp_path / "file" / "m") in refused.refusal


@pytest.mark.slow
def test_a_line_of_an_epoch_stands_on_a_line_of_its_own_in_a_terminal(
    index: Path, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PYTHON, "model", "train", "-o", tmp_path / "m", "--index", index, *SMALL],
        stdout=theirs, stderr=theirs, env=environment({"TERM": "xterm"}),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # which is how a terminal ends
        while some := os.read(ours, 4096):
            shown += some
    os.close(ours)
    assert process.wait(timeout=60) == 0
    for epoch in (b"epoch   1", b"epoch   2"):
        before = shown[: shown.index(epoch)]
        assert before.endswith((b"\r\n", b"\r", b"\x1b[2K"))


def test_an_interrupt_ends_a_training_quietly_and_it_can_be_gone_on_with(
    index: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [*PYTHON, "model", "train", "-o", tmp_path / "m", "--index", index,
         *SMALL[:-1], "100000", "--patience", "100000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, b"")
    assert load_checkpoint(tmp_path / "m").step > 0
