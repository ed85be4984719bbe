"""Arguments of the wrong type: each public function takes them as meant or says what is right."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final

import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, index_of
from tests.model.tiny import make_model
from tunetrace.model.store import save_model

WRONG: Final = {
    "None": None,
    "a number": 3,
    "bytes": b"kesh.abc",
    "an object": object(),
    "a list with None": [None],
}

UNTYPED: Final = {"progress", "watcher", "recipe", "facts", "force", "refresh", "replace", "full",
                  "half", "held_out", "has_ended", "open_end", "format", "trace", "stats",
                  "history"}  # fmt: skip
"""Parameters that take functions, flags and records: any flag is true or false."""

FUNCTIONS: Final = sorted(
    name for name in tunetrace.__all__ if inspect.isroutine(getattr(tunetrace, name))
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the index of two tunes, those tunes, and a model that was trained on them."""
    folder = tmp_path_factory.mktemp("place")
    index_of(folder, KESH, MORRISONS)
    (folder / "kesh.abc").write_text(KESH)
    training = {"corpora": ["session"], "tunes": 1, "held_out": ["session:7"]}
    save_model(make_model(training=training), folder / "tiny.safetensors")
    return folder


def right(place: Path, scratch: Path) -> dict[str, dict[str, Any]]:
    """Arguments that every function takes, by its name."""
    index, book, model = place / "session.db", place / "kesh.abc", place / "tiny.safetensors"
    return {
        "add_to_index": {"sources": [book], "path": scratch / "none.db"},
        "bar": {"text": "C 3 C D E", "index": index},
        "beam_search": {"width": 1, "model": model, "max_tokens": 4},
        "build_index": {"sources": [book], "path": scratch / "new.db", "force": True},
        "check": {"text": KESH, "index": index},
        "check_batch": {"paths": [book], "index": index},
        "check_files": {"paths": [book], "index": index},
        "compact_index": {"path": scratch / "none.db"},
        "corpora": {},
    }
