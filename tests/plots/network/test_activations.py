"""Pictures of activations: the data that they draw, their axes, legends and captions."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.plots.network.test_predictions import panels, tick_labels
from tests.plots.network.traces import TUNE, make_trace
from tunetrace import QueryError
from tunetrace.model.hooks import PLACES
from tunetrace.plots.network.plot import drawing

pytest.importorskip("matplotlib")

STEPS = len(TUNE) + 1


def states(*units: Any) -> Any:
    """The hidden states of one layer, from the values of each unit at the steps of TUNE."""
    return np.array([np.broadcast_to(values, STEPS) for values in units]).T[None]


def captions(figure: Any) -> list[str]:
    return str(figure.get_supxlabel()).split("\n")


def test_a_layer_has_units_from_left_to_right_and_steps_from_bottom_to_top() -> None:
    traced = make_trace()
    figure = drawing("layer", traced, layer=1)()
    axes, scale = panels(figure)
    (image,) = axes.images
    assert (image.get_array() == traced.hidden[0]).all()
    assert (image.get_clim(), image.origin) == ((-1, 1), "lower")
    assert image.get_extent() == [0.5, 4.5, 0.5, STEPS + 0.5]
    assert (axes.get_xlabel(), scale.get_xlabel()) == ("unit", "activation")
    assert figure.get_suptitle() == (
        "Activations: layer 1, hidden state\na tune, 16 steps, model by hand"
    )
    assert list(tick_labels(axes.yaxis).values()) == [*TUNE, "</s>"]


def test_the_last_layer_is_drawn_if_none_is_named() -> None:
    traced = make_trace()
    (image,) = panels(drawing("layer", traced)())[0].images
    assert (image.get_array() == traced.hidden[1]).all()


def test_each_part_has_its_values_and_its_scale() -> None:
    gates = np.random.default_rng(2).uniform(0, 1, (2, STEPS, 4, 4))
    traced = make_trace(gates=gates)
    expected = {
        "hidden": (traced.hidden[0], "hidden state", -1),
        "cell": (traced.cell[0], "cell state", None),
        "input-gate": (gates[0, :, 0], "input gate", 0),
        "forget-gate": (gates[0, :, 1], "forget gate", 0),
        "cell-gate": (gates[0, :, 2], "cell gate", -1),
        "output-gate": (gates[0, :, 3], "output gate", 0),
    }
    assert set(expected) == set(PLACES)
    for part, (values, name, low) in expected.items():
        figure = drawing("layer", traced, layer=1, part=part)()
        (image,) = panels(figure)[0].images
        assert np.asarray(image.get_array()) == pytest.approx(np.asarray(values))
        assert figure.get_suptitle().startswith(f"Activations: layer 1, {name}\n")
        if low is None:  # nearly the largest magnitude, on both sides
            assert image.get_clim()[0] == -image.get_clim()[1]
            assert 2 < image.get_clim()[1] < 3
        else:
            assert image.get_clim() == (low, 1)


def test_activations_are_sorted_within_each_step() -> None:
    hidden = states(0.5, np.linspace(-1, 1, STEPS), -0.5)
    axes = panels(drawing("sorted", make_trace(hidden=hidden))())[0]
    values = axes.images[0].get_array()
    assert values[0].tolist() == [-1, -0.5, 0.5]
    assert values[-1].tolist() == [-0.5, 0.5, 1]
    assert axes.get_xlabel() == "rank of the activation, from the smallest to the largest"


def test_a_histogram_is_a_density_beside_its_laplace_fit() -> None:
    hidden = np.random.default_rng(3).laplace(0.1, 0.05, (1, STEPS, 200)).clip(-1, 1)
    axes = panels(drawing("histogram", make_trace(hidden=hidden))())[0]
    (bins,) = axes.patches
    data = bins.get_data()
    assert (data.values * np.diff(data.edges)).sum() == pytest.approx(1)
    (line,) = axes.get_lines()
    location, scale = stats.laplace.fit(hidden.astype(np.float32).ravel())
    assert line.get_ydata() == pytest.approx(stats.laplace.pdf(line.get_xdata(), location, scale))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "activations", f"Laplace: location {location:.3g}, scale {scale:.3g}",
    ]  # fmt: skip
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_xlim()) == ("activation", (-1, 1))
    assert axes.get_ylabel() == "density, with a logarithmic scale"


def test_equal_activations_have_no_fit() -> None:
    axes = panels(drawing("histogram", make_trace(hidden=states(0.25, 0.25)))())[0]
    assert axes.get_legend().get_texts()[1].get_text() == "no Laplace fit: all are 0.25"


def test_extremes_are_sorted_and_named_by_their_numbers() -> None:
    # Unit 1 is fully on once; 2 and 4 are off, as 0.004 is; 5 is at most 0.9998, which is not.
    once = np.zeros(STEPS)
    once[5] = -0.9999
    hidden = states(once, 0.004, 0.5, -0.001, 0.9998).astype(np.float32)
    hidden[..., 1] = np.nextafter(np.float32(0.004), np.float32(0))
    hidden[..., 4] = np.nextafter(np.float32(0.9998), np.float32(0))
    figure = drawing("extremes", make_trace(hidden=hidden))()
    axes = panels(figure)[0]
    curve, named = axes.get_lines()
    assert curve.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert curve.get_ydata() == pytest.approx([0.001, 0.004, 0.5, 0.9998, 0.9999])
    assert named.get_xdata().tolist() == [1, 2, 5]
    assert captions(figure) == ["0.004 or less: units 4, 2.", "Above 0.9998: units 1."]
    assert axes.get_ylabel() == "largest magnitude over all steps"


def test_where_no_unit_is_extreme_the_nearest_ones_are_named() -> None:
    hidden = states(0.5, -0.25, 0.125, 0.75)
    assert captions(drawing("extremes", make_trace(hidden=hidden))()) == [
        "0.004 or less: none. The smallest: unit 3 (0.125), unit 2 (0.25), unit 1 (0.5).",
        "Above 0.9998: none. The largest: unit 4 (0.75), unit 1 (0.5), unit 2 (0.25).",
    ]
    # Cell states have no bounds: here they are three times as large.
    assert captions(drawing("extremes", make_trace(hidden=hidden), part="cell")())[1] == (
        "The largest: unit 4 (2.25), unit 1 (1.5), unit 2 (0.75)."
    )


def test_a_spectrum_shows_a_pulse_at_its_period() -> None:
    tokens = ["M:4/4", "K:Cmaj", *["C"] * 509]  # 512 steps: no zeros are added
    pulse = np.zeros(512)
    pulse[::8] = 1
    hidden = np.stack([pulse, np.zeros(512)], axis=1)[None]
    figure = drawing("spectrum", make_trace(tokens, hidden=hidden))()
    axes, scale = panels(figure)
    values = axes.images[0].get_array()
    assert values.shape == (257, 2)
    assert np.flatnonzero(~values.mask[:, 0]).tolist() == [0, 64, 128, 192, 256]
    assert values.mask[:, 1].all()  # a unit that is off
    # Component k is at k / 512 cycles per step, in the middle of its row.
    assert axes.images[0].get_extent() == [0.5, 2.5, -0.5 / 512, 0.5 + 0.5 / 512]
    (periods,) = axes.child_axes
    assert tick_labels(periods.yaxis)[1 / 8] == "8"
    assert periods.get_ylabel() == "period in steps"
    assert axes.get_ylabel() == "frequency in cycles per step"
    assert scale.get_xlabel() == "magnitude in dB, relative to the unit's maximum"


def test_units_are_drawn_along_the_tune() -> None:
    traced = make_trace()
    figure = drawing("units", traced, unit_numbers=[3, 1, 3], layer=1)()
    found = panels(figure)
    assert [axes.get_ylabel() for axes in found] == ["3", "1"]
    for axes, unit in zip(found, (2, 0), strict=True):
        bars = next(c for c in axes.collections if len(c.get_segments()) == STEPS)
        ends = np.array([segment[-1] for segment in bars.get_segments()])
        assert ends[:, 0].tolist() == list(range(1, STEPS + 1))
        assert ends[:, 1] == pytest.approx(traced.hidden[0, :, unit])
    assert list(tick_labels(found[-1].xaxis).values()) == [*TUNE, "</s>"]
    assert found[-1].get_xlabel() == "token written at each step"
    assert figure.get_suptitle().startswith("2 units of layer 1, hidden state\n")


def test_the_units_with_the_largest_variance_come_first_if_none_are_named() -> None:
    wave = np.resize([1, -1], STEPS)
    hidden = states(*[wave * 0.05 * k for k in (4, 9, 2, 7, 1, 8, 5, 11, 3, 10, 6)])
    figure = drawing("units", make_trace(hidden=hidden))()
    assert [axes.get_ylabel() for axes in panels(figure)] == [
        "8", "10", "2", "6", "4", "11", "7", "1", "9",
    ]  # fmt: skip
    assert figure.get_suptitle().startswith(
        "The 9 units with the largest variance: layer 1, hidden"
    )


def test_units_that_are_not_there_or_too_many_are_refused() -> None:
    with pytest.raises(QueryError, match="no unit 5 in a layer of 4 units; give units from 1 to 4"):
        drawing("units", make_trace(), unit_numbers=[1, 5])()
    with pytest.raises(QueryError, match="room for 1 to 24 units, not for 25; choose the units"):
        drawing("units", make_trace(hidden=np.zeros((1, STEPS, 30))), unit_numbers=range(1, 26))()


def test_the_order_of_the_units_changes_no_picture_but_the_order() -> None:
    one = make_trace(hidden=np.random.default_rng(4).uniform(-1, 1, (1, STEPS, 6)))
    order = [3, 5, 0, 1, 4, 2]
    other = make_trace(hidden=one.hidden[..., order])

    def both(kind: str) -> list[Any]:
        return [panels(drawing(kind, traced)())[0] for traced in (one, other)]

    for kind in ("layer", "spectrum"):
        images = [axes.images[0].get_array().filled(0) for axes in both(kind)]
        assert images[1] == pytest.approx(images[0][:, order])
    images = [np.asarray(axes.images[0].get_array()) for axes in both("sorted")]
    assert (images[0] == images[1]).all()
    for kind in ("histogram", "extremes"):
        curves = [axes.get_lines()[0].get_ydata() for axes in both(kind)]
        assert curves[0] == pytest.approx(curves[1])
    chosen = [[axes.get_ylabel() for axes in panels(drawing("units", traced)())]
              for traced in (one, other)]  # fmt: skip
    assert [order[int(unit) - 1] + 1 for unit in chosen[1]] == [int(unit) for unit in chosen[0]]


@pytest.mark.parametrize("part", ["hidden", "cell", "input-gate"])
@pytest.mark.parametrize("value", [0, 1e-45, 5, -5, 1e30])
def test_a_histogram_has_values_that_an_intervention_has_set(part: str, value: float) -> None:
    hidden = states(value, 0.5)
    traced = replace(make_trace(hidden=hidden, gates=np.stack([hidden] * 4, axis=2)),
                     cell=hidden.astype(np.float32))  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (axes,) = panels(drawing("histogram", traced, part=part)())
    (stairs,) = axes.patches
    heights, edges, _ = stairs.get_data()
    assert (heights * np.diff(edges)).sum() == pytest.approx(1)
    low, high = axes.get_xlim()
    assert low <= min(value, 0.5)
    assert high >= max(value, 0.5)
