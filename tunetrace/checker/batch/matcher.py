"""What a check asks of a corpus. Two matchers answer it, with the same arrays.

One searches the index for one figure after another (search.py), which takes least time for one
transcription. The other looks up all figures of many transcriptions together (joint.py). The rest
of a check is the same code for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.search.joint import Hits
from tunetrace.indexer.statistics.backoff import BackoffModel
from tunetrace.tokenizer.layout.bars import Layout


class LongestMatches(Protocol):
    """The longest matches of a stream of transcriptions with a corpus."""

    longest: Numbers
    """(n,) the length of the longest match from each position of the stream on, in symbols."""

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        """Whether the last note of the longest match ends there somewhere in the corpus: (m,).

        firsts: (m,) where the matches begin. A length after the match would make the note longer.
        """


class StreamMatches(LongestMatches, Protocol):
    """A stream of transcriptions matched with a corpus."""

    model: BackoffModel
    """Gives the hits expected by chance."""

    family_of: Numbers | None
    """(last id + 1,) the family of each tune of the corpus, by its id; None if they are not known.
    """

    def find(self, firsts: Numbers, stops: Numbers, most: int | None) -> Hits:
        """The hits of the figures from firsts up to stops, (m,) each.

        Each figure ends with a whole note and is in the corpus. Hits whose last note is longer in
        the corpus are left out. most: of a figure no more hits than this in one tune, the first
        ones; None for all.
        """

    def first_tokens(self, tunes: Numbers, symbols: Numbers) -> Numbers:
        """The tokens of corpus tunes, given by their ids, at which notes with these symbols begin.

        tunes, symbols: of the same shape, which the answer has too.
        """

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        """Corpus tunes, and parts of them, that are the same music as a transcription or its part.

        layouts: of all transcriptions of the stream.
        """

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each bar is in the corpus, and whether at the same position: (bars,) each."""

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        """The number of bars of a transcription that are in a corpus tune: (m,).

        of: (m,) the numbers of the transcriptions in the stream. tunes: (m,) the ids of the tunes.
        """
