"""Models: opening one by its name or its file, and bringing the published ones here."""

from __future__ import annotations

from pathlib import Path

from tunetrace.arguments import public
from tunetrace.corpus import fetch
from tunetrace.errors import ModelFileError
from tunetrace.files import check_place, is_there
from tunetrace.model import listing
from tunetrace.model.header import MODEL_FILE, Header, read_header
from tunetrace.model.listing import ModelInfo
from tunetrace.model.needs import require_torch
from tunetrace.model.records import Model
from tunetrace.model.registry import PublishedModel, find_published
from tunetrace.model.shelf import find_model, place_for


@public
def open_model(model: Model | str | Path | None = None) -> Model:
    """A model by its name, its file or the folder that it was trained in; None: the one that ships.

    One that is open is given back. Raises ModelFileError where there is none, where its file is
    damaged or foreign, and where PyTorch is not installed.
    """
    if isinstance(model, Model):
        return model
    require_torch()
    from tunetrace.model.store import load_model

    return load_model(find_model(model))


def described(model: Model | str | Path | None = None) -> Model | Header:
    """The name and the tokens of a model, without PyTorch's import; raises as open_model."""
    if isinstance(model, Model):
        return model
    require_torch()
    return read_header(find_model(model))


def models() -> tuple[ModelInfo, ...]:
    """The models that go by a name: the one that ships, the published ones, and your own."""
    return listing.all_models()


@public
def model_info(model: str | Path | None = None) -> ModelInfo:
    """What is known of a model without loading it, named as for open_model.

    Raises ModelFileError where there is none, or where its file is damaged or foreign. A published
    one that was not fetched has the facts that are declared of it.
    """
    return listing.find_info(model)


@public
def import_model(
    file: str | Path,
    *,
    name: str | None = None,
    output: str | Path | None = None,
    force: bool = False,
) -> ModelInfo:
    """Make a model of a pickle that folk-rnn's training wrote, which is read without trust.

    name: what it is called, else as its file. output: where it is written, else among the named
    models. force: replace a model that is there. Raises ModelFileError where the pickle is refused
    or holds no such model, OutputError where something is in the way or cannot be written.
    """
    require_torch()
    from tunetrace.model.published import read_published
    from tunetrace.model.store import save_model

    source = Path(file)
    called = source.stem if name is None else name
    path = place_for(called) if output is None else Path(output)
    check_place(path, MODEL_FILE, force=force)
    save_model(read_published(source, called), path)
    return listing.read_info(path)


@public
def fetch_model(
    name: str, *, refresh: bool = False, progress: fetch.Progress = fetch.silent
) -> ModelInfo:
    """Fetch a published model unless it is here; its path says where it lies.

    refresh: fetch it anyway. progress is called with what is being done. Raises ModelFileError
    where there is no published model of that name or another one lies in its place, OutputError
    where what lies there is no model, InputError where it cannot be fetched, with the address and
    the place to put it by hand.
    """
    published = find_published(name)
    path = place_for(name)
    if is_there(path, MODEL_FILE) and not refresh:
        return _published_info(published, path)
    require_torch()
    pickle = published.origin.locate(name, progress, refresh)
    return import_model(pickle, name=name, force=True)


def _published_info(published: PublishedModel, path: Path) -> ModelInfo:
    """What is known of a published model's file; ModelFileError where another is in its place."""
    try:
        info = listing.read_info(path)
        is_it = info.provenance.get("git_blob") == published.origin.git_blob
    except ModelFileError:
        is_it = False
    if not is_it:
        raise ModelFileError(
            f"{published.name}: {path} is another model or damaged; put it elsewhere, or replace "
            f"it with: tunetrace model fetch {published.name} --refresh"
        )
    return info
