"""Counts by families: settings of one melody count once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import call, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import (
    CheckedTune,
    Filters,
    Index,
    bar,
    build_index,
    check,
    figure,
    find_families,
    open_index,
)
from tunetrace.arguments import Reading
from tunetrace.checker.check import check_transcriptions
from tunetrace.corpus.readers import read_tunes

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SETTING = REEL.replace("CEGc", "CEGB")
OTHER = "c4 G4|c'2g2 e2c2|CEGc F2F2|G3B d2f2|"


@pytest.fixture(scope="module")
def some(storage: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The first 200 training transcriptions, compared with one another."""
    folder = tmp_path_factory.mktemp("counted")
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:200]
    (folder / "some.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([folder / "some.txt"], folder / "some.db")
    find_families(folder / "some.db")
    with open_index(folder / "some.db") as index:
        yield index


@pytest.mark.parametrize("filters", [Filters(), Filters(meter="4/4"), Filters(bar=1)])
@pytest.mark.parametrize("text", ["C D E", "{G g} * E", "e c c?", "c B A G F E D C c c c"])
def test_a_figure_is_counted_by_the_families_of_its_tunes(
    some: Index, text: str, filters: Filters
) -> None:
    family = {
        tune.tune: found.family
        for found in find_families(some.path).families
        for tune in found.tunes
    }
    matches = some.figure(text, filters, limit=100_000)
    tunes = {hit.tune for hit in matches.results}
    assert matches.tunes == len(tunes)
    assert matches.families == len({family.get(tune, tune) for tune in tunes})


def test_a_bar_is_counted_by_the_families_of_its_tunes(some: Index) -> None:
    family = {
        tune.tune: found.family
        for found in find_families(some.path).families
        for tune in found.tunes
    }
    matches = some.bar("c * * * * * * *", limit=100_000)
    tunes = {hit.tune for hit in matches.results}
    assert matches.families == len({family.get(tune, tune) for tune in tunes}) < len(tunes)


def test_families_are_told_where_the_index_has_them(tmp_path: Path) -> None:
    bodies = (REEL, SETTING, OTHER)
    path = index_of(tmp_path, *(f"X:{k}\nT:{k}\n{HEADER}{b}" for k, b in enumerate(bodies, 1)))
    assert figure("C E G", index=path).families is None
    assert call("figure", "C E G", "--index", path).out.splitlines()[1] == (
        "found in 3 of 3 tunes, 3 times"
    )
    find_families(path)
    found = figure("C E G", index=path)
    assert (found.tunes, found.families) == (3, 2)
    assert call("figure", "C E G", "--index", path).out.splitlines()[1] == (
        "found in 3 of 3 tunes, of 2 families, 3 times"
    )
    whole = bar("d c B A G F E D", index=path)
    assert (whole.tunes, whole.families) == (2, 1)
    assert call("bar", "d c B A G F E D", "--index", path).out.splitlines()[1] == (
        "found in 2 of 3 tunes, of 1 family, twice"
    )
    alone = call("figure", "c 4", "--index", path)
    assert alone.out.splitlines()[1] == "found in 1 of 3 tunes, once"
    assert (figure("c c c c", index=path).tunes, figure("c c c c", index=path).families) == (0, 0)


def test_spans_bars_and_sources_of_a_check_are_counted_by_families(some: Index) -> None:
    """By brute force: the tunes that have a span are those in which it is found as a figure."""
    found = find_families(some.path).families
    family = {tune.tune: one.family for one in found for tune in one.tunes}
    pieces = [" ".join(some.tokens(one.tunes[0].tune)[2:34]) for one in found[:6]]
    (tune,) = check(f"M:4/4\nK:Cmaj\n{' | '.join(pieces)}\n", some, format="folkrnn").tunes
    assert len(tune.spans) > 3
    for span in tune.spans:
        tunes = {hit.tune for hit in some.figure(span.text, limit=100_000).results}
        assert (span.tunes, span.families) == (
            len(tunes), len({family.get(other, other) for other in tunes}),
        )  # fmt: skip
    assert any((span.families or 0) < span.tunes for span in tune.spans)
    for one in tune.bars or ():
        tunes = {hit.tune for hit in some.bar(one.text, limit=100_000).results}
        assert (one.tunes, one.families) == (
            len(tunes), len({family.get(other, other) for other in tunes}),
        )  # fmt: skip
    assert all(one.family == family.get(one.tune, one.tune) for one in tune.sources)


def test_many_transcriptions_are_counted_as_one_is(some: Index) -> None:
    tunes = [
        tune
        for number in range(1, 21)
        for tune in read_tunes(some.catalogue.wording(number).text, "it", Reading("folkrnn"))
    ] * 20  # so many that they are sorted together with the corpus
    answers = list(check_transcriptions(tunes, some, is_prompt=False, verbatim=True))
    for number, answer in enumerate(answers[:20], 1):
        (alone,) = check(some.catalogue.wording(number).text, some, verbatim=True).tunes
        assert isinstance(answer, CheckedTune)
        assert [(span.text, span.families) for span in answer.spans] == [
            (span.text, span.families) for span in alone.spans
        ]
        assert [one.family for one in answer.sources] == [one.family for one in alone.sources]


def test_a_check_tells_families_where_the_index_has_them(tmp_path: Path) -> None:
    bodies = (REEL, SETTING, OTHER)
    path = index_of(tmp_path, *(f"X:{k}\nT:{k}\n{HEADER}{b}" for k, b in enumerate(bodies, 1)))
    asked = f"X:1\n{HEADER}CDEF GABc|dcBA GFED|g8|".encode()

    def shown() -> str:
        ended = call("check", "--index", path, stdin=asked)
        assert ended.code == 0
        return " ".join(ended.out.split())

    before = shown()
    assert "found in 2 tunes, twice" in before
    assert "families" not in before
    find_families(path)
    after = shown()
    assert "found in 2 tunes of 1 family, twice" in after
    assert "part bar text tunes families same position" in after
    assert "these are 2 tunes of 1 family" in after
    assert call("check", "--index", path, "--json", stdin=asked).json["tunes"][0]["longest_span"][
        "families"
    ] == 1  # fmt: skip
