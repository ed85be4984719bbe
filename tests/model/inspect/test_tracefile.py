"""Traces: agreement with the network's own steps, and their files, whole and damaged."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.numpy_loop import NumpyNetwork, param_values
from tests.model.sampling.following import log2_following
from tests.model.tiny import make_model
from tunetrace import InputError, OutputError, QueryError
from tunetrace.model.inspect.tracefile import load_trace, save_trace, trace_writer
from tunetrace.model.records import Tokens
from tunetrace.model.trace import CUT_OFF, Trace

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = Tokens(("A", "</s>", "B", "<s>", "2", "|"))
TUNE = ["A", "2", "B", "|", "A"]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from("AB2|"), max_size=12), st.integers(1, 3), st.integers(0, 99)
)  # fmt: skip
def test_a_trace_has_what_the_network_has_after_each_step(
    tune: list[str], layers: int, seed: int
) -> None:
    model = make_model(TOKENS.names, layers=layers, units=5, seed=seed)
    traced = model.trace(tune)
    assert traced.hidden.shape == traced.cell.shape == (layers, len(tune) + 1, 5)
    assert traced.probabilities.shape == (len(tune) + 1, len(TOKENS))
    state = model.network.initial_state(1)
    for step, number in enumerate([TOKENS.start, *TOKENS.encode(tune)]):
        with torch.no_grad():
            logits, state = model.network.step(torch.tensor([number]), state)
        assert traced.read[step] == number
        expected = torch.softmax(logits[0], 0).numpy()
        assert np.abs(traced.probabilities[step] - expected).max() < 1e-6
        assert np.abs(traced.hidden[:, step] - state.hidden[:, 0].numpy()).max() < 1e-6
        assert np.abs(traced.cell[:, step] - state.cell[:, 0].numpy()).max() < 2e-6


def test_a_trace_says_what_was_read_what_came_and_how_probable_that_was() -> None:
    model = make_model(TOKENS.names)
    traced = model.trace(TUNE, facts={"seed": 7})
    assert traced.tokens == TUNE
    assert traced.has_ended
    assert TOKENS.decode(traced.read.tolist()) == ["<s>", *TUNE]
    assert TOKENS.decode(traced.written.tolist()) == [*TUNE, "</s>"]
    assert traced.header["tunes"] == [{"seed": 7}]
    assert traced.header["tokens"] == list(TOKENS.names)
    assert traced.header["sizes"] == {"tokens": 6, "units": 12, "layers": 2}
    numbers = TOKENS.encode(TUNE)
    expected = [log2_following(model, numbers[:k])[numbers[k]] for k in range(len(numbers))]
    expected.append(log2_following(model, numbers)[TOKENS.end])
    assert -traced.surprisal == pytest.approx(expected, abs=1e-5)


def test_what_was_cut_off_has_no_token_after_its_last() -> None:
    traced = make_model(TOKENS.names).trace(TUNE, has_ended=False)
    assert not traced.has_ended
    assert traced.written[-1] == CUT_OFF
    assert np.isnan(traced.surprisal).tolist() == [False] * len(TUNE) + [True]


def test_a_file_gives_back_what_was_written_and_numpy_reads_it(tmp_path: Path) -> None:
    traced, path = (
        make_model(TOKENS.names).trace(TUNE),
        tmp_path / "deep" / "trace.npz",
    )
    save_trace(traced, path)
    again = load_trace(path)
    with np.load(path) as arrays:
        for name in ("read", "written", "probabilities", "hidden", "cell"):
            assert (getattr(again, name) == getattr(traced, name)).all()
            assert (arrays[name] == getattr(traced, name)).all()
            assert arrays[name].dtype == getattr(traced, name).dtype
        assert again.header == traced.header == json.loads(arrays["header.json"])
    assert [entry.name for entry in path.parent.iterdir()] == ["trace.npz"]


def test_facts_take_no_place_in_the_header_that_is_taken(tmp_path: Path) -> None:
    traced = make_model(TOKENS.names).trace(TUNE, facts={"tokens": 5, "mine": "\ud800"})
    save_trace(traced, tmp_path / "trace.npz")
    again = load_trace(tmp_path / "trace.npz")
    assert (again.tokens, again.header["tunes"][0]["mine"]) == (TUNE, "\ud800")


def test_the_same_trace_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        save_trace(make_model(TOKENS.names).trace(TUNE), tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_tokens_that_a_model_lacks_and_frames_are_refused() -> None:
    with pytest.raises(QueryError, match=r"^'C' is not a token; notes are A to G"):
        make_model(TOKENS.names).trace(["A", "C"])
    with pytest.raises(QueryError, match=r"^'</s>' begins or ends every transcription; leave"):
        make_model(TOKENS.names).trace(["A", "</s>"])


def test_a_file_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    traced = make_model(TOKENS.names).trace(TUNE)
    with pytest.raises(OutputError, match=r"a\.txt: the name of a trace ends in \.npz; give"):
        save_trace(traced, tmp_path / "a.txt")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a\.npz: the trace cannot be written \(.*\); give"):
        save_trace(traced, tmp_path / "file" / "a.npz")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    save_trace(make_model(TOKENS.names).trace(TUNE), path)
    return path.read_bytes()


def refused(path: Path, data: bytes) -> str:
    """The one sentence with which a file is refused."""
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        load_trace(path)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(f"{path}: this file is not a tunetrace trace: ")
    return str(raised.value)


def test_cut_off_foreign_and_random_files_are_refused(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "bad.npz"
    for length in range(0, len(whole), 97):
        refused(path, whole[:length])
    refused(path, b"MThd" + bytes(range(256)))
    with pytest.raises(InputError, match=r"absent\.npz: the trace cannot be read \(no such file"):
        load_trace(tmp_path / "absent.npz")
    with pytest.raises(InputError, match=r": the trace cannot be read \(is a directory\)"):
        load_trace(tmp_path)


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_byte_is_refused_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    path.write_bytes(changed)
    try:
        traced = load_trace(path)
    except InputError:
        return
    assert traced.tokens == TUNE
    again = path.with_name("again.npz")
    save_trace(traced, again, force=True)
    assert again.read_bytes() == whole


def rewritten(traced: Trace, **changed: object) -> bytes:
    """A file like a trace's with some arrays or the header replaced."""
    arrays = {
        name: getattr(traced, name)
        for name in ("read", "written", "probabilities", "hidden", "cell")
    }
    header = json.dumps(changed.pop("header", traced.header))
    with io.BytesIO() as file:
        np.savez(file, **(arrays | changed))  # type: ignore[arg-type]
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("header.json", header)
        return file.getvalue()


def test_arrays_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    traced, path = make_model(TOKENS.names).trace(TUNE), tmp_path / "bad.npz"
    path.write_bytes(rewritten(traced))
    assert load_trace(path).tokens == TUNE
    assert len(load_trace(path)) == 1  # without offsets, as in format 1

    def reason(**changed: object) -> str:
        return refused(path, rewritten(traced, **changed))

    assert "'hidden' has 2 dimensions of float32, but should have 3" in reason(
        hidden=traced.hidden[0]
    )
    assert "'cell' has 3 dimensions of float64" in reason(cell=traced.cell.astype(float))
    assert "do not all have 6 steps and 6 tokens" in reason(written=traced.written[1:])
    assert "do not all have 6 steps and 6 tokens" in reason(cell=traced.cell[:1])
    assert "do not all have 5 steps" in reason(read=traced.read[1:])
    assert "numbers that do not stand for any of its 6 tokens" in reason(read=traced.read + 3)
    assert "its header lacks the tokens" in reason(header={})
    assert "its header lacks the tokens" in reason(header={"tokens": [1, 2]})
    named = {**traced.header, "tunes": ["a tune"]}
    assert "its header does not name 1 tunes" in reason(header=named, offsets=np.array([0, 6]))
    assert "its tunes do not begin and end where" in reason(offsets=np.array([0, 7]))
    assert "its tunes do not begin and end where" in reason(offsets=np.array([], dtype=np.int64))
    assert "its tunes do not begin and end where" in reason(offsets=np.array([0, 3, 3, 6]))
    assert "is cut off or is not" in reason(header=[1, 2])
    assert "is cut off or is not" in reason(header=None)
    objects = np.array([{"a": 1}], dtype=object)
    assert "is cut off or is not" in reason(read=objects)


def changed(array: NDArray[Any], value: float) -> NDArray[Any]:
    """An array with another last value."""
    array = array.copy()
    array.flat[-1] = value
    return array


def test_values_that_no_network_computes_are_refused(tmp_path: Path) -> None:
    traced, path = make_model(TOKENS.names).trace(TUNE, gates=True), tmp_path / "bad.npz"
    assert traced.gates is not None
    steps = len(traced.read)
    arrays = {
        "probabilities": traced.probabilities,
        "memory": traced.probabilities,
        "hidden": traced.hidden,
        "cell": traced.cell,
        "gates": traced.gates,
        "match_lengths": np.ones(steps, dtype=np.int32),
        "match_tunes": np.ones(steps, dtype=np.int32),
    }
    for names, values, reason in (
        (("probabilities", "memory"), (np.nan, np.inf, -0.1, 1.1), "are no probabilities"),
        (("hidden", "cell", "gates"), (np.nan, np.inf, -np.inf, 2e30),
         "are not numbers up to 1e30 in magnitude"),
        (("match_lengths", "match_tunes"), (-1,), "are below 0"),
    ):  # fmt: skip
        for name in names:
            path.write_bytes(rewritten(traced, **{name: arrays[name]}))
            load_trace(path)
            for value in values:
                bad = rewritten(traced, **{name: changed(arrays[name], value)})
                assert f": '{name}' has values that {reason};" in refused(path, bad)


def test_a_network_without_units_or_with_a_token_twice_is_refused(tmp_path: Path) -> None:
    traced, path = make_model(TOKENS.names).trace(TUNE), tmp_path / "bad.npz"
    none = {"hidden": traced.hidden[..., :0], "cell": traced.cell[..., :0]}
    assert "it has no layers or no units" in refused(path, rewritten(traced, **none))
    none = {"hidden": traced.hidden[:0], "cell": traced.cell[:0]}
    assert "it has no layers or no units" in refused(path, rewritten(traced, **none))
    twice = {**traced.header, "tokens": [*TOKENS.names[:-1], "A"]}
    assert "its header has a token twice" in refused(path, rewritten(traced, header=twice))


def test_a_header_that_unpacks_to_much_is_refused_before_it_does(tmp_path: Path) -> None:
    path = tmp_path / "large.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("header.json", "w") as member,
    ):
        for _ in range(257):
            member.write(b" " * (1 << 20))
    assert "its header.json unpacks to more than 256 MiB" in refused(path, path.read_bytes())


def test_a_file_without_a_tune_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    with pytest.raises(OutputError) as raised, trace_writer(path):
        pass
    assert str(raised.value) == f"{path}: there is no tune to trace, so nothing is written"
    assert not any(tmp_path.iterdir())


def test_a_trace_agrees_with_the_published_equations_in_numpy() -> None:
    model = make_model(TOKENS.names, layers=3, units=9)
    traced = model.trace(TUNE * 20)
    loop = NumpyNetwork(param_values(model.network))
    state = loop.start()
    for step, number in enumerate(traced.read.tolist()):
        probabilities, state = loop.step(number, state)
        assert np.abs(traced.probabilities[step] - probabilities).max() < 1e-6
        for layer in range(3):
            assert np.abs(traced.hidden[layer, step] - state.hidden[layer]).max() < 2e-6
            assert np.abs(traced.cell[layer, step] - state.cell[layer]).max() < 1e-5
