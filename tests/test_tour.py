"""The tour in examples/: it runs as a user runs it, and what its cells answer is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

from tests.brute import notes, spans
from tests.conftest import ROOT
from tests.test_english import phrases_in
from tunetrace import read

TOUR = ROOT / "examples" / "tour.ipynb"


@dataclass(frozen=True)
class Ran:
    """The tour once it ran."""

    answers: dict[str, dict[str, str]]
    """What each cell with code answers: its name, and texts by their kinds."""
    folder: Path
    """Where its files are."""

    def value(self, name: str) -> Any:
        """What a cell answers, as a value."""
        return ast.literal_eval(self.answers[name]["text/plain"])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The tour, run in an empty folder by a user with an empty home and without a network."""
    folder = tmp_path_factory.mktemp("tour")
    places = {
        "HOME": "home", "TMPDIR": "temporary", "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib", "JUPYTER_CONFIG_DIR": "jupyter",
        "JUPYTER_DATA_DIR": "jupyter", "JUPYTER_RUNTIME_DIR": "jupyter",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, place in places.items():
            (folder / place).mkdir(exist_ok=True)
            patch.setenv(name, str(folder / place))
        for name in ("TUNETRACE_INDEX", "TUNETRACE_MODELS", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            patch.delenv(name, raising=False)
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")  # where nothing answers
        (folder / "here").mkdir()
        book = nbformat.read(TOUR, as_version=4)
        resources = {"metadata": {"path": str(folder / "here")}}
        NotebookClient(book, timeout=240, kernel_name="python3", resources=resources).execute()
    answers = {}
    for cell in book.cells:
        if cell.cell_type == "code":
            (answers[cell.id],) = (output.data for output in cell.outputs)
    (written,) = (folder / "temporary").glob("tmp*/session.abc")
    yield Ran(answers, written.parent)
    assert [*(folder / "home").iterdir(), *(folder / "here").iterdir()] == []


def tokens_of(path: Path) -> list[tuple[str, ...]]:
    return [tune.tokens for tune in read(path)]


def longest_shared(tune: Sequence[str], corpus: list[tuple[str, ...]]) -> int:
    """The most notes in a row that a tune shares with a corpus, by trying every stretch."""
    whole = notes(list(tune))
    shared = spans(corpus, tune, whole)
    return max(sum(a <= first and stop <= b for first, stop in whole) for a, b in shared)


@pytest.mark.slow
def test_a_figure_is_found_in_the_one_tune_that_has_it(ran: Ran) -> None:
    assert ran.value("index") == ["The Kesh"]


@pytest.mark.slow
def test_the_check_shows_itself_and_names_the_tune_whose_part_is_taken(ran: Ran) -> None:
    shown = ran.answers["check"]["text/html"]
    assert "Breakfast in Bed" in shown
    assert '<img alt="Notation of Breakfast in Bed"' in shown
    assert "its first part is the first part of The Kesh (session:1)" in shown


@pytest.mark.slow
def test_the_longest_span_is_the_whole_part(ran: Ran) -> None:
    # The first part of The Kesh, moved from G to C by hand: 4 4 6 6 4 4 6 4 notes.
    part = (
        "C 3 C D E | D 3 D E G | A G G c G G | A G E G E D | "
        "C 3 C D E | D 3 D E G | A G G c G E | D C B, C 3"
    )
    assert ran.value("span") == (38, 1, part)


@pytest.mark.slow
def test_the_table_has_a_row_for_each_tune_of_the_batch(ran: Ran) -> None:
    assert all((ran.folder / "report" / name).is_file() for name in ran.value("report"))
    table = ran.value("table")
    # The letters below each header are the notes: no tune has a rest or a chord.
    bodies = re.findall(r"^K:.*\n((?:\|:.*\n)+)", (ran.folder / "batch.abc").read_text(), re.M)
    assert [row["notes"] for row in table] == [len(re.findall("[A-Ga-g]", b)) for b in bodies]
    corpus = tokens_of(ran.folder / "session.abc")
    assert [row["longest_notes"] for row in table] == [
        longest_shared(tune, corpus) for tune in tokens_of(ran.folder / "batch.abc")
    ]
    assert [(row["title"], row["verdict"]) for row in table] == [
        ("Breakfast in Bed", "most"), ("Found on a Napkin", "near"), ("Three Steps Down", "none")
    ]  # fmt: skip
    assert "The Irish Washerwoman (session:2), in A instead of G" in table[1]["verdict_text"]


@pytest.mark.slow
def test_the_picture_is_a_drawing_of_the_tune(ran: Ran) -> None:
    drawn = ElementTree.fromstring(ran.answers["picture"]["image/svg+xml"])
    assert drawn.tag.endswith("svg")
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}path"))) > 10


@pytest.mark.slow
def test_the_limit_on_copying_holds_and_is_needed(ran: Ran) -> None:
    corpus = tokens_of(ran.folder / "session.abc")
    free, limited = ran.value("copied")
    tunes = [text.split() for text in ran.value("sample")]
    assert [tune[0] for tune in tunes] == ["M:6/8"] * 3
    assert limited == [longest_shared(tune, corpus) for tune in tunes]
    assert max(limited) <= 4 < max(free)


def test_the_tour_is_kept_without_what_it_printed() -> None:
    book = nbformat.read(TOUR, as_version=4)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(cells) > 6
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert max(len(cell.source.splitlines()) for cell in cells) <= 40
    assert phrases_in(" ".join(cell.source for cell in book.cells)) == []
