"""Pages with scores, which `check`, `tune` and `similar` write with `--html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs
from tunetrace.errors import QueryError
from tunetrace.text import printable

if TYPE_CHECKING:
    from tunetrace import Index
    from tunetrace.reports.scores.save import Shown


def check_html(page: str | None, *, force: bool) -> None:
    """Raise an error if the page cannot be written, before anything is asked."""
    if page is None:
        if force:
            raise QueryError("--force works only with --html; add --html FILE or remove --force")
        return
    from tunetrace.reports.scores.save import check_page

    check_page(page, force=force)


def save_html(
    answer: Shown, page: str | None, index: Index | str | None, print_as: PrintAs, *, force: bool
) -> None:
    """Write the page, if one is asked for, and say so below an answer in words."""
    if page is None:
        return
    from tunetrace import save_page

    save_page(answer, page, index, force=force)
    if print_as == "text":
        console().print(f"\nPage: {printable(page)}", soft_wrap=True, highlight=False)
