"""What a check asks of a corpus. Two matchers answer it, with the same arrays.

One searches the index by bisection (search.py): nothing for it to set up, a few milliseconds a
transcription. The other sorts the stream together with the corpus (joint.py): a second or two for
any number of transcriptions. Everything that follows from their answers is one code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.stream import Numbers
from tunetrace.indexer.sameness import SameMusic
from tunetrace.indexer.statistics.backoff import BackoffModel
from tunetrace.tokenizer.layout.bars import Layout


@dataclass(frozen=True, slots=True)
class FigureHits:
    """Where figures occur in a corpus: (hits,) each, by figure, then by tune, then by token.

    of: which figure. tunes: the id of the tune. tokens: where in the tune the hit begins, counted
    from its first token.
    """

    of: Numbers
    tunes: Numbers
    tokens: Numbers


class FoundFigures(Protocol):
    """Figures that were looked up in a corpus."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many hits each has at most, which is what it costs to list them: (figures,)."""

    def hits(self, some: slice) -> FigureHits:
        """The hits of some of the figures, which keep their numbers."""


class LongestMatches(Protocol):
    """The longest matches of a stream of transcriptions with a corpus."""

    longest: Numbers
    """(n,) the longest match from each position of the stream on, in symbols."""

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        """Whether the longest match from each position is followed, somewhere in the corpus, by
        something that does not lengthen its last note: (m,)."""


class StreamMatches(LongestMatches, Protocol):
    """A stream of transcriptions matched with a corpus, to be asked for more."""

    model: BackoffModel
    """What is to be expected by chance."""

    def find(self, firsts: Numbers, stops: Numbers) -> FoundFigures:
        """Look up the figures from firsts up to stops, (m,) each.

        Each ends where a note ends and occurs in the corpus, be it inside a longer last note;
        those hits are left out.
        """

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        """Which corpus tunes, and parts of them, are the same music as the stream's transcriptions
        and their parts. layouts: of all its transcriptions."""

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which bars of the stream occur in the corpus, and which at the same place: (bars,)."""

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        """How many bars of a transcription occur in a corpus tune: (m,).

        of, tunes: (m,) the transcriptions by their number in the stream, the tunes by their ids.
        """
