"""The neighbour graph and the families of an index: found, kept while it changes, and verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import V2_SAMPLE
from tests.indexer.altered import alter_array
from tunetrace import (
    FamilyReport,
    Index,
    IndexFileError,
    QueryError,
    add_to_index,
    build_index,
    compact_index,
    copy_index,
    find_families,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.indexer.near.families import BOUND
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.text import share

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SETTING = REEL.replace("CEGc", "CEGB")
HIGHER = REEL.replace("C", "#").replace("c", "a").replace("#", "c")
OTHER = "c2cd e2ed|g2ge c2GE|C2G2 c2G2|E2c2 G2E2|"

BODIES = {1: REEL, 2: SETTING, 3: OTHER}

Found = dict[tuple[int, int], float]


@pytest.fixture(scope="module")
def some(storage: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two books of training transcriptions, the second with settings of tunes of the first."""
    folder = tmp_path_factory.mktemp("books")
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:180]
    for name, part in (("first", tunes[::2]), ("second", tunes[1::2])):
        (folder / f"{name}.txt").write_text("\n\n".join(part), encoding="utf-8")
    return folder / "first.txt", folder / "second.txt"


def graph_of(path: Path) -> NearGraph:
    with open_index(path) as index:
        graph = index.graph
    assert graph is not None
    return graph


def in_full(graph: NearGraph) -> dict[str, list[float]]:
    """All numbers of a graph, by the name of their array."""
    return {name: numbers.tolist() for name, numbers in graph.arrays().items()}


def pairs_of(graph: NearGraph) -> Found:
    return dict(zip(map(tuple, graph.pairs.tolist()), graph.probabilities.tolist(), strict=True))


def by_brute_force(index: Index, tunes: Iterable[int], among: Iterable[int] | None = None) -> Found:
    """Each tune searched for by itself, among all or some; of a pair that was found twice the
    larger probability."""
    found: Found = {}
    admitted = None if among is None else index.mask(list(among))
    for tune in tunes:
        (near,) = SimilarSearch(index).near([index.layout(tune)], admitted)
        for one in near:
            if one.tune != tune and one.probability >= BOUND:
                pair = min(tune, one.tune), max(tune, one.tune)
                found[pair] = max(found.get(pair, 0), one.probability)
    return found


def test_the_graph_has_every_pair_that_either_of_its_tunes_finds(
    some: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "both.db"
    build_index(some, path)
    found = find_families(path)
    assert (found.tunes, found.compared) == (180, 180)
    graph = graph_of(path)
    with open_index(path) as index:
        expected = by_brute_force(index, range(1, 181))
        for tune in range(1, 181):
            near = graph.neighbours(tune)
            assert [one.probability for one in near] == sorted(
                (one.probability for one in near), reverse=True
            )
            assert {one.tune for one in near} == {
                other for pair in expected for other in pair if tune in pair and other != tune
            }
    assert pairs_of(graph) == pytest.approx(expected, abs=1e-6)
    assert found.pairs == len(expected) > 100
    copy_index(path, tmp_path / "again.db")
    find_families(tmp_path / "again.db", again=True, workers=1)
    assert in_full(graph_of(tmp_path / "again.db")) == in_full(graph)
    assert verify_index(path, full=True).faults == ()
    assert find_families(path).compared == 0


def test_steps_up_are_told_from_either_side(tmp_path: Path) -> None:
    path = index_of(tmp_path, *(f"X:1\nT:A\n{HEADER}{body}" for body in (REEL, HIGHER)))
    third = "".join("DEFGABcdefgab"["CDEFGABcdefga".index(n)] if n.isalpha() else n for n in REEL)
    (tmp_path / "more.abc").write_text(f"X:1\nT:B\n{HEADER}{third}")
    add_to_index(tmp_path / "more.abc", path)
    find_families(path)
    graph = graph_of(path)
    ups = {tune: {near.tune: near.up for near in graph.neighbours(tune)} for tune in (1, 3)}
    assert (ups[1][3], ups[3][1]) == (1, 6)


def test_an_added_tune_is_compared_and_a_removed_one_leaves(
    some: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "index.db"
    build_index([some[0]], path)
    find_families(path)
    before = pairs_of(graph_of(path))
    add_to_index(some[1], path)
    grown = graph_of(path)
    with open_index(path) as index:
        added = by_brute_force(index, range(91, 181))
        # The tunes that were found are asked for the added ones too.
        met = {first for first, _ in added if first <= 90}
        from_there = by_brute_force(index, met, among=range(91, 181))
    added = {
        pair: max(added.get(pair, 0), from_there.get(pair, 0)) for pair in {*added, *from_there}
    }
    assert pairs_of(grown) == pytest.approx(before | added, abs=1e-6)
    assert any(first <= 90 < second for first, second in added)
    assert verify_index(path, full=True).faults == ()
    compact_index(path)
    assert in_full(graph_of(path)) == in_full(grown)
    remove_from_index("first", path)
    left = graph_of(path)
    assert left.tunes.tolist() == list(range(91, 181))
    assert pairs_of(left) == {pair: p for pair, p in pairs_of(grown).items() if min(pair) > 90}
    assert verify_index(path, full=True).faults == ()


def test_a_replaced_corpus_is_compared_again_and_nothing_without_a_graph(tmp_path: Path) -> None:
    path = index_of(tmp_path, f"X:1\nT:One\n{HEADER}{REEL}", f"X:2\nT:Two\n{HEADER}{OTHER}")
    book = tmp_path / "more.abc"
    book.write_text(f"X:1\nT:Three\n{HEADER}{OTHER}")
    add_to_index(book, path)
    with open_index(path) as index:
        assert index.graph is None
        assert not index.info().has_families
    find_families(path)
    assert set(pairs_of(graph_of(path))) == {(2, 3)}
    # The new tune has an id of its own.
    book.write_text(f"X:1\nT:Three\n{HEADER}{SETTING}")
    add_to_index(book, path, replace=True)
    assert set(pairs_of(graph_of(path))) == {(1, 4)}
    remove_from_index(["more", "session"], path)
    assert graph_of(path).tunes.tolist() == []
    with pytest.raises(IndexFileError, match="the index has no tune"):
        find_families(path, again=True)


def test_families_have_the_commonest_title_and_say_what_is_nearest(tmp_path: Path) -> None:
    tunes = [
        f"X:1\nT:Other Name\n{HEADER}{SETTING}",
        f"X:2\nT:The Reel\n{HEADER}{REEL}",
        f"X:3\nT:Lonely\n{HEADER}{OTHER}",
        f"X:4\nT:Reel, The\n{HEADER}{REEL}",
    ]
    path = index_of(tmp_path, *tunes)
    found = find_families(path)
    (family,) = found.families
    assert (family.family, family.name, family.titles) == (1, "The Reel", 2)
    assert [(tune.reference, tune.nearest) for tune in family.tunes] == [
        ("session:1", 2), ("session:2", 4), ("session:4", 2),
    ]  # fmt: skip
    assert all(tune.probability and tune.probability > 0.9 for tune in family.tunes)
    assert (found.tunes, found.alone, found.sizes) == (4, 1, {3: 1})


def test_one_corpus_counts_its_own_tunes(some: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "both.db"
    build_index(some, path)
    every = find_families(path)
    own = find_families(path, corpus="second")
    expected = {
        family.family: [tune.tune for tune in family.tunes if tune.corpus == "second"]
        for family in every.families
    }
    assert {family.family: [tune.tune for tune in family.tunes] for family in own.families} == {
        number: tunes for number, tunes in expected.items() if len(tunes) > 1
    }
    assert own.tunes == 90 == own.alone + sum(len(family.tunes) for family in own.families)
    assert sum(size * count for size, count in own.sizes.items()) == 90 - own.alone
    with pytest.raises(QueryError, match="the index has no corpus 'third'"):
        find_families(path, corpus="third")


@pytest.fixture(scope="module")
def grouped(storage: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FamilyReport]:
    """An index of three tunes, two of them settings of one, with its families."""
    folder = tmp_path_factory.mktemp("grouped")
    path = index_of(
        folder,
        *(f"X:{k}\nT:{k}\n{HEADER}{body}" for k, body in BODIES.items()),
    )
    return path, find_families(path)


@pytest.mark.parametrize(
    ("name", "numbers", "fault"),
    [
        ("tunes", [1, 2, 4], "the neighbour graph is of other tunes"),
        ("families", [1, 1, 1], "do not agree with its pairs"),
        ("families", [1, 1], "its arrays do not fit together"),
        ("pairs", [2, 1], "do not agree with its pairs"),
        ("pairs", [1, 9], "do not agree with its pairs"),
        ("ups", [7], "do not agree with its pairs"),
        ("probabilities", [1.5], "do not agree with its pairs"),
        ("probabilities", [np.nan], "do not agree with its pairs"),
        ("probabilities", [0.6], "the probabilities of 1 pair of the neighbour graph"),
        ("starts", [0, 1, 1, 2], "do not agree with its pairs"),
        ("starts", [0, 1, 2], "its arrays do not fit together"),
        ("sides", [1, 0], "do not agree with its pairs"),
        ("sides", [0], "its arrays do not fit together"),
    ],
)
def test_an_altered_graph_is_found(
    grouped: tuple[Path, FamilyReport],
    tmp_path: Path,
    name: str,
    numbers: Sequence[float],
    fault: str,
) -> None:
    path = tmp_path / "altered.db"
    copy_index(grouped[0], path)
    alter_array(path, "graph", name, lambda _: np.array(numbers))
    assert fault in "; ".join(verify_index(path).faults)


@pytest.mark.parametrize("name", ["pairs", "sides"])
def test_a_graph_without_an_array_is_damage(
    grouped: tuple[Path, FamilyReport], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "altered.db"
    copy_index(grouped[0], path)
    alter_array(path, "graph", name, None)
    with pytest.raises(IndexFileError, match="the index is damaged"):
        find_families(path)
    assert verify_index(path).faults == (
        f"the neighbour graph is damaged: it has no array '{name}'",
    )


def test_a_pair_of_an_added_tune_is_as_probable_as_the_other_tune_finds_it(
    shared: Path, tmp_path: Path
) -> None:
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[1230:1240]
    (tmp_path / "book.txt").write_text("\n\n".join(tunes), encoding="utf-8")
    build_index([tmp_path / "book.txt"], tmp_path / "book.db")
    find_families(tmp_path / "book.db")
    scales = "|:CDEF GABc|1dcBA GFED:|2dcBA G4||3 CDEF G4:|4,5 dcBA G4:|[6 c8|]"
    (tmp_path / "scales.abc").write_text(f"X:1\n{HEADER}{scales}\n")
    add_to_index(tmp_path / "scales.abc", tmp_path / "book.db")
    # Balance the Straw and the scales are nine times as probable when the tune is asked.
    with open_index(tmp_path / "book.db") as index:
        assert index.graph is not None
        stored = {near.tune: near.probability for near in index.graph.neighbours(11)}
        search = SimilarSearch(index)
        (near,) = search.near([index.layout(6)], index.mask([11]))
        (own,) = search.near([index.layout(11)], index.mask([6]))
    assert near[0].probability > 5 * own[0].probability
    assert stored[6] == pytest.approx(near[0].probability, abs=1e-6)
    assert verify_index(tmp_path / "book.db", full=True).faults == ()


@pytest.mark.file
@pytest.mark.parametrize("content", [b"\0\0\0\0", "text"])
@pytest.mark.parametrize(("purpose", "name"), [("graph", "pairs"), ("near", "beats")])
def test_arrays_that_do_not_match_their_checksum_are_damage(
    grouped: tuple[Path, FamilyReport],
    tmp_path: Path,
    purpose: str,
    name: str,
    content: bytes | str,
) -> None:
    path = tmp_path / "altered.db"
    copy_index(grouped[0], path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE piece SET content = ? WHERE array_id IN "
            "(SELECT id FROM array WHERE purpose = ? AND name = ?)",
            (content, purpose, name),
        )
    with pytest.raises(IndexFileError, match="the index is damaged"):
        find_families(path, again=purpose == "near")
    (fault,) = verify_index(path).faults
    of = "the index" if purpose == "graph" else "segment 1"
    if isinstance(content, bytes):
        assert fault == f"the array '{name}' for '{purpose}' of {of} does not match its checksum"
    else:
        assert fault.startswith("piece 0 of the array ")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("terms", "reversed"),
        ("starts", "exchanged"),
        ("tunes", "too large"),
        ("sizes", "too small"),
        ("headers", "too small"),
        ("notes", "too large"),
        ("notes", "too small"),
        ("quavers", "too large"),
        ("beats", "too large"),
        ("ends of notes", "exchanged"),
        ("ends of beats", "too small"),
    ],
)
def test_altered_arrays_of_near_copies_are_found(
    grouped: tuple[Path, FamilyReport], tmp_path: Path, name: str, change: str
) -> None:
    def altered(numbers: np.ndarray) -> np.ndarray:
        if change == "reversed":
            return numbers[::-1]
        if change == "exchanged":
            numbers[[1, -2]] = numbers[[-2, 1]]
        else:
            numbers[0] = 200 if change == "too large" else 0 if numbers.dtype == "u1" else -1
        return numbers

    path = tmp_path / "altered.db"
    copy_index(grouped[0], path)
    alter_array(path, "near", name, altered)
    (fault, *_) = verify_index(path).faults
    assert (
        fault == ("what near copies are found by in segment 1 does not agree with the stream")
        or "cannot be read (" in fault
    )


# The command


def test_the_command_prints_counts_and_the_largest_families(
    grouped: tuple[Path, FamilyReport], tmp_path: Path
) -> None:
    path = tmp_path / "fresh.db"
    copy_index(grouped[0], path)
    shown = call("families", "--again", "--index", path).out.splitlines()
    assert shown[1:4] == [
        "compared 3 tunes with one another: 1 pair may be one melody",
        "3 tunes: 2 in 1 family of two or more, 1 alone",
        "families by tunes: 1 of 2",
    ]
    assert shown[-1].split() == ["1", "1", "2", "2", "session:", "1,", "2"]
    document = call("families", "--index", path, "--json").json
    assert document == {**grouped[1].to_dict(), "path": str(path), "compared": 0}
    assert call("families", "--top", "0", "--index", path).out.endswith(
        "… and 1 more; -o FILE.csv writes them all\n"
    )


def test_families_of_six_tunes_or_more_are_counted_together(tmp_path: Path) -> None:
    for tunes, expected in ((6, "1 of 6"), (7, "1 of 6 to 7")):
        (tmp_path / str(tunes)).mkdir()
        path = index_of(tmp_path / str(tunes), *[f"X:1\nT:A\n{HEADER}{REEL}"] * tunes)
        shown = call("families", "--index", path).out.splitlines()
        assert f"families by tunes: {expected}" in shown


def test_the_table_has_a_row_for_each_tune_of_a_family(
    grouped: tuple[Path, FamilyReport], tmp_path: Path
) -> None:
    path, found = grouped
    table = tmp_path / "families.csv"
    assert call("families", "-o", table, "--index", path).code == 0
    head, *rows = table.read_text().splitlines()
    assert head == "family,name,size,tune,title,nearest,nearest_title,probability,link"
    probability = found.families[0].tunes[0].probability
    assert rows == [
        f"1,1,2,session:1,1,session:2,2,{probability},",
        f"1,1,2,session:2,2,session:1,1,{probability},",
    ]
    again = call("families", "-o", table, "--index", path)
    assert again.refusal == f"{table}: there is a table already; replace it with --force"
    assert call("families", "-o", table, "--force", "--index", path).code == 0
    table.write_text("mine")
    assert "is never replaced" in call("families", "-o", table, "--force", "--index", path).refusal
    assert call("families", "-o", tmp_path / "f.txt", "--index", path).refusal.endswith(
        "the name of a table must end in .csv or .parquet"
    )


def test_the_family_of_a_tune_is_shown_tune_by_tune(
    grouped: tuple[Path, FamilyReport], tmp_path: Path
) -> None:
    path, found = grouped
    first, second = found.families[0].tunes
    assert first.probability is not None
    shown = call("families", "--of", "session:2", "--index", path).out.splitlines()
    percent = share(first.probability)
    assert shown[0] == "1: 2 tunes with 2 titles"
    assert [line.split() for line in shown[3:]] == [
        ["session:1", "1", "session:2", percent], ["session:2", "2", "session:1", percent],
    ]  # fmt: skip
    (only,) = call("families", "--of", "session:2", "--index", path, "--json").json["families"]
    assert [tune["tune"] for tune in only["tunes"]] == [first.tune, second.tune]
    table = tmp_path / "one.csv"
    assert call("families", "--of", "session:3", "-o", table, "--index", path).out == (
        "session:3: no other tune is of its family\n"
    )
    assert len(table.read_text().splitlines()) == 1


def test_the_table_as_parquet_has_the_same_rows(
    grouped: tuple[Path, FamilyReport], tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = tmp_path / "families.parquet"
    assert call("families", "-o", table, "--index", grouped[0]).code == 0
    rows = parquet.read_table(table).to_pylist()
    assert [(row["tune"], row["nearest"]) for row in rows] == [
        ("session:1", "session:2"), ("session:2", "session:1"),
    ]  # fmt: skip
    assert call("families", "-o", table, "--force", "--index", grouped[0]).code == 0


def test_a_picture_needs_the_tune_whose_family_it_shows(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, MORRISONS)
    ended = call("families", "--picture", tmp_path / "a.png", "--index", path)
    assert ended.refusal == ("--picture draws the family of one tune; name the tune with --of")
    ended = call("families", "--picture", tmp_path / "a.png", "--of", "No", "--index", path)
    assert ended.refusal.startswith("there is no tune 'No' in the index")
    with open_index(path) as index:
        assert index.graph is None  # nothing was compared before the mistake was seen
