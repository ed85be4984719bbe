"""Verification: a sound index has no fault, and one that was altered is told apart."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import V2_SAMPLE
from tests.indexer.altered import alter_array
from tunetrace import build_index, measure_baseline, open_index, verify_index
from tunetrace.indexer.search.suffix import SuffixIndex, suffix_array, unsorted_at

PAGE = 8192


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two tunes."""
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS, "X:9\nK:G\nG[A\n")


def test_a_sound_index_has_no_fault(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "v2.db"
    build_index([shared / V2_SAMPLE], path)
    sample, full = verify_index(path), verify_index(path, full=True)
    assert (sample.faults, full.faults) == ((), ())
    # The suffixes of each of the five views.
    assert (sample.tunes, sample.suffixes) == (1000, 5 * 1000)
    assert (full.tunes, full.is_full) == (3000, True)
    shown = call("index", "verify", "--index", path)
    assert (shown.code, shown.err) == (0, "")
    assert (
        "5,000 suffixes and 1,000 tunes (a sample; --full checks all): no fault found" in shown.out
    )
    assert call("index", "verify", "--full", "--index", path, "--json").json["faults"] == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE tune SET text = 'X:1' WHERE id = 1", "the transcriptions of the corpus session"),
        ("UPDATE tune SET meter = '4/4' WHERE id = 1", "the headers of 1 of the 2 tunes"),
        ("UPDATE tune SET key = 'Cmin' WHERE id = 2", "the headers of 1 of the 2 tunes"),
        ("UPDATE tune SET title = 'Kish' WHERE id = 1", "the titles of 1 of the 2 tunes"),
        ("UPDATE title SET title_key = 'kish'", "the titles of 2 of the 2 tunes"),
        ("DELETE FROM title", "the titles of 2 of the 2 tunes"),
        ("UPDATE bar_hit SET part = 2 WHERE tune_id = 1", "the bars of 1 of the 2 tunes"),
        ("DELETE FROM music WHERE tune_id = 1", "the forms of 1 of the 2 tunes"),
        ("UPDATE music SET hash = hash + 1", "the forms of 2 of the 2 tunes"),
        (
            "UPDATE music SET tune_id = 9 WHERE tune_id = 1",
            "rows of music refer to rows that are missing",
        ),
        ("UPDATE bar SET text = 'C' WHERE id = 1", "bars have a wrong hash or are stored twice"),
        ("UPDATE bar SET hash = 0 WHERE id = 1", "bars have a wrong hash or are stored twice"),
        ("DELETE FROM bar WHERE id = 1", "rows of bar_hit refer to rows that are missing"),
        ("DELETE FROM bar_hit WHERE tune_id = 1", "the counts of the corpus session"),
        ("UPDATE corpus SET tokens = tokens + 1", "the counts of the corpus session"),
        ("UPDATE reject SET reason = 'none'", "the transcriptions of the corpus session"),
        ("DELETE FROM reject", "the counts of the corpus session"),
        ("DELETE FROM corpus", "rows of tune refer to rows that are missing"),
        ("DELETE FROM tune WHERE id = 1", "the segments have 2 tunes, but the table 'tune' has 1"),
        (
            "UPDATE tune SET id = 9 WHERE id = 2",
            "the segments and the table 'tune' have different tunes",
        ),
        ("DELETE FROM segment", "the segments have 0 tunes"),
        (
            "DELETE FROM array WHERE purpose = 'melody'",
            "segment 1 has no stream of the view melody",
        ),
        ("DELETE FROM array WHERE purpose = 'near'", "segment 1 has no arrays of near copies"),
        (
            "DELETE FROM piece",
            "the array 'ids' for 'tunes' of segment 1 does not match its checksum",
        ),
        (
            "UPDATE array SET sha256 = '' WHERE name = 'suffixes' AND purpose = 'rhythm'",
            "the array 'suffixes' for 'rhythm' of segment 1 does not match its checksum",
        ),
        (
            "UPDATE piece SET content = x'0100000003000000' WHERE array_id = 1",
            "the array 'ids' for 'tunes' of segment 1 does not match its checksum",
        ),
        (
            "UPDATE array SET dtype = '<f3' WHERE name = 'terms'",
            "the array 'terms' has no numbers of the type stated",
        ),
        ("UPDATE meta SET value = '[1]'", "the vocabulary is not a list of tokens"),
        ("DELETE FROM meta WHERE name = 'vocabulary'", "the vocabulary is not a list of tokens"),
        ("ALTER TABLE tune ADD COLUMN mood TEXT", "the table tune is not as schema 7 has it"),
        ("DROP TABLE reject", "the table reject is not as schema 7 has it"),
        ("DROP INDEX bar_hash", "the index bar_hash is missing"),
    ],
)
def test_what_was_altered_is_named(tmp_path: Path, whole: Path, statement: str, fault: str) -> None:
    path = tmp_path / "altered.db"
    shutil.copy(whole, path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()
    assert fault in "; ".join(verify_index(path, full=True).faults)
    ended = call("index", "verify", "--full", "--index", path)
    assert fault in ended.refusal
    assert "--force" in ended.refusal


def test_runs_of_symbols_that_begin_elsewhere_are_found(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copy(whole, path)
    alter_array(path, "tokens", "grams", lambda firsts: firsts[:-1])
    assert verify_index(path, full=True).faults == (
        "the runs of symbols do not begin where the suffix array of segment 1 in the view tokens "
        "has them",
    )


def test_suffixes_out_of_order_are_found(tmp_path: Path, whole: Path) -> None:
    (segment,) = open_index(whole).figures.segments
    path = tmp_path / "i.db"

    def faults(suffixes: np.ndarray) -> tuple[str, ...]:
        shutil.copy(whole, path)
        alter_array(path, "tokens", "suffixes", lambda _: suffixes)
        return verify_index(path, full=True).faults

    for at in range(len(segment.suffixes) - 1):
        swapped = segment.suffixes.copy()
        swapped[[at, at + 1]] = swapped[[at + 1, at]]
        assert any("out of order" in fault for fault in faults(swapped)), at
    for wrong in (segment.suffixes[1], -1, len(segment.suffixes)):
        other = segment.suffixes.copy()
        other[0] = wrong
        assert any("does not have each position exactly once" in fault for fault in faults(other))


@given(st.binary(min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_an_array_is_called_sorted_where_it_is(stream: bytes, chance: random.Random) -> None:
    suffixes = suffix_array(stream).tolist()
    assert suffixes == sorted(range(len(stream)), key=lambda at: stream[at:])
    index = SuffixIndex(stream, np.array(suffixes, dtype=np.int32))
    assert unsorted_at(index) is None
    shuffled = suffixes.copy()
    chance.shuffle(shuffled)
    index = SuffixIndex(stream, np.array(shuffled, dtype=np.int32))
    assert (unsorted_at(index) is None) == (shuffled == suffixes)


def test_a_page_of_zeros_anywhere_is_found(tmp_path: Path, whole: Path) -> None:
    # As a download or a disk that failed half-way leaves a file.
    content = whole.read_bytes()
    path = tmp_path / "holes.db"
    for page in range(len(content) // PAGE):
        start = page * PAGE + (100 if page == 0 else 0)  # after the header
        stop = (page + 1) * PAGE
        path.write_bytes(content[:start] + bytes(stop - start) + content[stop:])
        ended = call("index", "verify", "--full", "--index", path)
        assert ended.refusal.startswith(f"{path}: "), page


def test_one_changed_bit_anywhere_is_one_sentence(tmp_path: Path, whole: Path) -> None:
    measured = tmp_path / "measured.db"
    shutil.copy(whole, measured)
    measure_baseline(measured)
    content = measured.read_bytes()
    path = tmp_path / "altered.db"
    chance = random.Random(1)
    found = 0
    for at in chance.sample([at for at, byte in enumerate(content) if byte], 300):
        altered = bytearray(content)
        altered[at] ^= 1 << chance.randrange(8)
        path.write_bytes(altered)
        ended = call("index", "verify", "--full", "--index", path)
        if ended.code:
            assert ended.refusal.startswith(f"{path}: "), at
            found += 1
    assert found > 200  # the others are in what SQLite keeps for itself, or of no account
