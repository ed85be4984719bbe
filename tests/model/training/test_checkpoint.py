"""Trainings that are cut off: they end with the weights that they would have had."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.conftest import ROOT
from tunetrace import (
    build_index,
    held_out_tunes,
    model_info,
    open_index,
    resume_training,
    train_model,
    training_tunes,
)
from tunetrace.errors import ModelFileError, OutputError, QueryError
from tunetrace.model.library.models import TRAINED
from tunetrace.model.training.checkpoint import CHECKPOINT, load_checkpoint
from tunetrace.model.training.epochs import HISTORY
from tunetrace.model.training.history import EpochRecord, from_line
from tunetrace.model.training.recipe import MODERN, RECIPES, Recipe
from tunetrace.model.training.trainer import Trainer

TUNE = "T:{title}\nM:4/4\nK:Cmaj\n{music}"

TRAIN = """
import sys
from dataclasses import replace
from tunetrace import open_index, resume_training, train_model
from tunetrace.model.training import epochs
from tunetrace.model.training.recipe import MODERN

epochs.SAVE_EVERY = 0.0  # after every batch
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


def read_history(path: Path) -> list[EpochRecord]:
    return list(map(from_line, path.read_text(encoding="utf-8").splitlines()))


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


@pytest.mark.slow
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


def small(
    folder: Path, index: Path, *, seed: int = 1, report_every: int | None = None, **changes: object
) -> None:
    recipe = replace(MODERN, **{"epochs": 2, "batch": 8, "validation": 0.2, **changes})  # type: ignore[arg-type]
    with open_index(index) as opened:
        train_model(
            folder, index=opened, recipe=recipe, layers=1, units=4, seed=seed,
            report_every=report_every, samples=5,
        )  # fmt: skip


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
    with pytest.raises(OutputError, match="this folder has a training already"):
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
    assert ("no training to continue" if damage == "none" else "incomplete or from another") in str(
        refused.value
    )


def test_settings_of_one_tune_are_held_out_together(tmp_path: Path) -> None:
    from tunetrace.model.training.tunes import gather

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


def test_a_tune_too_long_to_be_trained_on_is_not_among_the_training_tunes(tmp_path: Path) -> None:
    tunes = [TUNE.format(title=f"Tune {k}", music=f"C {k + 1} D E F |") for k in range(10)]
    tunes.append(TUNE.format(title="Long", music="C D E F | " * 401))  # 2,007 tokens
    (tmp_path / "tunes.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([tmp_path / "tunes.txt"], tmp_path / "tunes.db")
    small(tmp_path / "a", tmp_path / "tunes.db", epochs=1)
    with open_index(tmp_path / "tunes.db") as opened:
        trained = [tune.title for tune in training_tunes(tmp_path / "a", opened)]
        held = [tune.title for tune in held_out_tunes(tmp_path / "a", opened)]
    assert sorted(trained + held) == [f"Tune {k}" for k in range(10)]
    assert len(trained) == model_info(tmp_path / "a").provenance["training"]["tunes"]


@pytest.mark.parametrize(
    ("short", "long", "says"),
    [
        (0, 1, "^the only tune is longer than 2,000 tokens, the most for a training; give"),
        (0, 3, "^all 3 tunes are longer than 2,000 tokens, the most for a training; give"),
        (1, 3, "^1 tune is too few to train on without the 3 longer than 2,000 tokens; give corp"),
    ],
)
def test_of_tunes_too_long_to_be_trained_on_it_is_said_how_many_and_how_long(
    short: int, long: int, says: str, tmp_path: Path
) -> None:
    tunes = [TUNE.format(title=f"Tune {k}", music=f"C {k + 1} D E F |") for k in range(short)]
    tunes += [TUNE.format(title=f"Long {k}", music="C D E F | " * 401) for k in range(long)]
    (tmp_path / "tunes.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([tmp_path / "tunes.txt"], tmp_path / "tunes.db")
    with pytest.raises(QueryError, match=says):
        small(tmp_path / "a", tmp_path / "tunes.db")
    assert not (tmp_path / "a").exists()


def test_one_tune_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TUNE.format(title="A", music="C D |"), encoding="utf-8")
    build_index([tmp_path / "one.txt"], tmp_path / "one.db")
    with pytest.raises(QueryError, match="1 tune is too few to train on"):
        small(tmp_path / "a", tmp_path / "one.db")


def test_a_loss_that_is_no_number_ends_a_training_with_a_sentence(
    index: Path, tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="the loss is no longer a number; train into another"):
        small(tmp_path / "a", index, rate=10.0, clip=1e9, warm_up=0, weight_decay=1e30, epochs=9)


WILD = {**RECIPES["original"].to_dict(), "rate": 10.0, "epochs": 3, "batch": 2}


@pytest.mark.parametrize("validation", [0.2, 0.0], ids=["held out", "nothing held out"])
def test_a_training_that_predicts_worse_than_a_guess_ends_with_a_sentence_and_no_model(
    index: Path, tmp_path: Path, validation: float
) -> None:
    with pytest.raises(QueryError) as refused:
        small(tmp_path / "a", index, **{**WILD, "validation": validation})
    # 137 tokens alike are log2(137) = 7.098 bits each.
    assert re.fullmatch(
        r"after epoch 3 the loss is \d{2,}\.?\d* bits per token, more than the 7\.098 bits of a "
        r"random guess, so the training diverged or was too short; "
        r"train into another folder with a rate below 10, or for longer",
        str(refused.value),
    )
    assert {path.name for path in (tmp_path / "a").iterdir()} == {CHECKPOINT, HISTORY}
    with open_index(index) as opened, pytest.raises(QueryError) as again:
        resume_training(tmp_path / "a", index=opened)
    assert str(again.value) == str(refused.value)


@pytest.mark.parametrize("validation", [0.2, 0.0], ids=["held out", "nothing held out"])
def test_the_model_of_the_best_epoch_before_a_training_diverged_is_kept_and_named(
    index: Path, tmp_path: Path, validation: float
) -> None:
    # The rate is 0.01 in the first two epochs, and then a thousand times more each time.
    rising = {"rate": 0.01, "decay": 1000.0, "decay_after": 0, "validation": validation}
    with pytest.raises(QueryError) as refused:
        small(tmp_path / "a", index, **{**WILD, **rising, "epochs": 4})
    losses = [record.loss / math.log(2) for record in read_history(tmp_path / "a" / HISTORY)]
    assert losses[1] < losses[0] < 7.098 < min(losses[2:])
    kept = f"; the model of epoch 2 is kept at {tmp_path / 'a' / TRAINED}; train into another"
    assert kept in str(refused.value)
    assert model_info(tmp_path / "a").provenance["training"]["epochs"] == 2


def test_a_training_too_short_to_learn_anything_says_so(index: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"^after epoch 1 the loss is 7\.\d+ bits .* for longer$"):
        small(tmp_path / "a", index, seed=11, **{**WILD, "rate": 1e-9, "epochs": 1})


def test_a_training_whose_model_cannot_be_sampled_ends_with_a_sentence(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss sums in another order than sampling: here only its doubled weights are infinite."""
    trained = Trainer.validate

    def with_large_weights(trainer: Trainer) -> float | None:
        with torch.no_grad():
            loss = trained(trainer)
            trainer.network.layers[0].from_hidden.fill_(3e38)
        return loss

    monkeypatch.setattr(Trainer, "validate", with_large_weights)
    with pytest.raises(QueryError, match="in epoch 1 the weights are too large to be added; tr"):
        small(tmp_path / "a", index, report_every=1)
    assert not (tmp_path / "a" / TRAINED).exists()


class Interrupt:
    """A TrainingWatcher that interrupts a training as Ctrl-C does, after so many steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    def step(self, progress: object) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt

    def epoch(self, record: object, is_best: bool) -> None:
        if self.left == 1:
            self.left = 0
            raise KeyboardInterrupt


def recipe_of(name: str, **changes: object) -> Recipe:
    return replace(RECIPES[name], **{"epochs": 3, "batch": 8, "validation": 0.2, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", ["modern", "original"])
@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_a_training_that_was_interrupted_at_any_step_ends_as_one_that_was_not(
    index: Path, tmp_path: Path, recipe: str, validation: float
) -> None:
    given = recipe_of(recipe, validation=validation)
    with open_index(index) as opened:
        whole = tmp_path / "whole" / "same"
        train_model(whole, index=opened, recipe=given, layers=2, units=8)
        cut = tmp_path / "cut" / "same"
        with pytest.raises(KeyboardInterrupt):
            train_model(cut, index=opened, recipe=given, layers=2, units=8, watcher=Interrupt(1))
        for after in (1, 2, 3):  # in an epoch and at its end
            with pytest.raises(KeyboardInterrupt):
                resume_training(cut, index=opened, watcher=Interrupt(after))
        report = resume_training(cut, index=opened)
    assert (cut / TRAINED).read_bytes() == (whole / TRAINED).read_bytes()
    assert without_times(cut) == without_times(whole)
    assert len(report.epochs) == 3


def test_an_interrupt_in_the_midst_of_a_step_leaves_the_last_checkpoint(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    with open_index(index) as opened:
        whole, cut = tmp_path / "whole" / "same", tmp_path / "cut" / "same"
        given = recipe_of("modern")
        train_model(whole, index=opened, recipe=given, layers=1, units=4)
        step = torch.optim.AdamW.step

        def interrupted(self: torch.optim.AdamW) -> None:
            step(self)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(torch.optim.AdamW, "step", interrupted)
            with pytest.raises(KeyboardInterrupt):
                train_model(cut, index=opened, recipe=given, layers=1, units=4)
        assert load_checkpoint(cut).step == 0
        resume_training(cut, index=opened)
    assert (cut / TRAINED).read_bytes() == (whole / TRAINED).read_bytes()


def test_a_training_without_its_history_writes_it_anew_and_without_its_model_says_so(
    index: Path, tmp_path: Path
) -> None:
    small(tmp_path / "a", index)
    before = without_times(tmp_path / "a")
    (tmp_path / "a" / HISTORY).unlink()
    with open_index(index) as opened:
        resume_training(tmp_path / "a", index=opened)
        assert without_times(tmp_path / "a") == before
        (tmp_path / "a" / TRAINED).unlink()
        with pytest.raises(ModelFileError, match=r"the best model so far .* is missing"):
            resume_training(tmp_path / "a", index=opened)


@pytest.mark.parametrize(
    "change",
    [
        {"step": -1}, {"step": 10**9}, {"step": "x"}, {"sums": []}, {"sums": {"loss": None}},
        {"precision": "float8"}, {"settings": []}, {"history": ["{}"]}, {"history": 3},
        {"settings.recipe": []}, {"settings.recipe.epochs": "x"}, {"settings.recipe.epochs": 0},
        {"settings.recipe.optimizer": "sgd"}, {"settings.sizes.units": 10**6},
        {"settings.sizes.layers": 10**6}, {"settings.sizes.units": None},
        {"settings.corpora": 3}, {"settings.seed": "x"}, {"settings.samples": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_checkpoint_that_says_what_cannot_be_is_refused(
    index: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    small(tmp_path / "a", index)
    path = tmp_path / "a" / CHECKPOINT
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["tunetrace-checkpoint"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for place, value in change.items():
        *outer, last = place.split(".")
        within = header
        for name in outer:
            within = within[name]
        within[last] = value
    save_file(arrays, path, {"tunetrace-checkpoint": json.dumps(header)})
    with (
        open_index(index) as opened,
        pytest.raises(ModelFileError, match="the checkpoint is incomplete"),
    ):
        resume_training(tmp_path / "a", index=opened)


@pytest.mark.parametrize("change", ["optimizer.0.exp_avg", "optimizer.0.step", "weights.to_tokens"])
@pytest.mark.parametrize("is_gone", [True, False])
def test_a_checkpoint_with_other_arrays_is_refused(
    index: Path, tmp_path: Path, change: str, is_gone: bool
) -> None:
    import torch

    small(tmp_path / "a", index)
    path = tmp_path / "a" / CHECKPOINT
    with safe_open(path, "pt") as file:
        header = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    arrays[change] = torch.zeros(3, 3)
    if is_gone:
        del arrays[change]
    save_file(arrays, path, header)
    with (
        open_index(index) as opened,
        pytest.raises(ModelFileError, match="the checkpoint is incomplete"),
    ):
        resume_training(tmp_path / "a", index=opened)
