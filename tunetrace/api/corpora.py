"""The corpora that go by a name."""

from __future__ import annotations

from tunetrace.arguments import public
from tunetrace.corpus import fetch, registry
from tunetrace.corpus.records import CorpusEntry


def corpora() -> tuple[CorpusEntry, ...]:
    """Every corpus that goes by a name: what is declared of it, and whether it is here."""
    return tuple(corpus.entry() for corpus in registry.NAMED_CORPORA.values())


@public
def find_corpus(name: str) -> CorpusEntry:
    """The corpus of a name; InputError, with the nearest names, where there is none."""
    return registry.find_corpus(name).entry()


@public
def fetch_corpus(
    name: str, *, refresh: bool = False, progress: fetch.Progress = fetch.silent
) -> CorpusEntry:
    """Fetch a corpus unless it is here and whole; its path says where it lies.

    refresh: fetch it anyway. progress is called with what is being done. Raises InputError where
    it cannot be fetched, with the address and the place to put it by hand, or is not installed.
    """
    corpus = registry.find_corpus(name)
    corpus.locate(progress, refresh=refresh)
    return corpus.entry()
