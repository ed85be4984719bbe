"""The distribution over tunes, and where it is refused or says less."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, index_of
from tests.model.inspect.statements.pulses import BAR, HEAD, NAMES, planted, pulsing_model
from tests.model.networks import tiny_model
from tunetrace import QueryError, Trace, inspect_over, inspect_trace, inspect_tunes
from tunetrace.model.inspect.statements.over import (
    StatementOverTunes,
    distribution,
    median_place,
    numbers_of,
)


def test_a_distribution_by_hand() -> None:
    numbers = [7.0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    # The chance of at most 1 of 11 below the median is 12 / 2048; of at most 2, 67 / 2048 = 3.3%.
    assert distribution("n", numbers) == StatementOverTunes("n", 11, 6, 2, 10, 2, 10)
    assert distribution("n", [3.0]) == StatementOverTunes("n", 1, 3, 3, 3, None, None)


@pytest.mark.parametrize("n", [5, 6, 9, 40, 200])
def test_the_interval_of_a_median_covers_95_percent_and_no_narrower_one_does(n: int) -> None:
    binom = pytest.importorskip("scipy.stats").binom
    place = median_place(n)
    if place is None:
        assert 2 * binom.cdf(0, n, 0.5) > 0.05
    else:
        assert 2 * binom.cdf(place, n, 0.5) <= 0.05 < 2 * binom.cdf(place + 1, n, 0.5)


def test_the_tunes_of_a_trace_are_counted_unit_by_unit_and_tested() -> None:
    found = inspect_tunes(planted(60))
    assert (found.source, found.tunes, found.set_aside) == ("trace", 60, ())
    first, second, third = found.units
    assert (first.periodic, first.period, first.with_that_period) == (60, 9, 60)
    assert first.before == 60
    assert first.few_spikes + first.regular_spikes == 60  # 4 bar lines are a few, 5 are regular
    assert (third.off, third.periodic) == (60, 0)
    assert second.before == 0
    bars = {one.token: one for one in found.tests if one.unit == 1}
    assert bars["|"].r == pytest.approx(1.0)
    assert bars["any"].r == pytest.approx(1.0)
    assert all(one.unit == 1 for one in found.tests if one.token == "|")
    assert found.test_missing == ""
    statements = {one.statement: one for one in found.statements}
    of_bars = statements["most frequent distance of bar lines"]
    assert (of_bars.tunes, of_bars.median, of_bars.low, of_bars.high) == (60, 9, 9, 9)
    assert [(one.token, one.tunes, one.writing) for one in found.unwritten] == [("(3", 60, 0)]
    assert found.training_missing.startswith("there is no model 'by hand'")


def test_fewer_than_fifty_tunes_have_no_p_and_the_answer_says_so() -> None:
    found = inspect_tunes(planted(49))
    assert (found.tested, found.tests) == (0, ())
    assert found.test_missing == (
        "a token is tested if at least 50 tunes have it, and there are only 49 tunes"
    )


def test_the_numbers_are_those_of_each_tune_by_itself() -> None:
    traced = planted(7)
    found = inspect_tunes(traced)
    each = [dict(numbers_of(inspect_trace(traced, tune=k))) for k in range(1, 8)]
    for one in found.statements:
        assert one.median == pytest.approx(np.median([numbers[one.statement] for numbers in each]))


def test_the_order_of_tunes_changes_no_distribution() -> None:
    traced = planted(6)
    turned = Trace.join([traced.tune(k) for k in range(5, -1, -1)])
    assert inspect_tunes(traced).statements == inspect_tunes(turned).statements


@pytest.mark.usefixtures("one_thread")
def test_tunes_of_a_corpus_that_the_model_cannot_say_are_set_aside(tmp_path: Path) -> None:
    kesh, other = KESH, KESH.replace("X:3", "X:8").replace("ABd|", "ABd'|")
    path = index_of(tmp_path, kesh, MORRISONS, other)
    with tunetrace.open_index(path) as index:
        said = {token for tune in (1, 2) for token in index.tokens(tune)}
        extra = sorted(set(index.tokens(3)) - said)
    assert extra
    tokens = ("<s>", "</s>", *sorted(said))
    model = tiny_model(tokens=tokens, corpora=["session"], held_out=[])
    found = inspect_over("session", 10, model, index=path)
    assert found.tunes == 2
    (refused,) = found.set_aside
    assert refused.reason == f"the model has no token '{extra[0]}'"
    assert refused.kind == "unknown token"
    assert found.training_tunes == 3
    assert sum(one.training or 0 for one in found.groups) == pytest.approx(1)
    assert inspect_over("session", 10, model, index=path) == found
    assert inspect_over("session", 1, model, index=path).tunes == 1
    assert inspect_over("session", 10, model, meter="6/8", index=path).tunes == 2


@pytest.mark.usefixtures("one_thread")
def test_the_model_may_sample_the_tunes_itself() -> None:
    model = tiny_model()
    found = inspect_over("sample", 3, model, meter="4/4", key="Cmaj", seed=5)
    assert (found.source, found.tunes, found.meter, found.key) == ("sample", 3, "4/4", "Cmaj")
    tunes = list(tunetrace.sample(3, model, meter="4/4", key="Cmaj", seed=5))
    traces = [model.trace(tune.tokens, has_ended=tune.has_ended) for tune in tunes]
    expected = inspect_tunes(Trace.join(traces)).statements
    for one, other in zip(found.statements, expected, strict=True):
        assert (one.statement, one.tunes) == (other.statement, other.tunes)
        assert one.median == pytest.approx(other.median, abs=1e-5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n": 0}, "the number of tunes cannot be 0; give 1 to 100,000"),
        ({"seed": -1}, "the seed cannot be -1; give a whole number from 0"),
        ({"layer": 3}, "there is no layer 3 in a model of 2 layers; give one from 1 to 2"),
        (
            {"part": "gate"},
            "part cannot be 'gate'; give one of hidden, cell, input-gate, forget-gate, cell-gate, "
            "output-gate",
        ),
    ],
)
def test_what_cannot_be_inspected_is_refused_before_any_tune_is_written(
    given: dict[str, object], sentence: str
) -> None:
    done: list[str] = []
    arguments = {"corpus": "sample", "n": 2, "model": tiny_model(), **given}
    with pytest.raises(QueryError) as refused:
        inspect_over(**arguments, progress=lambda what, _: done.append(what))
    assert (str(refused.value), done) == (sentence, [])


def test_a_tune_of_a_trace_is_chosen_by_its_number() -> None:
    traced = planted(3)
    assert inspect_trace(traced, tune=2).steps == 2 + 9 * 5 + 1
    for tune, sentence in (
        (None, "the trace has 3 tunes; give the number of one, from 1 to 3"),
        (4, "there is no tune 4 in a trace of 3 tunes; give one from 1 to 3"),
        (0, "there is no tune 0 in a trace of 3 tunes; give one from 1 to 3"),
    ):
        with pytest.raises(QueryError) as refused:
            inspect_trace(traced, tune=tune)
        assert str(refused.value) == sentence


def test_the_cell_states_of_any_layer_may_be_inspected() -> None:
    traced = pulsing_model().trace([*HEAD, *BAR * 3])
    hidden, cell = inspect_trace(traced, layer=1), inspect_trace(traced, part="cell")
    assert (hidden.layer, hidden.part, cell.part) == (1, "hidden", "cell")
    assert cell.units[0].largest == pytest.approx(1.0)
    assert hidden.units[0].largest == pytest.approx(np.tanh(1.0))
    assert len(NAMES) == traced.probabilities.shape[1]
