"""The sources of an index: files, folders, standard input and named corpora. Each is a corpus."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tunetrace.arguments import AS_FOUND, Reading
from tunetrace.corpus.readers import STDIN, cut_sources, unreadable
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.registry import NAMED_CORPORA, NamedCorpus, nearest_names
from tunetrace.corpus.unread import Cut, finished
from tunetrace.errors import InputError
from tunetrace.files import exists
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription

_STANDARD_INPUT: Final = "standard input"


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """One input and the corpus that it becomes."""

    name: str
    """The name of the corpus."""
    where: str
    """The path that it is read from."""
    described: str
    """Where it is from, as the index keeps it."""
    reading: Reading = AS_FOUND
    licence: str | None = None
    version: str | None = None
    named: NamedCorpus | None = None
    """The named corpus that it is, if any."""

    def read(self, *, is_only: bool) -> Iterator[Transcription | Rejected]:
        """Its tunes. An unreadable input is set aside, or InputError if it is the only one."""
        return map(finished, self.cut(is_only=is_only))

    def cut(self, *, is_only: bool) -> Iterator[Cut]:
        """The same, but a tune of a text is cut out of it and not read yet."""
        try:
            tunes = self.named.cut() if self.named else cut_sources([self.where], self.reading)
            for tune in tunes:
                yield self._shortened(tune)
        except InputError as error:
            if is_only:
                raise
            yield self._shortened(unreadable(self.where, error))

    def _shortened(self, tune: Cut) -> Cut:
        """A tune of a named corpus without the path to the corpus's files, wherever they are."""
        if self.named is None:
            return tune
        return replace(tune, input=tune.input.replace(self.where, self.name, 1))


def find_sources(
    names: Iterable[str | Path],
    reading: Reading,
    progress: Callable[[str, int], None],
    *,
    name: str | None = None,
    known: Mapping[str, str] = MappingProxyType({}),
) -> list[CorpusSource]:
    """The inputs behind names. All are found, and fetched, before the first is read.

    The name of a corpus means that corpus, also if a file in the current folder has the same name.
    name: what to call the corpus of the only input. known: the names of the index's corpora by
    where they are from; an input from there keeps the name. If two corpora had one name, the second
    is called name-2.
    """
    given = [str(one) for one in names]
    if name is not None and (
        len(given) != 1 or not name or printable(name) != name or re.search(r"[\s:]", name)
    ):
        raise InputError(
            f"--name cannot be '{printable(name)}'; give one source, and a name without spaces, "
            "colons and unprintable characters"
        )
    for one in given:
        if one not in NAMED_CORPORA and one != STDIN and not exists(one):
            raise InputError(
                f"{one}: there is no such file and no corpus with this name; {nearest_names(one)}"
            )
    found = [_find_source(one, reading, progress) for one in given]
    times = Counter(source.described for source in found)
    for one, source in zip(given, found, strict=True):
        if times[source.described] > 1:
            shown = "standard input" if one == STDIN else printable(one)
            raise InputError(
                f"{shown}: this source is given {times[source.described]} times; give it once"
            )
    if name is not None:
        return [replace(found[0], name=name)]
    return _named(found, {where: held for where, held in known.items() if where != _STANDARD_INPUT})


def _named(found: Sequence[CorpusSource], known: Mapping[str, str]) -> list[CorpusSource]:
    """Sources with the names of their corpora. Known ones keep theirs, others get a free name."""
    taken = {known[source.described] for source in found if source.described in known}
    named = []
    for source in found:
        name = known.get(source.described)
        if name is None:
            name = source.name
            following = (f"{source.name}-{k}" for k in itertools.count(2))
            if name in taken:
                name = next(n for n in following if n not in taken and n not in known.values())
            taken.add(name)
        named.append(replace(source, name=name))
    return named


def _find_source(name: str, reading: Reading, progress: Callable[[str, int], None]) -> CorpusSource:
    if name == STDIN:
        return CorpusSource("stdin", name, _STANDARD_INPUT, reading)
    if name not in NAMED_CORPORA:
        path = Path(name).resolve()
        own = printable(path.stem if path.is_file() else path.name)
        called = re.sub(r"[\s:]+", "_", own) or "corpus"  # fit for `corpus:number`
        return CorpusSource(called, name, printable(str(path)), reading)
    named = NAMED_CORPORA[name]
    where = str(named.locate(lambda what: progress(what, 0)))
    described = f"{named.citation} ({named.origin.source})"
    return CorpusSource(name, where, described, reading, named.licence, named.origin.version, named)
