"""Verification: a sound index has no fault, and one that was altered is told apart."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import V2_SAMPLE
from tests.indexer.altered import alter_array
from tunetrace import build_index, measure_baseline, open_index, verify_index
from tunetrace.indexer.search.suffix import SuffixIndex, suffix_array, unsorted_at

PAGE = 8192


@pytest.fixture(scope="module")
def whole(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


@pytest.mark.file
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE tune SET text = 'X:1' WHERE id = 1", "the transcriptions of the corpus session"),
        ("UPDATE tune SET meter = '4/4' WHERE id = 1", "the headers of 1 of the 2 tunes"),
        ("UPDATE tune SET key = 'Cmin' WHERE id = 2", "the headers of 1 of the 2 tunes"),
        ("UPDATE tune SET title = 'Kish' WHERE id = 1", "the titles of 1 of the 2 tunes"),
        ("UPDATE title SET title_key = 'kish'", "the titles of 2 of the 2 tunes"),
        ("DELETE FROM title", "the titles of 2 of the 2 tunes"),
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
        ("DELETE FROM array WHERE purpose = 'near'", "segment 1 has no arrays for 'near'"),
        ("DELETE FROM array WHERE purpose = 'bars'", "segment 1 has no arrays for 'bars'"),
        (
            "UPDATE array SET sha256 = '0' WHERE purpose = 'tokens' AND name = 'suffixes'",
            "the array 'suffixes' for 'tokens' of segment 1 does not match its checksum",
        ),
        (
            "UPDATE array SET sha256 = '0' WHERE purpose = 'music' AND name = 'hashes'",
            "the array 'hashes' for 'music' of segment 1 does not match its checksum",
        ),
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
        ("DROP INDEX title_title_key", "the index title_title_key is missing"),
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


BARS = "what is known of the bars in segment 1 does not agree with the stream"
NO_FIT = "the arrays of the bars of segment 1 do not fit together"
FORMS = "what is known of the forms in segment 1 does not agree with the stream"


def first_and_last(numbers: NDArray[Any]) -> NDArray[Any]:
    """The same numbers, the first and the last in each other's place."""
    numbers[[0, -1]] = numbers[[-1, 0]]
    return numbers


@pytest.mark.file
@pytest.mark.parametrize(
    ("purpose", "name", "change", "fault"),
    [
        ("bars", "tokens", lambda tokens: tokens + 1, BARS),
        ("bars", "parts", lambda parts: parts + 1, BARS),
        ("bars", "numbers", first_and_last, BARS),
        ("bars", "hashes", lambda hashes: hashes + 1, BARS),
        ("bars", "hashes", first_and_last, NO_FIT),
        ("bars", "symbols", lambda symbols: symbols + (symbols < 100), BARS),
        ("bars", "symbols", first_and_last, NO_FIT),
        ("bars", "of", first_and_last, NO_FIT),
        ("bars", "of", lambda of: of + 1000, NO_FIT),
        ("bars", "hits", first_and_last, NO_FIT),
        ("bars", "firsts", lambda firsts: firsts + 1, "its arrays of bars do not fit together"),
        ("bars", "starts", lambda starts: starts[:-1], "its arrays of bars do not fit together"),
        ("bars", "tunes", lambda tunes: tunes + (tunes == tunes[1]), BARS),
        ("bars", "tunes", None, "segment 1 is damaged: it has no array 'tunes' of bars"),
        ("music", "hashes", lambda hashes: hashes + 1, FORMS),
        ("music", "hashes", lambda hashes: hashes[::-1], "are not in order"),
        ("music", "hashes", lambda hashes: hashes[1:], "its arrays of music do not fit together"),
        ("music", "tunes", lambda tunes: tunes + 7, "or of other tunes"),
        ("music", "parts", lambda parts: parts + 1, FORMS),
        ("music", "parts", None, "segment 1 is damaged: it has no array 'parts' of music"),
    ],
)
def test_an_altered_array_of_bars_or_forms_is_found(
    tmp_path: Path,
    whole: Path,
    purpose: str,
    name: str,
    change: Callable[[NDArray[Any]], NDArray[Any]] | None,
    fault: str,
) -> None:
    path = tmp_path / "altered.db"
    shutil.copy(whole, path)
    alter_array(path, purpose, name, change)
    for is_full in (False, True):
        assert fault in "; ".join(verify_index(path, full=is_full).faults)


def rewritten(path: Path, whole: Path, suffixes: np.ndarray) -> Path:
    """The index with another suffix array and the checksum that fits it."""
    shutil.copy(whole, path)
    alter_array(path, "tokens", "suffixes", lambda _: suffixes)
    return path


@pytest.mark.file
def test_runs_of_symbols_that_begin_elsewhere_are_found(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copy(whole, path)
    alter_array(path, "tokens", "grams", lambda firsts: firsts[:-1])
    assert verify_index(path, full=True).faults == (
        "the runs of symbols do not begin where the suffix array of segment 1 in the view tokens "
        "has them",
    )


@pytest.mark.file
def test_suffixes_out_of_order_are_found(tmp_path: Path, whole: Path) -> None:
    with open_index(whole) as index:
        (segment,) = index.figures.segments
        suffixes = segment.suffixes.copy()

    def faults(changed: np.ndarray) -> tuple[str, ...]:
        return verify_index(rewritten(tmp_path / "i.db", whole, changed), full=True).faults

    for at in range(len(suffixes) - 1):
        swapped = suffixes.copy()
        swapped[[at, at + 1]] = swapped[[at + 1, at]]
        assert any("out of order" in fault for fault in faults(swapped)), at
    for wrong in (suffixes[1], -1, len(suffixes)):
        other = suffixes.copy()
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


@pytest.mark.file
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


@pytest.mark.file
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
