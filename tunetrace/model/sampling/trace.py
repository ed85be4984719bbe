"""What goes on in a network while it writes a transcription, step by step, and the file of that.

At each step the network reads a token, its layers change their states, and it says how probable
each token is to come next. A trace keeps all of it. Its file is NumPy's .npz: a ZIP archive with an
array in each member, and with a member header.json beside them.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import many_texts, public
from tunetrace.errors import InputError, OutputError, QueryError
from tunetrace.files import Kind, check_place, written_whole
from tunetrace.model.models import open_model
from tunetrace.model.records import Hypothesis, Model, Sampled

FORMAT: Final = 1
SUFFIX: Final = ".npz"
CUT_OFF: Final = -1
"""In the place of the token that never came."""

_HEADER: Final = "header.json"
_ARRAYS: Final = {
    "read": (np.int32, 1),
    "written": (np.int32, 1),
    "probabilities": (np.float32, 2),
    "hidden": (np.float32, 3),
    "cell": (np.float32, 3),
}
"""The arrays of a file: their types and how many dimensions each has."""

_MAX_BYTES: Final = 1 << 32


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trace:
    """A network's probabilities and states over a transcription of S - 1 tokens, in S steps."""

    read: NDArray[np.int32]
    """(S,) int32, the number of the token that is read at each step; the first is START."""
    written: NDArray[np.int32]
    """(S,) int32, the token that came next; the last is END, or CUT_OFF if none came."""
    probabilities: NDArray[np.float32]
    """(S, tokens) float32, of each token to come next, at temperature 1 and with no token left
    out."""
    hidden: NDArray[np.float32]
    """(layers, S, units) float32, the hidden states after each step; layer 3 is hidden[2]."""
    cell: NDArray[np.float32]
    """(layers, S, units) float32, the cell states after each step."""
    header: dict[str, Any]
    """`tokens` (the names in the order of their numbers), `sizes`, `model`, and whatever else is
    known, such as the seed."""

    def __repr__(self) -> str:
        layers, steps, units = self.hidden.shape
        return f"Trace({steps} steps, {layers} layers of {units} units)"

    @property
    def tokens(self) -> list[str]:
        """The transcription: its tokens without START and END."""
        return [self.header["tokens"][number] for number in self.read[1:].tolist()]

    @property
    def has_ended(self) -> bool:
        """Whether END came after the last token."""
        return int(self.written[-1]) != CUT_OFF

    @property
    def log2_probabilities(self) -> NDArray[np.float64]:
        """log2 of the probability of each token that came: (S,), or (S - 1,) if it was cut off."""
        steps = np.flatnonzero(self.written != CUT_OFF)
        with np.errstate(divide="ignore"):  # what has no probability in float32
            logs = np.log2(self.probabilities[steps, self.written[steps]], dtype=np.float64)
        return np.asarray(logs)


_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, ValueError, TypeError, EOFError, MemoryError, RuntimeError,
)  # fmt: skip
"""What reading a damaged archive raises; of RuntimeError are encryption and depth."""


@public
def trace_transcription(
    tokens: Sequence[str],
    model: Model | str | Path | None = None,
    *,
    has_ended: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> Trace:
    """What goes on in a model's network while it reads a transcription: each step's probabilities
    and states.

    tokens: M: and K: first, without `<s>` and `</s>`. model: open, or as open_model has it.
    has_ended: whether the end follows. facts: what to add to the trace's header, as JSON has it.
    If the transcription was sampled in another precision, the numbers differ by rounding. Raises
    QueryError for a token that the model lacks, ModelFileError for the model.

    >>> trace_transcription(["M:4/4", "K:Cmaj", "C", "2"])
    Trace(5 steps, 3 layers of 288 units)
    """
    import torch

    opened = open_model(model)
    known, network = opened.tokens, opened.network
    numbers = known.encode(many_texts(tokens, "tokens"))
    framed = {known.start, known.end}.intersection(numbers)
    if framed:
        raise QueryError(
            f"'{known.names[framed.pop()]}' begins or ends every transcription; leave it out of "
            "the tokens"
        )
    read = [known.start, *numbers]
    logits, states = [], [network.initial_state(1)]
    with torch.inference_mode():
        for number in read:
            following, state = network.step(torch.tensor([number]), states[-1])
            logits.append(following)
            states.append(state)
        every = torch.cat(logits)
    if not every.isfinite().all():
        raise opened.overflow()
    header = {
        **(facts or {}),
        "format": FORMAT,
        "model": opened.name,
        "sizes": asdict(opened.sizes),
        "tokens": list(known.names),
    }
    return Trace(
        read=np.array(read, dtype=np.int32),
        written=np.array([*numbers, known.end if has_ended else CUT_OFF], dtype=np.int32),
        probabilities=torch.softmax(every.double(), dim=1).float().numpy(),
        hidden=torch.cat([state.hidden for state in states[1:]], dim=1).numpy(),
        cell=torch.cat([state.cell for state in states[1:]], dim=1).numpy(),
        header=header,
    )


def with_traces(
    tunes: Iterable[Sampled | Hypothesis],
    model: Model,
    path: str | Path,
    n: int,
    *,
    facts: Mapping[str, Any],
    force: bool = False,
) -> Iterator[Sampled | Hypothesis]:
    """n sampled transcriptions as they come, after the trace of each has been written.

    path: of the only one's trace. Of several, the trace of number 7 is `trace-7.npz` for
    `trace.npz`. facts: what each header has beside the number. Raises as save_trace.
    """
    path = Path(path)
    for tune in tunes:
        own = path if n == 1 else path.with_stem(f"{path.stem}-{tune.number}")
        known = {"number": tune.number, **facts}
        found = trace_transcription(tune.tokens, model, has_ended=tune.has_ended, facts=known)
        save_trace(found, own, force=force)
        yield tune


def check_traces(path: str | Path, n: int, *, force: bool) -> None:
    """OutputError unless the traces of n transcriptions may be written by with_traces."""
    path = Path(path)
    if path.suffix != SUFFIX:
        raise OutputError(
            f"{path}: the name of a trace ends in {SUFFIX}; give a name such as trace{SUFFIX}"
        )
    if n == 1:
        check_place(path, TRACE_FILE, force=force)
        return
    numbered = re.compile(rf"{re.escape(path.stem)}-([1-9][0-9]*){re.escape(path.suffix)}")
    with suppress(OSError):  # of a folder that is not there yet, or cannot be read
        for own in sorted(path.parent.iterdir()):
            found = numbered.fullmatch(own.name)
            if found and int(found[1]) <= n:
                check_place(own, TRACE_FILE, force=force)


@public
def save_trace(traced: Trace, path: str | Path, *, force: bool = False) -> None:
    """Write a trace's file, whole or not at all.

    force: replace a trace that is there. OutputError where something is in the way or it cannot be
    written.
    """
    path = Path(path)
    check_traces(path, 1, force=force)
    with (
        written_whole(path, "the trace") as unfinished,
        zipfile.ZipFile(unfinished, "w") as archive,
    ):
        # ZipInfo has the same date each time, so that the same trace is the same file.
        archive.writestr(zipfile.ZipInfo(_HEADER), json.dumps(traced.header, indent=1))
        for name in _ARRAYS:
            with io.BytesIO() as member:
                np.lib.format.write_array(member, getattr(traced, name), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())


@public
def load_trace(path: str | Path) -> Trace:
    """Read a trace's file; InputError where it is absent, cut off, foreign or misshapen."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise _foreign(path, "it unpacks to more than 4 GiB")
            header = dict(json.loads(archive.read(_HEADER)))
            arrays = {}
            for name in _ARRAYS:
                with archive.open(f"{name}.npy") as member:
                    arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
        traced = Trace(**arrays, header=header)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(
            f"{path}: the trace cannot be read ({reason}); give another file"
        ) from None
    except KeyError:
        raise _foreign(path, f"it lacks {_HEADER} or one of {', '.join(_ARRAYS)}") from None
    except _DAMAGE:
        raise _foreign(path, f"it is cut off or is not a {SUFFIX} file") from None
    _check_shapes(path, traced)
    return traced


def _is_trace(path: Path) -> bool:
    """Whether a file has the members of a trace."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {_HEADER, *(f"{name}.npy" for name in _ARRAYS)} <= set(archive.namelist())
    except _DAMAGE:
        return False


TRACE_FILE: Final = Kind("trace", _is_trace)
"""A trace's file, told by the names of its members."""


def _check_shapes(path: Path, traced: Trace) -> None:
    """InputError unless the arrays are those of one trace and belong to the header."""
    steps, names = len(traced.read), traced.header.get("tokens")
    for name, (dtype, dimensions) in _ARRAYS.items():
        array = getattr(traced, name)
        if array.dtype != dtype or array.ndim != dimensions:
            has = f"{array.ndim} dimensions of {array.dtype}"
            raise _foreign(
                path, f"'{name}' has {has}, but should have {dimensions} of {dtype.__name__}"
            )
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _foreign(path, "its header lacks the tokens")
    if not (
        steps >= 1
        and traced.written.shape == (steps,)
        and traced.probabilities.shape == (steps, len(names))
        and traced.hidden.shape == traced.cell.shape
        and traced.hidden.shape[1] == steps
    ):
        raise _foreign(path, f"its arrays do not all have {steps} steps and {len(names)} tokens")
    last = traced.written[-1:]
    numbers = np.concatenate([traced.read, traced.written[:-1], last[last != CUT_OFF]])
    if numbers.min() < 0 or numbers.max() >= len(names):
        raise _foreign(path, f"it has numbers that do not stand for any of its {len(names)} tokens")


def _foreign(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: this file is not a tunetrace trace: {reason}; make a trace with "
        "'tunetrace sample --trace'"
    )
