"""Arguments of the wrong type: each public function takes them as meant or says what is right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, index_of
from tests.model.networks import tiny_model
from tunetrace import Filters, TunetraceError
from tunetrace.model.library.store import save_model
from tunetrace.model.training.recipe import MODERN

WRONG: Final = (None, 3, b"kesh.abc", object(), [None])

FREE: Final = {"progress", "watcher", "recipe", "facts", "force", "refresh", "replace", "full",
               "half", "held_out", "has_ended", "open_end", "gates", "memory",
               "history", "parts", "again", "alignment", "certify", "similar",
               "verbatim", "backward", "swing", "resume"}  # fmt: skip
"""Parameters that take functions, records and flags."""

TRACED: Final = tiny_model().trace(["M:4/4", "K:Cmaj", "C", "2", "|"])

FUNCTIONS: Final = sorted(
    name for name in tunetrace.__all__ if inspect.isroutine(getattr(tunetrace, name))
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the index of two tunes, one of them as a file, and a model of tiny size."""
    folder = tmp_path_factory.mktemp("place")
    index_of(folder, KESH, MORRISONS)
    (folder / "kesh.abc").write_text(KESH)
    model = tiny_model(corpora=["session"], tunes=1, held_out=["session:7"])
    save_model(model, folder / "tiny.safetensors")
    return folder


def arguments(name: str, place: Path, scratch: Path) -> dict[str, Any]:
    """Arguments of a function that it takes, so that one at a time may be a wrong one."""
    index, book, model = place / "session.db", place / "kesh.abc", place / "tiny.safetensors"
    mine = {"path": scratch / "mine.db"}
    of_model = {"model": model, "index": index, "max_tokens": 4, "max_copy": 9}
    return {
        "ablate": {"layer": 1, "unit_numbers": [1]},
        "add_to_index": {"sources": [book], **mine},
        "bar": {"text": "C 3 C D E", "index": index},
        "beam_search": {"width": 1, **of_model},
        "build_index": {"sources": [book], **mine},
        "check": {"text": KESH, "index": index},
        "check_batch": {"paths": [book], "index": index},
        "check_files": {"paths": [book], "index": index},
        "choose_units": {"layer": 1, "model": model, "top": 1, "n": 1, "max_tokens": 4},
        "compact_index": mine,
        "continuations": {"text": "C D E", "index": index},
        "copy_index": {"source": index, "target": scratch / "copy.db"},
        "corpus_stats": {"index": index},
        "engrave": {"written": tunetrace.explain(KESH).tune, "tonic": "G", "id": "s1"},
        "evaluate_model": {"model": model, "sources": [book], "index": index},
        "explain": {"text": KESH},
        "extract": {
            "model": model, "index": index, "corpus": "session", "prompts": [1], "bars": 1,
        },
        "fetch_corpus": {"name": "oneills"},
        "fetch_model": {"name": "none"},
        "figure": {"text": "C D E", "index": index},
        "find": {"text": '"C D E"', "index": index},
        "find_corpus": {"name": "oneills"},
        "find_families": mine,
        "held_out_tunes": {"model": model, "index": index},
        "import_model": {"file": scratch / "none.pkl", "output": scratch / "new.safetensors"},
        "inspect_weights": {"model": model},
        "intervene": {
            "intervention": tunetrace.ablate(1, [1]), "model": model, "n": 1, "index": index,
            "max_tokens": 4, "controls": 1, "real_tunes": 1,
        },
        "leakage": {"train": book, "test": book, "index": index},
        "learn_direction": {"a": book, "b": book, "model": model, "index": index},
        "load_certificate": {"path": scratch / "none.json"},
        "load_direction": {"path": scratch / "none.json"},
        "load_intervention": {"path": scratch / "none.json"},
        "inspect_over": {"corpus": "session", "n": 1, "model": model, "index": index},
        "inspect_post": {"model": model, "index": index},
        "inspect_trace": {"traced": TRACED, "model": model, "index": index},
        "inspect_tunes": {"traced": TRACED, "model": model, "index": index},
        "load_trace": {"path": scratch / "none.npz"},
        "measure_baseline": mine,
        "migrate_index": mine,
        "model_info": {"model": model},
        "ngrams": {"n": 2, "index": index},
        "open_index": {"path": index},
        "open_model": {"model": model},
        "originality": {"samples": ["M:4/4\nK:Cmaj\nC D E F |"], "index": index},
        "patch": {"traced": TRACED, "step": 1},
        "plot_corpus": {"stats": None, "path": scratch / "a.txt"},
        "plot_family": {"reference": "session:3", "index": index, "path": scratch / "a.png"},
        "plot_extraction": {"found": None, "path": scratch / "a.txt"},
        "plot_trace": {"kind": "layer", "traced": TRACED, "path": scratch / "a.txt"},
        "plot_training": {"history": [], "path": scratch / "a.png"},
        "plot_weights": {"model": model, "path": scratch / "a.txt"},
        "read": {"source": book},
        "remove_from_index": {"corpora": ["session"], **mine},
        "report": {"paths": [book], "folder": scratch / "report", "index": index},
        "resume_training": {"folder": scratch / "training", "index": index},
        "sample": {"n": 1, "max_similar": 0.9, **of_model},
        "similar_pairs": {"index": index, "least": 0.5},
        "save_trace": {"traced": TRACED, "path": scratch / "a.txt"},
        "save_scores": {"pieces": book, "output": scratch / "a.svg", "index": index},
        "save_certificate": {"certificate": None, "path": scratch / "a.txt"},
        "save_direction": {"direction": None, "path": scratch / "a.txt"},
        "save_intervention": {
            "intervention": tunetrace.ablate(1, [1]), "path": scratch / "a.txt",
        },
        "save_page": {
            "answer": tunetrace.tune(1, index), "file": scratch / "page.html", "index": index,
        },
        "similar": {"asked": KESH, "index": index},
        "steer": {"direction": scratch / "none.json"},
        "tokenize": {"text": KESH},
        "train_model": {
            "folder": scratch / "training", "index": index, "units": 4, "layers": 1,
            "recipe": replace(MODERN, epochs=1),
        },
        "trace_tunes": {"tunes": 1, "path": scratch / "a.npz", "model": model, "index": index},
        "training_tunes": {"model": model, "index": index},
        "with_memory": {"traced": TRACED, "index": index},
        "tune": {"reference": 1, "index": index},
        "verify_certificate": {
            "certificate": scratch / "none.json", "paths": [book], "index": index,
        },
        "verify_index": mine,
    }.get(name, {})  # fmt: skip


def ask(name: str, given: dict[str, Any]) -> Any:
    """What a function answers, to the end of it."""
    answer = getattr(tunetrace, name)(**given)
    return list(answer) if isinstance(answer, Iterator) else answer


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_type_is_taken_as_meant_or_refused_in_a_sentence(
    name: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_INDEX", str(tmp_path / "none.db"))
    monkeypatch.setenv("TUNETRACE_MODELS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    parameters = set(inspect.signature(getattr(tunetrace, name)).parameters) - FREE
    for number, parameter in enumerate(sorted(parameters)):
        for wrong in WRONG:
            given = {**arguments(name, place, tmp_path / str(number)), parameter: wrong}
            with suppress(TunetraceError):  # and nothing else
                ask(name, given)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("check", {"text": None}, "text cannot be None; give text, as a str"),
        ("check_files", {"paths": [None]},
         "one of paths cannot be None; give a path, as a str or a Path"),
        ("check_files", {"paths": 3},
         "paths cannot be 3; give a path, as a str or a Path, or a list of paths"),
        ("figure", {"text": b"C D"}, "text cannot be b'C D'; give text, as a str"),
        ("figure", {"filters": {"bar": 1}},
         "filters cannot be of the type dict; give Filters, such as Filters(meter='6/8')"),
        ("ngrams", {"n": "8"}, "n cannot be '8'; give a whole number"),
        ("ngrams", {"index": 3},
         "index cannot be 3; give an open index, the path or the URL of an index, or None for your "
         "own"),
        ("tune", {"reference": None},
         "reference cannot be None; give a tune's id, corpus:number or title"),
        ("check_batch", {"copy_share": 2}, "copy_share cannot be 2.0; give a share from 0 to 1"),
        ("report", {"copy_share": float("nan")},
         "copy_share cannot be nan; give a share from 0 to 1"),
        ("check", {"index": "a\0b"},
         r"index cannot be 'a\x00b'; give a path without NUL characters"),
        ("check_files", {"paths": Path("a\0b")},
         r"paths cannot be 'a\x00b'; give a path without NUL characters"),
        ("open_index", {"path": ""}, "path cannot be ''; give a path that is not empty"),
        ("report", {"folder": ""}, "folder cannot be ''; give a path that is not empty"),
        ("check_batch", {"workers": -1}, "workers cannot be -1; give 0 or more"),
        ("report", {"workers": -1}, "workers cannot be -1; give 0 or more"),
        ("similar", {"asked": None},
         "asked cannot be None; give a transcription, its text, corpus:number or an id"),
        ("similar", {"limit": 0},
         "limit cannot be 0; give the number of tunes to show, 1 or more"),
        ("similar", {"least": 2}, "least cannot be 2.0; give a share from 0 to 1"),
        ("check", {"format": "xml"},
         "format cannot be 'xml'; give one of abc, folkrnn, thesession, csv, json, musicxml, "
         "midi"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_was_given_and_what_would_be_right(
    name: str, given: dict[str, Any], sentence: str, place: Path, tmp_path: Path
) -> None:
    with pytest.raises(TunetraceError) as refused:
        ask(name, {**arguments(name, place, tmp_path), **given})
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("bar", "1"), ("part", 1.5), ("onset", "3/2"), ("meter", 6), ("title", b"")],
)
def test_filters_of_a_wrong_type_are_refused(field: str, wrong: Any) -> None:
    with pytest.raises(TunetraceError, match=f"^{field} cannot be "):
        Filters(**{field: wrong})


# What is meant all the same


@pytest.mark.parametrize("as_given", [str, Path])
def test_an_index_may_be_given_by_its_path(place: Path, as_given: Callable[[Path], Any]) -> None:
    path = place / "session.db"
    with tunetrace.open_index(path) as index:
        for name in ("check", "check_files", "corpus_stats", "figure", "ngrams", "tune"):
            given = arguments(name, place, place)
            assert ask(name, {**given, "index": as_given(path)}) == ask(
                name, {**given, "index": index}
            )
        assert index.figure("C D E").hits == 1  # it was left open


def test_an_index_that_was_opened_for_a_call_is_closed_after_it(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    tunetrace.figure("C D E", index=path)
    held = {Path(link).resolve() for link in Path("/proc/self/fd").iterdir()}
    assert path.resolve() not in held


@pytest.mark.parametrize("as_given", [str, Path])
def test_a_single_path_is_one_path(place: Path, as_given: Callable[[Path], Any]) -> None:
    book, index = place / "kesh.abc", place / "session.db"
    one = as_given(book)
    assert tunetrace.check_files(one, index) == tunetrace.check_files([book], index)
    assert list(tunetrace.check_batch(one, index)) == list(tunetrace.check_batch([book], index))
    assert tunetrace.build_index(one, place / "one.db", force=True).info.tunes == 1
    found = tunetrace.ngrams(2, index, only_in=one, not_in=one)
    assert (found.of, found.ngrams) == (1, ())
    assert tunetrace.report(one, place / "report", index, versus=one).batch.transcriptions == 1


def test_a_tune_may_be_named_by_its_id_as_a_number(place: Path) -> None:
    index = place / "session.db"
    assert tunetrace.tune(2, index) == tunetrace.tune("2", index)
    assert tunetrace.check(MORRISONS, index, exclude_tunes=2) == tunetrace.check(
        MORRISONS, index, exclude_tunes=["session:7"]
    )
