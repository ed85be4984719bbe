"""Pickles: data is read as Python itself reads it, and nothing else is read or run."""

from __future__ import annotations

import os
import pickle
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.pickled import python2_pickle
from tunetrace import ModelFileError
from tunetrace.model.library import pickles
from tunetrace.model.library.pickles import (
    PickleRefusedError,
    answer_to,
    from_answer,
    read_pickle,
    unpickle,
)


def plain(value: Any) -> Any:
    """What was read, with arrays as their type, shape and bytes, in this machine's order."""
    if isinstance(value, np.ndarray):
        value = value.astype(value.dtype.newbyteorder("="))
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(part) for part in value)
    return value


def read_here(data: bytes) -> Any:
    """What unpickle gives, without a process for each of many pickles."""
    return from_answer(answer_to(data))


def test_a_pickle_is_read_in_another_process_as_in_this_one() -> None:
    value = {"a": np.arange(6, dtype=">f4").reshape(2, 3), "b": [("x\xe9", 1.5, None, True, -3)]}
    assert plain(unpickle(python2_pickle(value))) == plain(value)
    assert plain(read_here(python2_pickle(value))) == plain(value)


ARRAYS = st.builds(
    lambda kind, shape, order: (
        np.arange(int(np.prod(shape))).reshape(shape, order=order).astype(kind)
    ),
    st.sampled_from(["<f4", ">f4", "<f8", "<f2", "<i8", "|u1", "|b1"]),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from("CF"),
)
TEXT = st.text(st.characters(max_codepoint=255), max_size=300)
NUMBERS = st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | ARRAYS,
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(TEXT, parts, max_size=4)
    ),
)  # fmt: skip


@given(DATA)
def test_a_pickle_of_python_2_is_read_as_python_itself_reads_it(value: Any) -> None:
    written = python2_pickle(value)
    theirs = pickle.loads(written, encoding="latin1")
    assert plain(read_here(written + b"more")) == plain(theirs) == plain(value)


@given(DATA, st.integers(0, 4))
def test_a_pickle_of_python_3_is_read_too(value: Any, protocol: int) -> None:
    assert plain(read_here(pickle.dumps([value], protocol))) == plain([value])


def test_scalars_of_numpy_are_numbers() -> None:
    assert unpickle(python2_pickle([np.float32(0.5), np.int64(-3)])) == [0.5, -3]
    assert unpickle(pickle.dumps([np.float64(0.5), np.bool_(True)], 2)) == [0.5, True]


class Commands:
    """Asks for a command, which touches a file, when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def refusal(data: bytes) -> str:
    with pytest.raises(PickleRefusedError) as refused:
        unpickle(data)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_a_command_is_refused_by_name(
    protocol: int, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    written = pickle.dumps({"token2idx": {}, "param_values": [Commands(touched)]}, protocol)
    assert f"'{os.system.__module__}.system'" in refusal(written)
    assert not touched.exists()
    pickle.loads(written)  # which Python's own machine does run
    assert touched.exists()


CALL = b"cos\nsystem\n(S'touch %s'\ntR."
WAYS = {
    "a call": CALL,
    "an instance": b"(S'touch %s'\nios\nsystem\n.",
    "an object": b"(cos\nsystem\nS'touch %s'\no.",
    "a new object": b"\x80\x02cos\nsystem\n(S'touch %s'\nt\x81.",
    "in an array's arguments": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n("
    + CALL[:-1]
    + b"tR.",
    "a name by the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93(S'touch %s'\ntR.",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_for_a_command_is_refused_by_name(way: str, tmp_path: Path) -> None:
    written = WAYS[way].replace(b"%s", bytes(tmp_path / "touched"))
    if not written.startswith((b"\x80", b"(")):
        written = b"\x80\x02" + written
    assert "'os.system'" in refusal(written)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (OrderedDict(a=1), "collections.OrderedDict"),
        (np.array([None]), "O8"),
        (np.array(["text"]), "U4"),
        (np.zeros(2, "i4,f4"), "V8"),
        (np.datetime64("2020-01-01"), "M8"),
        (np.ma.masked_array([1.0]), "numpy.ma"),
        (1 + 2j, "complex"),
        (Path("/"), "pathlib"),
        (print, "print"),
    ],
)  # fmt: skip
def test_objects_are_refused_by_name(value: Any, named: str) -> None:
    assert named in refusal(pickle.dumps([value], 2))


def array(
    shape: bytes, data: bytes = b"", code: bytes = b"f4", state: bytes | None = None
) -> bytes:
    """A pickle of an array with a shape and data of one's own."""
    kind = b"cnumpy\ndtype\n(U%c%sK\x00K\x01tR" % (len(code), code)
    whole = state or b"(K\x01" + shape + kind + b"\x89U%c%st" % (len(data), data)
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        + whole
        + b"b."
    )


NESTED = b")" + b"2\x86" * 60
"""A tuple of two of a tuple of two … 2^60 times, which nobody may look through."""

MAD = {
    "a shape of a billion times a billion": array(b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"),
    "a shape beyond integers": array(b"(\x8a\x0a" + b"\xff" * 9 + b"\x7ft"),
    "a shape below nothing": array(b"(J\xff\xff\xff\xfft"),
    "a shape of text": array(b"(U\x01at"),
    "no tuple for a shape": array(b"K\x04", b"1234"),
    "more dimensions than weights have": array(b"(" + b"K\x01" * 60 + b"t", b"1234"),
    "fewer bytes than the shape says": array(b"(K\x02t", b"1234"),
    "more bytes than the shape says": array(b"(K\x01t", b"12345678"),
    "a type that is none": array(b"(K\x01t", b"1234", b"x4"),
    "a type of many": array(b"(K\x01t", b"1234", b"f4,f4"),
    "a state that is none": array(b"", state=b"N"),
    "a state too short": array(b"", state=b"(K\x01t"),
    "a state of lists": array(b"", state=b"(K\x01]]]]t"),
    "a type without end": b"\x80\x02cnumpy\ndtype\n(" + NESTED + b"tR.",
    "a key that is a number": b"\x80\x02}K\x01K\x01s.",
    "NumPy's class called": b"\x80\x02cnumpy\nndarray\n(J\xff\xff\xff\x7ftR.",
    "a number called": b"\x80\x02K\x01)R.",
    "a list given a state": b"\x80\x02]}b.",
    "a name given a state": b"\x80\x02cnumpy\ndtype\n)b.",
    "an array of a subclass": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(]K\x00U\x01btR.",
    "a whole number of a gigabyte": b"\x80\x02\x8b\xff\xff\xff\x3f.",
    "a whole number of hundreds of digits": b"\x80\x02I" + b"9" * 500 + b"\n.",
    "text of a negative size": b"\x80\x02T\xff\xff\xff\xff.",
    "text of four gigabytes": b"\x80\x02X\xff\xff\xff\xff.",
    "bytes beyond all memory": b"\x80\x04\x8e" + b"\xff" * 8 + b".",
    "a memory that nothing is in": b"\x80\x02j\xff\xff\xff\xff.",
    "a list in itself as a dict": b"\x80\x02]q\x00h\x00u.",
    "an empty stack": b"\x80\x02.",
    "a mark that is none": b"\x80\x02t.",
    "an extension": b"\x80\x02\x82\x01.",
    "something persistent": b"\x80\x02K\x01Q.",
    "an unknown operation": b"\x80\x02\xff.",
    "no end of a line": b"\x80\x02I1",
    "no number": b"\x80\x02Iabc\n.",
    "no quotation mark": b"\x80\x02Sabc\n.",
    "an encoding": b"\x80\x02c_codecs\nencode\n(U\x01aU\x04zip_tR.",
    "nothing": b"",
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "PyTorch's archive": b"PK\x03\x04\x14\x00",
    "a tune": b"X:1\nT:The Kesh\nK:G\nG3 GAB|\n",
}  # fmt: skip


@pytest.mark.parametrize("what", MAD)
def test_a_mad_pickle_is_refused_in_words(what: str) -> None:
    assert refusal(MAD[what])


def test_a_deep_nest_is_refused_in_words() -> None:
    depth = 50_000
    for nest in (b"]" * depth + b"a" * (depth - 1), b")" + b"\x85" * depth):
        assert "containers are nested too deep" in refusal(b"\x80\x02" + nest + b".")


@pytest.mark.parametrize("way", ["arrays", "encode"])
def test_a_pickle_cannot_fill_memory_with_copies_of_one_text(way: str) -> None:
    text = b"\x80\x02(T" + (10_000).to_bytes(4, "little") + b"x" * 10_000 + b"q\x00"
    kind = b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    copy = {
        "arrays": empty + b"(K\x01(M\x10\x27t" + kind + b"\x89h\x00tb",
        "encode": b"c_codecs\nencode\n(h\x00U\x06latin1tR",
    }[way]
    assert unpickle(text + copy + b"l.")[1:]
    assert "the same text or array too often" in refusal(text + 30 * copy + b"l.")


def test_a_pickle_cannot_fill_memory_with_empty_lists() -> None:
    assert "more memory than is allowed" in refusal(b"\x80\x02(" + b"]" * 20_000_000 + b"l.")


def test_a_pickle_cannot_hold_more_values_than_a_model() -> None:
    assert "more than 1,000,000 values" in refusal(b"\x80\x02" + NESTED + b".")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_memory_of_huge_numbers_is_refused() -> None:
    assert "more memory than is allowed" in refusal(
        b"\x80\x02K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff."
    )


def test_a_pickle_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "SECONDS", 1)
    assert "takes more than 1 seconds" in refusal(b"\x80\x02}" + NESTED + b"K\x01s.")


def test_a_cut_off_pickle_is_refused_wherever_it_is_cut() -> None:
    written = python2_pickle({"a": np.arange(3, dtype="f4"), "b": ["x" * 300, 1.5, (2, None)]})
    for end in range(len(written)):
        with pytest.raises(PickleRefusedError):
            read_here(written[:end])


@given(st.data())
def test_a_damaged_pickle_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(python2_pickle({"a": np.arange(3, dtype="f4"), "b": ["x", 1.5, (2, None)]}))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PickleRefusedError):  # and nothing else
        read_here(bytes(damaged))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(PickleRefusedError):  # and nothing else
        read_here(b"\x80\x02" + data)


@pytest.mark.parametrize("name", ["absent.pkl", ".", "no\0name", "x" * 5000])
def test_what_is_no_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="the pickle cannot be read"):
        read_pickle(tmp_path / name)


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_BYTES", 1000)
    (tmp_path / "huge.pkl").write_bytes(b"\x80\x02" + b"0" * 1000)
    with pytest.raises(ModelFileError, match="has more than 0 MB"):
        read_pickle(tmp_path / "huge.pkl")
