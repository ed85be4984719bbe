"""`tunetrace model direction`: the direction in a model's states that tells two sets of tunes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_files, complete_sources
from tunetrace.commands.console import console, print_facts
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace import Filters, LearntDirection

_FROM_INDEX = "index:"
_FILTERS = ("meter", "key", "corpus", "title")
_LABELS = 12


@click.command()
@click.argument("a", shell_complete=complete_sources)
@click.argument("b", shell_complete=complete_sources)
@click.option("-o", "--output", metavar="FILE", required=True, shell_complete=complete_files,
              help="Write the direction into this .json file.")  # fmt: skip
@click.option("--layer", type=int, help="The layer (default: the last).")
@click.option("--part", default="hidden", show_default=True,
              type=click.Choice(list(PLACES)),
              help="Which values of its units.")  # fmt: skip
@click.option("-n", "n", type=int, default=200, show_default=True,
              help="At most this many tunes of each set.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="Draws the tunes of larger sets, and the halves.")  # fmt: skip
@click.option("--model", "model", metavar="NAME|FILE", shell_complete=complete_files,
              help="Name or file of the model (default: the one that ships).")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a direction that is there.")
@index_option
@json_option
def direction(
    a: str, b: str, output: str, force: bool, index_path: str | None, print_as: PrintAs,
    **options: Any,
) -> None:  # fmt: skip
    """Learn the direction from tunes B to tunes A.

    A and B are each a file, a folder, a corpus by name, or tunes of the index, as
    index:meter=6/8,key=dor. The direction is the difference of the mean states of a model's layer.
    The AUC says how well it tells A from B among tunes that it was not learnt from: 0.5 is chance.
    model intervene --steer adds the direction while the model writes.

    \b
        tunetrace model direction index:meter=6/8 index:meter=4/4 -o jigs.json
        tunetrace model direction index:key=min index:key=maj -o minor.json
        tunetrace model direction airds oneills -o airds.json --layer 2
    """
    from tunetrace import learn_direction, save_direction
    from tunetrace.documents import check_document_place
    from tunetrace.model.inspect.interventions.direction import DIRECTION_FILE

    check_document_place(output, DIRECTION_FILE, force=force)
    with progress_display() as progress:
        found = learn_direction(
            _tunes(a), _tunes(b), index=index_path, progress=progress, **options
        )
    save_direction(found, output, force=force)
    show(found, _print, print_as)


def _tunes(text: str) -> str | Filters:
    """A set of tunes as the library has it."""
    if not text.startswith(_FROM_INDEX):
        return text
    from tunetrace import Filters

    chosen: dict[str, Any] = {}
    for one in text.removeprefix(_FROM_INDEX).split(","):
        name, _, value = one.partition("=")
        if name not in _FILTERS or not value or name in chosen:
            raise QueryError(
                f"'{text}' does not name tunes of the index; write them as index:meter=6/8 or "
                f"index:key=dor,corpus=oneills, with each of {', '.join(_FILTERS)} once at most"
            )
        chosen[name] = value
    return Filters(**chosen)


def _print(found: LearntDirection) -> None:
    out = console()
    out.print(f"{found.a} less {found.b}", style="bold", soft_wrap=True)
    units = counted(len(found.vector), "unit")
    length = sum(value**2 for value in found.vector) ** 0.5
    print_facts(
        (
            ("model", found.model),
            ("states", f"{found.part}, layer {found.layer}, {units}"),
            ("tunes", f"{found.tunes[0]:,} and {found.tunes[1]:,}"),
            ("length", f"{length:.3f}"),
            ("means", f"{found.projections[0]:+.2f} and {found.projections[1]:+.2f} along it"),
            ("AUC", f"{found.auc:.3f} in tunes that it was not learnt from (0.5 is chance)"),
        ),
        _LABELS,
    )
