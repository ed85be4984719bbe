"""The picture of how similar the steps of a tune are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunetrace.errors import QueryError
from tunetrace.model.inspect.measures.similarity import gramians
from tunetrace.plots.network.steps import MARKS_CAPTION, WIDTH, TracedTune, mark_both, new_figure
from tunetrace.plots.picture import DIVERGING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_STEPS: Final = 4000
"""The similarities of more steps would take more than 64 MB a panel."""


def draw_gramian(tune: TracedTune) -> Figure:
    """The similarity of all pairs of steps: of the inputs, of the softmax and of each layer."""
    if tune.steps > _MOST_STEPS:
        raise QueryError(
            f"the tune has {tune.steps:,} steps, and a Gramian shows at most {_MOST_STEPS:,}; give "
            "a shorter tune"
        )
    rows = (len(tune.trace.hidden) + 3) // 2
    caption = (
        "Similarity: the cosine of two steps' vectors. A diagonal beside the main one: a passage "
        f"that comes again.\n{MARKS_CAPTION}"
    )
    title = "Gramians: the similarity of all pairs of steps"
    figure = new_figure(tune, title, rows * WIDTH / 2.1 + 1.6, caption)
    panels = figure.subplots(rows, 2).flatten()
    extent = (0.5, tune.steps + 0.5) * 2
    used = 0
    for axes, (name, similarities) in zip(panels, gramians(tune.trace), strict=False):
        image = axes.imshow(similarities, cmap=DIVERGING, vmin=-1, vmax=1, origin="lower",
                            extent=extent)  # fmt: skip
        axes.set_title(name)
        mark_both(axes, tune)
        used += 1
    for axes in panels[used:]:
        axes.set_axis_off()
    figure.colorbar(image, ax=list(panels), location="bottom", shrink=0.5, aspect=40, pad=0.01,
                    ticks=(-1, -0.5, 0, 0.5, 1), label="similarity (cosine)")  # fmt: skip
    return figure
