"""What goes on in a network while it writes a transcription, step by step, and the file of that.

At each step the network reads a token, its layers change their states, and it says how probable
each token is to come next. A trace keeps all of it. Its file is NumPy's .npz: a ZIP archive with an
array in each member, which NumPy has documented since 2008 and most languages have a reader for,
and with a member header.json beside the arrays.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.errors import InputError, OutputError, QueryError
from tunetrace.files import Kind, check_place, written_whole

if TYPE_CHECKING:
    from torch import Tensor

    from tunetrace.model.network import Layer
    from tunetrace.model.records import Model

FORMAT: Final = 1
SUFFIX: Final = ".npz"
CUT_OFF: Final = -1
"""What stands for the token that never came."""

_HEADER: Final = "header.json"
_ARRAYS: Final = {
    "read": (np.int32, 1),
    "written": (np.int32, 1),
    "probabilities": (np.float32, 2),
    "hidden": (np.float32, 3),
    "cell": (np.float32, 3),
}
"""The arrays of a file: their types and how many dimensions each has."""

_MOST_BYTES: Final = 1 << 32
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of all members, so that the same trace is the same file."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A network's probabilities and states over a transcription of S - 1 tokens: S steps.

    read: (S,) int32, the token that is read at each step, by number; the first is START.
    written: (S,) int32, the token that came next; the last is END, or CUT_OFF where none came.
    probabilities: (S, tokens) float32, of each token to come next, at temperature 1 and before
    any token is left out. hidden, cell: (layers, S, units) float32, the states of the layers after
    the step; layer 3 is hidden[2]. header: what is known of it: `tokens` (the names in the order
    of their numbers), `sizes`, `model`, and whatever else it was given, such as the seed.
    """

    read: NDArray[np.int32]
    written: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    hidden: NDArray[np.float32]
    cell: NDArray[np.float32]
    header: dict[str, Any]

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


def trace(
    model: Model,
    tokens: Sequence[str],
    *,
    has_ended: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> Trace:
    """The trace of a transcription, given by its tokens without START and END.

    has_ended: whether END follows. facts: what to add to the header, as JSON can have it; it
    takes the place of nothing that is there. A
    transcription that was sampled is traced by having the network read it once more, so that
    sampling keeps nothing; what it was sampled with in another precision differs by its rounding.
    Raises QueryError for a token that the model lacks, ModelFileError where the weights are too
    large to be summed.
    """
    import torch

    known = model.tokens
    numbers = known.encode(tokens)
    framed = {known.start, known.end}.intersection(numbers)
    if framed:
        raise QueryError(
            f"'{known.names[framed.pop()]}' stands at the beginning or the end of every "
            "transcription; give the tokens between"
        )
    read = [known.start, *numbers]
    with torch.inference_mode():
        below: Tensor = torch.tensor(read)
        hidden, cell = [], []
        for layer in model.network.layers:
            below, cells = _through_layer(layer, below)
            hidden.append(below.numpy())
            cell.append(cells.numpy())
        logits = below @ model.network.to_tokens + model.network.token_bias
        if not logits.isfinite().all():
            raise model.overflow()
        probabilities = torch.softmax(logits.double(), dim=1).float().numpy()
    header = {
        **(facts or {}),
        "format": FORMAT,
        "model": model.name,
        "sizes": asdict(model.sizes),
        "tokens": list(known.names),
    }
    written = [*numbers, known.end if has_ended else CUT_OFF]
    return Trace(
        np.array(read, dtype=np.int32), np.array(written, dtype=np.int32), probabilities,
        np.stack(hidden), np.stack(cell), header,
    )  # fmt: skip


def _through_layer(layer: Layer, below: Tensor) -> tuple[Tensor, Tensor]:
    """The hidden and cell states of a layer after each of S steps: (S, units) each.

    below: the tokens (S,) that the first layer reads, or the hidden states (S, inputs) below.
    """
    import torch

    from tunetrace.model.network import cell_step

    is_first = below.dim() == 1
    from_below = layer.from_input[below] if is_first else below @ layer.from_input
    from_below = from_below + layer.bias
    hidden, cell = layer.initial_hidden[None], layer.initial_cell[None]
    hiddens, cells = [], []
    for step in range(len(from_below)):
        hidden, cell = cell_step(from_below[step : step + 1] + hidden @ layer.from_hidden, cell)
        hiddens.append(hidden)
        cells.append(cell)
    return torch.cat(hiddens), torch.cat(cells)


@public
def save_trace(traced: Trace, path: str | Path, *, force: bool = False) -> None:
    """Write a trace's file, whole or not at all.

    force: replace a trace that is there. OutputError where something is in the way or it cannot be
    written.
    """
    path = Path(path)
    check_name(path)
    check_place(path, TRACE_FILE, force=force)
    with written_whole(path, "the trace") as unfinished:
        _write(traced, unfinished)


def check_name(path: Path) -> None:
    """See that a trace may be called so; OutputError where it may not."""
    if path.suffix != SUFFIX:
        raise OutputError(f"{path}: a trace is NumPy's {SUFFIX} file; name it so, as trace{SUFFIX}")


def _write(traced: Trace, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        header = json.dumps(traced.header, indent=1).encode()
        archive.writestr(zipfile.ZipInfo(_HEADER, _EPOCH), header)
        for name in _ARRAYS:
            with io.BytesIO() as member:
                np.lib.format.write_array(member, getattr(traced, name), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())


@public
def load_trace(path: str | Path) -> Trace:
    """Read a trace's file; InputError where it is absent, cut off, foreign or misshapen."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise _foreign(path, "it unpacks to more than 4 GiB")
            header = dict(json.loads(archive.read(_HEADER)))
            arrays = {}
            for name in _ARRAYS:
                with archive.open(f"{name}.npy") as member:
                    arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
        traced = Trace(**arrays, header=header)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{path}: the trace cannot be read ({reason})") from None
    except KeyError:
        raise _foreign(path, f"it lacks {_HEADER} or one of {', '.join(_ARRAYS)}") from None
    except _DAMAGE:
        raise _foreign(path, f"it is cut off or no {SUFFIX} file") from None
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
    """See that the arrays are those of one trace and belong to the header; InputError if not."""
    steps, names = len(traced.read), traced.header.get("tokens")
    for name, (dtype, dimensions) in _ARRAYS.items():
        array = getattr(traced, name)
        if array.dtype != dtype or array.ndim != dimensions:
            has = f"{array.ndim} dimensions of {array.dtype}"
            raise _foreign(
                path, f"'{name}' has {has} and should have {dimensions} of {dtype.__name__}"
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
        raise _foreign(
            path, f"its arrays are not of the same {steps} steps and {len(names)} tokens"
        )
    numbers = np.append(traced.read, traced.written[:-1])
    is_cut_off = int(traced.written[-1]) == CUT_OFF
    last = 0 if is_cut_off else int(traced.written[-1])
    if min(numbers.min(), last) < 0 or max(numbers.max(), last) >= len(names):
        raise _foreign(path, f"it has numbers that are none of its {len(names)} tokens")


def _foreign(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: this is no trace of tunetrace's: {reason}; one is written with "
        "'tunetrace sample --trace'"
    )
