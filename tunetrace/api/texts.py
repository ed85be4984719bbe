"""Reading transcriptions, without an index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tunetrace.arguments import public
from tunetrace.corpus.readers import Format, read_source, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.errors import AbcError
from tunetrace.tokenizer.abc.explain import Explanation, Watcher
from tunetrace.tokenizer.transcription import Transcription


@public
def read(source: str | Path, format: Format | None = None) -> Iterator[Transcription | Rejected]:
    """The tunes of a file, of a folder's files, or of standard input for `-`, in their order.

    A tune that cannot be tokenized comes as a Rejected. Asking for the first raises InputError
    where the source cannot be read at all.
    """
    return read_source(source, format)


@public
def tokenize(text: str, format: Format | None = None) -> list[str]:
    """The folk-rnn tokens of a transcription, headers first, transposed to C.

    Of several in the text the first is taken. Raises AbcError, with the line and the column of
    what cannot be read, and InputError where there is no transcription.
    """
    tune = next(read_tunes(text, "the text", format))
    if isinstance(tune, Rejected):
        raise AbcError(tune.reason, tune.line, tune.column, kind=tune.kind)
    return list(tune.tokens)


@public
def explain(text: str, format: Format | None = None) -> Explanation:
    """How a transcription becomes tokens: where each comes from, and what gave none.

    Of several in the text the first is taken. Raises as tokenize.
    """
    watcher = Watcher()
    tune = next(read_tunes(text, "the text", format, watcher.make_reader))
    if isinstance(tune, Rejected):
        raise AbcError(tune.reason, tune.line, tune.column, kind=tune.kind)
    return watcher.explain(tune)
