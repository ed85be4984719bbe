"""The baseline: every tune measured against all others, its settings left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, written
from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import V2_SAMPLE
from tests.storages import alter
from tunetrace import (
    Index,
    IndexFileError,
    add_to_index,
    build_index,
    check,
    compact_index,
    measure_baseline,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.arguments import Reading
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.measures import MEASURES, SIMILARITY
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.corpus.readers import read_tunes
from tunetrace.indexer.store.arrays.baseline import OPTIONAL, STORED
from tunetrace.tokenizer.transcription import Transcription

HEADER = "M:4/4\nK:Cmaj\n"


def measured(index: Index) -> dict[str, list[float]]:
    baseline = index.baseline
    assert baseline is not None
    return {name: np.asarray(values).tolist() for name, values in baseline.values.items()}


@pytest.fixture(scope="module")
def real(storage: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the first 150 training transcriptions, among them many settings, measured."""
    folder = tmp_path_factory.mktemp("borrowing")
    text = (shared / V2_SAMPLE).read_text(encoding="utf-8")
    (folder / "some.txt").write_text("\n\n".join(text.split("\n\n")[:150]), encoding="utf-8")
    build_index([folder / "some.txt"], folder / "some.db")
    measure_baseline(folder / "some.db", similar=True)
    return folder / "some.db"


def test_each_tune_is_measured_as_a_check_without_its_settings_measures_it(real: Path) -> None:
    with open_index(real) as index:
        found = measured(index)
        groups = index.catalogue.setting_groups()
        assert len(set(groups.values())) < len(groups) == 150
        for k, tune in enumerate(sorted(groups)):
            (transcription,) = read_tunes(
                index.catalogue.wording(tune).text, "it", Reading("folkrnn")
            )
            assert isinstance(transcription, Transcription)
            others = [other for other in groups if groups[other] != groups[tune]]
            admitted = index.mask(others)
            (alone,) = check_transcriptions([transcription], index, admitted)
            assert isinstance(alone, CheckedTune)
            for measure in (*MEASURES, SIMILARITY):
                assert found[measure.name][k] == pytest.approx(measure.value(alone), abs=1e-6)


def test_the_most_similar_tune_of_another_title_is_the_highest_of_all_pairs(
    tmp_path: Path,
) -> None:
    """Each tune is compared with each other one, as if the index had only that one.

    The third tune is the first an octave higher, under another title; the fourth is the first once
    more, which does not count.
    """
    higher_one = written(WASHERWOMAN, higher(7)).replace("X:1\n", "X:3\nT:The Other Woman\n")
    tunes = (WASHERWOMAN, MAGGIE, higher_one, WASHERWOMAN.replace("X:1", "X:4"), KESH, MORRISONS)
    path = index_of(tmp_path, *tunes)
    measure_baseline(path, similar=True)
    with open_index(path) as index:
        found = measured(index)["similarity"]
        groups = index.catalogue.setting_groups()
        assert groups[1] == groups[4]
        search = SimilarSearch(index)
        for tune in groups:
            pairs = [
                near.probability
                for other in groups
                if groups[other] != groups[tune]
                for (some,) in [search.near([index.layout(tune)], index.mask([other]))]
                for near in some
            ]
            assert found[tune - 1] == pytest.approx(max(pairs, default=0.0), abs=1e-6)
        assert min(found[0], found[2], found[3]) > 0.9
        assert max(found[1], found[4], found[5]) < 0.5


def test_settings_of_a_tune_borrow_nothing_from_one_another(tmp_path: Path) -> None:
    music = "C D E F | G A B c | d e f g | a b c' d' |"
    tunes = [f"T:{title}\n{HEADER}{music}" for title in ("The Reel", "Reel, The", "A Jig")]
    (tmp_path / "tunes.txt").write_text("\n\n".join([*tunes[:2], f"{HEADER}F F F F |"]))
    build_index([tmp_path / "tunes.txt"], tmp_path / "two.db")
    report = measure_baseline(tmp_path / "two.db")
    assert (report.tunes, report.groups) == (3, 2)
    with open_index(tmp_path / "two.db") as index:
        # What is left is a single F.
        assert measured(index)["longest_notes"] == [1, 1, 1]
    (tmp_path / "three.txt").write_text("\n\n".join(tunes))
    build_index([tmp_path / "three.txt"], tmp_path / "three.db")
    assert measure_baseline(tmp_path / "three.db").groups == 2
    with open_index(tmp_path / "three.db") as index:
        assert measured(index)["longest_notes"] == [16, 16, 16]


def test_a_tune_with_two_titles_joins_the_settings_of_both(tmp_path: Path) -> None:
    titles = (["One"], ["One", "Other"], ["Other"], ["Third"])
    tunes = ["".join(f"T:{title}\n" for title in some) + f"{HEADER}C D E F |" for some in titles]
    (tmp_path / "tunes.txt").write_text("\n\n".join(tunes))
    build_index([tmp_path / "tunes.txt"], tmp_path / "index.db")
    with open_index(tmp_path / "index.db") as index:
        groups = index.catalogue.setting_groups()
    assert groups[1] == groups[2] == groups[3] != groups[4]


def test_a_check_says_where_a_tune_lies_and_without_a_baseline_that_there_is_none(
    real: Path, tmp_path: Path
) -> None:
    tune = f"{HEADER}C D E F | G A B c | ^c ^d ^f ^g |"
    with open_index(real) as index:
        standing = check(tune, index).tunes[0].standing
        values = measured(index)
    assert standing is not None
    assert (standing.peers, standing.meter) == (150, None)  # too few in 4/4 to be compared with
    for name, below in standing.below.items():
        assert 0 <= below <= 1, name
    longest = check_longest(tune, real)
    less = sum(value < longest for value in values["longest_notes"])
    assert standing.below["longest_notes"] == less / 150
    without = index_of(tmp_path, KESH)
    shown = call("check", "--index", without, stdin=tune.encode())
    assert "the index has no baseline; 'tunetrace baseline' measures one" in " ".join(
        shown.out.split()
    )
    assert call("check", "--index", without, "--json", stdin=tune.encode()).json["tunes"][0][
        "standing"
    ] is None  # fmt: skip


def test_a_check_says_how_similar_real_tunes_are_where_that_was_measured(
    real: Path, tmp_path: Path
) -> None:
    tune = f"{HEADER}C D E F | G A B c | ^c ^d ^f ^g |"
    with open_index(real) as index:
        checked = check(tune, index).tunes[0]
        values = np.array(measured(index)["similarity"], dtype=np.float32)
        verbatim = check(tune, index, verbatim=True).tunes[0]
    assert checked.standing is not None
    assert checked.similarity is not None
    below = int((values < np.float32(checked.similarity)).sum())
    assert checked.standing.below["similarity"] == below / 150
    assert verbatim.standing is not None
    assert set(checked.standing.below) - set(verbatim.standing.below) == {"similarity"}
    path = index_of(tmp_path, KESH, MORRISONS)
    measure_baseline(path)
    with open_index(path) as index:
        standing = check(tune, index).tunes[0].standing
    assert standing is not None
    assert "similarity" not in standing.below


def check_longest(tune: str, path: Path) -> int:
    with open_index(path) as index:
        span = check(tune, index).tunes[0].longest_span
    return span.notes if span else 0


def test_a_change_of_the_index_forgets_the_baseline_and_compacting_keeps_it(
    tmp_path: Path,
) -> None:
    path = index_of(tmp_path, KESH, MORRISONS)
    measure_baseline(path)
    compact_index(path)
    with open_index(path) as index:
        assert index.baseline is not None
    (tmp_path / "more.abc").write_text(KESH.replace("Kesh", "Other"), encoding="utf-8")
    add_to_index([tmp_path / "session.abc"], path)  # which is there already
    with open_index(path) as index:
        assert index.baseline is not None
    add_to_index([tmp_path / "more.abc"], path)
    with open_index(path) as index:
        assert index.baseline is None
    measure_baseline(path)
    remove_from_index(["more"], path)
    with open_index(path) as index:
        assert index.baseline is None


def test_tunes_with_nothing_to_be_measured_against_are_refused(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, KESH.replace("X:3", "X:4"))
    with pytest.raises(IndexFileError, match="fewer than two different tunes"):
        measure_baseline(path)
    assert "fewer than two different tunes" in call("baseline", "--index", path).refusal
    assert "there is no index" in call("baseline", "--index", tmp_path / "absent.db").refusal


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE \"array\" SET sha256 = 'none' WHERE purpose = 'baseline' AND name = 'copied_8'",
            "the array 'copied_8' for 'baseline' of the index does not match its checksum",
        ),
        (
            "UPDATE \"array\" SET name = 'copied' WHERE purpose = 'baseline' AND name = 'copied_8'",
            "the baseline has the wrong columns",
        ),
        (
            "UPDATE \"array\" SET name = 'stolen' WHERE name = 'originality'",
            "the baseline has the wrong columns",
        ),
    ],
)
def test_a_baseline_that_was_altered_is_refused_and_found_by_verify(
    tmp_path: Path, statement: str, fault: str
) -> None:
    path = index_of(tmp_path, KESH, MORRISONS)
    measure_baseline(path)
    alter(path, statement)
    assert verify_index(path).faults == (fault,)
    assert "the index is damaged" in call("check", "--index", path, stdin=KESH.encode()).err


def test_an_index_stores_every_measure() -> None:
    assert tuple(measure.name for measure in MEASURES) == STORED
    assert SIMILARITY.name == OPTIONAL


def test_the_command_says_how_much_people_share(tmp_path: Path) -> None:
    """Each of the two tunes is in the other but for one note of eight and the last bar."""
    other = KESH.replace("The Kesh", "Another").replace("A3 ABd", "A3 ABe")
    path = index_of(tmp_path, KESH, other)
    found = call("baseline", "--index", path, "--json").json
    assert (found["tunes"], found["groups"]) == (2, 2)
    assert found["quantiles"]["longest_notes"] == [7, 7, 7]
    assert found["quantiles"]["bars_in_corpus"] == [0.5, 0.5, 0.5]
    shown = call("baseline", "--index", path)
    assert (shown.code, shown.err) == (0, "")
    assert (
        "2 transcriptions. Each was checked against all others, except settings of the same tune."
        in " ".join(shown.out.split())
    )
    assert "most similar tune" not in shown.out
    assert "similarity" not in found["quantiles"]
    similar = call("baseline", "--similar", "--index", path, "--json").json
    assert len(similar["quantiles"]["similarity"]) == 3
    assert (
        "most similar tune, as a probability" in call("baseline", "--similar", "--index", path).out
    )
