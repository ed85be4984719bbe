"""The models that there are: what is known of them, opening one, and bringing published ones here.

What is known is read from the headers of their files and from the table of the published ones, so
that neither PyTorch nor a weight is loaded.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tunetrace.arguments import public
from tunetrace.corpus.fetch import Progress, silent
from tunetrace.errors import ModelFileError
from tunetrace.files import check_place, is_there
from tunetrace.model.header import MODEL_FILE, Header, read_header
from tunetrace.model.places import SHIPPED, find_model, model_names, place_for, place_of
from tunetrace.model.published import PUBLISHED_MODELS, PublishedModel, find_published
from tunetrace.model.records import Model
from tunetrace.records import Record
from tunetrace.tokenizer.vocabulary import V2_TOKENS

_NEEDED: Final = ("torch", "safetensors")


@dataclass(frozen=True, slots=True, repr=False)
class ModelInfo(Record):
    """What is known of a model. What its file says is None or empty where the file is not here."""

    name: str
    """What it is called."""
    title: str
    """A published one's title, else where it is from."""
    path: str
    """Where its file lies, or would lie."""
    is_here: bool
    """Whether the file is there and can be read."""
    problem: str | None = None
    """What is wrong with the file."""
    units: int | None = None
    """Units of each layer."""
    layers: int | None = None
    """LSTM layers."""
    parameters: int | None = None
    """How many numbers were trained."""
    precision: str | None = None
    """Of the weights in the file: `float32` or `float16`."""
    tokens: tuple[str, ...] = ()
    """In the order of their numbers."""
    has_v2_tokens: bool = False
    """Whether the tokens are those of folk-rnn v2, in that order."""
    unread_tokens: tuple[str, ...] = ()
    """Tokens that tunetrace does not know. A tune that has one is not read back."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Where it comes from, and of a trained one how it was trained."""


@public
def open_model(model: Model | str | Path | None = None) -> Model:
    """A model by its name, its file or the folder that it was trained in; None: the one that ships.

    One that is open is given back. Raises ModelFileError where there is none, where its file is
    damaged or foreign, and where PyTorch is not installed.

    >>> open_model()
    Model('tunetrace-small', 3 layers of 288 units, 152 tokens)
    """
    if isinstance(model, Model):
        return model
    require_torch()
    from tunetrace.model.store import load_model

    return load_model(find_model(model))


def open_header(model: Model | str | Path | None = None) -> Model | Header:
    """The name and the tokens of a model, without PyTorch's import; raises as open_model."""
    if isinstance(model, Model):
        return model
    require_torch()
    return read_header(find_model(model))


def require_torch() -> None:
    """Raise ModelFileError unless PyTorch and safetensors are installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelFileError(
            f"models need the Python packages {' and '.join(_NEEDED)}, but "
            f"{' and '.join(missing)} cannot be found; install them with: "
            "pip install 'tunetrace[model]'"
        )


@public
def model_info(model: str | Path | None = None) -> ModelInfo:
    """What is known of a model without loading it, named as for open_model.

    Raises ModelFileError where there is none, or where its file is damaged or foreign. A published
    one that was not fetched has the facts that are declared of it.

    >>> model_info("tunetrace-small").parameters
    1881368
    """
    try:
        path = find_model(model)
    except ModelFileError:
        if model not in PUBLISHED_MODELS:
            raise
        published = PUBLISHED_MODELS[str(model)]
        return ModelInfo(
            name=published.name,
            title=published.title,
            path=str(place_of(published.name)),
            is_here=False,
            has_v2_tokens=published.has_v2_tokens,
            provenance=published.declared(),
        )
    return read_info(path)


def read_info(path: Path) -> ModelInfo:
    """What a model's file says of itself; ModelFileError where it is no model's or damaged."""
    header = read_header(path)
    name = str(header.provenance.get("name", path.stem))
    return ModelInfo(
        name=name,
        title=str(header.provenance.get("title") or header.provenance.get("source") or name),
        path=str(path),
        is_here=True,
        units=header.sizes["units"],
        layers=header.sizes["layers"],
        parameters=header.parameters,
        precision=header.precision,
        tokens=header.tokens.names,
        has_v2_tokens=header.tokens.names == V2_TOKENS,
        unread_tokens=header.tokens.unread,
        provenance=header.provenance,
    )


def models() -> tuple[ModelInfo, ...]:
    """The models that go by a name: the one that ships, the published ones, and your own.

    >>> [model.name for model in models()][:2]
    ['tunetrace-small', 'folkrnn-v2']
    """
    there = [name for name in model_names() if place_of(name).is_file()]
    first = [SHIPPED] if SHIPPED in there else []
    own = [name for name in there if name not in (SHIPPED, *PUBLISHED_MODELS)]
    return tuple(_listed(name) for name in (*first, *PUBLISHED_MODELS, *own))


def _listed(name: str) -> ModelInfo:
    """A model of the list, in which a damaged one is named too."""
    try:
        return replace(model_info(name), name=name)
    except ModelFileError as error:
        return ModelInfo(name, name, str(place_of(name)), is_here=False, problem=str(error))


@public
def fetch_model(name: str, *, refresh: bool = False, progress: Progress = silent) -> ModelInfo:
    """Fetch a published model unless it is here; its path says where it lies.

    refresh: fetch it anyway. progress is called with what is being done. Raises ModelFileError
    where there is no published model of that name or another one lies in its place, OutputError
    where what lies there is no model, InputError where it cannot be fetched, with the address and
    the place to put it by hand.
    """
    published = find_published(name)
    path = place_for(name)
    if is_there(path, MODEL_FILE) and not refresh:
        return _info_of(published, path)
    require_torch()
    pickle = published.origin.locate(name, progress, refresh)
    return import_model(pickle, name=name, force=True)


def _info_of(published: PublishedModel, path: Path) -> ModelInfo:
    """What is known of a published model's file; ModelFileError where another is in its place."""
    try:
        info = read_info(path)
        is_it = info.provenance.get("git_blob") == published.origin.git_blob
    except ModelFileError:
        is_it = False
    if not is_it:
        raise ModelFileError(
            f"{published.name}: {path} is damaged or another model; move this file, or replace "
            f"it with: tunetrace model fetch {published.name} --refresh"
        )
    return info


@public
def import_model(
    file: str | Path,
    *,
    name: str | None = None,
    output: str | Path | None = None,
    force: bool = False,
) -> ModelInfo:
    """Make a model of a pickle that folk-rnn's training wrote, which is read without trust.

    name: what it is called (default: the file's name). output: where it is written (default: among
    the named models). force: replace a model that is there. Raises ModelFileError where the pickle
    is refused or holds no such model, OutputError where something is in the way or cannot be
    written.
    """
    require_torch()
    from tunetrace.model.folkrnn import read_published
    from tunetrace.model.store import save_model

    source = Path(file)
    called = source.stem if name is None else name
    path = place_for(called) if output is None else Path(output)
    check_place(path, MODEL_FILE, force=force)
    save_model(read_published(source, called), path)
    return read_info(path)
