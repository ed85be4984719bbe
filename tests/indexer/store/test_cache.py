"""Arrays on the local disk: whatever becomes of their files, the index answers the same."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import call, environment
from tests.conftest import V2_SAMPLE
from tests.users import as_a_user, folder_for_all, give
from tunetrace import (
    Index,
    add_to_index,
    build_index,
    compact_index,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.indexer.store.arrays import pieces
from tunetrace.indexer.store.arrays.cache import (
    altered,
    file_name,
    fill,
    mapped,
    offsets_of,
    remove_others,
)

pytestmark = pytest.mark.file

FIGURES = ("C D E F", "G E | C", "(3 G A B", "c 2 B c")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """An index whose arrays in each view are cached: each has more than CACHED_BYTES."""
    path = tmp_path_factory.mktemp("whole") / "v2.db"
    build_index([shared / V2_SAMPLE], path)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it without cached arrays, in an empty folder. The user's cache is another one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "of").mkdir()
    return Path(shutil.copy(whole, tmp_path / "of" / "i.db"))


def said(index: Index) -> list[object]:
    return [index.figure(figure, limit=5) for figure in FIGURES] + [
        index.figure("0 2 4 5", view="melody", limit=5)
    ]


@pytest.fixture(scope="module")
def expected(whole: Path) -> list[object]:
    """What the index says."""
    with open_index(whole) as index:
        return said(index)


def cached(path: Path) -> dict[str, bytes]:
    """The files of arrays of an index by their names, and unfinished ones. What is worked out from
    all segments is in others."""
    return {
        file.name: file.read_bytes()
        for file in Path(f"{path}.arrays").glob("*")
        if file.suffix in (".array", ".unfinished")
    }


def answers(path: Path) -> list[object]:
    with open_index(path) as index:
        return said(index)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that takes no more than this of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_build_and_a_change_leave_their_arrays_in_the_cache(
    whole: Path, path: Path, expected: list[object], tmp_path: Path, shared: Path
) -> None:
    built = cached(whole)
    assert answers(path) == expected  # which fills the cache of the copy with tokens and melody
    assert cached(path).items() <= built.items()
    before = {file: file.stat().st_mtime_ns for file in Path(f"{whole}.arrays").iterdir()}
    assert answers(whole) == expected
    assert {file: file.stat().st_mtime_ns for file in before} == before  # none was written again

    (tmp_path / "more.txt").write_bytes((shared / V2_SAMPLE).read_bytes()[:400_000])
    add_to_index([tmp_path / "more.txt"], path)
    added = cached(path)
    changed = answers(path)
    assert cached(path) == added  # what was added was there already
    remove_from_index(["more"], path)
    compact_index(path)
    assert cached(path).keys() < cached(whole).keys() | added.keys()
    assert answers(path) == expected != changed


def test_files_that_an_index_has_no_longer_are_removed(
    path: Path, tmp_path: Path, shared: Path
) -> None:
    assert answers(path)
    old = cached(path).keys()
    (tmp_path / "half.txt").write_bytes((shared / V2_SAMPLE).read_bytes()[:500_000])
    build_index([tmp_path / "half.txt"], path, force=True)
    assert cached(path)
    assert not old & cached(path).keys()


def test_a_file_of_another_size_is_made_again(path: Path, expected: list[object]) -> None:
    assert answers(path) == expected
    right = cached(path)
    for change in (lambda content: content[:-1], lambda content: content + b"\0", lambda _: b""):
        for name, content in right.items():
            (Path(f"{path}.arrays") / name).write_bytes(change(content))
        assert answers(path) == expected
        assert cached(path) == right


def test_a_file_that_was_altered_in_place_is_found_and_removed(
    path: Path, expected: list[object]
) -> None:
    assert answers(path) == expected
    assert verify_index(path).altered_files == ()  # which fills the cache
    right = cached(path)
    name, content = min(right.items())
    file = Path(f"{path}.arrays") / name
    file.write_bytes(content[:5] + bytes([content[5] ^ 1]) + content[6:])
    ended = call("index", "verify", "--index", path)
    assert ended.refusal.startswith(f"{path}: the index is whole, but its arrays were altered")
    assert str(file) in ended.refusal
    assert "--force" not in ended.refusal
    assert verify_index(path).altered_files == ()
    assert cached(path) == right
    assert answers(path) == expected


def test_the_folder_may_be_removed_while_the_index_is_open(
    path: Path, expected: list[object]
) -> None:
    with open_index(path) as index:
        shutil.rmtree(f"{path}.arrays")
        assert said(index) == expected  # tokens are mapped already, melody is cached again
        assert len(cached(path)) == 1
        shutil.rmtree(f"{path}.arrays")
        assert said(index) == expected


def test_where_no_file_can_be_made_beside_the_index_the_users_cache_is_used(
    path: Path, expected: list[object], tmp_path: Path
) -> None:
    Path(f"{path}.arrays").write_text("no folder")
    assert answers(path) == expected
    files = list((tmp_path / "user").rglob("*.array"))
    assert len(files) == 2  # tokens and melody
    (tmp_path / "user").rename(tmp_path / "away")
    (tmp_path / "user").write_text("no folder")
    assert answers(path) == expected  # read into memory
    assert verify_index(path).faults == ()


def test_an_index_in_a_folder_that_is_not_ours_is_cached_in_the_users(
    whole: Path, expected: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with folder_for_all() as folder:
        user, path = folder / "user", folder / "of" / "i.db"
        for made in (user, path.parent):
            made.mkdir()
        give(user)
        monkeypatch.setenv("XDG_CACHE_HOME", str(user))
        shutil.copy(whole, path)
        path.chmod(0o444)
        path.parent.chmod(0o555)
        try:
            assert as_a_user(lambda: answers(path)) == expected
        finally:
            path.parent.chmod(0o755)
        assert cached(path) == {}
        assert len(list(user.rglob("*.array"))) == 2


@pytest.mark.parametrize("size", [0, 1, 4096, 500_000])
def test_a_full_disk_changes_no_answer(path: Path, expected: list[object], size: int) -> None:
    with files_of_at_most(size):
        assert answers(path) == expected
    assert cached(path) == {}  # nothing unfinished is left
    assert answers(path) == expected
    assert len(cached(path)) == 2


def test_a_disk_that_is_nearly_full_is_left_to_the_index(
    path: Path, expected: list[object], monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    monkeypatch.setattr(pieces, "_SPARED_BYTES", 1 << 60)
    build_index([shared / V2_SAMPLE], path, force=True)
    assert len(cached(path)) == 2  # tokens and bars, which the report on the build reads
    assert answers(path) == expected
    assert len(cached(path)) == 3  # and melody


def test_what_a_killed_process_left_is_removed_after_a_while(path: Path) -> None:
    folder = Path(f"{path}.arrays")
    folder.mkdir()
    left = folder / "0123.array.89abcdef.unfinished"
    left.write_bytes(bytes(100))
    other = folder / "notes.txt"
    other.write_text("mine")
    assert answers(path)
    assert left.exists()  # it may be one that is being written
    hours_ago = time.time() - 2 * 3600
    os.utime(left, (hours_ago, hours_ago))
    shutil.copy(left, folder / "4567.array")  # of no array of this index
    for file in folder.glob("*.array"):
        file.unlink()
    assert answers(path)
    assert not left.exists()
    assert other.exists()


_FILLING = """
import sys
from tests.indexer.store.test_cache import answers
from pathlib import Path
sys.stdin.readline()
print(len(answers(Path(sys.argv[1]))))
"""


def test_several_processes_fill_the_cache_at_once(path: Path, expected: list[object]) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _FILLING, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment() | {"XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]},
        )
        for _ in range(4)
    ]  # fmt: skip
    ended = [process.communicate("\n", timeout=100) for process in started]
    assert ended == [("5\n", "")] * 4
    assert [process.returncode for process in started] == [0] * 4
    assert len(cached(path)) == 2
    assert answers(path) == expected


# The file itself


def test_a_file_holds_arrays_at_multiples_of_64_with_zeros_between(tmp_path: Path) -> None:
    # 64 zeros or more follow up to a multiple of 64: 100 + 92, 3 + 125, 0 + 64; and 64 at the end.
    assert offsets_of([100, 3, 0]) == ([0, 192, 320], 448)
    assert offsets_of([64]) == ([0], 192)
    contents = [b"a" * 100, b"bcd", b""]
    content = fill([tmp_path], "x.array", [100, 3, 0], lambda at: [contents[at]])
    assert content is not None
    wanted = b"a" * 100 + bytes(92) + b"bcd" + bytes(448 - 195)
    assert content[:] == wanted == (tmp_path / "x.array").read_bytes()
    again = mapped([tmp_path / "absent", tmp_path], "x.array", 448)
    assert again is not None
    assert again[:] == wanted
    assert mapped([tmp_path], "x.array", 447) is None
    assert mapped([tmp_path], "y.array", 448) is None


def test_what_is_not_as_it_was_stored_gets_no_file(tmp_path: Path) -> None:
    def read(at: int) -> Iterator[bytes]:
        yield b"half"
        raise ValueError("it does not match its checksum")

    with pytest.raises(ValueError, match="checksum"):
        fill([tmp_path], "x.array", [8], read)
    assert list(tmp_path.iterdir()) == []


def test_checksums_tell_which_file_was_altered(tmp_path: Path) -> None:
    # SHA-256 of `abc` and of nothing, as FIPS 180-4 has them.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    name = file_name([abc, nothing])
    assert name != file_name([nothing, abc])
    fill([tmp_path], name, [3, 0], lambda at: [b"abc", b""][at : at + 1])
    assert altered([tmp_path, tmp_path / "absent"], name, [3, 0], [abc, nothing]) == []
    file = tmp_path / name
    file.write_bytes(b"abd" + file.read_bytes()[3:])
    assert altered([tmp_path], name, [3, 0], [abc, nothing]) == [file]


def test_files_that_are_mapped_stay_when_they_are_removed(tmp_path: Path) -> None:
    content = fill([tmp_path], "x.array", [3], lambda at: [b"abc"])
    assert content is not None
    remove_others([tmp_path, tmp_path / "absent"], {"y.array"})
    assert list(tmp_path.iterdir()) == []
    assert content[:3] == b"abc"
