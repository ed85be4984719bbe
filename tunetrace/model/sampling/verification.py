"""Whether a certificate is true: its transcriptions measured again, without the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import Final

from tunetrace.arguments import many_paths, public
from tunetrace.corpus.readers import read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.sampling.certificate import Measuring, load_certificate
from tunetrace.model.sampling.records import Certificate, CertificateCheck, CertifiedTune
from tunetrace.text import counted

_PRECISION: Final = 1e-9
"""Probabilities may differ by this, since processors round differently."""


@public
def verify_certificate(
    certificate: Certificate | str | Path,
    paths: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
) -> CertificateCheck:
    """Measure the transcriptions of a certificate again, and compare.

    certificate: a record or its file. paths: where the transcriptions are, each with its number as
    X: files, folders, and standard input for `-`. index: open, or its path (default: your own).
    The model is not needed; whether it wrote the transcriptions is not looked at. Raises InputError
    for a file that is no certificate and for paths that cannot be read.
    """
    if not isinstance(certificate, Certificate):
        certificate = load_certificate(certificate)
    certified = {tune.number: tune for tune in certificate.tunes}
    measured: dict[int, CertifiedTune] = {}
    differences = list(_of_itself(certificate))
    with given_or_default(index) as opened:
        fingerprint = opened.info().fingerprint
        is_same_index = fingerprint == certificate.fingerprint
        if not is_same_index:
            differences.append(
                f"the index has the fingerprint {fingerprint[:12]}…, but the certificate is about "
                f"{certificate.fingerprint[:12]}…; give an index of the same corpora"
            )
        measuring = Measuring(opened)
        for read in read_sources(many_paths(paths, "paths")):
            if isinstance(read, Rejected):
                differences.append(f"{read.place}: this tune cannot be read: {read.reason}")
            elif read.number not in certified:
                named = "a tune without a number" if read.number is None else f"tune {read.number}"
                differences.append(f"{named} is not in the certificate")
            elif read.number in measured:
                differences.append(f"tune {read.number} is given twice")
            else:
                own = certified[read.number]
                measured[read.number] = measuring.measure(
                    read.number, read.tokens, has_ended=own.has_ended
                )
    differences += _between(
        certified, measured, is_same_index=fingerprint == certificate.fingerprint
    )
    return CertificateCheck(len(measured), tuple(differences))


def _of_itself(certificate: Certificate) -> Iterator[str]:
    """What a certificate contradicts itself in."""
    most, below = certificate.max_copy, certificate.max_similar
    left_out = certificate.left_out_copied + certificate.left_out_similar
    if certificate.drawn != left_out + len(certificate.tunes):
        yield (
            f"of {counted(certificate.drawn, 'tune')} drawn, {left_out:,} left out and "
            f"{len(certificate.tunes):,} certified do not account for all"
        )
    for number, count in Counter(tune.number for tune in certificate.tunes).items():
        if count > 1:
            yield f"tune {number} is in the certificate {count:,} times"
    for tune in certificate.tunes:
        if most is not None and tune.longest_notes > most:
            yield f"tune {tune.number} copies {tune.longest_notes} notes, more than {most}"
        if below is not None and tune.probability >= below:
            found = f"has the probability {tune.probability:g}"
            yield f"tune {tune.number} {found}, which is not below {below:g}"


def _between(
    certified: Mapping[int, CertifiedTune],
    measured: Mapping[int, CertifiedTune],
    *,
    is_same_index: bool,
) -> Iterator[str]:
    """How transcriptions differ from what is certified. With another index only their tokens are
    compared."""
    for number, own in certified.items():
        found = measured.get(number)
        if found is None:
            yield f"tune {number} is not given"
        elif found.sha256 != own.sha256:
            yield f"tune {number} has other tokens than the certified one"
        elif is_same_index:
            names = ("longest_notes", "longest_in", "nearest", "nearest_title")
            for name in names:
                there, here = getattr(own, name), getattr(found, name)
                if there != here:
                    yield f"tune {number}: {name} is {here}, but the certificate says {there}"
            if not isclose(found.probability, own.probability, abs_tol=_PRECISION):
                yield (
                    f"tune {number}: probability is {found.probability:.6f}, but the certificate "
                    f"says {own.probability:.6f}"
                )
