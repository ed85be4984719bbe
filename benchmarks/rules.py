"""How many tunes of a file add up under the rules for bars and parts: the counts in the docs."""

from __future__ import annotations

import sys
from collections import Counter

from tunetrace import Transcription, read
from tunetrace.tokenizer.bars import lay_out


def main(path: str) -> None:
    """Print how many tunes have whole bars alone, and the commonest numbers of bars by part."""
    tunes = [tune for tune in read(path) if isinstance(tune, Transcription)]
    layouts = [lay_out(tune.tokens) for tune in tunes]
    whole = sum(all(bar.adds_up for bar in layout.bars) for layout in layouts)
    print(f"{len(tunes):,} tunes; in {whole:,} every bar adds up")
    shapes: Counter[tuple[int, ...]] = Counter()
    for layout in layouts:
        numbered = {(bar.part, bar.number) for bar in layout.bars if not bar.is_pickup}
        shapes[tuple(Counter(part for part, _ in sorted(numbered)).values())] += 1
    for shape, count in shapes.most_common(8):
        print(f"{count:6,} have parts of {', '.join(map(str, shape))} bars")


if __name__ == "__main__":
    main(sys.argv[1])
