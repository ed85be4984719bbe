"""Hidden tunes: temporary views that take the names of the tables, and leave tunes out.

Both databases look among what is temporary first. What is temporary ends with the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

HIDDEN: Final = "hidden_tune"
"""The temporary table of the hidden tunes."""

COLUMNS: Final = "id, tokens, bars"
"""Its columns that rows_hidden gives."""


def make_hidden(temporary: str) -> str:
    """The statement that makes the table. temporary: the schema of what is temporary."""
    return (
        f"CREATE TABLE {temporary}.{HIDDEN} "
        "(id INTEGER PRIMARY KEY, tokens BIGINT, bars BIGINT, corpus_id INTEGER)"
    )


def rows_hidden(counts: Mapping[int, tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """The rows of the table. counts: the tokens and the bars of each tune, by its id."""
    return ((tune, *of_tune) for tune, of_tune in counts.items())


def hide_rows(own: str, temporary: str) -> tuple[str, ...]:
    """The statements that hide the tunes of the table, once it has its rows.

    own: the schema of the index. temporary: that of what is temporary.
    """
    hidden = f"(SELECT id FROM {temporary}.{HIDDEN})"
    of_corpus = f"FROM {temporary}.{HIDDEN} WHERE corpus_id = corpus.id"
    return (
        f"UPDATE {temporary}.{HIDDEN} SET corpus_id = "
        f"(SELECT tune.corpus_id FROM {own}.tune WHERE tune.id = {HIDDEN}.id)",
        *(
            f"CREATE VIEW {temporary}.{table} AS SELECT * FROM {own}.{table} "
            f"WHERE {column} NOT IN {hidden}"
            for table, column in (("tune", "id"), ("title", "tune_id"))
        ),
        f"CREATE VIEW {temporary}.corpus AS SELECT id, name, source, licence, version, sha256, "
        f"added, tunes - (SELECT count(*) {of_corpus}) AS tunes, "
        f"tokens - (SELECT CAST(coalesce(sum(tokens), 0) AS BIGINT) {of_corpus}) AS tokens, "
        f"bars - (SELECT CAST(coalesce(sum(bars), 0) AS BIGINT) {of_corpus}) AS bars, set_aside "
        f"FROM {own}.corpus "
        f"WHERE corpus.tunes = 0 OR corpus.tunes > (SELECT count(*) {of_corpus})",
    )  # fmt: skip
