"""Random transcriptions for Hypothesis: well-formed ones, and mere heaps of tokens."""

from __future__ import annotations

from hypothesis import strategies as st

NOTES = ("C", "D", "E", "c", "^F")
LENGTHS = ("2", "3", "/2", "3/2", ">", "<", "2>")

heaps = st.lists(
    st.sampled_from([*NOTES, *NOTES, *LENGTHS, "|", "|", "|:", ":|", "|1", "|2", "(3", "[", "]",
                     "z", "M:3/4", "<s>"]),
    min_size=1,
    max_size=30,
)  # fmt: skip
"""Any tokens in any order."""

_note = st.tuples(st.sampled_from([*NOTES, "z"]), st.sampled_from(["", "", "", *LENGTHS])).map(
    lambda pair: [token for token in pair if token]
)
_tuplet = st.lists(st.sampled_from(NOTES), min_size=3, max_size=3).map(lambda n: ["(3", *n])
_chord = st.lists(st.sampled_from(NOTES), min_size=2, max_size=3).map(lambda n: ["[", *n, "]"])
_bar = st.lists(st.one_of(_note, _note, _note, _tuplet, _chord), min_size=1, max_size=6).map(
    lambda groups: [token for group in groups for token in group]
)
bodies = st.lists(st.tuples(_bar, st.sampled_from(["|", "|", ":|", "|:"])), min_size=1,
                  max_size=5).map(
    lambda bars: [token for bar, line in bars for token in (*bar, line)]
)  # fmt: skip
"""Notes with lengths, triplets and chords, in bars."""

corpora = st.lists(st.one_of(bodies, heaps), min_size=1, max_size=5)
