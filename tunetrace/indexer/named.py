"""Tunes as users name them: a tune of an index, a file, or standard input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tunetrace.arguments import Format
from tunetrace.corpus.readers import read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.transcription import Transcription

_OF_INDEX: Final = re.compile(r"(?:[\w.-]+:)?[0-9]{1,9}", re.ASCII)


def is_of_index(name: str) -> bool:
    """Whether a name is that of a tune of an index: `oneills:2`, or the number that it has there.
    A file of such a name is given as `./2`."""
    return _OF_INDEX.fullmatch(name) is not None


def named_tunes(
    names: Sequence[str | Path],
    index: Index | str | Path | None = None,
    format: Format | None = None,
) -> Iterator[Transcription | Rejected]:
    """The tunes that names stand for, in their order.

    `corpus:number` or a number is a tune of the index, `-` standard input, and everything else a
    file or a folder. index: open, or its path (default: your own); it is opened only if a tune of
    it is named. Raises QueryError for a tune that the index lacks, and InputError as read_sources.
    """
    with ExitStack() as stack:
        opened: Index | None = None
        files: list[str | Path] = []
        for name in names:
            if not is_of_index(str(name)):
                files.append(name)
                continue
            yield from read_sources(files, format)
            files = []
            opened = opened or stack.enter_context(given_or_default(index))
            yield from transcriptions_of(opened.resolve(str(name)), opened)
        yield from read_sources(files, format)


def transcriptions_of(tunes: Sequence[int], index: Index) -> Iterator[Transcription]:
    """Tunes of an index, by their ids, as the tokens that it has of them."""
    records = index.catalogue.tunes(tunes)
    for tune in tunes:
        record = records[tune]
        tokens = tuple(index.tokens(tune))
        yield Transcription(
            titles=(record.title,) if record.title else (),
            number=record.number,
            meter=record.meter,
            key=record.key,
            original_key=record.original_key,
            tokens=tokens,
            text=to_folkrnn(tokens, title=record.title, number=record.number),
            input=record.reference,
            link=record.link,
        )
