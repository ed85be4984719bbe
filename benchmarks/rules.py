"""How the rules for reading, bars and parts fare on real tunes: the counts in the docs.

python -m benchmarks.rules FILE_OR_CORPUS...
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from tunetrace import Rejected, Transcription, read
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.tokenizer.layout.bars import lay_out


def main(sources: Sequence[str]) -> None:
    """Print how many tunes have whole bars alone, the commonest numbers of bars by part, and how
    often what was remarked in reading."""
    found = list(read_all(sources))
    tunes = [tune for tune in found if isinstance(tune, Transcription)]
    layouts = [lay_out(tune.tokens) for tune in tunes]
    whole = sum(all(bar.adds_up for bar in layout.bars) for layout in layouts)
    print(f"{len(found):,} tunes, {len(found) - len(tunes):,} set aside")
    print(f"{len(tunes):,} tunes; in {whole:,} every bar adds up")
    shapes: Counter[tuple[int, ...]] = Counter()
    for layout in layouts:
        numbered = {(bar.part, bar.number) for bar in layout.bars if not bar.is_pickup}
        shapes[tuple(Counter(part for part, _ in sorted(numbered)).values())] += 1
    for shape, count in shapes.most_common(8):
        print(f"{count:6,} have parts of {', '.join(map(str, shape))} bars")
    remarks = Counter(remark for tune in tunes for remark in tune.remarks)
    for remark, count in remarks.most_common():
        print(f"{count:6,} remarked: {remark}")


def read_all(sources: Sequence[str]) -> Iterator[Transcription | Rejected]:
    """The tunes of files and of named corpora."""
    for source in sources:
        yield from NAMED_CORPORA[source].read() if source in NAMED_CORPORA else read(source)


if __name__ == "__main__":
    main(sys.argv[1:])
