"""The folder of a report: all of its files take their places together, when all are complete.

Each file is first written beside its place under a temporary name. So a run that stops early leaves
nothing that looks like a report, and an older report stays until the new one is complete.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tunetrace.errors import OutputError
from tunetrace.files import (
    Kind,
    begins_with,
    beside,
    exists,
    is_there,
    remove_leftovers,
    written_whole,
)
from tunetrace.text import printable

_PACKAGES: Final = ("jinja2", "matplotlib", "pyarrow", "scipy")


def is_page(path: Path) -> bool:
    """Whether a file is a page that tunetrace wrote."""
    with path.open("rb") as file:
        return b'<meta name="generator" content="tunetrace ' in file.read(1 << 12)


def is_parquet(path: Path) -> bool:
    """Whether a file is a table in Parquet that tunetrace wrote."""
    import pyarrow as pa
    from pyarrow.parquet import read_schema

    try:
        return b"tunetrace" in (read_schema(path).metadata or {})
    except pa.ArrowException:
        return False


def _begins(beginning: bytes) -> Kind:
    return Kind("report", lambda path: begins_with(path, beginning))


FILES: Final = {
    "report.html": Kind("report", is_page),
    "tunes.csv": _begins(b"batch,place,"),
    "tunes.parquet": Kind("report", is_parquet),
    "spans.parquet": Kind("report", is_parquet),
    "summary.json": _begins(b'{\n  "tunetrace": "'),
    "set-aside.csv": _begins(b"batch,input,"),
}
"""The files of a report, each with how it is recognised. Other files are never replaced."""


class ReportFolder(ExitStack):
    """The folder that a report is written into.

    Inside its with statement, `beside` says where to write each file. At the end the files take
    their places; after an error they are removed.
    """

    def __init__(
        self, path: str | Path, inputs: Sequence[str | Path] = (), *, with_scores: bool = False
    ) -> None:
        """Make the folder.

        inputs: the files that the report is about; it must not replace any of them.
        with_scores: whether its page will have scores.

        Raises OutputError if the folder cannot be made or written, if another file has the name of
        a report's file, or if a package that writes reports is not installed.
        """
        super().__init__()
        self.path = Path(path)
        self.name = printable(str(path))
        packages = (*_PACKAGES, "verovio") if with_scores else _PACKAGES
        extras = "report,score" if with_scores else "report"
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing:
            raise OutputError(
                f"{self.name}: a report needs the Python packages {', '.join(packages)}, but "
                f"{', '.join(missing)} cannot be found; install them with: "
                f"pip install 'tunetrace[{extras}]'"
            )
        for name, kind in FILES.items():
            self._check_place(name, kind, inputs)
        with self.writing():
            self.path.mkdir(parents=True, exist_ok=True)
            # Find out now that the folder cannot be written, not after a whole batch was checked.
            remove_leftovers(self.path / "report")
            probe = beside(self.path / "report")
            probe.touch()
            probe.unlink()

    def _check_place(self, name: str, kind: Kind, inputs: Sequence[str | Path]) -> None:
        """Raise OutputError if the file of this name must not be written."""
        place = self.path / name
        with suppress(OSError, ValueError):  # there is nothing at the place
            if place.is_dir():
                raise OutputError(
                    f"{self.name}: the report needs to write a file '{name}', but there is a "
                    "folder with this name; give another folder"
                )
            if any(place.samefile(given) for given in inputs if exists(given)):
                raise OutputError(
                    f"{self.name}: the file '{name}' is an input of the report and would be "
                    "replaced; give another folder"
                )
        is_there(place, kind)

    def beside(self, name: str) -> Path:
        """The path to write the file of this name to; it takes its place at the end."""
        return self.enter_context(written_whole(self.path / name, "the report"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn every error of the file system into an OutputError."""
        try:
            yield
        except OSError as error:
            reason = (error.strerror or "unusable").lower()
            raise OutputError(
                f"{self.name}: the report cannot be written to this folder ({reason}); "
                "free disk space, or give another folder"
            ) from None
