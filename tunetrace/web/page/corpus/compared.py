"""The page of two tunes of the index, bar under bar."""

from __future__ import annotations

from typing import Final

from tunetrace.checker.records import TuneName
from tunetrace.checker.similar.similar import similar
from tunetrace.indexer.index import Index
from tunetrace.indexer.tune import tune
from tunetrace.reports.scores.checked import shown_similar
from tunetrace.text import plain
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.web.page.corpus.spelling import key_in_words
from tunetrace.web.page.questions import HTML, templates
from tunetrace.web.page.traced import sheet_for
from tunetrace.web.work.answers import File

_NEAREST: Final = 32
"""How many of the tunes that are nearest to a tune are aligned with it."""


def compared_page(index: Index, reference: str, other: str, width: int) -> File:
    """A tune over another one; QueryError if a reference names no tune.

    width: of the view, in pixels.
    """
    over, under = tune(reference, index), tune(other, index)
    sheet = sheet_for(width)
    engraving = sheet.engraved(over)
    shown = None
    if engraving is not None:
        nearest = similar(over.tune, index, limit=_NEAREST, alignment=True).tunes
        near = next((one for one in nearest if one.tune == under.tune), None)
        if near is not None:
            shown = shown_similar(near, lay_out(over.tokens), engraving, sheet)
    html = templates().get_template("compared.html.jinja").render(
        here="/tunes",
        title=f"{plain(over.title) or '(untitled)'} and {plain(under.title) or '(untitled)'}",
        over=TuneName.of(over),
        over_key=key_in_words(over.original_key),
        under=TuneName.of(under),
        under_key=key_in_words(under.original_key),
        shown=shown,
        shapes=sheet.shapes(),
    )  # fmt: skip
    return File(html.encode(), HTML, tuple(sorted({over.corpus, under.corpus})))
