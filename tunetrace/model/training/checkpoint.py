"""The checkpoint of a training: all that is needed to go on as if nothing had happened.

It is a safetensors file with the weights and what the optimizer remembers. As JSON it has how far
the training is, its recipe, its history, and a digest of the transcriptions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from tunetrace.errors import ModelFileError, QueryError
from tunetrace.files import exists, write_whole
from tunetrace.model.network import Sizes
from tunetrace.model.training.history import EpochRecord, from_line, to_line
from tunetrace.model.training.recipe import Recipe
from tunetrace.model.training.trainer import Sums, Trainer
from tunetrace.text import printable

FORMAT: Final = 1
CHECKPOINT: Final = "checkpoint.safetensors"

_WEIGHTS: Final = "weights."
_OPTIMIZER: Final = "optimizer."


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a training was begun with, and must go on with."""

    corpora: tuple[str, ...]
    """Names of corpora of the index; empty for all."""
    sizes: Sizes
    recipe: Recipe
    seed: int
    report_every: int | None
    """Samples are drawn and checked after every so many epochs."""
    samples: int
    """How many."""
    half: bool
    """Keep the model in half precision."""
    by_family: bool = False
    """Settings were told by families as well as by titles."""
    data: str = ""
    """A digest of the transcriptions, in their order."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's file, read."""

    configuration: Configuration
    step: int
    sums: Sums
    precision: torch.dtype
    history: list[EpochRecord]
    arrays: dict[str, torch.Tensor]
    """The weights and what the optimizer remembers, by name."""


def digest(sequences: Sequence[Sequence[int]]) -> str:
    """SHA-256 of transcriptions in their order."""
    found = hashlib.sha256()
    for sequence in sequences:
        found.update(b" ".join(b"%d" % number for number in sequence) + b"\n")
    return found.hexdigest()


def save_checkpoint(
    folder: Path, configuration: Configuration, trainer: Trainer, history: Sequence[EpochRecord]
) -> None:
    """Write the checkpoint of a training into its folder, whole or not at all.

    Raises OutputError where it cannot be written.
    """
    arrays = {_WEIGHTS + name: value for name, value in trainer.network.state_dict().items()}
    for number, state in trainer.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            arrays[f"{_OPTIMIZER}{number}.{name}"] = torch.as_tensor(value)
    header = {
        "format": FORMAT,
        "settings": asdict(configuration),
        "step": trainer.step,
        "sums": asdict(trainer.sums),
        "precision": str(trainer.precision).removeprefix("torch."),
        "history": [to_line(record) for record in history],
    }
    arrays = {name: value.detach().cpu().contiguous() for name, value in arrays.items()}
    data = save(arrays, {"tunetrace-checkpoint": json.dumps(header)})
    write_whole(folder / CHECKPOINT, data, "the checkpoint")


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint in a folder; ModelFileError where there is none or it is damaged."""
    path = folder / CHECKPOINT
    if not exists(path):
        raise ModelFileError(
            f"{printable(str(folder))}: there is no training to continue, because the folder has "
            f"no {CHECKPOINT}; begin a training without --resume"
        )
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["tunetrace-checkpoint"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["format"] != FORMAT:
            raise ValueError("another format")
        configuration, sums = _configuration(header["settings"]), header["sums"]
        _check_sizes(configuration.sizes, arrays)
        return Checkpoint(
            configuration=configuration,
            step=int(header["step"]),
            sums=Sums(float(sums["loss"]), int(sums["tokens"]), float(sums["seconds"])),
            precision=_PRECISIONS[header["precision"]],
            history=[from_line(line) for line in header["history"]],
            arrays=arrays,
        )
    except (
        SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError,
        OverflowError, RecursionError, QueryError,
    ):  # fmt: skip
        raise _damaged(path) from None


def restore(trainer: Trainer, checkpoint: Checkpoint, folder: Path) -> None:
    """Set a new trainer to the state of a checkpoint.

    ModelFileError where the checkpoint is of another network or another training.
    """
    optimizer = trainer.optimizer.state_dict()
    states: dict[int, dict[str, torch.Tensor]] = {}
    weights = {}
    try:
        for name, array in checkpoint.arrays.items():
            if name.startswith(_WEIGHTS):
                weights[name.removeprefix(_WEIGHTS)] = array
            else:
                number, _, key = name.removeprefix(_OPTIMIZER).partition(".")
                states.setdefault(int(number), {})[key] = array
        _check_states(states, trainer.optimizer, checkpoint.step)
        trainer.network.load_state_dict(weights)
        trainer.optimizer.load_state_dict({**optimizer, "state": states})
    except (RuntimeError, ValueError, KeyError):
        raise _damaged(folder / CHECKPOINT) from None
    trainer.step = checkpoint.step
    trainer.sums = checkpoint.sums
    # An epoch's record is made after its last step, so that it may be missing.
    if trainer.epoch - len(checkpoint.history) not in (0, 1):
        raise _damaged(folder / CHECKPOINT)


_ARRAYS_OF_A_LAYER: Final = 5
_REMEMBERED: Final = {
    torch.optim.AdamW: ("exp_avg", "exp_avg_sq"),
    torch.optim.RMSprop: ("square_avg",),
}
"""What an optimizer keeps of each parameter, beside the number of steps."""

_PRECISIONS: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def _configuration(values: dict[str, Any]) -> Configuration:
    recipe = Recipe.from_dict(values["recipe"])
    recipe.check()
    every = values["report_every"]
    return Configuration(
        corpora=tuple(map(str, values["corpora"])),
        sizes=Sizes(**{name: int(size) for name, size in values["sizes"].items()}),
        recipe=recipe,
        seed=int(values["seed"]),
        report_every=None if every is None else int(every),
        samples=int(values["samples"]),
        half=bool(values["half"]),
        by_family=bool(values.get("by_family", False)),
        data=str(values["data"]),
    )


def _check_sizes(sizes: Sizes, arrays: Mapping[str, torch.Tensor]) -> None:
    """ValueError unless the arrays have these sizes, before a network is made of them."""
    shape = tuple(arrays[f"{_WEIGHTS}to_tokens"].shape)
    layers = sum(name.startswith(f"{_WEIGHTS}layers.") for name in arrays) // _ARRAYS_OF_A_LAYER
    if shape != (sizes.units, sizes.tokens) or layers != sizes.layers:
        raise ValueError("the arrays have other sizes")


def _check_states(
    states: Mapping[int, Mapping[str, torch.Tensor]], optimizer: torch.optim.Optimizer, step: int
) -> None:
    """ValueError unless an optimizer can go on with what is remembered of it."""
    remembered = _REMEMBERED[type(optimizer)]
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    expected = [{"step": (), **dict.fromkeys(remembered, one.shape)} for one in parameters]
    found = [{name: value.shape for name, value in s.items()} for _, s in sorted(states.items())]
    if step and found != expected:
        raise ValueError("the state of the optimizer does not fit")


def _damaged(path: Path) -> ModelFileError:
    return ModelFileError(
        f"{printable(str(path))}: the checkpoint is incomplete or from another version; begin the "
        "training again in another folder"
    )
