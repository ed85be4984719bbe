"""A model that repeats itself, an index of what it wrote, and the nearest tune by brute force."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.model.tiny import make_model
from tunetrace import Index, Sampled, build_index, sample
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out

MODEL = make_model(bias={"</s>": -2.5, **dict.fromkeys(("M:4/4", "M:6/8"), -3.0),
                         **dict.fromkeys(("K:Cmaj", "K:Cdor"), -3.0)})  # fmt: skip


def drawn(n: int, **options: object) -> list[Sampled]:
    """The first n tunes of a seed."""
    settled = {"seed": 7, "meter": "4/4", "key": "maj", **options}
    return list(sample(n, MODEL, **settled))  # type: ignore[arg-type]


def build(folder: Path) -> Path:
    """An index of twelve tunes of another seed, and of tunes 2 and 5 of the seed 7."""
    tunes = [*drawn(12, seed=3), *(tune for tune in drawn(5) if tune.number in (2, 5))]
    text = "\n".join(
        to_folkrnn(tune.tokens, number=number, title=f"Tune {number}")
        for number, tune in enumerate(tunes, 1)
    )
    (folder / "written.txt").write_text(text, encoding="utf-8")
    build_index([folder / "written.txt"], folder / "written.db")
    return folder / "written.db"


def probabilities(index: Index, tokens: Sequence[str]) -> dict[int, float]:
    """That of each tune of an index, by its id: all of them are searched for one by one."""
    search, layout = SimilarSearch(index), lay_out(tokens)
    found = {}
    for tune in range(1, index.tunes + 1):
        (near,) = search.near([layout], index.mask([tune]))
        found[tune] = near[0].probability if near else 0.0
    return found
