"""An open index: what is in it, and where figures and bars stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.corpus.readers import printable
from tunetrace.errors import QueryError
from tunetrace.indexer import schema
from tunetrace.indexer.backoff import BackoffModel
from tunetrace.indexer.baseline import BaselineTunes, load_baseline
from tunetrace.indexer.catalogue import VARIABLES, Catalogue
from tunetrace.indexer.figures import FigureSearch, Occurrences
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.query import FigureQuery, bar_text_pattern, parse_bar, parse_figure
from tunetrace.indexer.records import Hit, IndexInfo, Matches, Reject, Tune
from tunetrace.indexer.segment import Mask
from tunetrace.indexer.storage import Database, closed, damaged
from tunetrace.indexer.streams import DamagedError, load_segments, load_vocabulary
from tunetrace.tokenizer.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, is_header

DEFAULT_LIMIT: Final = 10


class Index:
    """An index file, opened for reading. Close it, or use it in a with statement."""

    def __init__(self, path: Path, change: sa.Connection | None = None) -> None:
        """Open the index at path; IndexFileError where it is absent, cut off or foreign.

        change: the connection of a change of it that is under way, through which all is read.
        """
        self.path = path
        self._database = Database(path, change)
        self._catalogue = Catalogue(self._database)
        self._figures: FigureSearch | None = None
        self.layout = lru_cache(maxsize=4096)(self._layout)
        self._model: BackoffModel | None = None
        self._model_lock = Lock()
        try:
            self._figures = self._load()
        except DamagedError:
            self.close()
            raise damaged(path) from None
        except BaseException:
            self.close()
            raise

    def _load(self) -> FigureSearch:
        """Read the vocabulary and the segments, and see that they hold the tunes."""
        with self._database.connected() as connection:
            vocabulary = load_vocabulary(connection)
            segments = list(load_segments(connection).values())
            tunes = connection.scalar(sa.select(sa.func.count()).select_from(schema.tune))
        figures = FigureSearch(segments, vocabulary)
        if figures.tunes != tunes:
            raise DamagedError("the segments do not hold the tunes")
        return figures

    def close(self) -> None:
        """Let go of the file and of what was read from it; whatever is asked then is refused."""
        self._database.close()
        self._figures = None
        with self._model_lock:
            self._model = None
        self.layout.cache_clear()
        self.__dict__.pop("baseline", None)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What is in it

    @property
    def figures(self) -> FigureSearch:
        """Its segments, to be searched; IndexFileError where it was closed."""
        figures = self._figures  # which another thread may let go of
        if figures is None:
            raise closed(self.path)
        return figures

    @property
    def catalogue(self) -> Catalogue:
        """Its rows, to be asked; IndexFileError where it was closed."""
        if self._figures is None:
            raise closed(self.path)
        return self._catalogue

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens of its tunes and their symbols."""
        return self.figures.vocabulary

    @property
    def tunes(self) -> int:
        """How many tunes it has."""
        return self.figures.tunes

    def info(self) -> IndexInfo:
        """Counts of the whole index and of each corpus."""
        corpora = self.catalogue.corpora()
        return IndexInfo(
            path=printable(str(self.path)),
            tunes=self.tunes,
            tokens=sum(corpus.tokens for corpus in corpora),
            bars=sum(corpus.bars for corpus in corpora),
            distinct_bars=self.catalogue.distinct_bars(),
            segments=len(self.figures.segments),
            has_baseline=self.baseline is not None,
            corpora=corpora,
        )

    def rejects(self, corpus: str | None = None) -> tuple[Reject, ...]:
        """The tunes that were set aside when the index was made, of one corpus or of all.

        QueryError for a corpus that it lacks.
        """
        return self.catalogue.rejects(corpus)

    def resolve(self, reference: str) -> list[int]:
        """The ids of the tunes that a reference names: an id, `corpus:number` or a title.

        A title may name several settings. QueryError where it names none.
        """
        return self.catalogue.resolve(reference)

    def tokens(self, tune: int) -> list[str]:
        """The tokens of a tune, given by its id."""
        return self.vocabulary.decode(self.symbols(tune)[1])

    def symbols(self, tune: int) -> tuple[int, bytes]:
        """Where a tune, given by its id, begins in its segment's stream, and its symbols."""
        segment = next(segment for segment in self.figures.segments if tune in segment)
        return segment.tokens_of(tune)

    def _layout(self, tune: int) -> tuple[int, Layout]:
        """Where a tune begins in its segment's stream, and its bars and parts."""
        start, symbols = self.symbols(tune)
        return start, lay_out(self.vocabulary.decode(symbols))

    def admitted(self, filters: Filters) -> Mask | None:
        """The tunes that filters admit, as a mask by tune id; None where they admit all.

        QueryError for a corpus that the index lacks and a key or a meter that is none.
        """
        tunes = self.catalogue.admitted(filters)
        return None if tunes is None else self.mask(tunes)

    def mask(self, tunes: Sequence[int]) -> Mask:
        """A mask by tune id that admits these tunes alone."""
        mask = np.zeros(self.figures.last_id + 1, dtype=bool)
        mask[list(tunes)] = True
        return mask

    @cached_property
    def baseline(self) -> BaselineTunes | None:
        """What was measured of its tunes against one another; None before that is done.

        The first question reads it from the file; any number of threads may ask.
        """
        with self._database.connected() as connection:
            try:
                return load_baseline(connection)
            except DamagedError:
                raise damaged(self.path) from None

    # Figures

    def figure(
        self,
        text: str,
        filters: Filters = NO_FILTERS,
        *,
        open_end: bool = False,
        limit: int = DEFAULT_LIMIT,
    ) -> Matches:
        """Where a figure stands.

        open_end: count it inside a longer last note too. limit: how many hits to show. Raises
        QueryError for a figure or a filter that means nothing.
        """
        query = parse_figure(text, self.vocabulary)
        _check_limit(limit)
        admitted = self.admitted(filters)
        found = self.figures.occurrences(query, open_end=open_end, admitted=admitted)
        if filters.has_place:
            found = [self._at_place(some, filters) for some in found]
        return Matches(
            query=query.text,
            tunes=self.figures.distinct_tunes(found),
            hits=sum(len(some.positions) for some in found),
            of=self.tunes if admitted is None else int(admitted.sum()),
            expected=None if filters.has_place else self._expected(query, admitted, open_end),
            results=self.hits(self.figures.first(found, limit)),
        )

    @property
    def model(self) -> BackoffModel:
        """The back-off model of all its tunes, counted when it is first asked for."""
        with self._model_lock:  # or each of many threads would count for itself
            if self._model is None:
                self._model = BackoffModel(self.figures.segments, self.vocabulary)
        return self._model

    def _expected(self, query: FigureQuery, admitted: Mask | None, open_end: bool) -> float | None:
        """How many hits of a figure are expected in admitted tunes; None with wildcards.

        The model is one of all tunes; the admitted ones have their share by their tokens.
        """
        literal = query.literal
        if literal is None:
            return None
        figure = self.vocabulary.encode_known(literal)
        expected = self.model.expected(figure, open_end=open_end)
        return expected if admitted is None else expected * self.figures.token_share(admitted)

    def hits(self, places: Sequence[tuple[int, int, int]]) -> tuple[Hit, ...]:
        """Places given as (tune, position in its stream, tokens) with all that is shown of them."""
        records = self.catalogue.tunes(tune for tune, _, _ in places)
        return tuple(self.hit(records[tune], at, length) for tune, at, length in places)

    def hit(self, tune: Tune, at: int, length: int, neighbours: int = 0) -> Hit:
        """All that is shown of one place in a tune.

        at: where it begins in the stream; length: how many tokens it has; neighbours: how many
        bars around it the context takes in.
        """
        start, layout = self.layout(tune.tune)
        first, stop = at - start, at - start + length
        place = layout.position(first, stop)
        context, found = layout.context(first, stop, neighbours)
        return Hit(
            tune=tune.tune, title=tune.title, corpus=tune.corpus, number=tune.number,
            meter=tune.meter, key=tune.key, original_key=tune.original_key, link=tune.link,
            part=place.part, bar=place.bar, ending=place.ending, onset=place.onset,
            context=context, found=found,
        )  # fmt: skip

    def _at_place(self, some: Occurrences, filters: Filters) -> Occurrences:
        tunes = some.segment.tunes_at(some.positions).tolist()
        chosen = np.zeros(len(tunes), dtype=bool)
        for k, (tune, at) in enumerate(zip(tunes, some.positions.tolist(), strict=True)):
            start, layout = self.layout(tune)
            place = layout.position(at - start, at - start + some.length(k))
            chosen[k] = filters.admits(place)
        return some.select(chosen)

    def identical(self, tokens: Sequence[str], admitted: Mask | None = None) -> list[int]:
        """The ids of the tunes that are these tokens from the first to the last.

        The headers that they begin with are left aside, here and there.
        """
        body = _without_header(tokens)
        if not all(token in self.vocabulary for token in body):
            return []
        whole = self.vocabulary.encode(body) + bytes([SEPARATOR])
        found = []
        for some in self.figures.find(whole, admitted=admitted):
            tunes = some.segment.tunes_at(some.positions).tolist()
            for tune, at in zip(tunes, some.positions.tolist(), strict=True):
                start, symbols = some.segment.tokens_of(tune)
                if not _without_header(self.vocabulary.decode(symbols[: at - start])):
                    found.append(tune)
        return sorted(found)

    # Bars

    def bar(
        self, text: str, filters: Filters = NO_FILTERS, *, limit: int = DEFAULT_LIMIT
    ) -> Matches:
        """Where a bar stands as a whole, from one bar line to the next.

        Raises QueryError for a bar or a filter that means nothing.
        """
        query = parse_bar(text, self.vocabulary)
        _check_limit(limit)
        admitted = self.admitted(filters)
        rows = [
            row
            for row in self._bar_rows(query)
            if (admitted is None or admitted[row[0]])
            and (filters.part is None or row[2] == filters.part)
            and (filters.bar is None or row[3] == filters.bar)
            and (filters.onset is None or self._bar_onset(row[0], row[1]) == filters.onset)
        ]
        records = self.catalogue.tunes(row[0] for row in rows[:limit])
        return Matches(
            query=query.text,
            tunes=len({row[0] for row in rows}),
            hits=len(rows),
            of=self.tunes if admitted is None else int(admitted.sum()),
            expected=None,
            results=tuple(self._bar_hit(records[row[0]], row[1]) for row in rows[:limit]),
        )

    def bar_hits(self, texts: Iterable[str]) -> dict[str, list[tuple[int, int, int]]]:
        """Where each of several bars stands: (tune, part, number), by tune; absent if nowhere."""
        bar, hit = schema.bar, schema.bar_hit
        wanted = {schema.text_hash(text): text for text in texts}
        hashes = list(wanted)
        # Rows of one bar lie together and in order. The driver hands them over as they are; there
        # can be thousands, and this is most of what a check asks the file.
        rows = f"SELECT tune_id, part, number FROM {hit.name} WHERE bar_id = ?"
        found: dict[str, list[tuple[int, int, int]]] = {}
        with self._database.connected() as connection:
            ids = sa.select(bar.c.id, bar.c.hash, bar.c.text)
            cursor = connection.connection.cursor()
            for k in range(0, len(hashes), VARIABLES):
                some = ids.where(bar.c.hash.in_(hashes[k : k + VARIABLES]))
                for number, hashed, text in connection.execute(some).all():
                    if text == wanted[hashed]:
                        cursor.execute(rows, (number,))
                        found[text] = cast(list[tuple[int, int, int]], cursor.fetchall())
        return found

    def bar_table(self) -> tuple[dict[str, int], NDArray[np.int64]]:
        """Every bar's number, from 1, by its text; and the places of all: (hits, 4).

        A place is the bar's number, the tune's id, the part and the number in it.
        """
        bar, hit = schema.bar.c, schema.bar_hit
        with self._database.connected() as connection:
            texts = {row[0]: row[1] for row in connection.execute(sa.select(bar.text, bar.id))}
            cursor = connection.connection.cursor()
            cursor.execute(f"SELECT bar_id, tune_id, part, number FROM {hit.name}")
            places = np.array(cursor.fetchall(), dtype=np.int64)
        return texts, places.reshape(-1, 4)

    def _bar_rows(self, query: FigureQuery) -> list[tuple[int, int, int, int]]:
        """(tune, token, part, number) of every bar that a query matches, by tune."""
        bar, hit = schema.bar.c, schema.bar_hit.c
        with self._database.connected() as connection:
            if query.literal is not None:
                is_meant = (bar.hash == schema.text_hash(query.text)) & (bar.text == query.text)
                ids = list(connection.scalars(sa.select(bar.id).where(is_meant)))
            else:
                pattern = re.compile(bar_text_pattern(query.elements))
                every = connection.execute(sa.select(bar.id, bar.text))
                ids = [number for number, text in every if pattern.fullmatch(text)]
            select = sa.select(hit.tune_id, hit.token, hit.part, hit.number)
            rows: list[tuple[int, int, int, int]] = []
            for k in range(0, len(ids), VARIABLES):
                some = select.where(hit.bar_id.in_(ids[k : k + VARIABLES]))
                rows += [(row[0], row[1], row[2], row[3]) for row in connection.execute(some)]
        return sorted(rows)

    def _bar_onset(self, tune: int, token: int) -> Fraction:
        _, layout = self.layout(tune)
        return layout.position(token).onset

    def _bar_hit(self, tune: Tune, token: int) -> Hit:
        start, layout = self.layout(tune.tune)
        bar = layout.bar_at(token)
        return self.hit(tune, start + token, bar.stop - bar.start, neighbours=1)


def _check_limit(limit: int) -> None:
    if limit < 0:
        raise QueryError(f"the limit is {limit}; give 0 or more hits to show")


def _without_header(tokens: Sequence[str]) -> Sequence[str]:
    """Tokens without the headers that they begin with."""
    first = 0
    while first < len(tokens) and is_header(tokens[first]):
        first += 1
    return tokens[first:]
