"""Keys of two tunes that are alike: how far apart they are, and what is said of it.

Tunes are compared on C. Reading moves the tonics D, E, F and G down to C, but A and B up to c. So
the same tune in A and in G is an octave apart on C, though nobody plays it an octave higher.
"""

from __future__ import annotations

from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.tokenizer.keys import FIFTHS, LETTERS, MODES_IN_WORDS, Key, tonic_at
from tunetrace.tokenizer.transpose import interval_to_c


def degrees(steps: int, own: Key | None, key: Key | None) -> int:
    """By how many steps a tune is higher above its tonic, from how many steps it is higher on C.

    own, key: the key that it was written in, and that of the other tune. Between different tonics
    the octave is that of the written notes: they are an octave apart only if they are an octave
    apart on paper.
    """
    if own is None or key is None or own.tonic == key.tonic:
        return steps
    written = steps - interval_to_c(own).steps + interval_to_c(key).steps
    octaves = int(written / OCTAVE)  # towards 0
    return (steps + 3) % OCTAVE - 3 + OCTAVE * octaves


def meant_key(steps: int, own: Key | None, key: Key | None) -> Key | None:
    """The key that a tune is in if it is the other one with the signature of another mode.

    `K:C` with the notes of a tune in `K:Am` is in A minor. steps: by how many the tune is higher on
    C. None if the other tune's mode on that degree has other notes than the tune's key.
    """
    if own is None or key is None or steps % OCTAVE == 0:
        return None
    letter = LETTERS[(LETTERS.index(own.tonic[0]) + steps) % OCTAVE]
    meant = Key(tonic_at(FIFTHS[letter] + 7 * own.signature()[letter]), key.mode)
    return meant if meant.signature() == own.signature() else None


def key_change(own: Key | None, key: Key | None, meant: Key | None) -> str:
    """What is said of the keys of a tune and of another: `in D instead of G`; empty for nothing.

    meant: as meant_key gives it. Nothing is said of the tonic of a tune on C, since folk-rnn writes
    all tunes on C.
    """
    if own is None or key is None or own == key:
        return ""
    if meant is not None:
        return f"written as K:{own.name} for K:{meant.name}"
    is_moved = own.tonic not in ("C", key.tonic)
    if own.mode == key.mode:
        return f"in {own.tonic} instead of {key.tonic}" if is_moved else ""
    if is_moved:
        return f"in {own.in_words} instead of {key.in_words}"
    return f"in {MODES_IN_WORDS[own.mode]} instead of {MODES_IN_WORDS[key.mode]}"
