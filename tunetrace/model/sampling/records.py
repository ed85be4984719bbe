"""What sampling answers beside the transcriptions: what was drawn, and the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunetrace.records import Record


@dataclass(slots=True)
class Tally:
    """What has become of the transcriptions of a seed so far, in the order of their numbers."""

    drawn: int = 0
    """How many were drawn: all up to this number."""
    given: int = 0
    """How many of them were given."""
    copied: int = 0
    """How many were left out since they would copy more than max_copy when read as ABC."""
    similar: int = 0
    """How many were left out since a tune of the index is nearer than max_similar allows."""
    last: int = 0
    """The number of the last one that was given; 0 before the first."""


@dataclass(frozen=True, slots=True, repr=False)
class CertifiedCorpus(Record):
    """A corpus of the index that transcriptions were compared with."""

    name: str
    """Its name in the index."""
    sha256: str
    """The digest of its transcriptions and of the tunes set aside."""
    tunes: int
    """How many tunes it has."""


@dataclass(frozen=True, slots=True, repr=False)
class CertifiedTune(Record):
    """What was measured of one transcription, as it is read back once it is written as ABC."""

    number: int
    """Its number among what the seed gives, from 1; the number of its X: field."""
    sha256: str
    """The SHA-256 of its tokens with a space between each two, so read."""
    has_ended: bool
    """It is whole: it ended by itself. If not, it was cut off after max_tokens."""
    longest_notes: int
    """Notes of its longest span, the longest stretch that the index has note for note."""
    longest_in: str | None
    """The first tune of the index with that span, as corpus:number; None if no note is found."""
    nearest: str | None
    """The nearest tune of the index, as corpus:number; None if none has anything in common."""
    nearest_title: str | None
    """The chief title of that tune."""
    probability: float
    """That the two are the same melody, or share a part; no tune of the index has a higher one."""


@dataclass(frozen=True, slots=True, repr=False)
class Certificate(Record):
    """What sampled transcriptions were measured to have in common with the tunes of an index."""

    version: str
    """The version of tunetrace that measured."""
    fingerprint: str
    """That of the index, as IndexInfo has it."""
    corpora: tuple[CertifiedCorpus, ...]
    """The corpora of the index, in their order."""
    model: str
    """What the model is called."""
    identity: str
    """The SHA-256 of the model's weights."""
    seed: int
    """Of the random numbers."""
    settings: dict[str, Any]
    """What else the transcriptions follow from: `meter`, `key`, `start`, `temperature`, `top_p`,
    `max_tokens`, `precision`, `changes` (how many changes of the network) and `pytorch` (its
    version)."""
    max_copy: int | None
    """The most notes in a row that were allowed to be found in the index; None for any number."""
    max_similar: float | None
    """All probabilities were required to be below this; None for no limit."""
    wanted: int
    """How many transcriptions were asked for."""
    drawn: int
    """How many were drawn: those of the numbers from 1 on."""
    left_out_copied: int
    """How many of them were left out because of max_copy."""
    left_out_similar: int
    """How many of them were left out because of max_similar."""
    tunes: tuple[CertifiedTune, ...]
    """The others, in the order of their numbers."""


@dataclass(frozen=True, slots=True, repr=False)
class CertificateCheck(Record):
    """Whether a certificate says of transcriptions what is measured of them."""

    tunes: int
    """How many transcriptions were measured."""
    differences: tuple[str, ...]
    """What differs, a sentence each; empty if the certificate is true."""
