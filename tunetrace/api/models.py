"""Models: opening one by its name or its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunetrace.model.needs import require_torch
from tunetrace.model.shelf import find_model

if TYPE_CHECKING:
    from tunetrace.model.records import Model


def open_model(model: str | Path | None = None) -> Model:
    """A model by its name, its file or the folder that it was trained in; None: the one that ships.

    Raises ModelFileError where there is none, where its file is damaged or foreign, and where
    PyTorch is not installed.
    """
    require_torch()
    from tunetrace.model.store import load_model

    return load_model(find_model(model))
