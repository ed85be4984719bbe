"""The folder of a report: its files take their places together, when all of them are whole.

Each is written beside its place, under a name that says so, and renamed at the end. A run that is
cut off leaves nothing that looks like a report, and an older report stays until the new one is
there. A report takes the place of an older one and of nothing else.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tunetrace.errors import OutputError
from tunetrace.files import Kind, begins_with, beside, exists, is_there, remove_leftovers
from tunetrace.text import printable

_NEEDED: Final = ("jinja2", "matplotlib", "pyarrow", "scipy")

_GENERATOR: Final = b'<meta name="generator" content="tunetrace '
_WHERE_HTML_SAYS_SO: Final = 1 << 12


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return _GENERATOR in file.read(_WHERE_HTML_SAYS_SO)


def _is_parquet(path: Path) -> bool:
    import pyarrow as pa
    from pyarrow.parquet import read_schema

    try:
        return b"tunetrace" in (read_schema(path).metadata or {})
    except pa.ArrowException:
        return False


def _begins(beginning: bytes) -> Kind:
    return Kind("report", lambda path: begins_with(path, beginning))


FILES: Final = {
    "report.html": Kind("report", _is_page),
    "tunes.csv": _begins(b"batch,place,"),
    "tunes.parquet": Kind("report", _is_parquet),
    "spans.parquet": Kind("report", _is_parquet),
    "summary.json": _begins(b'{\n  "tunetrace": "'),
    "set-aside.csv": _begins(b"batch,input,"),
}
"""What a report consists of, and how each file is told from one that is no report's."""


class ReportFolder:
    """A folder that a report is written to: with it, `beside` says where each file is written.

    At the end of the with statement the files take their places; where it is left by an error they
    are removed.
    """

    def __init__(self, path: str | Path, inputs: Sequence[str | Path] = ()) -> None:
        """Make the folder. OutputError where that cannot be done, where nothing can be written
        there, where a file is in the place of one of the report's, or where what a report is
        written with is not installed.

        inputs: what the report is on, none of which it may replace.
        """
        self.path = Path(path)
        self._name = printable(str(path))
        self._files: dict[Path, Path] = {}
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise OutputError(
                f"{self._name}: a report is written with {', '.join(_NEEDED)}, of which "
                f"{', '.join(missing)} cannot be found here; install what it needs with: "
                "pip install 'tunetrace[report]'"
            )
        for name, kind in FILES.items():
            self._check_place(name, kind, inputs)
        with self.writing():
            self.path.mkdir(parents=True, exist_ok=True)
            # Here rather than after the check of a whole batch.
            probe = beside(self.path / "report")
            probe.touch()
            probe.unlink()

    def _check_place(self, name: str, kind: Kind, inputs: Sequence[str | Path]) -> None:
        """See that the file of this name may be written; OutputError where it may not."""
        place = self.path / name
        with suppress(OSError, ValueError):  # of a place where there is nothing
            if place.is_dir():
                raise OutputError(
                    f"{self._name}: there is a folder '{name}' where the report's file of that "
                    "name belongs; give another folder"
                )
            if any(place.samefile(given) for given in inputs if exists(given)):
                raise OutputError(
                    f"{self._name}: its '{name}' is what this report would be on, and would be "
                    "replaced by it; give another folder"
                )
        is_there(place, kind)

    def beside(self, name: str) -> Path:
        """Where to write the file of this name, which takes its place at the end."""
        place = Path(os.path.realpath(self.path / name))  # of a link, what it leads to
        if place not in self._files:
            with self.writing():
                remove_leftovers(place)
            self._files[place] = beside(place)
        return self._files[place]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What goes wrong in writing a file of the report, as an OutputError."""
        try:
            yield
        except OSError as error:
            reason = (error.strerror or "unusable").lower()
            raise OutputError(
                f"{self._name}: the report cannot be written there ({reason}); "
                "make room, or give another folder"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                with self.writing():
                    for place, written in self._files.items():
                        written.replace(place)
        finally:
            for written in self._files.values():
                with suppress(OSError):
                    written.unlink(missing_ok=True)
