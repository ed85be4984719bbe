"""ZIP archives and gzip files: read as the files in them, and refused if they are hostile."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace import InputError, Rejected, Transcription, read
from tunetrace.corpus.readers import estimate_tunes

TUNE = "X:{0}\nT:T{0}\nM:6/8\nK:G\nG3 GAB | A3 ABd |\n\n"


def zipped(path: Path, **members: str | bytes) -> Path:
    """An archive. `__` in a name stands for a slash and `_DOT_` for a dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return path


def packed(path: Path, members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def places(path: Path) -> list[str]:
    return [tune.place.removeprefix(f"{path}") for tune in read(path)]


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        list(read(path))
    return str(raised.value).removeprefix(f"{path}: ")


def only_reject(path: Path) -> Rejected:
    (reject,) = [tune for tune in read(path) if isinstance(tune, Rejected)]
    return reject


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zipped_folder_is_its_tunebooks_in_order(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "book.zip", {
        "book/": "", "book/b.abc": TUNE.format(1) + TUNE.format(2), "book/A.ABC": TUNE.format(3),
        "book/notes.md": "x", "book/sub/c.txt": TUNE.format(4), "book/tunes.csv": "title,abc\n",
        "__MACOSX/book/._b.abc": b"\0\5\26\7", "book/.hidden.abc": "x",
    }, method)  # fmt: skip
    assert places(path) == ["/book/A.ABC:1", "/book/b.abc:1", "/book/b.abc:7", "/book/sub/c.txt:1"]
    assert [t.title for t in read(path) if isinstance(t, Transcription)] == ["T3", "T1", "T2", "T4"]
    assert estimate_tunes([path]) is None


def test_a_zipped_folder_without_a_tunebook_is_its_tables(tmp_path: Path) -> None:
    records = [{"control code": "S:1", "abc notation": TUNE.format(1)}]
    pq.write_table(pa.Table.from_pylist(records * 5000), tmp_path / "t.parquet", row_group_size=100)
    path = packed(tmp_path / "irish.zip", {
        "data/train.json": json.dumps(records), "data/a.jsonl": json.dumps(records[0]),
        "data/t.parquet": (tmp_path / "t.parquet").read_bytes(), "README.md": "x",
    })  # fmt: skip
    found = places(path)
    assert found[0] == "/data/a.jsonl:1"
    assert found[1:-1] == [f"/data/t.parquet:{k}" for k in range(1, 5001)]
    assert found[-1] == "/data/train.json:1"


def test_a_gzip_file_is_what_is_in_it(tmp_path: Path) -> None:
    text = "".join(map(TUNE.format, range(1, 3000))).encode()
    record = json.dumps({"abc": TUNE.format(1)}).encode()
    for name, content, count in (
        ("book.abc.gz", gzip.compress(text), 2999),
        ("two.gz", gzip.compress(text) + gzip.compress(text) + b"\0" * 100, 5998),
        ("t.jsonl.gz", gzip.compress(record), 1),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        found = list(read(path))
        assert len(found) == count
        assert all(isinstance(tune, Transcription) for tune in found)


def test_names_inside_an_archive_can_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    path = packed(tmp_path / "deep" / "evil.zip", {
        "../../evil.abc": TUNE.format(1), "/etc/evil.abc": TUNE.format(2),
        "a\x1b[31m\nb.abc": TUNE.format(3),
    })  # fmt: skip
    assert places(path) == ["/../../evil.abc:1", "//etc/evil.abc:1", "/a\ufffd[31m\ufffdb.abc:1"]
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "deep", path]


def test_an_archive_inside_an_archive_is_set_aside(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", a_DOT_abc=TUNE.format(1)).read_bytes()
    path = packed(tmp_path / "outer.zip", {"a.abc": TUNE.format(1), "in/b.zip": inner})
    reject = only_reject(path)
    reason = "this is an archive inside an archive; unpack the outer one and give this file"
    assert (reject.place, reject.reason) == (f"{path}/in/b.zip", reason)
    disguised = packed(tmp_path / "disguised.zip", {"a.abc": inner, "b.abc": TUNE.format(1)})
    assert only_reject(disguised).reason == reason
    for name, content in (("z.gz", gzip.compress(inner)), ("g.gz", gzip.compress(b"\x1f\x8b"))):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name) == reason


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    bomb = b"C " * 25_000_000
    path = packed(tmp_path / "bomb.zip", {"bomb.abc": bomb, "good.abc": TUNE.format(1)})
    reject = only_reject(path)
    assert reject.place == f"{path}/bomb.abc"
    assert reject.reason.startswith("the file unpacks to more than 200 times its size (")
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"X:1\nK:G\n" + bomb))
    assert refusal(tmp_path / "bomb.gz").startswith("the file unpacks to more than 200 times")


def test_a_size_that_is_a_lie_is_found_out(tmp_path: Path) -> None:
    path = packed(tmp_path / "lie.zip", {"lie.abc": TUNE.format(1) * 1000})
    data = path.read_bytes()
    true, false = struct.pack("<L", len(TUNE.format(1)) * 1000), struct.pack("<L", 100)
    path.write_bytes(data.replace(true, false))
    assert only_reject(path).reason == "this file is damaged in the archive; get the archive again"


def test_an_encrypted_file_is_set_aside(tmp_path: Path) -> None:
    path = packed(tmp_path / "secret.zip", {"a.abc": TUNE.format(1), "b.abc": TUNE.format(2)})
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + flags] |= 1  # of the first file
    path.write_bytes(data)
    assert only_reject(path).reason == "this file is encrypted; unpack it with its password"


def test_a_file_without_a_name_in_a_damaged_archive_is_passed_over(tmp_path: Path) -> None:
    path = packed(tmp_path / "odd.zip", {"a.abc": TUNE.format(1), "b.abc": TUNE.format(2)})
    content = path.read_bytes()
    at = content.rindex(b"a.abc")  # a name ends at a NUL
    path.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    assert places(path) == ["/b.abc:1"]


@pytest.mark.parametrize("flag", [0x20, 0x40])  # patched data, strong encryption
def test_what_pythons_zip_cannot_read_is_set_aside(tmp_path: Path, flag: int) -> None:
    path = packed(tmp_path / "rare.zip", {"a.abc": TUNE.format(1)})
    content = bytearray(path.read_bytes())
    content[6] |= flag  # in the header of the file
    content[content.index(b"PK\1\2") + 8] |= flag  # and in the directory
    path.write_bytes(content)
    assert only_reject(path).reason == (
        "this file is packed or encrypted in a rare way; unpack it and pack it again by Deflate"
    )


def test_a_file_of_a_rare_method_is_set_aside(tmp_path: Path) -> None:
    path = packed(tmp_path / "rare.zip", {"a.abc": TUNE.format(1)}, zipfile.ZIP_BZIP2)
    assert only_reject(path).reason == "this file is packed by a rare method; pack it by Deflate"


def test_damage_is_one_sentence(tmp_path: Path) -> None:
    text = "".join(map(TUNE.format, range(1, 9000)))
    whole = packed(tmp_path / "whole.zip", {"a.abc": text, "b.abc": TUNE.format(9000)})
    data = whole.read_bytes()
    cut = tmp_path / "cut.zip"
    for size in (4, 50, len(data) // 2, len(data) - 30):
        cut.write_bytes(data[:size])
        assert refusal(cut) == "this ZIP archive is damaged or cut off; get the file again"
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(data[:9000] + bytes(50) + data[9050:])
    *tunes, last = read(damaged)
    assert isinstance(last, Transcription)
    assert last.number == 9000
    assert isinstance(tunes[0], Transcription)
    assert isinstance(tunes[-1], Rejected)
    assert tunes[-1].place == f"{damaged}/a.abc"
    assert tunes[-1].reason == "this file is damaged in the archive; get the archive again"
    packed_text = gzip.compress(text.encode())
    cut = tmp_path / "cut.abc.gz"
    cut.write_bytes(packed_text[: len(packed_text) // 2])
    assert refusal(cut) == "this gzip file is cut off; get the file again"
    cut.write_bytes(packed_text[:3000] + b"\xff" * 100 + packed_text[3100:])
    assert refusal(cut) == "this gzip file is damaged; get the file again"


def test_an_archive_of_nothing_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    zipfile.ZipFile(path, "w").close()
    with pytest.raises(
        InputError, match=r"empty\.zip: the archive has no tunebook \(\.abc, \.txt\),"
    ):
        list(read(path))


def test_an_archive_of_other_files_is_one_sentence(tmp_path: Path) -> None:
    path = packed(tmp_path / "pictures.zip", {"a.png": "x"})
    assert refusal(path) == (
        "the archive has no tunebook (.abc, .txt), MusicXML or MIDI file (.musicxml, .mxl, .xml, "
        ".mid, .midi) or table (.csv, .tsv, .json, .jsonl, .ndjson, .parquet); give a file"
    )


@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_no_archive_is_too_broken_to_be_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, bytes_there: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "broken.zip"
    packed(path, {"a.abc": TUNE.format(1), "b/c.abc": TUNE.format(2)})
    data = path.read_bytes()
    path.write_bytes(data[:at] + bytes_there + data[at + len(bytes_there) :])
    with suppress(InputError):
        for tune in read(path):
            assert isinstance(tune, Transcription | Rejected)
