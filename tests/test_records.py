"""Public names and records: all are listed, documented and exported, and give dicts and JSON."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import POST
from tests.model.inspect.statements.pulses import planted
from tests.model.networks import tiny_model
from tunetrace.records import Record, to_plain

STUB: Final = Path(tunetrace.__file__).with_name("__init__.pyi")
NAMES: Final = [
    alias.name
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
]

NO_RECORDS: Final = {"Filters", "Memory", "Model", "Patching", "Steering", "Trace"}
"""Public dataclasses that are no answers: a question, changes of a model, and what holds weights
and arrays."""

FOR_CHECKS = {"at_place", "bar_places", "bars_in", "bars_of"}
"""Methods of Index that checks and other questions use, which give arrays and not records."""


def modules() -> Iterator[Any]:
    for path in STUB.parent.rglob("*.py"):
        parts = path.relative_to(STUB.parent.parent).with_suffix("").parts
        if parts[-1] not in ("__init__", "__main__"):
            yield importlib.import_module(".".join(parts))


DATACLASSES: Final = {
    name: value
    for module in modules()
    for name, value in vars(module).items()
    if is_dataclass(value) and isinstance(value, type) and value.__module__ == module.__name__
}
"""Every dataclass of the package by name."""

PUBLIC_RECORDS: Final = sorted(
    name for name in NAMES if name in DATACLASSES and name not in NO_RECORDS
)


# Names


def test_dir_has_every_public_name() -> None:
    assert set(NAMES) <= set(dir(tunetrace))
    assert sorted(NAMES) == sorted(tunetrace.__all__)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"__version__"}))
def test_a_public_name_can_be_loaded_and_is_documented(name: str) -> None:
    documentation = inspect.getdoc(getattr(tunetrace, name)) or ""
    assert documentation.split("\n\n")[0].rstrip().endswith(".")
    assert not documentation.startswith(f"{name}(")  # dataclass writes that itself


def dataclasses_in(annotation: object) -> set[str]:
    """The dataclasses of the package that an annotation names."""
    return set(re.findall(r"\w+", str(annotation))) & set(DATACLASSES)


def test_every_record_that_an_answer_can_hold_is_public() -> None:
    functions = [getattr(tunetrace, name) for name in NAMES if name not in DATACLASSES]
    functions += [
        method
        for name, method in inspect.getmembers(tunetrace.Index, inspect.isfunction)
        if not name.startswith("_") and name not in FOR_CHECKS
    ]
    missing = set()
    for function in filter(inspect.isfunction, functions):
        returned = function.__annotations__.get("return")
        missing |= {(function.__name__, name) for name in dataclasses_in(returned)}
    for name in PUBLIC_RECORDS:
        record = DATACLASSES[name]
        for field in fields(record):
            missing |= {(name, held) for held in dataclasses_in(field.type)}
        for attribute, value in vars(record).items():
            if isinstance(value, property) and not attribute.startswith("_") and value.fget:
                returned = value.fget.__annotations__.get("return")
                missing |= {(name, held) for held in dataclasses_in(returned)}
    assert sorted(pair for pair in missing if pair[1] not in NAMES) == []


@pytest.mark.parametrize("name", PUBLIC_RECORDS)
def test_a_public_record_is_a_record_of_one_form(name: str) -> None:
    record = DATACLASSES[name]
    assert issubclass(record, Record)
    assert record.__repr__ is Record.__repr__
    assert not hasattr(record, "__dict__") or "__slots__" in vars(record)
    assert record.__dataclass_params__.frozen


# Answers


OTHER_KESH: Final = KESH.replace("X:3", "X:8").replace("A3 ABd|", "A3 ABd|d2d gB|")
"""Another setting of the tune, with a bar that does not add up."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What public functions answer about small indexes and a model of tiny size."""
    folder = tmp_path_factory.mktemp("answers")
    path = index_of(folder, KESH, MORRISONS, OTHER_KESH, "X:9\nK:?\nnonsense\n")
    changes = [
        tunetrace.build_index([POST, path.with_name("session.abc")], folder / "post.db"),
        tunetrace.measure_baseline(folder / "post.db"),
        tunetrace.add_to_index(_book(folder), path),
        tunetrace.find_families(path),
        *tunetrace.similar_pairs(path),
        tunetrace.leakage(POST, _book(folder)),
        tunetrace.migrate_index(path),
        tunetrace.copy_index(path, folder / "copy.db"),
    ]
    batch = [POST, POST]
    with tunetrace.open_index(folder / "post.db") as index:
        found: list[Any] = [
            index.info(),
            index.rejects(),
            tunetrace.verify_index(folder / "post.db"),
            tunetrace.figure("C D E", index=index),
            tunetrace.bar("C 3 C D E", index=index),
            tunetrace.find('opening "C 3" and "D E"', index=index),
            tunetrace.continuations("C D E", index=index),
            index.count_many(["C D E", "C D"]),
            tunetrace.check(POST.read_text(), index),
            list(tunetrace.check_batch(POST, index, details=True)),
            tunetrace.tune(1, index),
            tunetrace.tune("session:8", index),
            tunetrace.similar("session:8", index, parts=True, alignment=True),
            tunetrace.corpus_stats(index=index, notes=2),
            tunetrace.ngrams(2, index),
            tunetrace.post_search(index),
            tunetrace.corpora(),
            tunetrace.explain(KESH),
            tunetrace.engrave(tunetrace.explain(KESH).tune).playback,
            tunetrace.save_scores(path.with_name("session.abc"), folder / "kesh.svg"),
            tunetrace.explain(KESH).origins,
            list(tunetrace.read(path.with_name("session.abc"))),
            tunetrace.report(batch, folder / "report", index, versus=POST),
        ]
        model = tiny_model(corpora=["session"], tunes=1, held_out=["session:7"])
        found += [
            tunetrace.models(),
            list(tunetrace.sample(2, model, seed=1, max_tokens=20)),
            _certified(model, index, folder),
            tunetrace.beam_search(2, model, max_tokens=6),
            tunetrace.intervene(
                tunetrace.ablate(1, [1]), model, 2, index=index, max_tokens=20, controls=2, seed=1
            ),
            tunetrace.learn_direction(
                _four(folder / "kesh.abc", KESH), _four(folder / "other.abc", MORRISONS), model
            ),
            tunetrace.evaluate_model(model, [POST], index),
            tunetrace.originality([POST.read_text()], index),
            tunetrace.trace_tunes(POST, folder / "trace.npz", model, index),
            tunetrace.inspect_weights(model),
            _extraction(folder),
            tunetrace.inspect_post(model, index=index),
            tunetrace.inspect_trace(planted(1)),
            tunetrace.inspect_tunes(planted(50)),
        ]
    return [*changes, *found]


def _certified(model: tunetrace.Model, index: tunetrace.Index, folder: Path) -> list[Any]:
    """A certificate of two tunes, and what differs from another text."""
    sampling = tunetrace.sample(2, model, seed=1, max_tokens=20, index=index, certify=True)
    list(sampling)
    certificate = sampling.certificate()
    return [certificate, tunetrace.verify_certificate(certificate, POST, index)]


def _extraction(folder: Path) -> tunetrace.Extraction:
    """That of a model which always writes C, from tunes of nothing else."""
    path, book = folder / "extracted.db", folder / "of_c.txt"
    tune = f"M:2/4\nK:Cmaj\n{'C ' * 4}| {'C ' * 4}\n"
    book.write_text(f"X:1\n{tune}\nX:2\n{tune}")
    tunetrace.build_index([book], path)
    model = tiny_model(None, corpora=["of_c"], held_out=["of_c:2"])
    model.network.token_bias.data[model.tokens.numbers["C"]] = 1
    return tunetrace.extract(model, path, prompts=1, bars=1)


def _four(path: Path, tune: str) -> Path:
    path.write_text("\n".join([tune] * 4))
    return path


def _book(folder: Path) -> Path:
    (folder / "more.abc").write_text(KESH.replace("X:3", "X:4"))
    return folder / "more.abc"


def records_in(value: object) -> Iterator[Any]:
    """Every record in an answer, however deep."""
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from records_in(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from records_in(list(value.values()))
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            yield from records_in(item)


@pytest.mark.usefixtures("one_thread")
def test_a_record_of_an_answer_has_a_short_repr_a_dict_and_json(answers: list[Any]) -> None:
    seen = set()
    for record in records_in(answers):
        name = type(record).__name__
        seen.add(name)
        assert isinstance(record, Record), name
        assert len(repr(record)) <= 200
        assert repr(record).startswith(f"{name}(")
        content = record.to_dict()
        assert json.loads(record.to_json()) == content
        assert json.loads(json.dumps(content, allow_nan=False)) == content
        shown = [field.name for field in fields(record) if field.metadata.get("json", True)]
        assert list(content) == shown
    # Training, which takes seconds, has tests of its own. Hits and sources are tunes.
    assert set(PUBLIC_RECORDS) - seen <= {"EpochRecord", "Recipe", "TrainingReport", "Tune"}


# Plain values


@dataclass(frozen=True, slots=True, repr=False)
class Sample(Record):
    number: Any
    texts: tuple[str, ...] = ()
    hidden: str = ""


def test_numbers_of_numpy_and_of_no_json_become_plain() -> None:
    for given, plain in (
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([0.5, np.nan]), [0.5, None]),
        (float("nan"), None),
        (float("inf"), None),
        (Fraction(3, 2), "3/2"),
        (Path("tunes.db"), "tunes.db"),
        ({1: (Sample(2),)}, {"1": [{"number": 2, "texts": [], "hidden": ""}]}),
    ):
        assert to_plain(given) == plain
        assert Sample(given).to_dict()["number"] == plain
        assert json.loads(Sample(given).to_json())["number"] == plain


def test_a_repr_names_the_class_and_the_first_fields_and_is_cut() -> None:
    record = Sample(1, ("a", "b"))
    assert repr(record) == "Sample(number=1, texts=('a', 'b'), hidden='')"
    assert repr(replace(record, texts=("a",) * 12_345)) == (
        "Sample(number=1, texts=<12,345 items>, hidden='')"
    )
    long = repr(replace(record, texts=("long" * 50,) * 4, hidden="x" * 500))
    assert len(long) <= 200
    many = ("x" * 40,) * 4
    assert repr(Sample(many, many, "x" * 40)).endswith("…)")
