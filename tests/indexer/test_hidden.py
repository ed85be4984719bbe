"""Hidden tunes: every answer of an index that hides tunes is that of an index without them.

The tunes are made of a few bars and titles, so that all of them have something in common.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any, Final

import numpy as np
import pytest

import tunetrace
from tunetrace import Filters, Index, QueryError
from tunetrace.checker.check import check_transcriptions
from tunetrace.corpus.readers import read_tunes
from tunetrace.indexer.near.graph import NearGraph, graph_of
from tunetrace.indexer.search.views import VIEWS, view_named
from tunetrace.indexer.store.arrays.streams import store_graph
from tunetrace.indexer.store.database.connection import changing
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.records import to_plain
from tunetrace.reports.write import report

BARS: Final = (
    "G2 BG", "A2 cA", "GABc", "dBGB", "cAFA", "D4", "G>A Bd", "(3GAB c2", "[GB]2 d2", "z2 G2",
    "e2 dB", "gfed", "BAGF", "d3 e", "E2 GE", "A/B/c d2",
)  # fmt: skip
TITLES: Final = ("The Kesh", "Kesh, The", "Morrison's", "The Blackbird", "The Blackbird's Nest",
                 "Cooley's", "Drowsy Maggie", "The Silver Spear")  # fmt: skip

WHOLE_BY_DESIGN: Final = ("added", "sha256", "fingerprint", "path", "created")
"""Fields that are of the whole index, or of a file, or of the moment."""

IDS: Final = ("tune", "family", "first_family", "second_family", "nearest")
"""Fields that hold ids of tunes, which indexes number on their own."""

HIDDEN_LAST_BAR: Final = "^d2 _e2"
"""A bar that only the first tune has."""


def some_tunes(seed: int, count: int) -> list[str]:
    """Tunes in ABC, with numbers that have gaps."""
    chance = random.Random(seed)
    tunes: list[str] = []
    bars: list[str] = []
    for number in range(count):
        if number % 3 == 2:  # nearly the tune before, in another key
            bars = [*bars[:-1], chance.choice(BARS)]
        else:
            bars = [chance.choice(BARS) for _ in range(chance.choice((8, 12)))]
        music = "|".join([*bars[:4], ":|" + "|".join(bars[4:])])
        if not number:
            music += "|" + HIDDEN_LAST_BAR
        title = TITLES[chance.randrange(len(TITLES))] + (" No. 9" if number % 7 == 1 else "")
        meter, key = chance.choice(("4/4", "C|", "2/2")), chance.choice(("G", "Em", "D", "Ador"))
        tunes.append(f"X:{2 * number + 1}\nT:{title}\nM:{meter}\nL:1/8\nK:{key}\n{music}|]\n")
    return tunes


def numbers_of(tune: str) -> str:
    return tune.partition("\n")[0].removeprefix("X:")


class Pair:
    """An index that hides tunes, and another one that never had them."""

    def __init__(self, folder: Path, stack: ExitStack, books: Mapping[str, Sequence[str]],
                 hidden: frozenset[str]) -> None:  # fmt: skip
        """books: the tunes of each corpus, which is added by itself and has a segment."""
        every, rest = folder / "every.db", folder / "rest.db"
        for path, is_kept in ((every, lambda name: True), (rest, lambda name: name not in hidden)):
            for name, tunes in books.items():
                kept = [one for one in tunes if is_kept(f"{name}:{numbers_of(one)}")]
                if not kept:
                    continue
                book = folder / f"{name}.abc"
                book.write_text("\n".join(kept), encoding="utf-8")
                write = (
                    tunetrace.add_to_index if storage_of(path).exists() else tunetrace.build_index
                )
                write([book], path)
        tunetrace.find_families(every)
        self.every, self.rest = every, rest
        self._copy_graph(hidden)
        self.hiding = stack.enter_context(Index(every, hidden=hidden))
        self.without = stack.enter_context(Index(rest))
        self.ids = [references_of(one) for one in (self.hiding, self.without)]

    def _copy_graph(self, hidden: frozenset[str]) -> None:
        """Give the other index the graph of the first one without the hidden tunes.

        A graph that is found among fewer tunes has slightly other probabilities.
        """
        with Index(self.every) as whole, Index(self.rest) as rest:
            names = references_of(whole)
            ids = {name: tune for tune, name in references_of(rest).items()}
            left = {tune: ids[name] for tune, name in names.items() if name not in hidden}
            kept = graph_of(whole.graph, "").without(names.keys() - left.keys())
        rows = [(left[a], left[b], up, probability) for a, b, up, probability in kept.rows()]
        with changing(storage_of(self.rest)) as connection:
            store_graph(connection, NearGraph.of(left.values(), rows))

    def same(self, ask: Callable[[Index], object]) -> Any:
        """What both answer to a question, as plain data; fails if it differs."""
        first, second = (
            self._answer(ask, index, ids)
            for index, ids in zip((self.hiding, self.without), self.ids, strict=True)
        )
        assert first == second
        return first

    def _answer(self, ask: Callable[[Index], object], index: Index, ids: dict[int, str]) -> Any:
        try:
            return comparable(to_plain(ask(index)), ids)
        except QueryError as error:
            return f"refused: {error}"


def references_of(index: Index) -> dict[int, str]:
    """`corpus:number` of each tune by its id."""
    ids = [tune for segment in index.figures.segments for tune in segment.tune_ids.tolist()]
    return {tune: record.reference for tune, record in index.catalogue.tunes(ids).items()}


def comparable(content: Any, ids: Mapping[int, str]) -> Any:
    """An answer with names for ids, and without what is of the whole index."""
    if isinstance(content, dict):
        return {
            name: ids[value] if name in IDS and isinstance(value, int) else comparable(value, ids)
            for name, value in content.items()
            if name not in WHOLE_BY_DESIGN
        }
    if isinstance(content, list | tuple):
        return [comparable(one, ids) for one in content]
    if isinstance(content, float):
        return pytest.approx(content, rel=1e-6)
    return content


BOOKS: Final = {
    "session": some_tunes(1, 24),
    "oneills": some_tunes(2, 12),
    "lone": some_tunes(3, 2),
}
HIDDEN: Final = frozenset(
    {f"session:{n}" for n in (1, 5, 7, 21, 23, 47)}
    | {f"oneills:{n}" for n in (3, 5, 11)}
    | {"lone:1", "lone:3"}
)
"""Some of a corpus, among them its first and its last, and all of a corpus."""


@pytest.fixture(scope="module")
def pair(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(tmp_path_factory.mktemp("hidden"), stack, BOOKS, HIDDEN)


def figures() -> list[str]:
    """Figures of the hidden tunes and of the others, in ABC."""
    chance = random.Random(4)
    return [" | ".join(chance.sample(BARS, 2)) for _ in range(6)] + [*BARS, HIDDEN_LAST_BAR]


@pytest.mark.parametrize("view", VIEWS)
def test_figures_and_bars_are_counted_without_them(pair: Pair, view: Any) -> None:
    for text in figures():
        for filters in (
            Filters(),
            Filters(corpus="session"),
            Filters(title="Kesh"),
            Filters(meter="C|", key="ionian"),
            Filters(part=1, bar=2),
        ):
            ask = {"filters": filters, "view": view, "in_key": "G", "limit": 50}
            pair.same(lambda index, text=text, ask=ask: index.figure(text, **ask))
            pair.same(lambda index, text=text, ask=ask: index.bar(text, **ask))
        pair.same(lambda index, text=text: index.count_many([text] * 3, view=view, in_key="G"))


def test_wildcards_and_open_ends_are_counted_without_them(pair: Pair) -> None:
    for text in ("C * E", "? E C", "C2 E", "[GA] ?"):
        for is_open in (False, True):
            pair.same(lambda index, t=text, o=is_open: index.figure(t, open_end=o))
        pair.same(lambda index, t=text: index.bar(t))


def test_many_figures_are_counted_without_them_once_the_common_ones_are_known(
    pair: Pair,
) -> None:
    for index in (pair.hiding, pair.without):
        index.figures.plant()
    texts = [f"{a} {b}" for a in "CDEFGAB" for b in "CDEFGAB"]
    counts = pair.same(lambda index: index.count_many(texts))
    assert sum(counts["tunes"]) > 0
    pair.same(lambda index: index.count_many(texts, open_end=True))


@pytest.mark.parametrize(
    "how", [{}, {"notes": 2}, {"bars": 1}, {"backward": True}, {"backward": True, "bars": 1}]
)
def test_what_comes_next_is_counted_without_them(pair: Pair, how: dict[str, Any]) -> None:
    for text in [*figures(), "C", ",,,"]:
        pair.same(
            lambda index, text=text: tunetrace.continuations(
                text, index=index, in_key="G", limit=50, **how
            )
        )


def test_several_figures_are_found_without_them(pair: Pair) -> None:
    for text in (
        'opening "C E"', '"C E" and not "G B"', 'cadence "C" or part 2 "E"',
        '"C D" same part as "E C"',
    ):  # fmt: skip
        pair.same(lambda index, t=text: tunetrace.find(t, index=index, limit=50))


def test_a_hidden_tune_has_no_name_and_is_no_setting(pair: Pair) -> None:
    for corpus, tunes in BOOKS.items():
        for tune in tunes:
            name = f"{corpus}:{numbers_of(tune)}"
            shown = pair.same(lambda index, name=name: tunetrace.tune(name, index))
            assert (name in HIDDEN) == (isinstance(shown, str) and "there is no tune" in shown)
    for title in (*TITLES, "kesh", "black", "the blackbrd", "Silver", "No. 9", "Coolees", "x"):
        pair.same(lambda index, title=title: tunetrace.tune(title, index))
        pair.same(
            lambda index, title=title: [
                index.catalogue.tunes([tune])[tune] for tune in index.resolve(title, partly=True)
            ]
        )
    hidden_ids = [tune for tune, name in references_of(Index(pair.every)).items() if name in HIDDEN]
    assert len(hidden_ids) == len(HIDDEN)
    for tune_id in hidden_ids:
        with pytest.raises(QueryError, match="there is no tune"):
            pair.hiding.resolve(tune_id)


def test_what_is_like_a_tune_is_found_without_them(pair: Pair) -> None:
    for tune in BOOKS["session"]:
        for how in ({"parts": True}, {"alignment": True}, {"exclude_titles": "The Kesh"}):
            pair.same(
                lambda index, tune=tune, how=how: tunetrace.similar(tune, index, limit=50, **how)
            )
    pair.same(lambda index: tunetrace.similar("session:3", index))
    assert len(pair.same(lambda index: tunetrace.similar_pairs(index))) > 3


@pytest.mark.parametrize("view", VIEWS)
def test_a_check_is_made_without_them(pair: Pair, view: Any) -> None:
    for tune in [*BOOKS["session"][:9], BOOKS["lone"][0], "X:1\nK:C\nCDEF GABc"]:
        checked = pair.same(lambda index, tune=tune: tunetrace.check(tune, index, view=view))
        assert checked["tunes"]
    pair.same(lambda index: tunetrace.check(BOOKS["session"][3], index, exclude_tunes="session:9"))
    pair.same(
        lambda index: tunetrace.check(BOOKS["session"][3], index, exclude_families="session:9")
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_is_checked_without_them(pair: Pair, workers: int) -> None:
    batch = "\n".join(some_tunes(5, 400))

    def check(index: Index) -> object:
        tunes = read_tunes(batch, "batch", tunetrace.arguments.AS_FOUND)
        return list(
            check_transcriptions(
                tunes, index, is_prompt=False, slice_tokens=9000, workers=workers,
                view=view_named("tokens"),
            )
        )  # fmt: skip

    assert len(pair.same(check)) == 400


def test_a_report_is_written_without_them(pair: Pair, tmp_path: Path) -> None:
    batch = tmp_path / "batch.abc"
    batch.write_text("\n".join(some_tunes(5, 60)), encoding="utf-8")

    def write(index: Index) -> object:
        folder = tmp_path / index.path.stem
        report(batch, folder, index)
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        html = (folder / "report.html").read_text(encoding="utf-8")
        names = [name for name in HIDDEN if f"({name})" in html]
        return {"found": {k: v for k, v in found.items() if k != "index"}, "named": names}

    assert pair.same(write)["named"] == []


def test_the_statistics_are_made_without_them(pair: Pair) -> None:
    pair.same(lambda index: tunetrace.corpus_stats(index=index))
    pair.same(lambda index: tunetrace.ngrams(5, index, top=50))
    pair.same(lambda index: index.catalogue.corpora())
    info, other = pair.hiding.info(), pair.without.info()
    for name in ("tunes", "tokens", "bars", "distinct_bars", "segments", "has_families"):
        assert getattr(info, name) == getattr(other, name)


def test_the_hidden_tunes_are_no_peers(tmp_path: Path) -> None:
    with ExitStack() as stack:
        books = {"session": BOOKS["session"]}
        hidden = frozenset(name for name in HIDDEN if name.startswith("session"))
        pair = Pair(tmp_path, stack, books, hidden)
        tunetrace.measure_baseline(pair.every)
        index = stack.enter_context(Index(pair.every, hidden=hidden))
        (checked,) = tunetrace.check(BOOKS["session"][1], index).tunes
        assert checked.standing is not None
        assert checked.standing.peers == len(BOOKS["session"]) - len(hidden)


def test_every_thread_sees_the_index_without_them(pair: Pair) -> None:
    found: list[int] = []
    threads = [Thread(target=lambda: found.append(pair.hiding.bar("C 2 E C").hits)) for _ in "four"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [pair.without.bar("C 2 E C").hits] * 4


def test_the_file_stays_as_it_is(pair: Pair) -> None:
    assert tunetrace.verify_index(pair.every, full=True).faults == ()
    with Index(pair.every) as index:
        assert index.tunes == sum(map(len, BOOKS.values()))


def test_an_index_may_hide_all_its_tunes(pair: Pair) -> None:
    every = {f"{corpus}:{numbers_of(t)}" for corpus, tunes in BOOKS.items() for t in tunes}
    with Index(pair.every, hidden=every) as index:
        assert index.tunes == index.figure("C").hits == index.figure("C").of == 0
        (checked,) = tunetrace.check(BOOKS["session"][0], index).tunes
        assert checked.sources == ()


@pytest.mark.parametrize("name", ["session:2", "session", "nowhere:1", "session:x", "", "1"])
def test_a_name_of_no_tune_cannot_be_hidden(pair: Pair, name: str) -> None:
    with pytest.raises(QueryError, match=f"'{name}' cannot be hidden, since the index has no such"):
        Index(pair.every, hidden={"session:3", name})
    with Index(pair.every, hidden={"session:3", name}, may_lack=True) as index:
        assert index.tunes == sum(map(len, BOOKS.values())) - 1


def test_suffixes_without_some_tunes_are_those_of_the_other_tunes(pair: Pair) -> None:
    with Index(pair.every) as whole:
        for segment in whole.figures.segments:
            kept = segment.without(segment.tune_ids[::2].tolist())
            if kept is None:
                continue
            streams = [segment.symbols_of(tune) for tune in segment.tune_ids[1::2].tolist()]
            assert kept.symbols.tobytes() == b"\xff" + b"".join(one + b"\xff" for one in streams)
            assert sorted(kept.suffixes.tolist()) == list(range(len(kept.symbols)))
            ends = [kept.symbols[at:].tobytes().split(b"\xff")[0] for at in kept.suffixes.tolist()]
            # The end of a tune sorts after every symbol.
            assert [one + b"\xff" for one in ends] == sorted(one + b"\xff" for one in ends)
            assert np.array_equal(kept.tune_ids, segment.tune_ids[1::2])
