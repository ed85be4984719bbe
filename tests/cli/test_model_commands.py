"""`tunetrace model list`, `show`, `fetch` and `import`: in words, in JSON, and in refusals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_processes import HEAVY, modules_after
from tests.commands import Ended, call
from tests.corpus.server import Server, cut_off, serving, status, whole
from tests.model.pickled import contents_of, python2_pickle, random_network, small_vocabulary
from tunetrace import fetch_model, model_info, models, open_model
from tunetrace.corpus import fetch
from tunetrace.corpus.fetch import git_blob
from tunetrace.model.library.published import PUBLISHED_MODELS
from tunetrace.model.library.store import save_model
from tunetrace.model.network import Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.tokenizer.vocabulary import V2_TOKENS

NAME = "folkrnn-v2"
NETWORK = random_network(Sizes(tokens=137, units=2, layers=3))
DATA = python2_pickle(contents_of(NETWORK, list(V2_TOKENS)))
PUBLISHED = ["folkrnn-v2", "folkrnn-v2-worepeats", "folkrnn-swedish"]


@pytest.fixture
def pickle(tmp_path: Path) -> Path:
    """The pickle of a small network with v2's tokens."""
    (tmp_path / "small.pkl").write_bytes(DATA)
    return tmp_path / "small.pkl"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where named models lie, in this process and in a command."""
    monkeypatch.setenv("TUNETRACE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TUNETRACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "models"


@pytest.fixture
def server(pickle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that the published model is fetched from; its git blob is that of the small one."""
    limits = fetch.FetchLimits(connect=2, read=0.3, attempts=2, wait=0)
    monkeypatch.setattr(fetch, "LIMITS", limits)
    with serving() as served:
        declared = PUBLISHED_MODELS[NAME]
        url = served.url.replace("data_v2_withtitles", "folkrnn_v2.pkl")
        origin = replace(declared.origin, url=url, git_blob=git_blob(pickle))
        monkeypatch.setitem(PUBLISHED_MODELS, NAME, replace(declared, origin=origin))
        yield served


def command(folder: Path, *arguments: str | Path) -> Ended:
    variables = {
        "TUNETRACE_MODELS": str(folder),
        "TUNETRACE_CACHE": str(folder.parent / "cache"),
    }
    return call("model", *arguments, env=variables)


# What is imported


def test_a_pickle_is_imported_listed_and_shown(folder: Path, pickle: Path) -> None:
    imported = command(folder, "import", pickle, "--name", "mine")
    assert (imported.code, imported.err) == (0, "")
    assert imported.out == (
        f"mine: 3 × 2, {NETWORK.sizes.parameters:,} parameters\n"
        f"tokens: 137, the tokens of folk-rnn v2\nmine is at {folder / 'mine.safetensors'}\n"
    )
    assert re.search(r"^mine +small\.pkl.*3 × 2 +137 +yes", command(folder, "list").out, re.M)
    shown = command(folder, "show", "mine").out
    for fact in (
        str(folder / "mine.safetensors"),
        "the tokens of folk-rnn v2",
        "experiment id: config5",
    ):
        assert fact in shown
    record = command(folder, "show", "mine", "--json").json
    assert (record["name"], record["layers"], record["units"]) == ("mine", 3, 2)
    assert record["tokens"] == list(V2_TOKENS)
    assert record["provenance"]["pickle"]["epoch_since_start"] == 99
    assert [entry["name"] for entry in command(folder, "list", "--json").json][-1] == "mine"


def test_a_model_has_its_files_name_and_may_be_written_elsewhere(
    folder: Path, pickle: Path, tmp_path: Path
) -> None:
    record = command(folder, "import", pickle, "--json").json
    assert (record["name"], record["path"]) == ("small", str(folder / "small.safetensors"))
    other = tmp_path / "other.safetensors"
    record = command(folder, "import", pickle, "-o", other, "--json").json
    assert (record["name"], record["path"]) == ("small", str(other))
    assert open_model(other).sizes == NETWORK.sizes


def test_a_model_is_replaced_by_force_alone(folder: Path, pickle: Path) -> None:
    save_model(Model(random_network(Sizes(7, 3, 1)), Tokens(tuple(small_vocabulary(7)))),
               folder / "small.safetensors")  # fmt: skip
    path = folder / "small.safetensors"
    before = path.read_bytes()
    refused = command(folder, "import", pickle).refusal
    assert refused == f"{path}: there is a model already; replace it with --force"
    assert path.read_bytes() == before
    assert command(folder, "import", pickle, "--force").code == 0
    assert open_model("small").sizes == NETWORK.sizes


def test_a_folder_is_no_place_for_a_model(folder: Path, pickle: Path, tmp_path: Path) -> None:
    for options in ((), ("--force",)):
        refused = command(folder, "import", pickle, "-o", tmp_path, *options).refusal
        assert refused == f"{tmp_path}: this is a folder; give the name of a file in it"


def test_a_hostile_pickle_is_refused_by_name_and_nothing_runs(folder: Path, tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "hostile.pkl"
    path.write_bytes(b"\x80\x02cos\nsystem\nU%c%sq\x00\x85R." % (
        len(f"touch {touched}"), f"touch {touched}".encode()))  # fmt: skip
    assert "it uses 'os.system', but" in command(folder, "import", path).refusal
    assert not touched.exists()
    assert not folder.exists()


@pytest.mark.parametrize("data", [DATA[:-1], DATA[: len(DATA) // 2], b"", b"\xff\xd8\xff\xe0JFIF"])
def test_a_cut_off_or_foreign_file_is_one_sentence(
    data: bytes, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.pkl"
    path.write_bytes(data)
    refused = command(folder, "import", path).refusal
    assert refused.startswith(f"{path}: this file cannot be read as a folk-rnn model (")
    assert not folder.exists()


def test_a_name_that_leads_elsewhere_is_refused(folder: Path, pickle: Path) -> None:
    assert (
        "'../x' cannot be the name of a model"
        in command(folder, "import", pickle, "--name", "../x").refusal
    )


def test_a_damaged_model_is_listed_as_wrong_and_the_others_with_it(
    folder: Path, pickle: Path
) -> None:
    command(folder, "import", pickle)
    whole_file = (folder / "small.safetensors").read_bytes()
    (folder / "bad.safetensors").write_bytes(whole_file[:-1])
    listed = command(folder, "list").out
    assert re.search(r"^bad .* wrong *$", listed, re.M)
    assert re.search(r"^small .* yes *$", listed, re.M)
    assert "it is cut off" in command(folder, "show", "bad").refusal


def test_a_trained_model_is_shown_in_words_with_counts_for_long_lists(folder: Path) -> None:
    provenance = {
        "name": "reels",
        "source": "trained by a test",
        "training": {
            "corpora": ["oneills", "ryans"],
            "licences": {"oneills": "free for all"},
            "tunes": 2903,
            "held_out": [f"oneills:{number}" for number in range(1, 153)],
            "recipe": {"name": "modern", "rate": 0.003, "decay_after": 0},
            "seed": 20260101,
            "training_loss": math.log(2) * 1.5,
            "validation_loss": None,
        },
    }
    names = tuple(small_vocabulary(7))
    network = random_network(Sizes(7, 3, 1))
    save_model(Model(network, Tokens(names), provenance), folder / "reels.safetensors")
    shown = command(folder, "show", "reels").out
    assert shown.partition("source ")[2].splitlines() == [
        "     trained by a test",
        "training    corpora: oneills, ryans",
        "            licences: oneills: free for all",
        "            tunes: 2,903",
        "            held out: 152: oneills:1, oneills:2, oneills:3 and 149 more",
        "            recipe: name modern; rate 0.003; decay after 0",
        "            seed: 20260101",
        "            training loss: 1.500 bits per token",
    ]
    assert command(folder, "show", "reels", "--json").json["provenance"] == provenance


def test_what_a_strange_file_says_of_itself_cannot_control_a_terminal(folder: Path) -> None:
    odd: dict[str, Any] = {"name": "\x1b[2J", "a\x1b": {"b\ud800": [[], {"c": "\x1b"}]}, "d": True}
    network = random_network(Sizes(7, 3, 1))
    names = tuple(small_vocabulary(7))
    save_model(Model(network, Tokens(names), odd), folder / "odd.safetensors")
    shown = command(folder, "show", "odd")
    assert (shown.code, shown.err) == (0, "")
    assert "\x1b" not in shown.out
    assert "b\N{REPLACEMENT CHARACTER}: none, c \N{REPLACEMENT CHARACTER}\n" in shown.out
    assert shown.out.endswith("d           true\n")


# What is fetched


def test_every_published_model_is_listed_and_declares_all_there_is_to_declare() -> None:
    listed = {model.name: model for model in models()}
    assert [name for name in listed if name in PUBLISHED] == PUBLISHED == list(PUBLISHED_MODELS)
    for name in PUBLISHED:
        model = listed[name]
        assert (model.is_here, model.problem, model.tokens) == (False, None, ())
        assert model == model_info(name)
        assert re.fullmatch(r"git-blob:[0-9a-f]{40}", model.provenance["checksum"])
        assert "/bc45ed73e7cb949940277b9bc5a8597c94f0dc99/metadata/" in model.provenance["url"]
        for fact in ("title", "source", "licence", "citation"):
            assert len(model.provenance[fact]) > 10


def test_the_checksums_are_those_of_the_shared_list(shared: Path) -> None:
    listed = dict(re.findall(r"`(metadata/[\w.]+)` \| ([0-9a-f]{40})",
                             (shared.parent / "README.md").read_text()))  # fmt: skip
    declared = {
        "metadata/" + model.origin.url.rpartition("/")[2]: model.origin.git_blob
        for model in PUBLISHED_MODELS.values()
    }
    assert declared == listed
    assert len(declared) == 3


def test_a_published_model_is_fetched_once(folder: Path, server: Server) -> None:
    server.answers(whole(DATA), status(500))
    assert "no; fetch it with" in command(folder, "show", NAME).out
    for _ in range(2):
        fetched = command(folder, "fetch", NAME)
        assert fetched == Ended(0, f"{NAME} is at {folder / NAME}.safetensors\n", "")
    assert server.requests == 1
    info = model_info(NAME)
    assert (info.is_here, info.title, info.has_v2_tokens) == (True, "folk-rnn v2", True)
    assert info.provenance["version"] == "bc45ed7"
    assert open_model(NAME).name == NAME
    # Made again of the pickle in the cache, where that was put by hand, without asking anyone.
    (folder / f"{NAME}.safetensors").unlink()
    assert fetch_model(NAME).is_here
    assert server.requests == 1


def test_refresh_fetches_anew(folder: Path, server: Server) -> None:
    server.answers(whole(DATA))
    for _ in range(2):
        (entry,) = command(folder, "fetch", NAME, "--refresh", "--json").json
        assert entry["is_here"]
    assert server.requests == 2


def test_a_transfer_that_fails_once_is_tried_again(folder: Path, server: Server) -> None:
    server.answers(cut_off(DATA, says_length=False), whole(DATA))
    assert fetch_model(NAME).is_here
    assert server.requests == 2


def test_a_transfer_that_fails_is_one_sentence_with_the_address_and_the_place(
    folder: Path, server: Server
) -> None:
    for failure, reason in (
        (status(404), "the server answers 404 Not Found"),
        (cut_off(DATA, says_length=True), "the connection ended before the end of the file"),
        (whole(DATA[:-1] + b"x"), "its git blob id is"),
    ):
        server.answers(failure)
        refused = command(folder, "fetch", NAME).refusal
        place = folder.parent / "cache" / "models" / "folkrnn_v2.pkl"
        for part in (reason, f"{place}", "http://127.0.0.1"):
            assert part in refused
        assert not place.exists()
        assert not folder.exists()


def test_another_file_in_the_place_of_the_published_one_is_not_used(
    folder: Path, server: Server
) -> None:
    place = folder.parent / "cache" / "models" / "folkrnn_v2.pkl"
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA + b"more")
    assert f"tunetrace model fetch {NAME} --refresh" in command(folder, "fetch", NAME).refusal
    server.answers(whole(DATA))
    assert command(folder, "fetch", NAME, "--refresh").code == 0
    assert place.read_bytes() == DATA


def test_another_model_of_a_published_ones_name_is_not_taken_for_it(
    folder: Path, server: Server, tmp_path: Path
) -> None:
    other = tmp_path / "other.pkl"
    other.write_bytes(python2_pickle(contents_of(random_network(Sizes(7, 3, 1)))))
    command(folder, "import", other, "--name", NAME)
    assert "is damaged or another model; move this file" in command(folder, "fetch", NAME).refusal
    assert server.requests == 0


def test_a_damaged_published_model_is_fetched_anew_by_refresh(folder: Path, server: Server) -> None:
    server.answers(whole(DATA))
    assert command(folder, "fetch", NAME).code == 0
    path = folder / f"{NAME}.safetensors"
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:99])
    refused = command(folder, "fetch", NAME).refusal
    assert refused.endswith(f"replace it with: tunetrace model fetch {NAME} --refresh")
    assert command(folder, "fetch", NAME, "--refresh").code == 0
    assert path.read_bytes() == whole_file


def test_a_file_of_a_published_models_name_that_is_no_model_is_never_replaced(
    folder: Path, server: Server
) -> None:
    server.answers(whole(DATA))
    folder.mkdir()
    path = folder / f"{NAME}.safetensors"
    path.write_bytes(b"precious")
    for options in ((), ("--refresh",)):
        refused = command(folder, "fetch", NAME, *options).refusal
        assert refused.startswith(
            f"{path}: this file is not a tunetrace model and is never replaced"
        )
    assert path.read_bytes() == b"precious"


def test_nothing_is_fetched_beside_a_name_that_is_none(folder: Path, server: Server) -> None:
    server.answers(whole(DATA))
    refused = command(folder, "fetch", NAME, "folkrnn-sweden").refusal
    assert refused == (
        "folkrnn-sweden: no published model has this name; the nearest is folkrnn-swedish"
    )
    assert server.requests == 0


# What is not imported


def test_neither_help_nor_listing_nor_showing_a_model_imports_torch(pickle: Path) -> None:
    path = pickle.with_name("here.safetensors")
    assert call("model", "import", pickle, "-o", path).code == 0
    script = "from tunetrace.cli import main; main()"
    for arguments in (["--help"], ["model", "--help"], ["model", "list"], ["model", "show", path]):
        modules = modules_after(script, *arguments)
        assert "tunetrace" in modules
        assert not modules & (HEAVY | {"safetensors"}), arguments
