"""A model's file: what is written is read back, and what is no model's file is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tests.model.pickled import random_network, small_vocabulary
from tunetrace import ModelFileError, OutputError
from tunetrace.model.library import header, models
from tunetrace.model.library.header import read_header
from tunetrace.model.library.models import read_info
from tunetrace.model.library.store import load_model, save_model
from tunetrace.model.network import Sizes
from tunetrace.model.records import Model, Tokens

SIZES = Sizes(tokens=6, units=4, layers=2)
PROVENANCE = {"name": "small", "source": "a test", "corpora": ["é", 1, None], "loss": {"at": 0.5}}


def small_model(sizes: Sizes = SIZES) -> Model:
    names = tuple(small_vocabulary(sizes.tokens))
    return Model(random_network(sizes), Tokens(names), dict(PROVENANCE))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a small model."""
    save_model(small_model(), tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


@pytest.mark.parametrize("sizes", [SIZES, Sizes(2, 1, 1), Sizes(9, 3, 5)])
def test_a_model_is_read_as_it_was_written(sizes: Sizes, tmp_path: Path) -> None:
    model, path = small_model(sizes), tmp_path / "new" / "folder" / "model.safetensors"
    save_model(model, path)
    again = load_model(path)
    assert (again.sizes, again.tokens, again.provenance) == (sizes, model.tokens, PROVENANCE)
    for name, value in model.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], value), name
    assert not again.network.training
    assert list(path.parent.iterdir()) == [path]


def test_half_precision_takes_half_the_room_and_rounds(tmp_path: Path) -> None:
    model, path = small_model(Sizes(20, 32, 2)), tmp_path / "half.safetensors"
    save_model(model, tmp_path / "whole.safetensors")
    save_model(model, path, half=True)
    assert path.stat().st_size < 0.6 * (tmp_path / "whole.safetensors").stat().st_size
    again = load_model(path).network.state_dict()
    for name, value in model.network.state_dict().items():
        assert again[name].dtype == torch.float32
        assert torch.equal(again[name], value.half().float()), name
    assert read_info(path).precision == "float16"


def test_the_header_says_what_the_network_has(path: Path) -> None:
    info = read_info(path)
    assert (info.name, info.title, info.precision) == ("small", "a test", "float32")
    assert (info.units, info.layers, info.parameters) == (4, 2, SIZES.parameters)
    assert info.tokens == tuple(small_vocabulary(6))
    assert info.provenance == PROVENANCE


def test_a_model_that_cannot_be_written_is_one_sentence(path: Path, tmp_path: Path) -> None:
    for place in (path / "inside.safetensors", tmp_path):
        with pytest.raises(OutputError, match="the model cannot be written"):
            save_model(small_model(), place)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("half", "value", "says"),
    [
        (True, 70_000.0, "not finite in float16; store it in float32"),
        (False, math.nan, "not finite in float32; give a model with finite weights"),
    ],
)
def test_no_model_is_written_that_would_not_be_read(
    half: bool, value: float, says: str, tmp_path: Path
) -> None:
    model = small_model()
    with torch.no_grad():
        model.network.token_bias[0] = value
    with pytest.raises(
        ModelFileError, match=f"the model 'small' has weights in 'token_bias' .* {says}"
    ):
        save_model(model, tmp_path / "small.safetensors", half=half)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_file_is_refused_wherever_it_is_cut(path: Path) -> None:
    data = path.read_bytes()
    for end in (0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        for reader in (load_model, read_info):
            with pytest.raises(
                ModelFileError, match=r"this file is not a tunetrace model: it is cut off"
            ):
                reader(path)
    path.write_bytes(data + b"x")
    with pytest.raises(ModelFileError, match="cut off, or longer than its header states"):
        load_model(path)


@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused(
    place: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "model.safetensors"
    save_model(small_model(), path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = value
    path.write_bytes(data)
    for reader in (load_model, read_info):
        try:
            reader(path)
        except ModelFileError:
            continue  # and no other error


FOREIGN = {
    "a pickle": b"\x80\x02}q\x00.",
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 50,
    "text": b"X:1\nT:The Kesh\nK:G\nG3 GAB|\n",
    "a header of four exabytes": b"\xff" * 8 + b"{}",
    "a deep header": (100_000).to_bytes(8, "little") + b'{"a":' * 20_000,
    "a list": (2).to_bytes(8, "little") + b"[]",
    "no JSON": (4).to_bytes(8, "little") + b"{abc",
    "an empty header": (2).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_file_is_one_sentence(what: str, path: Path) -> None:
    path.write_bytes(FOREIGN[what])
    for reader in (load_model, read_info):
        with pytest.raises(
            ModelFileError, match=r"this file is not a tunetrace model: it is"
        ) as told:
            reader(path)
        assert str(told.value).startswith(f"{path}: ")
        assert "\n" not in str(told.value)


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> None:
    """Writes a file's arrays and facts anew, changed."""
    arrays = dict(load_file(path))
    data = path.read_bytes()
    facts = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
                       ["tunetrace"])  # fmt: skip
    change(arrays, facts)
    save_file(arrays, path, {"tunetrace": json.dumps(facts)})


def nested(depth: int) -> dict[str, Any]:
    """A dict in a dict in a dict."""
    return {"a": nested(depth - 1)} if depth else {}


INF = float("inf")
WRONG: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    r"'layers.1.bias' has the shape \(15,\), but should have \(16,\)":
        lambda a, f: a.update({"layers.1.bias": np.zeros(15, "f4")}),
    "'to_tokens' has the shape absent": lambda a, f: a.pop("to_tokens"),
    "'more' has the shape .*, but should have none":
        lambda a, f: a.update(more=np.zeros(2, "f4")),
    "'layers.2.from_input' has the shape absent": lambda a, f: f["sizes"].update(layers=3),
    "some of its weights are not numbers":
        lambda a, f: a["token_bias"].__setitem__(0, np.nan),
    "the model has 2 layers, 100000 units and 6 tokens; give":
        lambda a, f: f["sizes"].update(units=100_000),
    "the model has 2000000 layers": lambda a, f: f["sizes"].update(layers=2_000_000),
    "at most": lambda a, f: f["sizes"].update(units=-4),
    "the model has 5 different tokens, but 6 outputs": lambda a, f: f["tokens"].pop(1),
    "the model has 5 different tokens": lambda a, f: f["tokens"].__setitem__(1, f["tokens"][2]),
    "the model has no token '</s>'": lambda a, f: f["tokens"].__setitem__(0, "D"),
    "its format is not 1": lambda a, f: f.update(format=2),
    "another program's safetensors file": lambda a, f: f.pop("tokens"),
    "another program's safetensors": lambda a, f: f.update(sizes=[1]),
    "another program's": lambda a, f: f["sizes"].update(units=INF),
    "is another program's": lambda a, f: f.update(provenance=3),
    "is another program's safetensors": lambda a, f: f.update(provenance=nested(500)),
    "it is another program's": lambda a, f: a.update({"token_bias": np.zeros(6, "f8")}),
    "this file is not a tunetrace model: it is another":
        lambda a, f: a.update(x=np.zeros((1,) * 5, "f4")),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_what_is_amiss_is_named_in_one_sentence(words: str, path: Path) -> None:
    rewrite(path, WRONG[words])
    with pytest.raises(ModelFileError, match=words) as refused:
        load_model(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_another_programs_file_is_one_sentence(path: Path) -> None:
    save_file({"weight": np.zeros((3, 3), "f4")}, path)
    with pytest.raises(ModelFileError, match="it is another program's safetensors file"):
        load_model(path)


def test_a_huge_file_is_refused_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MAX_BYTES", 100)
    with pytest.raises(ModelFileError, match="it has more than"):
        read_header(path)


@pytest.mark.parametrize("name", ["absent", ".", "no\0name", "x" * 5000])
def test_what_is_no_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="the model cannot be read"):
        load_model(tmp_path / name)


# The shelf


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNETRACE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_model_is_found_by_its_name_its_file_and_its_trainings_folder(
    folder: Path, tmp_path: Path
) -> None:
    save_model(small_model(), folder / "mine.safetensors")
    save_model(small_model(), tmp_path / "training" / "model.safetensors")
    assert models.find_model("mine") == folder / "mine.safetensors"
    assert models.find_model(folder / "mine.safetensors") == folder / "mine.safetensors"
    assert models.find_model(tmp_path / "training") == tmp_path / "training" / "model.safetensors"
    assert models.find_model() == models.find_model(models.SHIPPED) == models.shipped_model()
    assert models.model_names() == [models.SHIPPED, "mine"]


@pytest.mark.parametrize("name", ["mein", "no\0name", "x" * 5000, "../mine", ""])
def test_a_name_that_no_model_has_is_one_sentence_with_those_there_are(
    name: str, folder: Path
) -> None:
    save_model(small_model(), folder / "mine.safetensors")
    with pytest.raises(ModelFileError, match=r"give one of tunetrace-small, mine, or the path"):
        models.find_model(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a\nb", "x" * 81, models.SHIPPED],
)
def test_a_model_cannot_be_called_what_would_lead_elsewhere(name: str) -> None:
    with pytest.raises(ModelFileError, match="cannot be the name of a model"):
        models.place_for(name)


def test_other_names_lie_in_the_models_folder(folder: Path) -> None:
    for name in ("v2", "folk-rnn v2.1", "låtar_2"):
        assert models.place_for(name) == folder / f"{name}.safetensors"
