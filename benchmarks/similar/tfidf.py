"""A peer: cosines of TF-IDF vectors over n-grams of tokens, as search engines compare texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from scipy import sparse

LENGTHS: Final = (3, 4, 5)
"""The n-grams. Other sets of lengths from 1 to 6, and leaving bar lines out, found less."""


class TfIdf:
    """The tunes of a corpus as vectors. Tunes are named by their places, from 0."""

    def __init__(self, tunes: Sequence[Sequence[str]]) -> None:
        self._columns: dict[tuple[str, ...], int] = {}
        for tokens in tunes:
            for gram in _grams(tokens):
                self._columns.setdefault(gram, len(self._columns))
        counts = sparse.vstack([self._counts(tokens) for tokens in tunes], format="csr")
        having = np.bincount(counts.indices, minlength=len(self._columns))
        self._weights = np.log((1 + len(tunes)) / (1 + having)) + 1
        self._vectors = self._weighted(counts).T.tocsr()

    def near(self, tokens: Sequence[str], limit: int) -> list[int]:
        """The tunes nearest to a tune, best first, itself among them."""
        cosines = self._weighted(self._counts(tokens)) @ self._vectors
        best = np.argsort(-cosines.data, kind="stable")[:limit]
        return [int(place) for place in cosines.indices[best]]

    def _counts(self, tokens: Sequence[str]) -> sparse.csr_matrix:
        """(1, n-grams): 1 + ln of how often each is in a tune."""
        found = Counter(self._columns[gram] for gram in _grams(tokens) if gram in self._columns)
        values = 1 + np.log(list(found.values()))
        places = (np.zeros(len(found), dtype=np.int32), list(found))
        return sparse.csr_matrix((values, places), shape=(1, len(self._columns)))

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Rows of counts times the rarity of each n-gram, at length 1."""
        rows = counts @ sparse.diags(self._weights)
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-12)) @ rows)


def _grams(tokens: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for n in LENGTHS:
        for at in range(len(tokens) - n + 1):
            yield tuple(tokens[at : at + n])
