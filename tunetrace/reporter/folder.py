"""The folder of a report: its files take their places together, when all of them are whole.

Each is written beside its place, under a name that says so, and renamed at the end. A run that is
cut off leaves nothing that looks like a report, and an older report stays until the new one is
there.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tunetrace.corpus.readers import printable
from tunetrace.errors import OutputError
from tunetrace.unfinished import beside, remove_leftovers

_NEEDED: Final = ("jinja2", "matplotlib", "pyarrow", "scipy")


class ReportFolder:
    """A folder that a report is written to: with it, `beside` says where each file is written.

    At the end of the with statement the files take their places; where it is left by an error they
    are removed.
    """

    def __init__(self, path: str | Path) -> None:
        """Make the folder. OutputError where that cannot be done, where nothing can be written
        there, or where what a report is written with is not installed."""
        self.path = Path(path)
        self._name = printable(str(path))
        self._files: dict[str, Path] = {}
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise OutputError(
                f"{self._name}: a report is written with {', '.join(_NEEDED)}, of which "
                f"{', '.join(missing)} cannot be found here; install what it needs with: "
                "pip install 'tunetrace[report]'"
            )
        with self.writing():
            self.path.mkdir(parents=True, exist_ok=True)
            # Here rather than after the check of a whole batch.
            probe = beside(self.path / "report")
            probe.touch()
            probe.unlink()

    def beside(self, name: str) -> Path:
        """Where to write the file of this name, which takes its place at the end.

        OutputError where a folder is in its place.
        """
        if name not in self._files:
            place = self.path / name
            if place.is_dir():
                raise OutputError(
                    f"{self._name}: there is a folder '{name}' where the report's file of that "
                    "name belongs; give another folder"
                )
            with self.writing():
                remove_leftovers(place)
            self._files[name] = beside(place)
        return self._files[name]

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
                    for name, written in self._files.items():
                        written.replace(self.path / name)
        finally:
            for written in self._files.values():
                with suppress(OSError):
                    written.unlink(missing_ok=True)
