"""Notation in a notebook: a picture that needs no other program and changes nothing around it."""

from __future__ import annotations

from collections.abc import Sequence

from tunetrace.errors import InputError, OutputError
from tunetrace.score.engraving import Written, engrave
from tunetrace.score.marks import MARK_STYLE, Mark


def notation_html(written: Written, marks: Sequence[Mark] = ()) -> str:
    """A tune as a picture in HTML, with stretches marked.

    Empty where verovio is not installed, and for a tune without notes or with too many: the answer
    is shown without notation then.
    """
    try:
        drawing = engrave(written).drawing(marks)
    except (InputError, OutputError):
        return ""
    return drawing.as_image(written.title, MARK_STYLE)
