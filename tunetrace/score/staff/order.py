"""The order in which the sections of a tune are played."""

from __future__ import annotations

from itertools import pairwise

from tunetrace.score.staff.records import Section
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.forms import forms_of
from tunetrace.tokenizer.layout.timeline import Bar


def sections_of(layout: Layout) -> tuple[list[Section], list[int]]:
    """The sections of a tune, and the order in which they are played."""
    bars = layout.bars
    forms = forms_of(layout)
    runs = list(zip(forms.starts, forms.stops, strict=True))
    at = 0
    played = runs[: forms.runs[0]] if forms.runs else []
    for part, is_played, count in zip(forms.parts, forms.are_played, forms.runs, strict=True):
        if part == 0 and is_played:
            played = runs[at : at + count]
        at += count
    played = [(start, stop) for start, stop in played if start < stop]
    cuts = {0, len(bars), *(edge for run in played for edge in run)}
    cuts.update(
        k for k in range(1, len(bars))
        if (bars[k].part, bars[k].ending) != (bars[k - 1].part, bars[k - 1].ending)
    )  # fmt: skip
    sections = [
        Section(first, stop, _ending(bars[first])) for first, stop in pairwise(sorted(cuts))
    ]
    order = [
        k
        for start, stop in played
        for k, section in enumerate(sections)
        if start <= section.first and section.stop <= stop
    ]
    return sections, order


def _ending(bar: Bar) -> str | None:
    """The numbers of the ending that a bar is in, as its sign has them."""
    if bar.ending is None:
        return None
    for line in bar.lines:
        if line[1:2].isdigit():
            return line[1:].replace(",", ", ").replace("-", "–")
    return str(bar.ending)
