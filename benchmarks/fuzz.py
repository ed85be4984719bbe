"""Tunebooks that went wrong: real tunes, mutated, read in their thousands.

    python -m benchmarks.fuzz 100000

Whatever a file holds, reading it gives transcriptions, tunes set aside, or one InputError: never
another exception, in under a second, and in memory that does not grow. A seed makes a run again.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.output import say
from benchmarks.tunebooks import text_of
from tunetrace.corpus.readers import files_in, read
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.tokenizer.layout.bars import lay_out

SEED: Final = 20_250
_REAL: Final = 400
"""How many real tunes of each collection are taken as a beginning."""

_TUNE: Final = re.compile(r"^X:.*?(?=^X:|\Z)", re.MULTILINE | re.DOTALL)

_SYNTHETIC: Final = (
    "X:1\nT:Hornpipe\nM:C|\nL:1/8\nK:Edor\n(3efg|:a>b [ce]2 {g}f^d|1 z4 :|2 Z2 ||\n",
    "X:2\nT:Voices\nM:6/8\nK:D\nV:1\nDFA d3|\nV:2\nD3 F3|\nV:1\n[K:G]GAB & E3 |]\n",
    "X:3\nT:M\\'or & co &eacute;\nP:ABA\nK:D exp _b ^f\nL:1/16\nM:3/4\nP:A\nD2>E2 F4 G4:|\n",
    "%abc-2.1\nL:1/16\nM:2/4\n\nX:4\nT:A\nT:B\nK:A mixolydian\nm:~G2=GAG\nA4 c4\\\n|e8|\n",
    "T:100WattReels\nM:4/4\nK:Cdor\n|: c C C /2 C /2 C G C | [ c e ] 2 > =B (3 c d e :|\n",
    "<s> M:4/4 K:Cmaj G 2 E G c 2 | </s>\n<s> M:6/8 K:Cmin C 3 </s>\n",
)

_SNIPPETS: Final = (
    "|:", ":|", "::", "|1", ":|2", "[1,3-4", "[|]", "|]", "(3", "(9:9:9", "(2::", "(", ")", "[",
    "]", "[CEG]", "[C2E4]2", "{", "}", '"', '"Am"', "!", "!trill!", "+", "&", "&\\\n", "-", ">",
    "<<<", "^", "__", "=", "=20\n", "=\n", "/", "//", "3/2", "0", "99999", "1/0", "z", "Z", "Z999",
    "x", "y", "\\\n", "\n", "\r", "\r\n", "\n\n", "%", "\n%%begintext\n", "\n%%endtext\n",
    "\nw: la", "\n+:", "[K:F#m]", "[K:", "[M:9999/1]", "[L:1/64]", "[V:2]", "[V:*]", "\nK:",
    "\nK:H\n", "\nK:G =f _b\n", "\nL:1/0\n", "\nM:none\n", "\nM:6/8 jig\n", "\nV:3\n", "\nX:",
    "\nX:1\n", "\n X : 7\n", "\nT:", "\nP:AB\n", "\nm:~G=A\n", "M:4/4", "K:Cmaj", "K:maj", "<s>",
    "</s>", "\\'e", "&#0;", "\\uD800", "\x00", "\x0c", "\x1b[2J", "\xa0", "\x85", "\u2028", "²",
    "٣", "é", "𝄞", "\ufeff",
)  # fmt: skip


def originals() -> list[bytes]:
    """The tunes that are mutated: synthetic ones, and real ones of the collections music21 has."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    rng = random.Random(SEED)
    tunes = [text.encode() for text in _SYNTHETIC]
    for name in ("oneills1850", "airdsAirs", "ryansMammoth", "essenFolksong", "miscFolk"):
        books = map(text_of, files_in(corpus / name))
        found = [tune for book in books for tune in _TUNE.findall(book)]
        tunes += [text.encode() for text in rng.sample(found, min(_REAL, len(found)))]
    return tunes


# Each mutation takes a random generator, the data and the originals.


def _delete(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.choice((1, 1, 2, 5, 20, 100))]


def _duplicate(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    data[start:start] = data[start : start + rng.choice((1, 2, 10, 50, 200))]


def _swap(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    if data:
        a, b = rng.randrange(len(data)), rng.randrange(len(data))
        data[a], data[b] = data[b], data[a]


def _insert_bytes(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 1, 2, 8)))


def _insert_snippet(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(_SNIPPETS).encode("utf-8", "surrogatepass")


def _insert_unicode(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = chr(rng.choice((rng.randrange(0x3000), rng.randrange(0x110000)))).encode(
        "utf-8", "surrogatepass"
    )


def _splice(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    other = rng.choice(tunes)
    data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other) + 1) :]


def _cut_off(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _repeat(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    run = data[start : start + rng.choice((1, 1, 2, 3, 8))]
    data[start:start] = run * 1000


def _line_ends(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    data[:] = data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b" ", b"\\\n")))


def _encode(rng: random.Random, data: bytearray, tunes: Sequence[bytes]) -> None:
    text = data.decode("utf-8", "replace")
    data[:] = text.encode(rng.choice(("utf-16", "utf-8-sig", "latin-1", "cp1252")), "replace")


_COMMON: Final = (
    _delete, _duplicate, _swap, _insert_bytes, _insert_snippet, _insert_snippet, _insert_snippet,
    _insert_unicode, _splice, _cut_off,
)  # fmt: skip
_RARE: Final = (_repeat, _line_ends, _encode)
Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(count: int, seed: int = SEED) -> Iterator[bytes]:
    """So many mutated tunebooks."""
    rng = random.Random(seed)
    tunes = originals()
    for _ in range(count):
        data = bytearray(b"\n".join(rng.choice(tunes) for _ in range(rng.choice((1, 1, 2, 3)))))
        for _ in range(rng.choice((1, 2, 3, 5, 8))):
            mutation: Mutation = rng.choice(_RARE if rng.random() < 0.06 else _COMMON)
            mutation(rng, data, tunes)
        yield bytes(data)


@dataclass(slots=True)
class Outcome:
    """What came of a run: counts, the kinds of the tunes set aside, what should not have been.

    slowest: seconds for the tunebook that took longest, and its number. memory: resident bytes,
    averaged over the first and the last tenth of the run (0 where the system does not say).
    """

    books: int = 0
    read: int = 0
    set_aside: int = 0
    refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    seconds: float = 0.0
    memory: tuple[float, float] = (0.0, 0.0)


def run(count: int, seed: int = SEED) -> Outcome:
    """Read mutated tunebooks from files, as a command does, and lay their tunes out."""
    outcome = Outcome()
    resident: list[int] = []
    begun = time.perf_counter()
    with TemporaryDirectory(prefix="tunetrace-fuzz-") as folder:
        path = Path(folder) / "book.abc"
        for number, data in enumerate(mutated(count, seed)):
            path.write_bytes(data)
            start = time.perf_counter()
            try:
                _read(path, outcome)
            except Exception:
                outcome.failures.append(f"book {number}: {traceback.format_exc()}")
            outcome.slowest = max(outcome.slowest, (time.perf_counter() - start, number))
            outcome.books += 1
            if number % 100 == 0:
                resident.append(_resident_bytes())
    outcome.seconds = time.perf_counter() - begun
    tenth = max(len(resident) // 10, 1)
    outcome.memory = (sum(resident[:tenth]) / tenth, sum(resident[-tenth:]) / tenth)
    return outcome


def _read(path: Path, outcome: Outcome) -> None:
    try:
        for tune in read(path):
            if isinstance(tune, Rejected):
                outcome.set_aside += 1
                outcome.kinds[tune.kind] += 1
            else:
                outcome.read += 1
                lay_out(tune.tokens)
    except InputError:
        outcome.refused += 1


def _resident_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) * 1024 if match else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    outcome = run(arguments.count, arguments.seed)
    seconds, number = outcome.slowest
    before, after = (bytes_ / 2**20 for bytes_ in outcome.memory)
    say(
        f"{outcome.books:,} mutated tunebooks (seed {arguments.seed}) in {outcome.seconds:.0f} s: "
        f"{outcome.read:,} tunes read, {outcome.set_aside:,} set aside, {outcome.refused:,} files "
        f"refused, {len(outcome.failures)} other exceptions. The slowest took "
        f"{seconds:.2f} s (number {number:,}). Memory: {before:.0f} MB over the first tenth, "
        f"{after:.0f} MB over the last."
    )
    for kind, count in outcome.kinds.most_common():
        say(f"{count:9,}  {kind}")
    for failure in outcome.failures[:10]:
        say(failure)
    sys.exit(1 if outcome.failures or seconds > 1 else 0)


if __name__ == "__main__":
    main()
