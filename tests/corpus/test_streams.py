"""Files as streams: what is in memory, where pieces end, what has no end, files of other kinds."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import call
from tests.corpus.tables.test_session import csv_of, json_of, record
from tunetrace import InputError, Rejected, Transcription, read
from tunetrace.corpus import streams
from tunetrace.corpus.readers import estimate_tunes, read_tunes
from tunetrace.corpus.streams import LONGEST, lines_in, opened
from tunetrace.corpus.tables.session import read_settings
from tunetrace.text import lines_of

ABC = "X:{0}\nT:T{0}\nM:6/8\nK:G\nG3 GAB|A3 ABd|\n\n"
FOLKRNN = "T:T{0}\nM:6/8\nK:Cmaj\nC 3 C D E | D 3 D E G |\n\n"

MEMORY = """
import resource, sys
import tunetrace

def peak():  # KB, on macOS bytes
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit

list(tunetrace.read(sys.argv[1]))
before = peak()
read = [0, 0]
for tune in tunetrace.read(sys.argv[2]):
    read[isinstance(tune, tunetrace.Rejected)] += 1
print(*read, peak() - before)
"""


def grown(small: Path, large: Path) -> tuple[int, int, int]:
    """Tunes read, tunes set aside and MB that a process grows by in reading large after small."""
    ended = subprocess.run(
        [sys.executable, "-c", MEMORY, small, large], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    good, bad, grown = map(int, ended.stdout.split())
    return good, bad, grown


@pytest.mark.skipif(sys.platform == "win32", reason="resource is of Unix")
@pytest.mark.parametrize("kind", ["abc", "folkrnn", "csv", "json", "jsonl", "parquet", "zip", "gz"])
def test_a_file_of_any_size_takes_the_memory_of_a_piece(tmp_path: Path, kind: str) -> None:
    padding = "%" + "x" * 20_000 + "\n"
    path, small = tmp_path / f"large.{kind}", tmp_path / f"small.{kind}"
    if kind in ("jsonl", "parquet", "zip", "gz"):
        tables = [{"abc": ABC.format(k), "other": random.randbytes(10_000).hex()}
                  for k in range(2500)]  # fmt: skip
        for place, records in ((small, tables[:10]), (path, tables)):
            lines = "".join(json.dumps(one) + "\n" for one in records)
            if kind == "parquet":
                pq.write_table(pa.Table.from_pylist(records), place, compression="none")
            elif kind == "zip":
                with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
                    archive.writestr("tunes.jsonl", lines)
            else:
                place.write_bytes(gzip.compress(lines.encode(), 0) if kind == "gz" else
                                  lines.encode())  # fmt: skip
    elif kind in ("abc", "folkrnn"):
        tunes = [(ABC if kind == "abc" else FOLKRNN).format(k) + padding for k in range(2500)]
        small.write_text("".join(tunes[:10]))
        path.write_text("".join(tunes))
    else:
        write = csv_of if kind == "csv" else json_of
        records = [record(setting_id=k, username="x" * 20_000) for k in range(2500)]
        small.write_text(write(*records[:10]))
        path.write_text(write(*records))
    assert path.stat().st_size > 50_000_000
    good, bad, growth = grown(small, path)
    assert (good, bad) == (2500, 0)
    assert growth < 20


@pytest.mark.skipif(sys.platform == "win32", reason="resource is of Unix")
@pytest.mark.parametrize("kind", ["abc", "folkrnn", "blank", "csv", "json"])
def test_what_has_no_end_is_set_aside_with_its_line_and_reading_goes_on(
    tmp_path: Path, kind: str
) -> None:
    path, small = tmp_path / f"large.{kind}", tmp_path / f"small.{kind}"
    endless, line = "C " * 30_000_000, 9
    if kind == "csv":
        text = csv_of(record(abc="@"), record(setting_id=9))
        small.write_text(csv_of(record()))
        line = 2
    elif kind == "json":
        text = json_of(record(abc="@"), record(setting_id=9))
        small.write_text(json_of(record()))
        line = 2
    else:
        tune = FOLKRNN if kind == "folkrnn" else ABC
        text = tune.format(1) + tune.format(2).rstrip("\n") + "\n@\n\n" + tune.format(9)
        small.write_text(tune.format(1))
        line = text.split("\n").index("@") + 1
        if kind == "blank":
            endless, line = "C\n" * 3_000_000, None
    path.write_text(text.replace("@", endless))
    good, bad, growth = grown(small, path)
    assert (good, bad) == (1 if kind in ("csv", "json") else 2, 1)
    assert growth < 150
    found = list(read(path))
    (reject,) = [tune for tune in found if isinstance(tune, Rejected)]
    assert line in (None, reject.line)
    assert "characters" in reject.reason
    last = found[-1]
    assert isinstance(last, Transcription)
    assert (last.number, last.title) == (9, "The Kesh" if kind in ("csv", "json") else "T9") or (
        kind == "folkrnn" and last.title == "T9"
    )


def test_the_longest_tune_that_is_read_is_as_long_as_is_said() -> None:
    head = "X:1\nT:One\nK:C\nCDE|\n%"
    for more, is_read in ((LONGEST - len(head) - 1, True), (LONGEST - len(head), False)):
        first, after = read_tunes(f"{head}{'x' * more}\n\n{ABC.format(2)}", "book")
        assert isinstance(after, Transcription)
        if is_read:
            assert isinstance(first, Transcription)
        else:
            assert isinstance(first, Rejected)
            assert (first.place, first.kind, first.number, first.title) == (
                "book:5", "too long", 1, "One",
            )  # fmt: skip


def test_the_first_tunes_of_a_pipe_come_before_its_end() -> None:
    reading, writing = os.pipe()
    is_read = Event()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(FOLKRNN.format(1).encode() * 2000)  # it is told from less what they are
            pipe.flush()
            is_read.wait(60)

    writer = Thread(target=write)
    writer.start()
    tunes = read(f"/dev/fd/{reading}")
    assert next(tunes).place == f"/dev/fd/{reading}:1"
    assert writer.is_alive()
    is_read.set()
    assert len(list(tunes)) == 1999
    writer.join()
    os.close(reading)


def test_a_pipe_is_not_emptied_to_estimate_what_is_in_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, ABC.format(1).encode())
    os.close(writing)
    assert estimate_tunes([f"/dev/fd/{reading}"]) is None
    assert [tune.place for tune in read(f"/dev/fd/{reading}")] == [f"/dev/fd/{reading}:1"]
    os.close(reading)
    (tmp_path / "book.abc").write_text(ABC.format(1) * 7)
    assert estimate_tunes([tmp_path]) == 7


# Pieces


@given(
    st.text(alphabet="aé𝄞\r\n\x0b\u2028"), st.lists(st.integers(1, 9), min_size=1, max_size=9),
    st.integers(1, 6), st.sampled_from(["utf-8", "utf-16"]),
)  # fmt: skip
def test_where_blocks_of_bytes_end_changes_no_line(
    text: str, sizes: list[int], piece: int, encoding: str
) -> None:
    data = text.encode(encoding)
    blocks = []
    while data:
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(data[:size])
        data = data[size:]
    # The first read gives a whole piece, in which a byte order mark has its place.
    start = b"".join(blocks[:4])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "PIECE", piece)
        try:
            texts = list(streams.texts_of(iter([start, *blocks[4:]]), "text"))
        except InputError:
            assert not text.strip()
            return
    assert [line for lines in lines_in(texts) for line in lines] == lines_of(text)


@given(
    st.lists(st.dictionaries(st.text(), st.text() | st.integers()) | st.none() | st.integers()),
    st.integers(1, 7), st.sampled_from([None, 1]),
)  # fmt: skip
def test_where_pieces_of_json_end_changes_no_record(
    values: list[object], size: int, indent: int | None
) -> None:
    good = record()
    text = json.dumps([good, *values, good], indent=indent)
    pieces: Iterator[str] = (text[k : k + size] for k in range(0, len(text), size))
    assert list(read_settings(pieces, "text")) == list(read_settings(iter([text]), "text"))
    first, *_, last = read_settings(iter([text]), "text")
    assert isinstance(first, Transcription)
    assert isinstance(last, Transcription)
    assert len(list(read_settings(iter([text]), "text"))) == len(values) + 2
    lines = [k for k, line in enumerate(text.split("\n"), 1) if line == " {"] or [1, 1]
    assert (first.line, last.line) == (lines[0], lines[-1])


@pytest.mark.parametrize("bad", ["]", "}", '"', "{", ",", "x"])
def test_a_mistake_in_json_is_placed_where_it_is_however_the_pieces_end(bad: str) -> None:
    text = json_of(record(), record()).replace("},", f"}},\n {bad}", 1)
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    for size in (1, 50, 10_000):
        with pytest.raises(InputError) as raised:
            list(read_settings((text[k : k + size] for k in range(0, len(text), size)), "text"))
        if bad not in ('"', "{"):  # these take what follows in
            place = f"text:{expected.value.lineno}:{expected.value.colno}: "
            assert str(raised.value).startswith(place), (size, str(raised.value))


# Encodings, and files of other kinds


def test_lines_that_are_no_utf8_are_read_as_older_tunebooks_are(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    filler = "% é\n" * 30_000
    path.write_bytes(
        "X:1\nT:Fáinne\nK:G\nG\n\n".encode() + filler.encode() + "X:2\nT:Séamus\nK:G\nG\n\n".encode(
            "cp1252") + filler.encode() + "X:3\nT:Béal\nK:G\nG\n".encode()
    )  # fmt: skip
    tunes = list(read(path))
    assert [t.title for t in tunes] == ["Fáinne", "Séamus", "Béal"]
    assert [t.line for t in tunes] == [1, 30_006, 60_011]


def test_a_nul_past_the_beginning_sets_aside_the_tune_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    tunes = [ABC.format(k) for k in range(3000)]
    tunes[2000] = tunes[2000].replace("A3", "\0")
    path.write_text("".join(tunes))
    found = list(read(path))
    (reject,) = [tune for tune in found if isinstance(tune, Rejected)]
    assert (reject.place, reject.title) == (f"{path}:{2000 * 6 + 5}:8", "T2000")
    assert len(found) == 3000


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.abc", b'<?xml version="1.0"?><mei/>', "an XML file, but not MusicXML"),
        ("a.abc", b"\x89PNG\r\n\0", "a binary file; give ABC"),
        ("a.abc", "X:1\nK:C\n\0C".encode("utf-16"), "a binary file; give ABC"),
    ],
)  # fmt: skip
def test_files_of_other_kinds_are_refused_by_their_names(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for refusal in (call("tokenize", path).refusal, call("tokenize", "-", stdin=data).refusal):
        assert reason in refusal
    assert call("tokenize", path).refusal.startswith(f"{path}: this is ")
    assert reason in call("tokenize", path).refusal


def test_xml_as_a_text_is_refused_and_a_web_page_is_not() -> None:
    with pytest.raises(InputError, match="the text: this is an XML file, but not MusicXML"):
        next(read_tunes('<?xml version="1.0"?><mei/>', "the text"))
    page = f'<?xml version="1.0"?>\n<html><body>\n<pre>\n{ABC.format(1)}</pre></body></html>'
    assert [tune.place for tune in read_tunes(page, "the text")] == ["the text:4"]


def test_a_closed_standard_input_and_a_folder_in_a_files_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"), opened(tmp_path, "a folder"):
        pass
