"""What the log says of mistakes in the service."""

from __future__ import annotations

import logging

from tunetrace.web.guard.lines import JsonLines
from tunetrace.web.mistakes import MistakeError, where_it_failed


def a_mistake() -> Exception:
    """An error that came after another, both with what a user sent."""
    try:
        try:
            {}["X:1 secret"]
        except KeyError as error:
            raise ValueError(str(error).upper()) from error
    except ValueError as error:
        return error


def test_a_mistake_is_told_without_what_it_says() -> None:
    trace = where_it_failed(a_mistake())
    first, _, last = trace.partition("\nafter\n")
    assert first.endswith("KeyError")
    assert last.endswith("ValueError")
    assert "in a_mistake" in first
    assert "in a_mistake" in last
    assert "X:1 SECRET" not in trace
    assert "'X:1 secret'" not in trace


def test_a_mistake_of_another_process_is_told_with_its_trace() -> None:
    trace = where_it_failed(MistakeError("there\nZeroDivisionError"))
    assert trace == "there\nZeroDivisionError\nMistakeError"


def test_lines_of_libraries_have_no_text_of_users() -> None:
    error = a_mistake()
    record = logging.LogRecord(
        "asyncio", logging.ERROR, "", 0, "Task exception was never retrieved\nfuture: %r",
        (error,), (type(error), error, None),
    )  # fmt: skip
    line = JsonLines().format(record)
    assert "never retrieved" in line
    assert "ValueError" in line
    assert "SECRET" not in line
