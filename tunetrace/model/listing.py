"""What is known of models without running them: which there are, where, how large, from whom.

All of it stands in the headers of their files and in the registry of the published ones, so that
neither PyTorch nor a weight is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tunetrace.errors import ModelFileError
from tunetrace.model import shelf
from tunetrace.model.header import read_header
from tunetrace.model.registry import PUBLISHED_MODELS, PublishedModel
from tunetrace.tokenizer.vocabulary import V2_TOKENS


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model: where it lies, its sizes and tokens, and what its file says of its making.

    path: where it lies or would lie; is_here: whether it does; problem: what is wrong with its
    file, else None. What stands in the file is None or empty where it is not here. units, layers:
    the network's; parameters: how many numbers were trained; precision: `float32` or `float16`;
    unread_tokens: those that no token of tunetrace's is, so that what has them is not read back.
    """

    name: str
    title: str
    path: str
    is_here: bool
    problem: str | None = None
    units: int | None = None
    layers: int | None = None
    parameters: int | None = None
    precision: str | None = None
    tokens: tuple[str, ...] = ()
    has_v2_tokens: bool = False
    unread_tokens: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)


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


def find_info(model: str | Path | None = None) -> ModelInfo:
    """What is known of a model, named as for find_model; a published one need not be here."""
    try:
        path = shelf.find_model(model)
    except ModelFileError:
        if model in PUBLISHED_MODELS:
            return _not_here(PUBLISHED_MODELS[str(model)])
        raise
    return read_info(path)


def all_models() -> tuple[ModelInfo, ...]:
    """The model that ships, the published ones, and those in the models' folder."""
    named = [name for name in shelf.names() if shelf.place_of(name).is_file()]
    first = [name for name in named if name == shelf.SHIPPED]
    others = [name for name in named if name not in (*first, *PUBLISHED_MODELS)]
    return tuple(_listed(name) for name in (*first, *PUBLISHED_MODELS, *others))


def _listed(name: str) -> ModelInfo:
    """A model as a line of the list, in which a damaged one stands too."""
    try:
        return replace(find_info(name), name=name)
    except ModelFileError as error:
        path = str(shelf.place_of(name))
        return ModelInfo(name, name, path, is_here=False, problem=str(error))


def _not_here(model: PublishedModel) -> ModelInfo:
    """A published model that was not fetched yet."""
    return ModelInfo(
        name=model.name,
        title=model.title,
        path=str(shelf.place_of(model.name)),
        is_here=False,
        has_v2_tokens=model.has_v2_tokens,
        provenance=model.declared(),
    )
