"""Certificates: what they say of tunes, by brute force and by a check, and whether it is true."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tunetrace
from tests import brute
from tests.model.sampling.nearness import MODEL, build, probabilities
from tests.strategies import bodies, heaps
from tunetrace import (
    Certificate,
    CertifiedTune,
    Index,
    InputError,
    OutputError,
    QueryError,
    Sampled,
    Sampling,
    build_index,
    check,
    load_certificate,
    open_index,
    sample,
    save_certificate,
    verify_certificate,
)
from tunetrace.model.sampling.copy_limit import as_read
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.write import to_abc

pytestmark = pytest.mark.usefixtures("one_thread")

N = 6


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("certified"))


@pytest.fixture(scope="module")
def index(path: Path) -> Iterator[Index]:
    with open_index(path) as opened:
        yield opened


def certified(index: Index | Path, **options: object) -> tuple[list[Sampled], Sampling]:
    settled = {"n": N, "seed": 7, "meter": "4/4", "key": "maj", "max_similar": 0.5, **options}
    sampling = sample(model=MODEL, index=index, certify=True, **settled)  # type: ignore[arg-type]
    return list(sampling), sampling


@pytest.fixture(scope="module")
def written(index: Index) -> tuple[list[Sampled], Certificate]:
    """The first tunes of the seed that are not near, and their certificate."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    tunes, sampling = certified(index)
    torch.set_num_threads(before)
    return tunes, sampling.certificate()


# What it says


def test_it_has_what_the_tunes_follow_from(index: Index) -> None:
    (tune,), sampling = certified(
        index, n=1, max_copy=9, max_similar=0.8, key="dor", start="C D", temperature=0.9,
        top_p=0.95, max_tokens=70, precision="bfloat16",
    )  # fmt: skip
    assert sampling.certificate() == Certificate(
        version=tunetrace.__version__,
        fingerprint=index.info().fingerprint,
        corpora=(tunetrace.CertifiedCorpus("written", index.info().corpora[0].sha256, 14),),
        model="tiny",
        identity=MODEL.identity,
        seed=7,
        settings={
            "meter": "4/4", "key": "dor", "start": "C D", "temperature": 0.9, "top_p": 0.95,
            "max_tokens": 70, "precision": "bfloat16", "changes": 0,
            "pytorch": str(torch.__version__),
        },
        max_copy=9,
        max_similar=0.8,
        wanted=1,
        drawn=sampling.drawn,
        left_out_copied=sampling.copied,
        left_out_similar=sampling.similar,
        tunes=sampling.certificate().tunes,
    )  # fmt: skip
    assert [one.number for one in sampling.certificate().tunes] == [tune.number]


def test_it_has_each_tune_with_its_digest_and_whether_it_is_whole(index: Index) -> None:
    tunes, sampling = certified(index, n=12, max_tokens=120)
    assert {tune.has_ended for tune in tunes} == {True, False}
    for tune, own in zip(tunes, sampling.certificate().tunes, strict=True):
        read = " ".join(as_read(tune.tokens))
        assert own.sha256 == hashlib.sha256(read.encode()).hexdigest()
        assert (own.number, own.has_ended) == (tune.number, tune.has_ended)


def first_with(index: Index, tokens: Sequence[str], notes: int) -> int | None:
    """The first tune with the first stretch of so many notes that the index has; brute force."""
    corpus = [index.tokens(tune) for tune in range(1, index.tunes + 1)]
    bounds = brute.notes(tokens)
    for (first, _), (_, stop) in zip(bounds, bounds[notes - 1 :], strict=False):
        stretch = tokens[first:stop]
        hits = brute.figure_hits(corpus, stretch)
        if hits and not any(map(brute.is_wall, stretch)):
            return hits[0][0]
    return None


def test_the_longest_span_is_as_long_as_a_check_finds_and_in_the_tune_that_is_named(
    written: tuple[list[Sampled], Certificate], index: Index
) -> None:
    for tune, own in zip(written[0], written[1].tunes, strict=True):
        (checked,) = check(to_abc(tune.tokens), index).tunes
        assert own.longest_notes == checked.longest_notes > 0
        read = as_read(tune.tokens)
        assert first_with(index, read, own.longest_notes + 1) is None
        assert own.longest_in == f"written:{first_with(index, read, own.longest_notes)}"


def test_the_nearest_tune_is_the_one_of_highest_probability_by_brute_force(
    written: tuple[list[Sampled], Certificate], index: Index
) -> None:
    for tune, own in zip(written[0], written[1].tunes, strict=True):
        known = probabilities(index, as_read(tune.tokens))
        best = max(known, key=lambda one: known[one])
        names = index.catalogue.tunes([best])[best]
        assert own.probability == pytest.approx(known[best], abs=1e-12)
        assert (own.nearest, own.nearest_title) == (names.reference, names.title)
        assert own.probability < 0.5


def test_it_counts_all_that_was_drawn(written: tuple[list[Sampled], Certificate]) -> None:
    tunes, certificate = written
    assert certificate.wanted == N == len(certificate.tunes)
    assert certificate.drawn == tunes[-1].number
    assert certificate.left_out_similar == certificate.drawn - N >= 2  # tunes 2 and 5


def test_a_sampling_that_stopped_certifies_what_it_has(index: Index) -> None:
    _, sampling = certified(index, n=1, max_similar=0.0, max_tokens=15)
    certificate = sampling.certificate()
    assert (certificate.wanted, certificate.drawn, certificate.left_out_similar) == (1, 100, 100)
    assert certificate.tunes == ()


def test_without_limits_it_says_what_there_is(index: Index) -> None:
    tunes, sampling = certified(index, max_similar=None)
    certificate = sampling.certificate()
    assert (certificate.max_copy, certificate.max_similar, certificate.drawn) == (None, None, N)
    assert [tune.number for tune in tunes] == list(range(1, N + 1))
    copied = certificate.tunes[1]  # tune 2, which is in the index
    assert copied.nearest == "written:13"
    assert copied.probability > 0.5
    assert copied.longest_in == "written:13"


def test_the_same_sampling_has_the_same_certificate(
    path: Path, written: tuple[list[Sampled], Certificate]
) -> None:
    assert certified(path)[1].certificate() == written[1]
    assert certified(path, batch_size=3)[1].certificate() == written[1]


def test_tunes_that_were_not_measured_have_no_certificate(index: Index) -> None:
    sampling = sample(1, MODEL, seed=7, max_similar=0.9, index=index, max_tokens=5)
    with pytest.raises(QueryError, match="certify=True"):
        sampling.certificate()


@given(st.one_of(bodies, heaps))
def test_what_is_read_back_is_read_back_as_it_is(tokens: list[str]) -> None:
    assert as_read(as_read(tokens)) == as_read(tokens)


# Its file


def test_a_certificate_is_read_as_it_was_written(
    written: tuple[list[Sampled], Certificate], tmp_path: Path
) -> None:
    for certificate in (written[1], replace(written[1], tunes=(), max_similar=None, max_copy=7)):
        save_certificate(certificate, tmp_path / "new.json", force=True)
        assert load_certificate(tmp_path / "new.json") == certificate


def test_only_a_certificate_is_replaced_and_only_when_asked(
    written: tuple[list[Sampled], Certificate], tmp_path: Path
) -> None:
    save_certificate(written[1], tmp_path / "new.json")
    with pytest.raises(OutputError, match="there is a certificate already; replace it with"):
        save_certificate(written[1], tmp_path / "new.json")
    (tmp_path / "mine.json").write_text('{"tunetrace": "intervention"}')
    with pytest.raises(OutputError, match="is not a tunetrace certificate and is never replaced"):
        save_certificate(written[1], tmp_path / "mine.json", force=True)
    with pytest.raises(QueryError, match="certificate cannot be"):
        save_certificate(object(), tmp_path / "new.json")  # type: ignore[arg-type]


Damage = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda it: it.pop("tunes"), "it lacks 'tunes'"),
        (lambda it: it.update(more=1), "it has 'more', which is unknown"),
        (lambda it: it.update(format=9), "its format is not 1"),
        (lambda it: it.update(tunes=3), "it has 3 in a place for list"),
        (lambda it: it.update(tunes=[3]), "it has 3 in a place for dict"),
        (lambda it: it.update(corpora=[{}]), "it has other fields"),
        (lambda it: it.update(seed="7"), "it has '7' in a place for int"),
        (lambda it: it.update(max_similar="7"), "it has '7' in a place for float or None"),
        (lambda it: it["tunes"][0].update(number=True), "it has True in a place for int"),
        (lambda it: it["tunes"][0].update(probability=None), "it has None in a place for float"),
        (lambda it: it["tunes"][0].pop("sha256"), "it has other fields"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_a_sentence(
    damage: Damage,
    reason: str,
    written: tuple[list[Sampled], Certificate],
    tmp_path: Path,
) -> None:
    place = tmp_path / "new.json"
    save_certificate(written[1], place)
    content = json.loads(place.read_text())
    damage(content)
    place.write_text(json.dumps(content))
    with pytest.raises(InputError) as refused:
        load_certificate(place)
    assert str(refused.value) == (
        f"{place}: this file is not a tunetrace certificate: {reason}; give a file that tunetrace "
        "wrote"
    )


# Whether it is true


def text_of(tunes: list[Sampled]) -> str:
    return "\n".join(to_folkrnn(tune.tokens, number=tune.number) for tune in tunes)


def compared(
    certificate: Certificate, text: str, index: Index | Path, folder: Path
) -> tuple[str, ...]:
    (folder / "tunes.txt").write_text(text, encoding="utf-8")
    return verify_certificate(certificate, folder / "tunes.txt", index).differences


def test_it_is_true_of_the_tunes_as_folkrnns_text_and_as_abc(
    written: tuple[list[Sampled], Certificate], path: Path, tmp_path: Path
) -> None:
    tunes, certificate = written
    abc = "\n".join(to_abc(tune.tokens, title="It", number=tune.number) for tune in tunes)
    assert compared(certificate, text_of(tunes), path, tmp_path) == ()
    assert compared(certificate, abc, path, tmp_path) == ()
    save_certificate(certificate, tmp_path / "new.json")
    found = verify_certificate(tmp_path / "new.json", [tmp_path / "tunes.txt"], path)
    assert (found.tunes, found.differences) == (N, ())


def test_a_tune_that_is_read_back_otherwise_is_certified_as_read(
    index: Index, tmp_path: Path
) -> None:
    tunes, sampling = certified(index, n=25)
    changed = [tune for tune in tunes if as_read(tune.tokens) != tune.tokens]
    assert changed
    abc = "\n".join(to_abc(tune.tokens, number=tune.number) for tune in tunes)
    for text in (text_of(tunes), abc):
        assert compared(sampling.certificate(), text, index, tmp_path) == ()


OTHERWISE = {
    "number": 77,
    "sha256": "0" * 64,
    "longest_notes": 99,
    "longest_in": "written:99",
    "nearest": None,
    "nearest_title": "Nobody's Tune",
    "probability": 0.25,
}


@pytest.mark.parametrize("name", [field.name for field in fields(CertifiedTune)])
def test_whatever_is_said_otherwise_of_a_tune_is_found(
    name: str, written: tuple[list[Sampled], Certificate], index: Index, tmp_path: Path
) -> None:
    tunes, certificate = written
    first, *others = certificate.tunes
    if name == "has_ended":
        return  # which no text says
    changed = replace(first, **{name: OTHERWISE[name]})
    found = compared(
        replace(certificate, tunes=(changed, *others)), text_of(tunes), index, tmp_path
    )
    assert found == {
        "number": ("tune 1 is not in the certificate", "tune 77 is not given"),
        "sha256": ("tune 1 has other tokens than the certified one",),
        "probability": (
            f"tune 1: probability is {first.probability:.6f}, but the certificate says 0.250000",
        ),
    }.get(
        name,
        (f"tune 1: {name} is {getattr(first, name)}, but the certificate says {OTHERWISE[name]}",),
    )


def test_what_contradicts_itself_is_found(
    written: tuple[list[Sampled], Certificate], index: Index, tmp_path: Path
) -> None:
    tunes, certificate = written
    longest = max(tune.longest_notes for tune in certificate.tunes)
    nearest = max(tune.probability for tune in certificate.tunes)

    def found(**changes: Any) -> tuple[str, ...]:
        return compared(replace(certificate, **changes), text_of(tunes), index, tmp_path)

    assert found(max_copy=longest) == ()
    assert f" copies {longest} notes, more than {longest - 1}" in found(max_copy=longest - 1)[0]
    (said,) = found(max_similar=nearest)
    assert f"which is not below {nearest:g}" in said
    (said,) = found(drawn=certificate.drawn + 1)
    assert said.endswith("do not account for all")
    first, *_ = certificate.tunes
    assert found(drawn=certificate.drawn + 1, tunes=(*certificate.tunes, first)) == (
        f"tune {first.number} is in the certificate 2 times",
    )


def test_tunes_that_are_missing_unreadable_or_given_twice_are_found(
    written: tuple[list[Sampled], Certificate], index: Index, tmp_path: Path
) -> None:
    tunes, certificate = written
    text = text_of([*tunes[1:], tunes[1]])
    number = tunes[1].number
    assert compared(certificate, text, index, tmp_path) == (
        f"tune {number} is given twice",
        "tune 1 is not given",
    )
    (said,) = compared(
        certificate, f"{text_of(tunes)}\nX:1\nM:4/4\nK:Cmaj\nC D !!\n", index, tmp_path
    )
    assert re.fullmatch(r".*tunes\.txt:\d+:5: this tune cannot be read: .*", said)


def test_with_another_index_it_says_so_and_compares_the_tokens_alone(
    written: tuple[list[Sampled], Certificate], tmp_path: Path
) -> None:
    tunes, certificate = written
    (tmp_path / "other.txt").write_text(text_of(tunes[:1]))
    build_index([tmp_path / "other.txt"], tmp_path / "other.db")
    said, *more = compared(certificate, text_of(tunes), tmp_path / "other.db", tmp_path)
    assert said.startswith("the index has the fingerprint ")
    assert said.endswith("…; give an index of the same corpora")
    assert more == []
    other = [replace(tunes[0], tokens=tunes[1].tokens), *tunes[1:]]
    assert compared(certificate, text_of(other), tmp_path / "other.db", tmp_path)[1:] == (
        "tune 1 has other tokens than the certified one",
    )
