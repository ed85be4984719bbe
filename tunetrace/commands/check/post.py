"""`tunetrace check --post`: the statements of the blog post beside those of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tunetrace.checker.post import CORPUS
from tunetrace.commands.console import console, make_table
from tunetrace.text import counted, listed, share

if TYPE_CHECKING:
    from tunetrace import PostSearch, PostStatement, PostTitle

_RELATIONS = {"exactly": "{}", "at least": "{} or more", "more than": "over {}"}


def print_post(search: PostSearch) -> None:
    """Print which index was asked, and a table of statements with the titles in the post."""
    out = console()
    out.print(
        'Part 5 of "Making sense of the folk-rnn v2 model" asked whether a transcription was '
        "copied from the training data. These are the statements of the post and the numbers "
        "from this index:"
    )
    out.print()
    out.print(search.index, soft_wrap=True)
    of = f" of {listed(search.corpora)}" if search.corpora else ""
    out.print(f"{counted(search.tunes, 'tune')}{of}")
    if not search.is_the_posts:
        is_smaller = search.tunes < search.statements[0].post
        lower = "; this index has fewer tunes, so most numbers are lower" if is_smaller else ""
        out.print()
        out.print(
            f"This is not the published corpus {CORPUS}, which the post searched, so the numbers "
            f"differ{lower}. To get the post's numbers:"
        )
        out.print(f"  tunetrace index build {CORPUS} --index v2.db")
        out.print("  tunetrace check --post --index v2.db")
    out.print()
    rows: list[tuple[str | Text, str, str, str]] = []
    before = ""
    for statement in search.statements:
        if statement.subject != before:
            before = statement.subject
            rows.append((_subject(statement), "", "", ""))
        shown = share if statement.is_share else _count
        post = _RELATIONS[statement.relation].format(shown(statement.post))
        agrees = "yes" if statement.agrees else "no"
        rows.append((f"  {statement.claim}", post, shown(statement.here), agrees))
        rows += [(f"    {title.title}", "yes", _found(title), "") for title in statement.titles]
    out.print(make_table(("statement", ">post", ">here", "agrees"), rows))


def _subject(statement: PostStatement) -> Text:
    colon = ": " if statement.text else ""
    return Text.assemble(f"{statement.subject}{colon}", (statement.text, "bold"))


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _found(title: PostTitle) -> str:
    """`yes`, `no` or `no such title`; if a title has several settings, how many of them have it."""
    if not title.settings:
        return "no such title"
    if title.settings == 1:
        return "yes" if title.found else "no"
    return f"{title.found} of {title.settings} settings"
