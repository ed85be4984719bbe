"""The models that there are: finding one, what is known of it, opening it, and bringing it here.

What is known is read from the headers of files and from the table of the published ones, so that
neither PyTorch nor a weight is loaded.
"""

from __future__ import annotations

import importlib.util
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tunetrace.arguments import public
from tunetrace.corpus.fetch import Progress, silent
from tunetrace.errors import ModelFileError
from tunetrace.files import check_place, is_there
from tunetrace.model.library.header import MODEL_FILE, Header, read_header
from tunetrace.model.library.published import PUBLISHED_MODELS, find_published
from tunetrace.model.records import Model
from tunetrace.records import Record
from tunetrace.tokenizer.vocabulary import V2_TOKENS

SHIPPED: Final = "tunetrace-small"
"""The model that comes with the package. It is used if no model is named."""

ENVIRONMENT: Final = "TUNETRACE_MODELS"
SUFFIX: Final = ".safetensors"
TRAINED: Final = f"model{SUFFIX}"
"""The file of the best model in the folder of a training."""

_NAME: Final = re.compile(r"[^\W_][\w .-]*")
_LONGEST_NAME: Final = 80
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
    from tunetrace.model.library.store import load_model

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
    """What is known of a model, which is named as for open_model, without loading it.

    Raises as open_model. A published one that was not fetched has the facts declared of it.

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
    names = dict.fromkeys((SHIPPED, *PUBLISHED_MODELS, *model_names()))
    return tuple(map(_listed, names))


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
    where no published model has that name or another model is in its place, OutputError where
    something else is, InputError where it cannot be fetched.
    """
    published = find_published(name)
    path = place_for(name)
    if refresh or not is_there(path, MODEL_FILE):
        require_torch()
        pickle = published.origin.locate(name, progress, refresh)
        return import_model(pickle, name=name, force=True)
    with suppress(ModelFileError):
        info = read_info(path)
        if info.provenance.get("git_blob") == published.origin.git_blob:
            return info
    raise ModelFileError(
        f"{name}: {path} is damaged or another model; move this file, or replace it with: "
        f"tunetrace model fetch {name} --refresh"
    )


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
    from tunetrace.model.library.folkrnn import read_published
    from tunetrace.model.library.store import save_model

    source = Path(file)
    called = source.stem if name is None else name
    path = place_for(called) if output is None else Path(output)
    check_place(path, MODEL_FILE, force=force)
    save_model(read_published(source, called), path)
    return read_info(path)


# Where models are kept and how they are named


def _models_folder() -> Path:
    """TUNETRACE_MODELS, else a folder in the user's data."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "models"


def shipped_model() -> Path:
    """The file of the model that ships."""
    return Path(__file__).with_name(f"{SHIPPED}{SUFFIX}")


def place_of(name: str) -> Path:
    """The file of a named model, which need not exist."""
    return shipped_model() if name == SHIPPED else _models_folder() / f"{name}{SUFFIX}"


def place_for(name: str) -> Path:
    """The file of a new named model; ModelFileError if a model cannot have that name."""
    if not _NAME.fullmatch(name) or name == SHIPPED or len(name) > _LONGEST_NAME:
        raise ModelFileError(
            f"'{name[:_LONGEST_NAME]}' cannot be the name of a model; use letters, digits, spaces, "
            f"- _ and ., begin with a letter or digit, and do not use '{SHIPPED}'"
        )
    return place_of(name)


def model_names() -> list[str]:
    """The models that can be named: the one that ships, and those in the models' folder."""
    own = sorted(path.stem for path in _models_folder().glob(f"*{SUFFIX}"))
    return [SHIPPED, *(name for name in own if name != SHIPPED)]


def find_model(model: str | Path | None = None) -> Path:
    """The file of a model: by its name, its path, or the folder of its training.

    None is the model that ships. Raises ModelFileError where there is none.
    """
    if model is None or model == SHIPPED:
        return shipped_model()
    is_name = isinstance(model, str) and Path(model).name == model
    with suppress(OSError, ValueError):  # of a name that no file can have
        if is_name and place_of(str(model)).is_file():
            return place_of(str(model))
        path = Path(model)
        if path.is_dir():
            path = path / TRAINED
        if path.is_file():
            return path
    raise ModelFileError(
        f"there is no model '{model}'; give one of {', '.join(model_names())}, or the path of a "
        f"{SUFFIX} file, or fetch a folk-rnn model with: tunetrace model fetch folkrnn-v2"
    )
