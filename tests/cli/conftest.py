"""The tiny model that the tests of `sample`, `beam` and `--trace` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.tiny import make_model
from tunetrace.model.library.store import save_model
from tunetrace.model.records import Model

BIASES = {"</s>": -1.5, "M:4/4": -3.0, "M:6/8": -3.0, "K:Cmaj": -3.0, "K:Cdor": -3.0}


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model(bias=BIASES)


@pytest.fixture(scope="module")
def model_file(storage: str, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(model, path)
    return path
