"""What the pictures that are files have in common: formats, style, and how they are written."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tunetrace.corpus.readers import printable
from tunetrace.errors import OutputError

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


def check_picture(path: str | Path) -> None:
    """See that a picture can be drawn and has an ending that says its format; else OutputError."""
    name = printable(str(path))
    if _ending(path) not in FORMATS:
        raise OutputError(f"{name}: a picture's name ends in .png, .svg or .pdf; give one of them")
    if importlib.util.find_spec("matplotlib") is None:
        raise OutputError(
            f"{name}: pictures are drawn by matplotlib, and it is not here; install it with: "
            "pip install 'tunetrace[plot]'"
        )


def save_picture(draw: Callable[[], Figure], path: str | Path) -> None:
    """Draw a figure in the common style and write it as the ending of path says.

    Figures are made without pyplot, which may open a display. OutputError where the ending is
    another, path cannot be written or matplotlib is not installed.
    """
    check_picture(path)
    import matplotlib

    ending = _ending(path)
    # A date would make two pictures of one thing differ.
    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[ending]
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure = draw()
        try:
            figure.savefig(path, format=ending, dpi=150, metadata=undated)
        except OSError as error:
            reason = (error.strerror or "unusable").lower()
            raise OutputError(
                f"{printable(str(path))}: cannot be written ({reason}); give another place"
            ) from None


def _ending(path: str | Path) -> str:
    return Path(path).suffix.lower().removeprefix(".")
