"""Where models are kept and how they are named: the one that ships, the user's own, any file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from tunetrace.errors import ModelFileError

SHIPPED: Final = "tunetrace-small"
"""The model that comes with the package. It is used if no model is named."""

ENVIRONMENT: Final = "TUNETRACE_MODELS"
SUFFIX: Final = ".safetensors"
TRAINED: Final = f"model{SUFFIX}"
"""The file of the best model in the folder of a training."""

_NAME: Final = re.compile(r"[^\W_][\w .-]*")
_LONGEST_NAME: Final = 80


def models_folder() -> Path:
    """The folder of named models: TUNETRACE_MODELS, else one in the user's data."""
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
    return shipped_model() if name == SHIPPED else models_folder() / f"{name}{SUFFIX}"


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
    folder = models_folder()
    own = sorted(path.stem for path in folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return [SHIPPED, *(name for name in own if name != SHIPPED)]


def find_model(model: str | Path | None = None) -> Path:
    """The file of a model: by its name (see model_names), its path, or the folder of a training.

    None is the model that ships. Of a training's folder it is the best model in it. Raises
    ModelFileError where there is none.
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
