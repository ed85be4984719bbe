"""A certificate of sampled transcriptions: what each has in common with the tunes of an index.

It holds what is needed to draw the same transcriptions again, and to measure them again.
"""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from tunetrace._version import __version__
from tunetrace.arguments import public, refused
from tunetrace.checker.batch.search import SearchLongest
from tunetrace.checker.batch.spans import find_spans
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.documents import foreign, kind_of_document, load_document, save_document
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo
from tunetrace.model.records import Model, Sampled
from tunetrace.model.sampling.copy_limit import as_read
from tunetrace.model.sampling.records import Certificate, CertifiedCorpus, CertifiedTune, Tally
from tunetrace.model.sampling.similar_limit import nearest
from tunetrace.records import Record, to_plain
from tunetrace.tokenizer.layout.bars import lay_out

if TYPE_CHECKING:
    from tunetrace.model.sampling.blocks import Plan

CERTIFICATE_FILE: Final = kind_of_document("certificate")


class Measuring:
    """The measures of a certificate, taken of transcriptions against an index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._similar = SimilarSearch(index)

    def measure(self, number: int, tokens: Sequence[str], *, has_ended: bool) -> CertifiedTune:
        """What a transcription of this number has in common with the index."""
        read = as_read(tokens)
        notes, longest_in = self._longest(read)
        (near,) = nearest(self._similar, [read])
        ids = [tune for tune in (longest_in, near and near.tune) if tune is not None]
        known = self._index.catalogue.tunes(ids)
        return CertifiedTune(
            number=number,
            sha256=hashlib.sha256(" ".join(read).encode()).hexdigest(),
            has_ended=has_ended,
            longest_notes=notes,
            longest_in=None if longest_in is None else known[longest_in].reference,
            nearest=None if near is None else known[near.tune].reference,
            nearest_title=None if near is None else known[near.tune].title,
            probability=0.0 if near is None else near.probability,
        )

    def _longest(self, tokens: Sequence[str]) -> tuple[int, int | None]:
        """The notes of the longest span, and the id of the first tune that has it."""
        stream = join_layouts([lay_out(tokens)], self._index.vocabulary)
        matches = SearchLongest(self._index.figures, stream)
        spans = find_spans(stream, matches)
        if not len(spans):
            return 0, None
        longest = int(np.argmax(spans.notes))
        only = slice(longest, longest + 1)
        hits = matches.find(spans.first_symbols[only], spans.stop_symbols[only], 1)
        return int(spans.notes[longest]), int(hits.tunes[0])


def certified_corpora(info: IndexInfo) -> tuple[CertifiedCorpus, ...]:
    """The corpora of an index, as a certificate lists them."""
    return tuple(CertifiedCorpus(one.name, one.sha256, one.tunes) for one in info.corpora)


class Certifier:
    """Measures transcriptions while they are sampled, and gives the certificate."""

    def __init__(
        self, index: Index, model: Model, wanted: int, plan: Plan, begun: Mapping[str, Any]
    ) -> None:
        """wanted: how many are asked for. begun: `meter`, `key` and `start` as they were given."""
        self._measuring = Measuring(index)
        self._info = index.info()
        self._model, self._identity = model.name, model.identity
        self._wanted, self._plan, self._begun = wanted, plan, begun
        self._tunes: list[CertifiedTune] = []

    def add(self, sampled: Sampled) -> None:
        """Measure another transcription."""
        self._tunes.append(
            self._measuring.measure(sampled.number, sampled.tokens, has_ended=sampled.has_ended)
        )

    def certificate(self, tally: Tally) -> Certificate:
        """The certificate of all that were added. tally: what became of those that were drawn."""
        from torch import __version__ as pytorch

        plan = self._plan
        return Certificate(
            version=__version__,
            fingerprint=self._info.fingerprint,
            corpora=certified_corpora(self._info),
            model=self._model,
            identity=self._identity,
            seed=plan.seed,
            settings={
                **self._begun,
                "temperature": plan.temperature,
                "top_p": plan.top_p,
                "max_tokens": plan.max_tokens,
                "precision": plan.precision,
                "changes": len(plan.changes.made),
                "pytorch": str(pytorch),
            },
            max_copy=None if plan.limit is None else plan.limit.notes,
            max_similar=None if plan.similar is None else plan.similar.probability,
            wanted=self._wanted,
            drawn=tally.drawn,
            left_out_copied=tally.copied,
            left_out_similar=tally.similar,
            tunes=tuple(self._tunes),
        )


@public
def save_certificate(certificate: Certificate, path: str | Path, *, force: bool = False) -> None:
    """Write a certificate as JSON. force: replace one that is there; OutputError if it cannot."""
    if not isinstance(certificate, Certificate):
        raise refused("certificate", certificate, "a certificate, as Sampling.certificate gives")
    save_document(path, CERTIFICATE_FILE, to_plain(certificate), force=force)


@public
def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate's file; InputError where it is absent, damaged or foreign."""
    names = set(Certificate.__dataclass_fields__)
    content = load_document(path, CERTIFICATE_FILE, names)
    try:
        for name, kind in (("corpora", CertifiedCorpus), ("tunes", CertifiedTune)):
            content[name] = tuple(_record(kind, one) for one in _typed(content[name], "list"))
        return _record(Certificate, content)
    except TypeError as error:
        raise foreign(path, CERTIFICATE_FILE, str(error)) from None


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "None": (NoneType,),
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "str": (str,),
    "tuple": (tuple,),
}
"""What JSON has for each type of a field."""

Kept = TypeVar("Kept", bound=Record)


def _record(kind: type[Kept], content: Any) -> Kept:
    """A record of its fields as JSON has them; TypeError, in words, if they are not those."""
    known = fields(kind)  # type: ignore[arg-type]
    if _typed(content, "dict").keys() != {field.name for field in known}:
        raise TypeError("it has other fields")
    return kind(**{field.name: _typed(content[field.name], str(field.type)) for field in known})


def _typed(value: Any, annotation: str) -> Any:
    """A value that is of one of these types; TypeError, in words, if it is not."""
    names = [name.partition("[")[0] for name in annotation.split(" | ")]
    if any(type(value) in _KINDS[name] for name in names):
        return value
    raise TypeError(f"it has {reprlib.repr(value)} in a place for {' or '.join(names)}")
