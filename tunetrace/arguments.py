"""Checks of the arguments of public functions: each is taken as meant, or refused in one sentence.

A parameter name means the same in every public function, so TAKEN has one check for each name.
This module imports no room: our own classes are told by their names.
"""

from __future__ import annotations

import inspect
import json
import operator
import os
import reprlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from pathlib import Path
from typing import Any, Final, Literal, ParamSpec, TypeVar, cast, get_args

from tunetrace.errors import (
    IndexFileError,
    InputError,
    ModelFileError,
    QueryError,
    TunetraceError,
)

Format = Literal["abc", "folkrnn", "thesession", "csv", "json", "musicxml", "midi"]
"""The formats of transcriptions."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are read: these arguments of a public function, which travel together."""

    format: Format | None = None
    """None: detected."""
    voice: str | None = None
    """The voice or part that is read: its name, or its place among a tune's voices, counted from 1.
    None: the first that has music."""
    column: str | None = None
    """The column or the key that has the tunes in a file of records. None: found by its name."""


AS_FOUND: Final = Reading()
"""Nothing is said about the inputs."""

Paper = Literal["a4", "letter"]
"""The sizes of a page of a tune-book."""

ViewName = Literal["tokens", "melody", "intervals", "rhythm", "contour"]
"""The views of an index."""

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def refused(
    name: str, given: object, right: str, error: type[TunetraceError] = QueryError
) -> TunetraceError:
    """The error for a wrong argument: what was given, and what would be right."""
    is_plain = given is None or isinstance(given, str | bytes | int | float)
    shown = reprlib.repr(given) if is_plain else f"of the type {type(given).__name__}"
    return error(f"{name} cannot be {shown}; give {right}")


def one_text(given: object, name: str) -> str:
    """A text."""
    if isinstance(given, str):
        return given
    raise refused(name, given, "text, as a str")


def many_texts(given: object, name: str) -> list[str]:
    """One text or several, as a list."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, Iterable) and not isinstance(given, bytes):
        return [one_text(one, f"one of {name}") for one in given]
    raise refused(name, given, "text, as a str, or a list of texts")


def many_figures(given: object, name: str) -> list[str]:
    """Figures, each as text or as a sequence of symbols, as a list of texts."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise refused(name, given, "a list of figures, each as text or as a list of symbols")
    figures = list(given)
    if set(map(type, figures)) <= {str}:  # a tenth of the time to look at each of thousands
        return figures
    try:
        return [one if isinstance(one, str) else " ".join(one) for one in figures]
    except TypeError:  # only then is each of thousands looked at again
        return [" ".join(many_texts(one, f"one of {name}")) for one in figures]


def one_path(given: object, name: str, error: type[TunetraceError] = InputError) -> str | Path:
    """A path as text or as any path object."""
    if isinstance(given, os.PathLike) and isinstance(given.__fspath__(), str):
        given = Path(given)
    if not isinstance(given, str | Path):
        raise refused(name, given, "a path, as a str or a Path", error)
    if "\0" in str(given):
        raise refused(name, str(given), "a path without NUL characters", error)
    return given


def one_place(given: object, name: str, error: type[TunetraceError] = InputError) -> str | Path:
    """A path to read or write. An empty text is refused: it would mean the current folder."""
    if given == "":
        raise refused(name, given, "a path that is not empty", error)
    return one_path(given, name, error)


def many_paths(given: object, name: str) -> list[str | Path]:
    """One path or several, as a list."""
    if isinstance(given, str | os.PathLike):
        return [one_path(given, name)]
    if isinstance(given, Iterable) and not isinstance(given, bytes):
        return [one_path(one, f"one of {name}") for one in given]
    raise refused(name, given, "a path, as a str or a Path, or a list of paths", InputError)


def one_reference(given: object, name: str) -> str | int:
    """A tune of an index: named by text, or by its id as a number."""
    if isinstance(given, str):
        return given
    try:
        return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise refused(name, given, "a tune's id, corpus:number or title") from None


def many_references(given: object, name: str) -> list[str | int]:
    """One tune of an index or several, as a list."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return [one_reference(one, f"one of {name}") for one in given]
    return [one_reference(given, name)]


def many_tunes(given: object, name: str) -> list[str]:
    """One tune or several, each a tune of an index or a path, as a list of texts."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | os.PathLike):
        return [text for one in given for text in many_tunes(one, f"one of {name}")]
    if isinstance(given, os.PathLike):
        return [str(one_path(given, name))]
    return [str(one_reference(given, name))]


def one_tune(given: object, name: str) -> Any:
    """A tune: a transcription, its text, or a tune of an index by its name or its id."""
    if type(given).__name__ == "Transcription":
        return given
    try:
        return one_reference(given, name)
    except TunetraceError:
        raise refused(name, given, "a transcription, its text, corpus:number or an id") from None


def many_pieces(given: object, name: str) -> list[Any]:
    """Tunes to engrave, one or several: transcriptions, tunes of an index, names and paths."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | os.PathLike):
        return [_one_piece(one, f"one of {name}") for one in given]
    return [_one_piece(given, name)]


def _one_piece(given: object, name: str) -> Any:
    if _is_own(given, *_TUNE_RECORDS):
        return given
    if isinstance(given, str | os.PathLike):
        return one_path(given, name)
    try:
        return str(one_reference(given, name))
    except TunetraceError:
        raise refused(
            name, given, "a transcription, a path, or a tune of an index", InputError
        ) from None


def json_object(given: object, name: str) -> dict[str, Any]:
    """What JSON can hold, by name; empty for None."""
    try:
        content = {} if given is None else dict(given)  # type: ignore[call-overload]
        json.dumps(content)
    except (TypeError, ValueError, RecursionError):
        raise refused(name, given, "a dict that JSON can hold") from None
    return content


def whole_number(given: object, name: str) -> int:
    """A whole number, Python's or NumPy's."""
    try:
        return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise refused(name, given, "a whole number") from None


def many_numbers(given: object, name: str) -> list[int]:
    """One whole number or several, as a list."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return [whole_number(one, f"one of {name}") for one in given]
    return [whole_number(given, name)]


def none_or_more(given: object, name: str) -> int:
    """A whole number from 0."""
    number = whole_number(given, name)
    if number < 0:
        raise refused(name, number, "0 or more")
    return number


def one_or_more(given: object, name: str) -> int:
    """A whole number from 1."""
    number = whole_number(given, name)
    if number < 1:
        raise refused(name, number, "1 or more")
    return number


def real_number(given: object, name: str) -> float:
    """A number, whole or not."""
    if isinstance(given, Real):
        return float(given)
    raise refused(name, given, "a number")


def one_share(given: object, name: str) -> float:
    """A share, from 0 to 1."""
    share = real_number(given, name)
    if 0 <= share <= 1:
        return share
    raise refused(name, share, "a share from 0 to 1")


def _is_own(given: object, *kinds: str) -> bool:
    """Whether an argument is of one of our classes, given by their names."""
    package = __name__.partition(".")[0]
    return any(
        one.__name__ in kinds and one.__module__.partition(".")[0] == package
        for one in type(given).__mro__
    )


def _own(
    *kinds: str, right: str, error: type[TunetraceError] = QueryError, or_path: bool = False
) -> Callable[[object, str], Any]:
    """The check that an argument is of one of our classes, given by their names.

    right: what the argument should be, for the message. or_path: or a path.
    """

    def check(given: object, name: str) -> Any:
        if or_path and isinstance(given, str | os.PathLike):
            return one_place(given, name, error)
        if _is_own(given, *kinds):
            return given
        raise refused(name, given, right, error)

    return check


given_filters: Final = _own("Filters", right="Filters, such as Filters(meter='6/8')")

_TUNE_RECORDS: Final = ("Transcription", "TuneDetail")
_tune_record: Final = _own(*_TUNE_RECORDS, right="a transcription, its text, or a tune of an index")


def _written(given: object, name: str) -> Any:
    """A tune: its text, or a record of it."""
    return given if isinstance(given, str) else _tune_record(given, name)


_answer_record: Final = _own(
    "CheckReport", "CheckedTune", "TuneDetail", "SimilarTunes",
    right="an answer of check, tune or similar",
)  # fmt: skip
_similar_record: Final = _own("SimilarTunes", right="an answer of similar")


def _answer(given: object, name: str) -> Any:
    """An answer that a page can show, or several of similar."""
    if isinstance(given, list | tuple):
        return [_similar_record(one, f"one of {name}") for one in given]
    return _answer_record(given, name)


def _format(given: object, name: str) -> Any:
    if given in get_args(Format):
        return given
    raise refused(name, given, f"one of {', '.join(get_args(Format))}", InputError)


def _voice(given: object, name: str) -> str:
    """The name of a voice, or its number."""
    if isinstance(given, str) and given.strip():
        return given.strip()
    try:
        return str(operator.index(given))  # type: ignore[arg-type]
    except TypeError:
        right = "the name of a voice or its number, as '2'"
        raise refused(name, given, right, InputError) from None


def _paper(given: object, name: str) -> Any:
    if given in get_args(Paper):
        return given
    raise refused(name, given, " or ".join(get_args(Paper)))


def _cluster(given: object, name: str) -> str | int:
    """The address of a scheduler, or a number of processes."""
    if isinstance(given, str) and "://" in given:
        return given
    right = (
        "the address of a scheduler, such as tcp://127.0.0.1:8786, or a number of workers from 1"
    )
    if isinstance(given, str):
        raise refused(name, given, right)
    workers = whole_number(given, name)
    if workers < 1:
        raise refused(name, given, right)
    return workers


def one_view(given: object, name: str) -> ViewName:
    """The name of a view."""
    for view in get_args(ViewName):
        if isinstance(given, str) and given == view:
            return cast(ViewName, view)
    raise refused(name, given, f"one of {', '.join(get_args(ViewName))}")


_INDEX: Final = "an open index, the path or the URL of an index, or None for your own"
_MODEL: Final = "an open model, or the name or the path of a model"

TAKEN: Final[dict[str, Callable[[object, str], Any]]] = {
    "index": _own("Index", right=_INDEX, error=IndexFileError, or_path=True),
    "model": _own("Model", right=_MODEL, error=ModelFileError, or_path=True),
    "filters": given_filters,
    "format": _format,
    "voice": _voice,
    "paper": _paper,
    "pieces": many_pieces,
    "view": one_view,
    "cluster": _cluster,
    "reference": one_reference,
    "asked": one_tune,
    "stats": _own("CorpusStats", right="statistics, as corpus_stats gives them"),
    "found": _own("Extraction", right="an extraction, as extract gives it"),
    "written": _written,
    "answer": _answer,
    "traced": _own("Trace", right="a trace, as Model.trace or load_trace gives it"),
    **dict.fromkeys(
        ("path", "folder", "source", "target", "file", "output", "data_set"), one_place
    ),
    **dict.fromkeys(
        ("text", "column", "corpus", "name", "meter", "key", "in_key", "start", "precision", "kind",
         "part", "before", "tonic", "id"),
        one_text,
    ),
    "tokens": many_texts,
    "tunes": many_tunes,
    "unit_numbers": many_numbers,
    **dict.fromkeys(("copy_share", "least", "max_similar", "threshold"), one_share),
    "workers": none_or_more,
    "shards": one_or_more,
    **dict.fromkeys(("temperature", "top_p", "value"), real_number),
    **dict.fromkeys(
        ("n", "top", "notes", "limit", "width", "seed", "max_copy", "max_tokens", "batch_size",
         "layers", "units", "report_every", "ended", "bars", "draws", "tune", "layer", "period",
         "controls", "real_tunes", "step", "at"),
        whole_number,
    ),
}  # fmt: skip
"""The check of each parameter, by its name. A parameter's default is always taken."""


def public(function: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Check a function's arguments by TAKEN at each call; a wrong one raises a TunetraceError."""
    parameters = inspect.signature(function).parameters
    positional = [name for name, it in parameters.items() if it.kind is not it.KEYWORD_ONLY]
    call: Callable[..., Answer] = function

    def taken(name: str, given: object) -> object:
        if name in TAKEN and name in parameters and given is not parameters[name].default:
            return TAKEN[name](given, name)
        return given

    # Signature.bind would do the same, but it takes a twentieth of the time to tokenize a tune.
    @wraps(function)
    def take(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        first = [taken(name, given) for name, given in zip(positional, args, strict=False)]
        named = {name: taken(name, given) for name, given in kwargs.items()}
        return call(*first, *args[len(first) :], **named)

    return take
