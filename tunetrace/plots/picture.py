"""Pictures as files: their formats, their style, and how they are written."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tunetrace.errors import OutputError
from tunetrace.files import Kind, check_folder, check_place, written_whole
from tunetrace.text import plain, printable, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Blue, vermilion and green of Okabe and Ito, which colour-blind people can tell apart.
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#595959"

# Both colour maps can be read by colour-blind people, and in grey the first goes from light to dark
# throughout. cividis was computed for that (Nuñez, Anderton and Renslow 2018). RdBu is one of the
# diverging maps that ColorBrewer lists as safe (Harrower and Brewer 2003); white is its middle.
SEQUENTIAL: Final = "cividis_r"
DIVERGING: Final = "RdBu_r"

_LONGEST_TOKEN: Final = 16
_LONGEST_MODEL: Final = 30

MONOSPACED: Final = ("DejaVu Sans Mono", "monospace")
"""The fonts that tokens are written in."""

STYLE: Final[dict[Any, Any]] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "text.parse_math": False,  # `_B` and `$` are plain text
    "svg.fonttype": "none",
    "svg.hashsalt": "tunetrace",
}
"""The style that pictures in files and pictures on pages share."""

FILE_STYLE: Final = STYLE | {
    "font.size": 10,
    "font.family": ["DejaVu Sans", "sans-serif"],
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}

# Without a date, the same data always gives the same file.
_METADATA: Final[dict[str, dict[str, Any]]] = {
    "png": {"Software": "tunetrace"},
    "svg": {"Creator": "tunetrace", "Date": None},
    "pdf": {"Creator": "tunetrace", "CreationDate": None},
}
_MARKS: Final = (
    b"Software\0tunetrace",
    b"<dc:title>tunetrace</dc:title>",
    b"/Creator (tunetrace)",
)
"""How PNG, SVG and PDF name the program that made them. PDF does so near its end."""


def _is_picture(path: Path) -> bool:
    """Whether a file is marked as a picture that tunetrace drew."""
    with path.open("rb") as file:
        parts = file.read(1 << 12)
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        parts += file.read()
    return any(mark in parts for mark in _MARKS)


PICTURE_FILE: Final = Kind("picture", _is_picture)
"""A picture is recognised by the program that it names."""


def label_of(token: str) -> str:
    """A token as pictures write it. Those of some models are long or have control characters."""
    return shortened(plain(token), _LONGEST_TOKEN)


def model_label(name: object) -> str:
    """The name of a model as pictures write it."""
    return shortened(plain(str(name)), _LONGEST_MODEL)


def check_picture(path: str | Path, *, force: bool = False) -> None:
    """Raise OutputError if a picture cannot be drawn or must not be written to path.

    force: it may replace an older picture that tunetrace drew.
    """
    name = printable(str(path))
    if _ending(path) not in _METADATA:
        raise OutputError(f"{name}: the name of a picture must end in .png, .svg or .pdf")
    if importlib.util.find_spec("matplotlib") is None:
        raise OutputError(
            f"{name}: pictures need the Python package matplotlib, which is not installed; install "
            "it with: pip install 'tunetrace[plot]'"
        )
    check_place(Path(path), PICTURE_FILE, force=force)
    check_folder(Path(path), "the picture")


def save_picture(draw: Callable[[], Figure], path: str | Path, *, force: bool = False) -> None:
    """Draw a figure in the common style and write it in the format that the ending of path gives.

    draw must not use pyplot, which may open a display. force: replace an older picture that
    tunetrace drew. The picture takes its place when it is whole. Raises OutputError as
    check_picture, or if path cannot be written.
    """
    check_picture(path, force=force)
    import matplotlib

    ending = _ending(path)
    with matplotlib.rc_context(FILE_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure = draw()
        with written_whole(Path(path), "the picture") as unfinished:
            figure.savefig(unfinished, format=ending, dpi=150, metadata=_METADATA[ending])


def _ending(path: str | Path) -> str:
    return Path(path).suffix.lower().removeprefix(".")
