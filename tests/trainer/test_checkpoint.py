"""Trainings that are cut off: they end with the weights that they would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tunetrace import build_index, open_index, resume_training, train_model
from tunetrace.errors import ModelFileError, OutputError, QueryError
from tunetrace.model.shelf import TRAINED
from tunetrace.trainer.checkpoint import CHECKPOINT, load_checkpoint
from tunetrace.trainer.course import HISTORY
from tunetrace.trainer.history import read_history
from tunetrace.trainer.recipe import MODERN

TUNE = "T:{title}\nM:4/4\nK:Cmaj\n{music}"

TRAIN = """
import sys
from dataclasses import replace
from tunetrace import open_index, resume_training, train_model
from tunetrace.trainer import course
from tunetrace.trainer.recipe import MODERN

course.SAVE_EVERY = 0.0  # after every batch
class Tell:
    def step(self, progress): print(progress.step, flush=True)
    def epoch(self, record, is_best): print("epoch", flush=True)

folder, index, resume = sys.argv[1:]
with open_index(index) as opened:
    if resume == "resume":
        resume_training(folder, index=opened, watcher=Tell())
    else:
        recipe = replace(MODERN, epochs=3, batch=4, validation=0.2, patience=9)
        train_model(folder, index=opened, recipe=recipe, layers=2, units=8, watcher=Tell())
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    notes = "CDEFGABc"
    tunes = [
        TUNE.format(title=f"Tune {k}", music=" ".join([*notes[k % 8 :], "|", *notes, "|"] * 2))
        for k in range(24)
    ]
    (folder / "tunes.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([folder / "tunes.txt"], folder / "tunes.db")
    return folder / "tunes.db"


def train(folder: Path, index: Path, how: str, kill_after: int | None = None) -> int:
    """Train in a process of its own, which is killed after so many lines; its exit code."""
    with subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(folder), str(index), how],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout, 1):
            if number == kill_after:
                process.send_signal(signal.SIGKILL)
    return process.returncode


def without_times(folder: Path) -> list[tuple[object, ...]]:
    history = read_history(folder / HISTORY)
    return [(one.epoch, one.training_loss, one.validation_loss, one.tokens) for one in history]


def test_a_training_that_was_killed_ends_with_the_weights_of_one_that_was_not(
    index: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole" / "same", tmp_path / "killed" / "same"
    assert train(whole, index, "begin") == 0
    assert train(killed, index, "begin", kill_after=3) == -signal.SIGKILL
    for lines in (1, 4, 5):
        train(killed, index, "resume", kill_after=lines)
    assert train(killed, index, "resume") == 0
    assert (killed / TRAINED).read_bytes() == (whole / TRAINED).read_bytes()
    assert without_times(killed) == without_times(whole)
    ends = [load_checkpoint(folder) for folder in (killed, whole)]
    assert ends[0].arrays.keys() == ends[1].arrays.keys()
    assert all((ends[0].arrays[name] == ends[1].arrays[name]).all() for name in ends[0].arrays)


def small(folder: Path, index: Path, **changes: object) -> None:
    from dataclasses import replace

    recipe = replace(MODERN, **{"epochs": 2, "batch": 8, "validation": 0.2, **changes})  # type: ignore[arg-type]
    with open_index(index) as opened:
        train_model(folder, index=opened, recipe=recipe, layers=1, units=4)


def test_a_training_that_is_over_is_over(index: Path, tmp_path: Path) -> None:
    small(tmp_path / "a", index)
    before = (tmp_path / "a" / TRAINED).read_bytes()
    with open_index(index) as opened:
        report = resume_training(tmp_path / "a", index=opened)
    assert len(report.epochs) == 2
    assert (tmp_path / "a" / TRAINED).read_bytes() == before


def test_a_training_without_progress_ends_early_and_keeps_its_best_epoch(
    index: Path, tmp_path: Path
) -> None:
    small(tmp_path / "a", index, epochs=40, rate=3.0, clip=1e9, patience=2, warm_up=0)
    history = read_history(tmp_path / "a" / HISTORY)
    best = min(range(len(history)), key=lambda k: history[k].validation_loss or 0.0)
    assert len(history) == best + 3 < 40


def test_a_folder_with_a_training_is_not_trained_into(index: Path, tmp_path: Path) -> None:
    small(tmp_path / "a", index)
    with pytest.raises(OutputError, match="it has a training already"):
        small(tmp_path / "a", index)


def test_a_training_goes_on_with_its_own_tunes_only(index: Path, tmp_path: Path) -> None:
    small(tmp_path / "a", index)
    other = tmp_path / "other.txt"
    other.write_text(TUNE.format(title="Another", music="C D E F |") + "\n", encoding="utf-8")
    build_index([other, index.with_suffix(".txt")], tmp_path / "other.db")
    with (
        open_index(tmp_path / "other.db") as opened,
        pytest.raises(QueryError, match="begun with other tunes than the index has"),
    ):
        resume_training(tmp_path / "a", index=opened)


@pytest.mark.parametrize("damage", ["cut", "foreign", "none"])
def test_a_checkpoint_that_is_none_is_refused(index: Path, tmp_path: Path, damage: str) -> None:
    small(tmp_path / "a", index)
    path = tmp_path / "a" / CHECKPOINT
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "foreign":
        path.write_bytes((tmp_path / "a" / TRAINED).read_bytes())
    else:
        path.unlink()
    with open_index(index) as opened, pytest.raises(ModelFileError) as refused:
        resume_training(tmp_path / "a", index=opened)
    assert ("no training to go on with" if damage == "none" else "it is cut off") in str(
        refused.value
    )


def test_settings_of_one_tune_are_held_out_together(tmp_path: Path) -> None:
    from tunetrace.trainer.tunes import gather

    tunes = [TUNE.format(title=f"Tune {k % 10}", music=f"C {k + 1} D E F |") for k in range(30)]
    (tmp_path / "tunes.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([tmp_path / "tunes.txt"], tmp_path / "tunes.db")
    with open_index(tmp_path / "tunes.db") as opened:
        found = gather(opened, (), 0.2, seed=3)
        titles = [opened.catalogue.tunes(opened.resolve(n)) for n in found.held_out_names]
    groups = {next(iter(one.values())).title for one in titles}
    assert len(found.held_out) == 6
    assert len(found.training) == 24
    assert len(groups) == 2


def test_one_tune_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TUNE.format(title="A", music="C D |"), encoding="utf-8")
    build_index([tmp_path / "one.txt"], tmp_path / "one.db")
    with pytest.raises(QueryError, match="1 tune is too few to train on"):
        small(tmp_path / "a", tmp_path / "one.db")


def test_a_loss_that_is_no_number_ends_a_training_with_a_sentence(
    index: Path, tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="the loss is no number any longer; train with a rate"):
        small(tmp_path / "a", index, rate=10.0, clip=1e9, warm_up=0, weight_decay=1e30, epochs=9)
