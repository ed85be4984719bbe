"""One family as a picture: its tunes as a graph, those that are most alike nearest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.checker.similar.families.find import family_record
from tunetrace.checker.similar.families.records import Family, FamilyTune
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.near.families import likenesses
from tunetrace.indexer.near.graph import NearGraph, graph_of
from tunetrace.plots.picture import BLUE, GREY, VERMILION, save_picture
from tunetrace.text import counted, plain, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_TITLE: Final = 26
_MOST: Final = 60
"""A picture of more tunes than this could not be read."""

_MAJORIZED: Final = 300
_PUSHED: Final = 1000
"""How often tunes are placed anew, and how often those that overlap are pushed apart."""

_LETTER: Final = 0.068
_LINE: Final = 0.17
"""About the width of a letter and the height of a line in inches."""

_SPREAD: Final = 0.8
_DIAGONAL: Final = 2**0.5
"""How far apart tunes are that are not alike, in boxes, times the root of their number; and how far
apart any two are at least."""

_TALLER: Final = 1.7
"""There is room above and below a tune, so that lines can be told apart."""

_HEAD: Final = 0.6
_MARGIN: Final = 0.2
_LEAST_WIDTH: Final = 7.0
"""The height of the title, the room around the tunes, and the least width, in inches."""

_STRENGTHS: Final = (0.95, 0.5, 0.1)
"""The probabilities that the legend shows."""

Points = NDArray[np.float64]


@public
def plot_family(
    reference: str | int,
    path: str | Path,
    index: Index | str | Path | None = None,
    *,
    force: bool = False,
) -> None:
    """Draw the family of a tune as one picture. The ending of path gives the format: PNG, SVG, PDF.

    Each tune is a box with its title and `corpus:number`. The nearer two boxes, the more alike are
    the tunes. A line joins two tunes that are probably near copies; it is wider and darker the more
    probable that is. reference: an id, `corpus:number` or a title. index: open, or its path;
    default: your own. force: replace an older picture that tunetrace drew.

    Raises QueryError if the index has no families yet, the tune is unknown or alone in its family,
    or the family has more than 60 tunes; OutputError as plot_corpus.
    """
    with given_or_default(index) as opened:
        graph = graph_of(opened.graph, opened.named)
        named = opened.resolve(reference, partly=True)[0]
        tunes = graph.in_families_of([named]).tolist()
        records = opened.catalogue.tunes(tunes)
        family = family_record([records[tune] for tune in tunes], graph)
    given = plain(str(reference))
    if len(tunes) < 2:
        raise QueryError(f"'{given}' has no near copy in the index; give a tune of a family")
    if len(tunes) > _MOST:
        raise QueryError(
            f"the family of '{given}' has {len(tunes):,} tunes, but a picture can show {_MOST} at "
            "most; give a tune of a smaller family"
        )
    save_picture(lambda: _draw(family, graph), path, force=force)


def _draw(family: Family, graph: NearGraph) -> Figure:
    from matplotlib.figure import Figure

    labels = [_label(tune) for tune in family.tunes]
    size = np.array([_size(label) for label in labels]).max(axis=0)
    spread = _SPREAD * len(labels) ** 0.5
    places = _apart(_placed(_likeness(family, graph)) * spread)
    places *= size * (1, _TALLER)  # in inches
    low, high = places.min(axis=0) - size / 2, places.max(axis=0) + size / 2
    width, height = np.maximum(high - low + 2 * _MARGIN, (_LEAST_WIDTH, 0))
    head = _HEAD
    figure = Figure(figsize=(width, height + head))
    axes = figure.add_axes((0, 0, 1, height / (height + head)))
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - width / 2, middle[0] + width / 2)
    axes.set_ylim(middle[1] - height / 2, middle[1] + height / 2)
    axes.set_axis_off()
    _draw_lines(axes, family, graph, places)
    for tune, label, place in zip(family.tunes, labels, places, strict=True):
        edge = BLUE if tune.title == family.name else VERMILION
        axes.text(
            place[0], place[1], label, ha="center", va="center", fontsize=8, linespacing=1.15,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": edge},
        )  # fmt: skip
    figure.text(
        0.2 / width, 1 - 0.15 / (height + head),
        f"{shortened(plain(family.name) or '(untitled)', 60)}: {counted(len(labels), 'tune')}",
        ha="left", va="top", fontsize=12, weight="bold",
    )  # fmt: skip
    _draw_legend(figure)
    return figure


def _label(tune: FamilyTune) -> str:
    title = shortened(plain(tune.title) or "(untitled)", _LONGEST_TITLE)
    number = f":{tune.number}"
    return f"{title}\n{shortened(plain(tune.corpus), _LONGEST_TITLE - len(number))}{number}"


def _size(label: str) -> tuple[float, float]:
    """About how wide and high a label with its box is, in inches."""
    lines = label.split("\n")
    return max(map(len, lines)) * _LETTER + 0.3, len(lines) * _LINE + 0.22


def _draw_lines(axes: Axes, family: Family, graph: NearGraph, places: Points) -> None:
    at = {tune.tune: place for tune, place in zip(family.tunes, places, strict=True)}
    for (first, second), probability in zip(
        graph.pairs.tolist(), graph.probabilities.tolist(), strict=True
    ):
        if first in at and second in at:
            axes.plot(
                *zip(at[first], at[second], strict=True), color=GREY, zorder=0,
                linewidth=_width(probability), alpha=_alpha(probability),
            )  # fmt: skip


def _width(probability: float) -> float:
    return 0.4 + 2 * probability


def _alpha(probability: float) -> float:
    return 0.1 + 0.4 * probability


def _draw_legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=GREY, linewidth=_width(strength), alpha=_alpha(strength))
        for strength in _STRENGTHS
    ]
    names = [f"{strength}" for strength in _STRENGTHS]
    figure.legend(
        lines, names, title="probability of one melody", ncols=len(lines), loc="upper right",
        frameon=False, fontsize=8, title_fontsize=8,
    )  # fmt: skip


# Where the tunes are placed


def _likeness(family: Family, graph: NearGraph) -> Points:
    """How alike each two tunes of a family are: (n, n), from 0 to 1."""
    ids = np.array([tune.tune for tune in family.tunes])
    is_inside = np.isin(graph.pairs, ids).all(axis=1)
    pairs = np.searchsorted(ids, graph.pairs[is_inside])
    likeness = np.zeros((len(ids), len(ids)))
    for (one, two), value in likenesses(len(ids), pairs, graph.probabilities[is_inside]).items():
        likeness[one, two] = likeness[two, one] = value
    return likeness


def _placed(likeness: Points) -> Points:
    """Places in the plane whose distances are near to 1 - likeness: (n, 2).

    Method: multidimensional scaling, begun with the classical solution (Torgerson 1952) and then
    improved by majorizing its stress (SMACOF, de Leeuw 1977).
    """
    wanted = 1.05 - likeness
    np.fill_diagonal(wanted, 0)
    count = len(wanted)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-0.5 * centre @ wanted**2 @ centre)
    places: Points = vectors[:, -2:][:, ::-1] * np.sqrt(np.maximum(values[-2:][::-1], 1e-6))
    if count == 2:
        return np.array([[-0.5, 0.0], [0.5, 0.0]])
    places += 1e-3 * np.column_stack([np.cos(np.arange(count)), np.sin(np.arange(count))])
    for _ in range(_MAJORIZED):
        apart = places[:, None] - places[None]
        distance = np.sqrt((apart**2).sum(axis=2))
        ratio = np.divide(wanted, distance, out=np.zeros_like(wanted), where=distance > 1e-9)
        np.fill_diagonal(ratio, 0)
        turned = -ratio
        np.fill_diagonal(turned, ratio.sum(axis=1))
        places = turned @ places / count
    return places


def _apart(places: Points) -> Points:
    """Places, (n, 2), moved until no two are nearer than the diagonal of a square of side 1."""
    places = places.copy()
    for _ in range(_PUSHED):
        apart = places[:, None] - places[None]
        distance = np.sqrt((apart**2).sum(axis=2))
        np.fill_diagonal(distance, np.inf)
        lacking = np.maximum(_DIAGONAL - distance, 0)
        if lacking.max() < 1e-3:
            break
        # Two moves of half of what is missing; less, since a box may be pushed by several.
        push = 0.35 * lacking / np.maximum(distance, 1e-6)
        places += (apart * push[..., None]).sum(axis=1)
    return places
