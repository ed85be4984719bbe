"""Training a model on the tunes of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tunetrace._version import __version__
from tunetrace.arguments import many_texts, public, whole_number
from tunetrace.errors import ModelFileError, OutputError, QueryError
from tunetrace.files import Kind, exists, is_there
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.library.header import MODEL_FILE
from tunetrace.model.library.models import TRAINED, require_torch
from tunetrace.model.training.history import HISTORY_FILE, EpochRecord, kept_epoch
from tunetrace.model.training.recipe import MODERN, Recipe
from tunetrace.model.training.tunes import TrainingTunes, gather
from tunetrace.records import Record
from tunetrace.text import printable

if TYPE_CHECKING:
    from tunetrace.model.training.checkpoint import Checkpoint, Configuration
    from tunetrace.model.training.epochs import TrainingWatcher

MAX_PARAMETERS: Final = 250_000_000
"""Training keeps four numbers of each, which are 4 GB; folk-rnn's networks have 5.6 million."""


@dataclass(frozen=True, slots=True, repr=False)
class TrainingReport(Record):
    """The model that a training made, and the history of its epochs."""

    model: str
    """The path of its file."""
    epochs: tuple[EpochRecord, ...]
    best: EpochRecord
    """The epoch whose model was kept: the last one if nothing is held out."""


@public
def train_model(
    folder: str | Path,
    *,
    corpora: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    recipe: Recipe = MODERN,
    layers: int = 3,
    units: int = 512,
    seed: int = 1,
    report_every: int | None = None,
    samples: int = 200,
    half: bool = False,
    watcher: TrainingWatcher | None = None,
) -> TrainingReport:
    """Train a model on corpora of an index, all of them if none is named, into a folder.

    report_every: after every so many epochs draw so many samples, and measure how much of them is
    copied. half: keep the model in half precision. watcher: is told how the training goes. What is
    held out is drawn by the seed, a tune with all its settings: those that share a title, and, if
    the index has families (`find_families`), those of its family. Raises QueryError for a number
    that no training can go by and a corpus that the index lacks, OutputError where the folder has a
    training already, ModelFileError without PyTorch.
    """
    require_torch()
    from tunetrace.model.network import Sizes
    from tunetrace.model.training.checkpoint import Configuration

    folder, names = Path(folder), many_texts(corpora, "corpora")
    recipe.check()
    _check(folder, layers, units, seed, report_every, samples)
    with given_or_default(index) as opened:
        tunes = gather(opened, names, recipe.validation, seed)
        sizes = Sizes(len(tunes.tokens), units, layers)
        if sizes.parameters > MAX_PARAMETERS:
            raise QueryError(
                f"{layers} layers of {units} units have {sizes.parameters:,} parameters, but at "
                f"most {MAX_PARAMETERS:,} can be trained; give fewer layers or fewer units"
            )
        configuration = Configuration(
            corpora=tuple(names),
            sizes=sizes,
            recipe=recipe,
            seed=seed,
            report_every=report_every,
            samples=samples,
            half=half,
            by_family=tunes.by_family,
        )
        return _run(folder, configuration, tunes, opened, watcher)


@public
def resume_training(
    folder: str | Path,
    *,
    index: Index | str | Path | None = None,
    watcher: TrainingWatcher | None = None,
) -> TrainingReport:
    """Go on with a training that was cut off, from its last checkpoint.

    It ends with the same weights as if it had not been. Raises ModelFileError where the folder has
    no checkpoint or its model is gone, QueryError where the index has other tunes by now.
    """
    require_torch()
    from tunetrace.model.training.checkpoint import load_checkpoint

    folder = Path(folder)
    checkpoint = load_checkpoint(folder)
    configuration = checkpoint.configuration
    with given_or_default(index) as opened:
        tunes = gather(
            opened,
            configuration.corpora,
            configuration.recipe.validation,
            configuration.seed,
            by_family=configuration.by_family,
        )
        return _run(folder, configuration, tunes, opened, watcher, checkpoint)


def _run(
    folder: Path,
    configuration: Configuration,
    tunes: TrainingTunes,
    index: Index,
    watcher: TrainingWatcher | None,
    checkpoint: Checkpoint | None = None,
) -> TrainingReport:
    """Train from the beginning, or from the checkpoint of the folder."""
    import torch

    from tunetrace.model.training.checkpoint import digest, restore
    from tunetrace.model.training.epochs import PICTURE, Training
    from tunetrace.model.training.trainer import Trainer
    from tunetrace.plots.picture import check_picture

    configuration = replace(configuration, data=digest([*tunes.training, [], *tunes.held_out]))
    if checkpoint is not None and checkpoint.configuration != configuration:
        raise QueryError(
            f"{printable(str(folder))}: this training was begun with other tunes than the index "
            "has; give the index that the training was begun with"
        )
    written = _written(configuration.report_every)
    there = {name: is_there(folder / name, kind) for name, kind in written.items()}
    had_model = checkpoint and kept_epoch(checkpoint.history, configuration.sizes.tokens)
    if had_model and not there[TRAINED]:
        raise ModelFileError(
            f"{printable(str(folder))}: the best model so far ({TRAINED}) is missing; put the file "
            "back, or begin the training again in another folder"
        )
    if configuration.report_every is not None:
        check_picture(folder / PICTURE, force=True)
    trainer = Trainer(
        configuration.sizes, tunes.tokens, tunes.training, tunes.held_out, configuration.recipe,
        configuration.seed, checkpoint.precision if checkpoint else None,
    )  # fmt: skip
    if checkpoint is not None:
        restore(trainer, checkpoint, folder)
    provenance = _provenance(folder, configuration, tunes, index)
    training = Training(folder, configuration, provenance, index)
    try:
        history = training.run(trainer, checkpoint.history if checkpoint else [], watcher)
    except torch.OutOfMemoryError:
        raise QueryError(
            f"a batch of {configuration.recipe.batch} tunes does not fit into the GPU's memory; "
            "train with a smaller --batch, or fewer --units"
        ) from None
    kept = kept_epoch(history, configuration.sizes.tokens)
    assert kept is not None  # or the training had ended with an error
    return TrainingReport(printable(str(folder / TRAINED)), tuple(history), kept)


def _provenance(
    folder: Path, configuration: Configuration, tunes: TrainingTunes, index: Index
) -> dict[str, Any]:
    """What the models of a training say of where they come from."""
    corpora = [
        c
        for c in index.info().corpora
        if not configuration.corpora or c.name in configuration.corpora
    ]
    return {
        "name": folder.resolve().name,
        "source": f"trained by tunetrace {__version__}",
        "training": {
            "corpora": [corpus.name for corpus in corpora],
            "sources": {corpus.name: corpus.source for corpus in corpora},
            "licences": {corpus.name: corpus.licence for corpus in corpora},
            "tunes": len(tunes.training),
            "too_long": tunes.too_long,
            "held_out": tunes.held_out_names,
            "settings_by": "families and titles" if tunes.by_family else "titles",
            "recipe": configuration.recipe.to_dict(),
            "seed": configuration.seed,
        },
    }


def _check(
    folder: Path, layers: int, units: int, seed: int, report_every: int | None, samples: int
) -> None:
    """Refuse what no training can go by, and a folder that has one already."""
    from tunetrace.model.network import MAX_LAYERS, MAX_UNITS
    from tunetrace.model.training.checkpoint import CHECKPOINT

    for name, value, most in (
        ("layers", layers, MAX_LAYERS),
        ("units", units, MAX_UNITS),
        ("samples", samples, 1_000_000),
    ):
        if not 1 <= whole_number(value, name) <= most:
            raise QueryError(f"{name} cannot be {value}; give a number from 1 to {most}")
    if not 0 <= seed < 2**63:
        raise QueryError(f"the seed cannot be {seed}; give a number from 0 to 2^63 - 1")
    if report_every is not None and report_every < 1:
        raise QueryError(f"report every cannot be {report_every}; give 1 or more")
    if exists(folder / CHECKPOINT):
        raise OutputError(
            f"{printable(str(folder))}: this folder has a training already ({CHECKPOINT}); "
            "continue it with --resume, or train into another folder"
        )
    for name, kind in _written(report_every).items():
        if is_there(folder / name, kind):
            raise OutputError(
                f"{printable(str(folder))}: this folder has a {kind.name} already ({name}); train "
                "into another folder"
            )


def _written(report_every: int | None) -> dict[str, Kind]:
    """The files that a training writes beside its checkpoint."""
    from tunetrace.model.training.epochs import HISTORY, PICTURE
    from tunetrace.plots.picture import PICTURE_FILE

    drawn = {} if report_every is None else {PICTURE: PICTURE_FILE}
    return {TRAINED: MODEL_FILE, HISTORY: HISTORY_FILE, **drawn}
