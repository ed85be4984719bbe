"""The file of a trace: NumPy's .npz, which is a ZIP archive with an array in each member.

Beside the arrays there is a member header.json. Format 1, which held one transcription, is read as
well. NumPy alone reads the arrays of either format.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.errors import InputError, OutputError
from tunetrace.files import Kind, check_folder, check_place, written_whole
from tunetrace.model.trace import CUT_OFF, FORMAT, Memory, Trace
from tunetrace.text import printable

SUFFIX: Final = ".npz"

_HEADER: Final = "header.json"
_MAX_BYTES: Final = 1 << 33
_MAX_HEADER: Final = 1 << 28


class _Member(NamedTuple):
    """An array of a file."""

    dtype: type[np.generic]
    dimensions: int
    steps: int
    """Which of its axes counts the steps."""
    is_needed: bool = True


_ARRAYS: Final = {
    "read": _Member(np.int32, 1, 0),
    "written": _Member(np.int32, 1, 0),
    "probabilities": _Member(np.float32, 2, 0),
    "hidden": _Member(np.float32, 3, 1),
    "cell": _Member(np.float32, 3, 1),
    "surprisal": _Member(np.float32, 1, 0, is_needed=False),
    "gates": _Member(np.float32, 4, 1, is_needed=False),
    "match_lengths": _Member(np.int32, 1, 0, is_needed=False),
    "match_tunes": _Member(np.int32, 1, 0, is_needed=False),
    "memory": _Member(np.float32, 2, 0, is_needed=False),
}
"""The arrays of a file besides `offsets`. surprisal is there for those who read it without
tunetrace."""

_MEMORY: Final = ("match_lengths", "match_tunes", "memory")

_SHARE: Final = (0.0, 1.0)
_COUNT: Final = (0.0, float(np.iinfo(np.int32).max))
_STATE: Final = (-1e30, 1e30)
_BOUNDS: Final = {
    "probabilities": _SHARE,
    "memory": _SHARE,
    "hidden": _STATE,
    "cell": _STATE,
    "gates": _STATE,
    "match_lengths": _COUNT,
    "match_tunes": _COUNT,
}
"""The least and the greatest value of the arrays. surprisal is not read, but computed."""
_WRONG: Final = {
    _SHARE: "are no probabilities",
    _COUNT: "are below 0",
    _STATE: "are not numbers up to 1e30 in magnitude",
}

_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, ValueError, TypeError, EOFError, MemoryError, RuntimeError,
    KeyError,
)  # fmt: skip
"""What reading a damaged archive raises; of RuntimeError are encryption and depth."""


@public
def save_trace(traced: Trace, path: str | Path, *, force: bool = False) -> None:
    """Write a trace's file, whole or not at all.

    force: replace a trace that is there. OutputError where something is in the way or it cannot be
    written.
    """
    with trace_writer(path, force=force) as writer:
        for tune in traced:
            writer.add(tune)


def check_trace_place(path: str | Path, *, force: bool) -> None:
    """OutputError unless a trace may be written to path."""
    path = Path(path)
    if path.suffix != SUFFIX:
        raise OutputError(
            f"{path}: the name of a trace ends in {SUFFIX}; give a name such as trace{SUFFIX}"
        )
    check_place(path, TRACE_FILE, force=force)
    check_folder(path, "the trace")


@contextmanager
def trace_writer(path: str | Path, *, force: bool = False) -> Iterator[TraceWriter]:
    """Gives a writer to which traces are added one by one, in memory for one of them.

    The file takes its place when the with statement ends. OutputError as for save_trace, and if no
    trace was added.
    """
    check_trace_place(path, force=force)
    path = Path(path)
    with ExitStack() as stack:
        writer = TraceWriter(stack)
        yield writer
        if writer.is_empty:
            raise OutputError(f"{path}: there is no tune to trace, so nothing is written")
        with written_whole(path, "the trace") as unfinished:
            writer.write(unfinished)


class TraceWriter:
    """Collects traces in temporary files, one for each array and layer, and joins them.

    The arrays of a file are one after another, and those of states begin with all steps of the
    first layer. So they are only known when the last trace is.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._parts: dict[tuple[str, int], IO[bytes]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._offsets = [0]
        self._header: dict[str, Any] = {}
        self._tunes: list[Any] = []

    @property
    def is_empty(self) -> bool:
        """Whether no trace was added."""
        return len(self._offsets) == 1

    def add(self, traced: Trace) -> None:
        """Add the trace of one transcription, of the same model as the others."""
        self._offsets.append(self._offsets[-1] + len(traced.read))
        self._header = traced.header
        self._tunes += traced.header["tunes"]
        for name, array in _arrays_of(traced).items():
            self._shapes[name] = array.shape
            planes = array if _ARRAYS[name].steps else array[None]
            for layer, plane in enumerate(planes):
                self._part(name, layer).write(np.ascontiguousarray(plane).data)

    def _part(self, name: str, layer: int) -> IO[bytes]:
        if (name, layer) not in self._parts:
            file = tempfile.TemporaryFile()  # noqa: SIM115, the stack closes it
            self._parts[name, layer] = self._stack.enter_context(file)
        return self._parts[name, layer]

    def write(self, path: Path) -> None:
        """Write the file."""
        header = {**self._header, "format": FORMAT, "tunes": self._tunes}
        offsets = np.array(self._offsets, dtype=np.int64)
        with zipfile.ZipFile(path, "w") as archive:
            # ZipInfo has the same date each time, so that the same trace is the same file.
            archive.writestr(zipfile.ZipInfo(_HEADER), json.dumps(header, indent=1))
            with io.BytesIO() as member:
                np.lib.format.write_array(member, offsets, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo("offsets.npy"), member.getvalue())
            for name, shape in self._shapes.items():
                self._write_array(archive, name, shape)

    def _write_array(self, archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> None:
        array = _ARRAYS[name]
        whole = (*shape[: array.steps], self._offsets[-1], *shape[array.steps + 1 :])
        described = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(array.dtype)),
            "fortran_order": False,
            "shape": whole,
        }
        info = zipfile.ZipInfo(f"{name}.npy")
        with archive.open(info, "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, described)
            for layer in range(shape[0] if array.steps else 1):
                part = self._part(name, layer)
                part.seek(0)
                shutil.copyfileobj(part, member, 1 << 20)


def _arrays_of(traced: Trace) -> dict[str, NDArray[Any]]:
    """The arrays of a file but for `offsets`."""
    names = ("read", "written", "probabilities", "hidden", "cell", "surprisal", "gates")
    found = {name: getattr(traced, name) for name in names}
    if traced.memory is not None:
        memory = traced.memory
        found |= dict(
            zip(_MEMORY, (memory.lengths, memory.tunes, memory.probabilities), strict=True)
        )
    return {name: array for name, array in found.items() if array is not None}


@public
def load_trace(path: str | Path) -> Trace:
    """Read a trace's file; InputError where it is absent, cut off, foreign or misshapen."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise _foreign(path, "it unpacks to more than 8 GiB")
            if archive.getinfo(_HEADER).file_size > _MAX_HEADER:
                raise _foreign(path, f"its {_HEADER} unpacks to more than 256 MiB")
            header = dict(json.loads(archive.read(_HEADER)))
            members = set(archive.namelist())
            others = members - {_HEADER, *(f"{name}.npy" for name in ("offsets", *_ARRAYS))}
            if others:
                raise _foreign(path, f"it has a member '{printable(min(others))}', as no trace has")
            missing = [
                name
                for name, array in _ARRAYS.items()
                if array.is_needed and f"{name}.npy" not in members
            ]
            if missing:
                raise _foreign(path, f"it lacks the array '{missing[0]}'")
            arrays: dict[str, NDArray[Any]] = {}
            for name in ("offsets", *_ARRAYS):
                if f"{name}.npy" in members:
                    with archive.open(f"{name}.npy") as member:
                        arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(
            f"{path}: the trace cannot be read ({reason}); give another file"
        ) from None
    except _DAMAGE:
        raise _foreign(path, f"it is cut off or is not a {SUFFIX} file of a trace") from None
    return _checked(path, arrays, header)


def _checked(path: Path, arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> Trace:
    """The trace of these arrays; InputError unless they go together and belong to the header."""
    for name, array in arrays.items():
        wanted = _Member(np.int64, 1, 0) if name == "offsets" else _ARRAYS[name]
        if array.dtype != wanted.dtype or array.ndim != wanted.dimensions:
            has = f"{array.ndim} dimensions of {array.dtype}"
            should = f"{wanted.dimensions} of {wanted.dtype.__name__}"
            raise _foreign(path, f"'{name}' has {has}, but should have {should}")
    names = header.get("tokens")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _foreign(path, "its header lacks the tokens")
    if len(set(names)) < len(names):
        raise _foreign(path, "its header has a token twice")
    steps, tokens = len(arrays["read"]), len(names)
    layers, _, units = arrays["hidden"].shape
    if not layers or not units:
        raise _foreign(path, "it has no layers or no units")
    if "offsets" not in arrays:  # format 1
        arrays["offsets"] = np.array([0, steps], dtype=np.int64)
        known = {"format", "model", "sizes", "tokens"}
        facts = {name: value for name, value in header.items() if name not in known}
        header = {name: header[name] for name in header if name in known} | {"tunes": [facts]}
    shapes = {
        "probabilities": (steps, tokens),
        "memory": (steps, tokens),
        "hidden": (layers, steps, units),
        "cell": (layers, steps, units),
        "gates": (layers, steps, 4, units),
    }
    if not steps or any(
        array.shape != shapes.get(name, (steps,))
        for name, array in arrays.items()
        if name != "offsets"
    ):
        raise _foreign(path, f"its arrays do not all have {steps} steps and {tokens} tokens")
    for name, (low, high) in _BOUNDS.items():
        if name in arrays and not _is_within(arrays[name], low, high):
            raise _foreign(path, f"'{name}' has values that {_WRONG[low, high]}")
    offsets = arrays.pop("offsets")
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != steps or (np.diff(offsets) < 1).any():
        raise _foreign(path, "its tunes do not begin and end where its steps do")
    tunes = header.get("tunes")
    if (
        not isinstance(tunes, list)
        or len(tunes) != len(offsets) - 1
        or not all(isinstance(facts, dict) for facts in tunes)
    ):
        raise _foreign(path, f"its header does not name {len(offsets) - 1} tunes")
    written = arrays["written"]
    numbers = np.concatenate([arrays["read"], written[written != CUT_OFF]])
    if numbers.min() < 0 or numbers.max() >= tokens:
        raise _foreign(path, f"it has numbers that do not stand for any of its {tokens} tokens")
    memory = None
    if all(name in arrays for name in _MEMORY):
        memory = Memory(*(arrays[name] for name in _MEMORY))
    return Trace(
        read=arrays["read"],
        written=written,
        probabilities=arrays["probabilities"],
        hidden=arrays["hidden"],
        cell=arrays["cell"],
        offsets=offsets,
        header={**header, "format": FORMAT},
        gates=arrays.get("gates"),
        memory=memory,
    )


def _is_within(array: NDArray[Any], low: float, high: float) -> bool:
    """Whether all values are numbers within bounds. The extremes of an array with NaN are NaN."""
    return bool(array.min() >= low and array.max() <= high)


def _is_trace(path: Path) -> bool:
    """Whether a file has the members of a trace."""
    try:
        with zipfile.ZipFile(path) as archive:
            needed = {f"{name}.npy" for name, array in _ARRAYS.items() if array.is_needed}
            return {_HEADER, *needed} <= set(archive.namelist())
    except _DAMAGE:
        return False


TRACE_FILE: Final = Kind("trace", _is_trace)
"""A trace's file, told by the names of its members."""


def _foreign(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: this file is not a tunetrace trace: {reason}; make a trace with "
        "'tunetrace model trace'"
    )
