"""What is there already: each command that writes leaves it, asks for --force, or refuses it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_report import FILES
from tests.cli.test_train import SMALL
from tests.commands import KESH, MORRISONS, call, index_of
from tests.model.pickled import contents_of, python2_pickle, random_network
from tests.model.tiny import make_model
from tunetrace.model.library.store import save_model
from tunetrace.model.network import Sizes
from tunetrace.model.training.epochs import HISTORY

Command = tuple[str | Path, ...]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tunebook and its index, a model, and a pickle to make a model of."""
    folder = tmp_path_factory.mktemp("inputs")
    jigs = [
        KESH.replace("The Kesh", f"Jig {k}").replace("GAB", f"GA{note}")
        for k, note in enumerate("ABcdef")
    ]
    index_of(folder, *jigs, MORRISONS)
    save_model(make_model(), folder / "tiny.safetensors")
    pickle = python2_pickle(contents_of(random_network(Sizes(7, 5, 2))))
    (folder / "small.pkl").write_bytes(pickle)
    return folder


def importing(inputs: Path, place: Path) -> Command:
    return ("model", "import", inputs / "small.pkl", "-o", place)


def drawing(inputs: Path, place: Path) -> Command:
    return ("corpus", "stats", "--plot", place, "--index", inputs / "session.db")


def tracing(inputs: Path, place: Path) -> Command:
    return ("sample", "--model", inputs / "tiny.safetensors", "--seed", "5", "--max-tokens", "9",
            "--trace", place)  # fmt: skip


def tracing_a_tune(inputs: Path, place: Path) -> Command:
    return ("model", "trace", "1", "-o", place, "--index", inputs / "session.db")


WRITERS = [
    (importing, "any.txt", "model"),
    (drawing, "any.png", "picture"),
    (drawing, "any.svg", "picture"),
    (drawing, "any.pdf", "picture"),
    (tracing, "any.npz", "trace"),
    (tracing_a_tune, "other.npz", "trace"),
]

each_writer = pytest.mark.parametrize(
    ("command", "name", "kind"), WRITERS, ids=[f"{name}" for _, name, _ in WRITERS]
)


@each_writer
def test_what_a_command_wrote_is_replaced_when_that_is_asked(
    command: Callable[[Path, Path], Command], name: str, kind: str, inputs: Path, tmp_path: Path
) -> None:
    place = tmp_path / name
    place.touch()  # which has nothing to lose
    assert call(*command(inputs, place)).code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    refused = call(*command(inputs, place)).refusal
    assert refused == f"{place}: there is a {kind} already; replace it with --force"
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    changed = before[place][:-1] + b"?"
    place.write_bytes(changed)
    assert call(*command(inputs, place), "--force").code == 0
    assert place.read_bytes() != changed


@each_writer
@pytest.mark.parametrize("content", ["text", "npz", "png", "nothing readable"])
def test_what_is_no_file_of_tunetraces_is_never_replaced(
    command: Callable[[Path, Path], Command], name: str, kind: str, content: str, inputs: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    place = tmp_path / name
    if content == "npz":
        np.savez(tmp_path / "theirs.npz", read=[1], probabilities=[0.5])
        shutil.move(tmp_path / "theirs.npz", place)
    else:
        contents = {"text": b"Dear diary", "png": b"\x89PNG\r\n\x1a\n" * 9}
        place.write_bytes(contents.get(content, b"\0"))
    before = place.read_bytes()
    for force in ((), ("--force",)):
        refused = call(*command(inputs, place), *force).refusal
        assert refused == (
            f"{place}: this file is not a tunetrace {kind} and is never replaced; move this file, "
            "or give another file name"
        )
    assert place.read_bytes() == before
    assert list(tmp_path.iterdir()) == [place]


@each_writer
def test_a_link_stays_and_what_it_leads_to_is_replaced(
    command: Callable[[Path, Path], Command], name: str, kind: str, inputs: Path, tmp_path: Path
) -> None:
    place, elsewhere = tmp_path / "here" / name, tmp_path / "there" / "file"
    for folder in (place.parent, elsewhere.parent):
        folder.mkdir()
    place.symlink_to(elsewhere)
    assert call(*command(inputs, place)).code == 0
    assert place.is_symlink()
    assert elsewhere.stat().st_size
    written = elsewhere.read_bytes()
    assert f"there is a {kind} already" in call(*command(inputs, place)).refusal
    elsewhere.write_bytes(b"Dear diary")
    assert (
        f"this file is not a tunetrace {kind}" in call(*command(inputs, place), "--force").refusal
    )
    elsewhere.write_bytes(written)
    assert call(*command(inputs, place), "--force").code == 0
    assert place.is_symlink()


# Reports


def report(inputs: Path, folder: Path, *given: str | Path) -> Command:
    given = given or (inputs / "session.abc",)
    return ("report", *given, "-o", folder, "--index", inputs / "session.db")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_report_takes_the_place_of_a_report_and_of_nothing_else(
    name: str, inputs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    for _ in range(2):
        assert call(*report(inputs, folder)).code == 0
    ours = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert ours.keys() == FILES
    # A file of another kind, and one of the same format.
    foreign = {"csv": b"tune_id,setting_id\r\n1,2\r\n", "parquet": b"PAR1PAR1", "html": b"<html>",
               "json": b'{"tunes": []}'}  # fmt: skip
    for content in (b"Dear diary", foreign[name.rpartition(".")[2]]):
        (folder / name).write_bytes(content)
        refused = call(*report(inputs, folder)).refusal
        assert refused == (
            f"{folder / name}: this file is not a tunetrace report and is never replaced; "
            "move this file, or give another file name"
        )
        expected = {**ours, name: content}
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected


def test_a_report_replaces_what_a_link_leads_to(inputs: Path, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere.html"
    folder.mkdir()
    (folder / "report.html").symlink_to(elsewhere)
    elsewhere.write_bytes(b"Dear diary")
    assert (
        "report.html: this file is not a tunetrace report" in call(*report(inputs, folder)).refusal
    )
    elsewhere.write_bytes(b"")
    assert call(*report(inputs, folder)).code == 0
    assert (folder / "report.html").is_symlink()
    assert elsewhere.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_table_of_another_program_is_no_report(inputs: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    write_table(pa.table({"place": [1]}), tmp_path / "tunes.parquet")
    assert (
        "tunes.parquet: this file is not a tunetrace report"
        in call(*report(inputs, tmp_path)).refusal
    )


@pytest.mark.parametrize("versus", [False, True])
def test_what_a_report_is_on_is_not_replaced_by_it(
    versus: bool, inputs: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "tunes.csv"
    theirs.write_text(KESH, encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path)
    given = tmp_path / "link" / "tunes.csv"
    inputs_given = (inputs / "session.abc", "--versus", given) if versus else (given,)
    refused = call(*report(inputs, tmp_path, *inputs_given)).refusal
    assert refused == (
        f"{tmp_path}: the file 'tunes.csv' is an input of the report and would be replaced; give "
        "another folder"
    )
    assert theirs.read_text(encoding="utf-8") == KESH
    assert {path.name for path in tmp_path.iterdir()} == {"tunes.csv", "link"}


# Trainings


def train(inputs: Path, folder: Path, *options: str) -> Command:
    return ("model", "train", "-o", folder, "--index", inputs / "session.db", *options)


@pytest.mark.parametrize("name", [HISTORY, "model.safetensors", "training.png"])
def test_a_training_replaces_nothing_that_is_not_its_own(
    name: str, inputs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    options = (*SMALL, "--validation", "0.3", "--report-every", "1", "--samples", "2")
    folder.mkdir()
    (folder / name).write_bytes(b"Dear diary\n")
    refused = call(*train(inputs, folder, *options)).refusal
    assert refused.startswith(f"{folder / name}: this file is not a tunetrace ")
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_bytes() == b"Dear diary\n"

    (folder / name).unlink()
    assert call(*train(inputs, folder, *options)).code == 0
    assert call(*train(inputs, folder, "--resume")).code == 0
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(folder / name, alone)
    refused = call(*train(inputs, alone, *options)).refusal
    assert refused.endswith(f" already ({name}); train into another folder")

    (folder / name).write_bytes(b"Dear diary\n")
    refused = call(*train(inputs, folder, "--resume")).refusal
    assert refused.startswith(f"{folder / name}: this file is not a tunetrace ")
    assert (folder / name).read_bytes() == b"Dear diary\n"
