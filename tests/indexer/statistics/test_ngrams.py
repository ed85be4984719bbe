"""n-grams: as brute force counts them on random tunes, and by hand in an index and beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tunetrace
from tests import brute
from tests.commands import KESH, MORRISONS
from tests.strategies import corpora, heaps
from tunetrace import Index, InputError, NgramReport, QueryError, build_index, open_index
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.statistics.commonest import commonest_ngrams
from tunetrace.indexer.store.arrays import streams
from tunetrace.indexer.store.arrays.streams import joined
from tunetrace.tokenizer.vocabulary import V2_TOKENS, Vocabulary

VOCABULARY = Vocabulary()
BOUNDARIES = TOKENS.alphabet(VOCABULARY).boundaries


def encoded(tunes: Sequence[Sequence[str]]) -> list[bytes]:
    return [VOCABULARY.encode(tune) for tune in tunes]


# By brute force


@given(corpora, st.one_of(st.just([]), corpora, st.lists(heaps, max_size=3)), st.integers(1, 20),
       st.integers(0, 12))  # fmt: skip
def test_the_commonest_ngrams_are_those_of_brute_force(
    tunes: list[list[str]], others: list[list[str]], n: int, top: int
) -> None:
    stream = joined(encoded([*tunes, *others]))
    found = commonest_ngrams(stream, len(joined(encoded(tunes))), n, BOUNDARIES, top)
    counted, elsewhere = brute.ngrams(tunes, n), brute.ngrams(others, n)
    kept = {ngram: counts for ngram, counts in counted.items() if ngram not in elsewhere}
    assert found.different == len(counted)
    assert found.left_out == len(counted) - len(kept)
    # sorted keeps those of equal counts in the order in which they are met.
    best = sorted(kept, key=lambda ngram: kept[ngram], reverse=True)[:top]
    assert [
        (tuple(VOCABULARY.decode(symbols)), (in_tunes, hits))
        for symbols, in_tunes, hits in found.commonest
    ] == [(ngram, kept[ngram]) for ngram in best]


@given(st.lists(st.sampled_from(V2_TOKENS[:8]), min_size=64, max_size=64), st.data())
def test_ngrams_of_many_tokens_differ_by_any_of_them(tune: list[str], data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 64))
    other = list(tune)
    other[data.draw(st.integers(0, n - 1))] = "z"
    stream = joined(encoded([tune[:n], other[:n]]))
    found = commonest_ngrams(stream, len(stream), n, BOUNDARIES, 3)
    assert (found.different, [hits for _, _, hits in found.commonest]) == (2, [1, 1])


# By hand, in an index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """The corpora kesh, C 3 C D E | D 3 D E G |, and morrisons, C 3 G 3 | C G C F D B, |."""
    (tmp_path / "kesh.abc").write_text(KESH, encoding="utf-8")
    (tmp_path / "morrisons.abc").write_text(MORRISONS, encoding="utf-8")
    build_index([tmp_path / "kesh.abc", tmp_path / "morrisons.abc"], tmp_path / "both.db")
    with open_index(tmp_path / "both.db") as opened:
        yield opened


def counts(report: NgramReport) -> dict[str, tuple[int, int]]:
    return {found.text: (found.tunes, found.hits) for found in report.ngrams}


def test_all_of_an_index_is_counted_with_an_open_end(index: Index) -> None:
    report = tunetrace.ngrams(2, index, top=3)
    # 10 different ones of 11 in the first tune, 11 in the second, of which one is C 3 again.
    assert counts(report) == {"C 3": (2, 2), "D E": (1, 2), "3 C": (1, 1)}
    assert (report.n, report.of, report.only_in, report.not_in) == (2, 2, (), ())
    assert (report.different, report.left_out) == (20, 0)
    assert counts(tunetrace.ngrams(1, index, top=1)) == {"C": (2, 5)}


def test_a_corpus_is_counted_for_itself_and_without_what_another_has(index: Index) -> None:
    alone = tunetrace.ngrams(2, index, only_in=["kesh"], top=99)
    assert (alone.of, counts(alone)["C 3"], counts(alone)["D E"]) == (1, (1, 1), (1, 2))
    without = tunetrace.ngrams(2, index, only_in=["kesh"], not_in=["morrisons"], top=99)
    assert counts(alone).keys() - counts(without).keys() == {"C 3"}
    assert (without.different, without.left_out) == (alone.different, 1)
    assert tunetrace.ngrams(2, index, not_in=["kesh", "morrisons"]).ngrams == ()


def test_files_and_folders_are_counted_like_corpora(index: Index, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.abc").write_text(KESH.replace("G3", "^^G3"), encoding="utf-8")
    (other / "b.txt").write_text("M:6/8\nK:Cdor\nC 3 G 3 |", encoding="utf-8")
    # Tokens that the index lacks are counted too.
    found = tunetrace.ngrams(2, index, only_in=other, not_in="kesh", top=99)
    assert counts(found) == {"^^C 3": (1, 1), "3 G": (1, 1), "G 3": (1, 1), "3 |": (1, 1)}
    assert found.of == 2
    both = tunetrace.ngrams(2, index, only_in=[tmp_path / "kesh.abc", "morrisons"], top=1)
    assert (counts(both), both.of) == ({"C 3": (2, 2)}, 2)
    assert "^^C" not in index.vocabulary


def test_the_name_of_a_corpus_is_the_corpus_and_a_file_beside_it_has_a_path(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kesh").write_text("M:6/8\nK:Cdor\nz z z |", encoding="utf-8")
    assert "z z" not in counts(tunetrace.ngrams(2, index, only_in="kesh", top=99))
    assert "z z" in counts(tunetrace.ngrams(2, index, only_in="./kesh", top=99))


def test_what_is_named_twice_is_counted_once(index: Index) -> None:
    assert tunetrace.ngrams(2, index, only_in=["kesh", "kesh"]).of == 1


def test_tunes_that_cannot_be_read_are_set_aside(index: Index, tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text(f"{KESH}\nX:9\nT:Bad\nK:G\nGA[B|\n", encoding="utf-8")
    for names in ({"only_in": book}, {"not_in": book}):
        (reject,) = tunetrace.ngrams(2, index, **names).set_aside  # type: ignore[arg-type]
        assert (reject.number, reject.title, reject.kind) == (9, "Bad", "open bracket")


def test_ngrams_stop_at_headers_and_ends_of_tunes(tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text("X:1\nM:2/4\nL:1/8\nK:C\nC D|[M:3/4]E F G|\n", encoding="utf-8")
    build_index([book], tmp_path / "book.db")
    with open_index(tmp_path / "book.db") as index:
        assert counts(tunetrace.ngrams(3, index)).keys() == {"C D |", "E F G", "F G |"}
        longest = tunetrace.ngrams(64, index)
    assert (longest.different, longest.ngrams, longest.of) == (0, (), 1)


def test_segments_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(["M:2/4\nK:Cmaj\nC D E F | G 4 |"] * 5), encoding="utf-8")
    monkeypatch.setattr(streams, "SEGMENT_SYMBOLS", 12)
    build_index([book], tmp_path / "many.db")
    with open_index(tmp_path / "many.db") as index:
        assert len(index.figures.segments) > 1
        assert counts(tunetrace.ngrams(8, index)) == {"C D E F | G 4 |": (5, 5)}


def test_what_cannot_be_counted_says_what_can(index: Index, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="n cannot be 65; give a number of tokens from 1 to 64"):
        tunetrace.ngrams(65, index)
    with pytest.raises(QueryError, match="top cannot be -1"):
        tunetrace.ngrams(2, index, top=-1)
    with pytest.raises(InputError, match=r"keshh: .* its corpora are kesh, morrisons"):
        tunetrace.ngrams(2, index, not_in="keshh")
    bad = tmp_path / "bad.abc"
    bad.write_text("X:1\nT:A\nK:G\nGA[B|\n", encoding="utf-8")
    with pytest.raises(InputError, match="none of the 1 tunes can be read"):
        tunetrace.ngrams(2, index, only_in=bad)
    tunetrace.remove_from_index(["kesh", "morrisons"], index.path)
    with (
        open_index(index.path) as emptied,
        pytest.raises(QueryError, match="the index has no tune"),
    ):
        tunetrace.ngrams(2, emptied)


def test_the_sample_of_v2_has_the_counts_of_a_search(v2_index: Index) -> None:
    report = tunetrace.ngrams(4, v2_index, top=40)
    for found in report.ngrams:
        if any(token[0] in "ABCDEFGabcdefg^=_z" for token in found.text.split()):
            searched = v2_index.figure(found.text, open_end=True)
            assert (searched.tunes, searched.hits) == (found.tunes, found.hits), found.text
