"""Experiments: what an intervention changes, beside controls, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import index_of
from tests.model.inspect.interventions.handmade import (
    ABC,
    BEFORE_BAR_LINE,
    LIKE_IT,
    counting_model,
)
from tunetrace import (
    EffectMean,
    Experiment,
    Index,
    Intervention,
    QueryError,
    ablate,
    intervene,
    learn_direction,
    open_index,
    patch,
    sample,
    steer,
)
from tunetrace.model.inspect.interventions.effects import EffectMeasure
from tunetrace.model.inspect.interventions.experiment import _Comparison
from tunetrace.model.records import Model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def model() -> Model:
    return counting_model()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    with open_index(index_of(folder, *(ABC.format(number) for number in (1, 2)))) as opened:
        yield opened


def ask(change: Any, model: Model, index: Index | None, **given: Any) -> Experiment:
    return intervene(change, model, 6, index=index, max_tokens=43, seed=1, controls=3, **given)


def test_the_unit_that_knows_of_bar_lines_is_told_from_its_controls(
    model: Model, index: Index
) -> None:
    found = ask(ablate(1, [BEFORE_BAR_LINE]), model, index)
    # The network writes M:3/8 K:Cmaj and ten bars of four tokens, and is cut off in the eleventh.
    adding_up = found.effect("bars_adding_up")
    assert adding_up.baseline.mean == pytest.approx(10 / 11)
    assert adding_up.controls == (adding_up.baseline.mean,) * 3
    assert adding_up.control_change is not None
    assert adding_up.control_change.low == pytest.approx(0.0, abs=1e-12)
    assert adding_up.control_change.high == pytest.approx(0.0, abs=1e-12)
    assert adding_up.change.high is not None
    assert adding_up.change.high < -0.2
    assert found.effect("bar_distance").baseline == EffectMean(4.0, 4.0, 4.0)
    assert found.effect("commonest_distance").baseline == EffectMean(1.0, 1.0, 1.0)
    assert found.usual_distance == 4
    # Without the unit each of the eight tokens is as probable after E as another.
    written = found.effect("bar_line_written")
    assert written.baseline.mean == pytest.approx(1.0)
    assert written.intervention.mean == pytest.approx(1 / 8)
    assert written.control is not None
    assert written.control.mean == pytest.approx(1.0)
    assert found.changes_bar_lines is True
    assert [len(one.units) for one in found.control_units] == [1, 1, 1]
    units = {one.units[0] for one in found.control_units}
    assert len(units) == 3
    assert units <= set(LIKE_IT)
    assert [one.variance for one in found.control_units] == pytest.approx([found.variance] * 3)
    assert (found.controls, found.n, found.seed, found.left_out) == (3, 6, 1, ())
    assert (found.real_tunes, found.real_tunes_from) == (2, "tunes of the index")


def test_a_unit_without_effect_does_not_change_bar_lines(model: Model, index: Index) -> None:
    found = ask(ablate(1, [LIKE_IT[0]]), model, index)
    assert found.effect("bars_adding_up").change == EffectMean(0.0, 0.0, 0.0)
    assert found.changes_bar_lines is False


def test_on_no_unit_nothing_changes(model: Model, index: Index) -> None:
    found = ask(ablate(1, []), model, index)
    for effect in found.effects:
        assert effect.baseline == effect.intervention
        assert effect.controls == (effect.baseline.mean,) * 3
        if effect.baseline.mean is not None:
            assert effect.change == EffectMean(0.0, 0.0, 0.0)
    assert found.changes_bar_lines is False


def test_on_all_units_the_tune_breaks_and_no_control_is_possible(
    model: Model, index: Index
) -> None:
    found = ask(ablate(1, range(1, 16)), model, index)
    adding_up = found.effect("bars_adding_up")
    assert adding_up.intervention.mean is not None
    assert adding_up.intervention.mean < 0.3
    assert (adding_up.control, adding_up.controls) == (None, ())
    assert found.effect("bits_per_token").intervention.mean == pytest.approx(3.0)  # of 8 tokens
    assert found.changes_bar_lines is None
    assert found.left_out == ("controls: only 0 of the 15 units are left to choose them from",)


def test_the_tunes_are_those_that_sampling_gives(model: Model, index: Index) -> None:
    # Half of the steps are noisy, and noise is the same in each call.
    noisy = Intervention(1, (*range(1, 7), BEFORE_BAR_LINE), "noise", (0.3,), first_step=20, seed=5)
    found = ask(noisy, model, index)
    given: dict[str, Any] = {"max_tokens": 43, "seed": 1}
    written = list(sample(6, model, changes=[noisy], **given))
    assert found.effect("ended").intervention.mean == np.mean([t.has_ended for t in written])
    assert found.effect("bars_adding_up").change.mean != 0
    again = ask(noisy, model, index)
    assert again == found


def test_states_of_another_step_are_put_in(model: Model, index: Index) -> None:
    source = model.trace(["M:3/8", "K:Cmaj", "C", "D", "E", "|"])
    # After step 5, at which D was written, the states of step 7, at which the bar line was read.
    found = ask(patch(source, 7, at=5), model, index)
    assert found.controls == 3
    assert found.control_units == ()
    assert found.intervention is None
    assert found.described == "layer 1: the states of step 7 of the trace put in at step 5"
    # M:3/8 K:Cmaj C D, and C instead of E: the first bar has five notes.
    assert found.effect("bars_adding_up").intervention.mean == pytest.approx(9 / 11, abs=0.1)
    assert found.effect("bars_adding_up").change.mean != 0


def test_a_direction_is_added_and_its_projection_measured(
    model: Model, index: Index, tmp_path: Path
) -> None:
    texts = [f"M:3/8\nK:Cmaj\n{'C ' * n}|" for n in range(4, 8)]
    others = [f"M:3/8\nK:Cmaj\n{'D ' * n}|" for n in range(4, 8)]
    for name, tunes in (("c.txt", texts), ("d.txt", others)):
        (tmp_path / name).write_text("\n\n".join(tunes))
    learnt = learn_direction(tmp_path / "c.txt", tmp_path / "d.txt", model)
    found = ask(steer(learnt, 0.5), model, index)
    assert found.controls == 3
    assert [at for _, at in found.classes] == list(learnt.projections)
    assert found.effect("projection").baseline.mean is not None
    assert found.effect("M:3/8").baseline == EffectMean(1.0, 1.0, 1.0)
    assert found.effect("K:Cmaj").label == "key Cmaj"


def test_without_an_index_copying_and_real_tunes_are_left_out(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_INDEX", str(tmp_path / "none.db"))
    found = ask(ablate(1, [1]), model, None)
    names = {effect.name for effect in found.effects}
    assert not names & {"copied_8", "longest_notes", "bits_per_token", "bar_line_written"}
    (reason,) = found.left_out
    assert reason.startswith("copying and real tunes: ")
    assert (found.real_tunes, found.real_tunes_from) == (0, None)


@pytest.mark.parametrize(
    ("change", "given", "sentence"),
    [
        (None, {}, "intervention cannot be None; give an Intervention, or what ablate, patch and "
         "steer give"),
        (ablate(2, [1]), {}, "there is no layer 2 in 'tiny', which has 1 layer; give 1"),
        (ablate(1, [1]), {"real_tunes": -1}, "real_tunes cannot be -1; give 0 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    model: Model, index: Index, change: Any, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask(change, model, index, **given)
    assert str(refused.value) == sentence


# Intervals


def test_an_interval_is_that_of_the_paired_differences() -> None:
    # Each tune gains 0.1 and a little: the differences vary far less than the tunes.
    random = np.random.default_rng(0)
    baseline = random.normal(0, 10, 300)
    gained = random.normal(0.1, 0.05, 300)
    columns = [
        {"x": np.stack([values, np.ones(300)], axis=1)} for values in (baseline, baseline + gained)
    ]
    found = _Comparison(columns, 1).effect(EffectMeasure("x", "x", "number"))
    assert found.change.mean == pytest.approx(gained.mean())
    error = gained.std(ddof=1) / np.sqrt(300)
    assert found.change.low == pytest.approx(gained.mean() - 1.96 * error, abs=0.2 * error)
    assert found.change.high == pytest.approx(gained.mean() + 1.96 * error, abs=0.2 * error)
    assert found.control is None


def test_the_interval_of_the_controls_has_the_spread_of_their_means() -> None:
    # Tunes of one value each: what varies is the controls alone.
    levels = [0.0, 5.0, 1.0, 2.0, 3.0]
    columns = [{"x": np.full((50, 2), [level, 1.0])} for level in levels]
    found = _Comparison(columns, 1).effect(EffectMeasure("x", "x", "number"))
    assert found.controls == (1.0, 2.0, 3.0)
    assert found.control == EffectMean(2.0, 1.0, 3.0)
    assert found.beyond == EffectMean(3.0, 2.0, 4.0)
    assert found.control_change == EffectMean(2.0, 1.0, 3.0)


def test_a_measure_of_nothing_has_no_mean() -> None:
    columns = [{"x": np.zeros((4, 2))}] * 3
    found = _Comparison(columns, 1).effect(EffectMeasure("x", "x", "number"))
    assert found.baseline == found.change == EffectMean(None, None, None)
    assert found.controls == (None,)


def test_a_single_tune_has_no_interval(model: Model) -> None:
    found = intervene(ablate(1, [BEFORE_BAR_LINE]), model, 1, max_tokens=43, seed=1, controls=1,
                      real_tunes=0)  # fmt: skip
    adding_up = found.effect("bars_adding_up")
    assert adding_up.change.mean is not None
    assert [one and (one.low, one.high) for one in (adding_up.change, adding_up.beyond)] == [
        (None, None), (None, None),
    ]  # fmt: skip
