"""Families left out: as if each of their tunes had been left out by its number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import call, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import (
    Family,
    Filters,
    Index,
    QueryError,
    build_index,
    check,
    find_families,
    open_index,
    report,
    similar,
)
from tunetrace.checker.check import admitted_without

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SETTING = REEL.replace("CEGc", "CEGB")
OTHER = "c4 G4|c'2g2 e2c2|CEGc F2F2|G3B d2f2|"


@pytest.fixture(scope="module")
def some(storage: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The first 120 training transcriptions, compared with one another."""
    folder = tmp_path_factory.mktemp("excluded")
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:120]
    (folder / "some.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([folder / "some.txt"], folder / "some.db")
    find_families(folder / "some.db")
    with open_index(folder / "some.db") as index:
        yield index


def families_of(index: Index) -> list[Family]:
    found = find_families(index.path).families
    assert len(found) > 3
    return list(found[:3])


def test_a_figure_is_sought_in_the_tunes_of_other_families(some: Index) -> None:
    every = some.figure("{G g} * E", limit=10_000)
    for family in families_of(some):
        ids = {tune.tune for tune in family.tunes}
        for text in ("{G g} * E", "c B A"):
            every = some.figure(text, limit=10_000)
            given = Filters(exclude_families=(family.tunes[-1].reference,))
            found = some.figure(text, given, limit=10_000)
            assert found.of == 120 - len(ids)
            assert found.results == tuple(hit for hit in every.results if hit.tune not in ids)
            with_meter = Filters(meter="4/4", exclude_families=given.exclude_families)
            of_meter = some.figure(text, Filters(meter="4/4"), limit=10_000)
            assert some.figure(text, with_meter, limit=10_000).results == tuple(
                hit for hit in of_meter.results if hit.tune not in ids
            )
        bars = some.bar("c * * * * * * *", limit=10_000)
        assert some.bar("c * * * * * * *", given, limit=10_000).results == tuple(
            hit for hit in bars.results if hit.tune not in ids
        )


def test_check_and_similar_leave_out_each_tune_of_a_family(some: Index) -> None:
    for family in families_of(some):
        first, *_ = family.tunes
        tunes = [tune.reference for tune in family.tunes]
        text = some.catalogue.wording(first.tune).text
        assert check(text, some, exclude_families=first.reference) == check(
            text, some, exclude_tunes=tunes
        )
        assert similar(text, some, exclude_families=[first.tune]) == similar(
            text, some, exclude_tunes=tunes
        )


def test_a_report_leaves_out_families_and_its_page_says_how_to_check_again(
    some: Index, tmp_path: Path
) -> None:
    pytest.importorskip("jinja2")
    family = families_of(some)[0]
    book = tmp_path / "book.txt"
    book.write_text(some.catalogue.wording(family.tunes[0].tune).text)
    before = report(book, tmp_path / "before", some)
    after = report(book, tmp_path / "after", some, exclude_families=family.tunes[1].reference)
    assert (before.batch.identical, after.batch.identical) == (1, 0)
    count = len(family.tunes)
    assert (before.left_out, after.left_out) == (0, count)
    words = " ".join(after.words)
    assert f"It was checked against {some.tunes - count} tunes of " in words
    assert f", without {count} tunes of excluded families. A span" in words
    page = (tmp_path / "after" / "report.html").read_text()
    assert f"against {some.tunes - count} tunes of" in page
    assert f"without {count} tunes of excluded families" in page
    assert f"--exclude-family {family.tunes[1].reference}" in page


def test_several_families_may_be_left_out_and_a_title_names_all_of_its_tunes(
    tmp_path: Path,
) -> None:
    titles = ["Reel", "Setting", "Reel", "Alone"]
    bodies = [REEL, SETTING, OTHER, "A8|B8|e8|f8|"]
    tunes = (
        f"X:{k}\nT:{t}\n{HEADER}{b}" for k, (t, b) in enumerate(zip(titles, bodies, strict=True), 1)
    )
    path = index_of(tmp_path, *tunes)
    find_families(path)
    with open_index(path) as index:
        assert admitted_without(index, exclude_families="Setting").nonzero()[0].tolist() == [
            0,
            3,
            4,
        ]
        assert index.in_families(["Reel"]) == [1, 2, 3]
        assert index.in_families(["session:4", 3]) == [3, 4]
        assert index.in_families([]) == []
    found = call("figure", "C E G", "--exclude-family", "Setting", "--exclude-family", "4",
                 "--index", path)  # fmt: skip
    assert found.out.splitlines()[1] == "found in 1 of 1 tune, once"


@pytest.mark.parametrize("command", ["figure", "bar", "check", "similar", "report"])
def test_without_families_the_sentence_says_how_to_find_them(command: str, tmp_path: Path) -> None:
    path = index_of(tmp_path, f"X:1\nT:Reel\n{HEADER}{REEL}")
    book = tmp_path / "book.abc"
    book.write_text(f"X:1\n{HEADER}{REEL}")
    asked = {"figure": ["C D E"], "bar": ["C D E"], "similar": ["session:1"]}.get(command, [book])
    more = ["-o", tmp_path / "report"] if command == "report" else []
    ended = call(command, *asked, *more, "--exclude-family", "Reel", "--index", path)
    assert ended.refusal == (
        f"{path}: the families of this index are not known yet; find them with 'tunetrace families'"
    )
    with pytest.raises(QueryError, match="there is no tune 'None' in the index"):
        check(f"X:1\n{HEADER}{REEL}", path, exclude_families="None")
