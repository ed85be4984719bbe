"""What the shell offers after the TAB key, beside the names of commands and options.

Each function is given to click as `shell_complete`. None opens an index: the shell waits for the
answer, and SQLAlchemy alone takes longer to import than a user wants to wait.
"""

from __future__ import annotations

from click import Context, Parameter
from click.shell_completion import CompletionItem


def complete_files(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell itself looks up."""
    return [CompletionItem(incomplete, type="file")]


def complete_corpora(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the named corpora."""
    from tunetrace.corpus.registry import NAMED_CORPORA

    return [
        CompletionItem(corpus.name, help=corpus.title)
        for corpus in NAMED_CORPORA.values()
        if corpus.name.startswith(incomplete)
    ]


def complete_sources(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, folders and named corpora.

    Files come first because click's script for bash drops all words before them. Bash then
    offers files only if no corpus has a name that begins like the word.
    """
    files = complete_files(ctx, param, incomplete)
    return files + complete_corpora(ctx, param, incomplete)
