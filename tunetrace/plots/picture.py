"""What the pictures that are files have in common: formats, style, and how they are written."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tunetrace.errors import OutputError
from tunetrace.files import Kind, check_place
from tunetrace.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS: Final = ("png", "svg", "pdf")

# Okabe and Ito's blue, vermilion and green, which the colour-blind tell apart too.
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#595959"

_STYLE: Final[dict[Any, Any]] = {
    "font.size": 10,
    "font.family": ["DejaVu Sans", "sans-serif"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "text.parse_math": False,  # `_B` and `$` are themselves
    "svg.fonttype": "none",
    "svg.hashsalt": "tunetrace",
}


_MADE_BY: Final = "tunetrace"
_MARKS: Final = (
    b"Software\0tunetrace",
    b"<dc:title>tunetrace</dc:title>",
    b"/Creator (tunetrace)",
)
"""How PNG, SVG and PDF write what made them: the first two near their beginning, PDF near its end.
"""

_BEGINNING: Final = 1 << 12
_END: Final = 1 << 16


def _is_picture(path: Path) -> bool:
    """Whether a file is marked as a picture of tunetrace's."""
    with path.open("rb") as file:
        parts = file.read(_BEGINNING)
        file.seek(max(0, path.stat().st_size - _END))
        parts += file.read()
    return any(mark in parts for mark in _MARKS)


PICTURE_FILE: Final = Kind("picture", _is_picture)
"""A picture's file, told by what it says made it."""


def check_picture(path: str | Path, *, force: bool = False) -> None:
    """See that a picture can be drawn, has an ending that says its format, and may take its place.

    force: it may replace a picture of tunetrace's. OutputError where one of it is not so.
    """
    name = printable(str(path))
    if _ending(path) not in FORMATS:
        raise OutputError(f"{name}: a picture's name ends in .png, .svg or .pdf; give one of them")
    if importlib.util.find_spec("matplotlib") is None:
        raise OutputError(
            f"{name}: pictures are drawn by matplotlib, and it is not here; install it with: "
            "pip install 'tunetrace[plot]'"
        )
    check_place(Path(path), PICTURE_FILE, force=force)


def save_picture(draw: Callable[[], Figure], path: str | Path, *, force: bool = False) -> None:
    """Draw a figure in the common style and write it as the ending of path says.

    Figures are made without pyplot, which may open a display. force: replace a picture of
    tunetrace's. OutputError where the ending is another, something is in the way, path cannot be
    written or matplotlib is not installed.
    """
    check_picture(path, force=force)
    import matplotlib

    ending = _ending(path)
    # A date would make two pictures of one thing differ.
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": _MADE_BY},
        "svg": {"Creator": _MADE_BY, "Date": None},
        "pdf": {"Creator": _MADE_BY, "CreationDate": None},
    }
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure = draw()
        try:
            figure.savefig(path, format=ending, dpi=150, metadata=metadata[ending])
        except OSError as error:
            reason = (error.strerror or "unusable").lower()
            raise OutputError(
                f"{printable(str(path))}: cannot be written ({reason}); give another place"
            ) from None


def _ending(path: str | Path) -> str:
    return Path(path).suffix.lower().removeprefix(".")
