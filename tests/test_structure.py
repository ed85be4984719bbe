"""The rooms of the package import each other in one order, and no module in a circle; the tests."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from benchmarks.structure import (
    FORWARDS_FOR_A_REASON,
    Import,
    against_the_order,
    cycles,
    forwarding,
    imports_in,
    read_package,
    shared_class_names,
)

MODULES = read_package()
IMPORTS = imports_in(MODULES)


def test_no_import_goes_against_the_order_of_the_rooms() -> None:
    assert against_the_order(IMPORTS) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert cycles(one for one in IMPORTS if not one.is_for_types) == []


def test_every_function_that_only_forwards_has_a_reason() -> None:
    assert set(forwarding(MODULES)) == set(FORWARDS_FOR_A_REASON)


def test_two_classes_never_share_a_name() -> None:
    assert shared_class_names(MODULES) == {}


def test_pytest_looks_into_every_folder_of_tests(pytestconfig: pytest.Config) -> None:
    left_out = pytestconfig.getini("norecursedirs")
    folders = {path.parent.name for path in Path(__file__).parent.rglob("test_*.py")}
    assert [name for name in folders if any(fnmatch(name, one) for one in left_out)] == []


def test_imports_are_found_wherever_they_are() -> None:
    assert Import("cli", "_version", False) in IMPORTS  # by its public name
    assert Import("cli", "text", False) in IMPORTS  # inside a function
    assert any(one.is_for_types for one in IMPORTS)
    up = Import("tokenizer.keys", "checker.check", False)
    assert against_the_order([up, Import("checker.check", "tokenizer.keys", False)]) == [up]
    assert against_the_order([Import("kitchen", "text", False)]) != []


def test_cycles_are_found() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e")]
    assert cycles(Import(*pair, False) for pair in pairs) == [["a", "b", "c"]]
