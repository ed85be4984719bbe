"""Pictures of what a network predicts: the data that they draw, their axes and their legends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.plots.network.traces import NAMES, TUNE, make_trace
from tunetrace import QueryError
from tunetrace.model.trace import Memory
from tunetrace.plots.network.plot import drawing

pytest.importorskip("matplotlib")


def panels(figure: Any) -> list[Any]:
    return list(figure.get_axes())


def tick_labels(axis: Any, minor: bool = False) -> dict[float, str]:
    """The labels of the ticks of an axis by their places."""
    labels = [text.get_text() for text in axis.get_ticklabels(minor=minor)]
    return dict(zip(axis.get_ticklocs(minor=minor), labels, strict=True))


def memory_of(written: list[str], shares: dict[int, float]) -> Memory:
    """A memory that gives each token that was written the share 1, at some steps another one."""
    chances = np.zeros((len(written), len(NAMES)), dtype=np.float32)
    for step, token in enumerate(written):
        chances[step, NAMES.index(token)] = shares.get(step, 1)
    lengths = np.arange(1, len(written) + 1, dtype=np.int32)
    return Memory(lengths, lengths, chances)


# softmax


def test_the_softmax_is_drawn_in_groups_of_tokens_with_steps_from_bottom_to_top() -> None:
    chances = np.full((16, len(NAMES)), 1e-12)
    chances[0, NAMES.index("M:4/4")] = 1
    chances[4, NAMES.index("^F")] = 0.01
    axes = panels(drawing("softmax", make_trace(probabilities=chances))())[0]
    (image,) = axes.images
    values = image.get_array()
    assert values.shape == (16, len(NAMES))
    order = [
        "K:Cmaj", "M:4/4", "C", "D", "E", "^F", "_B", "/2", "2", ":|", "|", "|:", "(3", "<", ">",
        "</s>", "<s>",
    ]  # fmt: skip
    assert values[0, order.index("M:4/4")] == 0
    assert values[4, order.index("^F")] == pytest.approx(-2)
    assert values.count() == 2  # all else is below the floor
    assert image.get_clim() == (-10, 0)
    assert image.get_extent() == [0.5, 17.5, 0.5, 16.5]
    assert image.origin == "lower"
    assert list(tick_labels(axes.xaxis).values()) == order
    assert axes.get_xlabel() == "token"
    assert axes.get_ylabel() == "token written at each step"
    assert list(tick_labels(axes.yaxis).values()) == [*TUNE, "</s>"]


def test_groups_are_named_above_their_middles_and_the_scale_has_its_unit() -> None:
    figure = drawing("softmax", make_trace())()
    axes, scale = panels(figure)
    assert scale.get_xlabel() == "log10 of the probability"
    groups = [one for one in axes.child_axes if len(one.get_xticks()) == 8]
    assert tick_labels(groups[0].xaxis) == {
        1.5: "meter and key", 4: "pitch", 6.5: "accidental", 8.5: "duration", 11: "bar line",
        13: "grouping", 14.5: "broken rhythm", 16.5: "other",
    }  # fmt: skip


def test_a_ring_is_at_each_token_that_was_written() -> None:
    traced = make_trace(["M:4/4", "K:Cmaj", "C", "|"], has_ended=False)
    axes = panels(drawing("softmax", traced)())[0]
    (rings,) = [c for c in axes.collections if type(c).__name__ == "PathCollection"]
    assert rings.get_offsets().tolist() == [[2, 1], [1, 2], [3, 3], [11, 4]]
    assert list(tick_labels(axes.yaxis).values()) == ["M:4/4", "K:Cmaj", "C", "|", "…"]


# tokens


def test_the_probability_of_each_token_has_a_panel_on_one_scale() -> None:
    traced = make_trace()
    found = panels(drawing("tokens", traced)())
    assert [axes.get_ylabel() for axes in found] == ["|", "(3", "/2", ">", "<", "^F", "_B"]
    for axes in found:
        line, dots = axes.get_lines()
        number = NAMES.index(axes.get_ylabel())
        assert line.get_xdata().tolist() == list(range(1, 17))
        assert line.get_ydata() == pytest.approx(traced.probabilities[:, number].clip(1e-10, 1))
        assert dots.get_xdata().tolist() == [
            step for step, token in enumerate(TUNE, 1) if token == axes.get_ylabel()
        ]
        assert axes.get_yscale() == "log"
    assert len({axes.get_ylim() for axes in found}) == 1


def test_tokens_may_be_chosen_each_once() -> None:
    found = panels(drawing("tokens", make_trace(), tokens=["E", "|", "E"])())
    assert [axes.get_ylabel() for axes in found] == ["E", "|"]
    with pytest.raises(QueryError, match=r"^'g' is not a token; "):
        drawing("tokens", make_trace(), tokens=["E", "g"])()
    with pytest.raises(QueryError, match="room for 1 to 20 tokens, not for 0; choose the tokens"):
        drawing("tokens", make_trace(), tokens=[])()


def test_default_tokens_that_a_model_lacks_are_left_out() -> None:
    few = ("<s>", "</s>", "C", "^F")
    found = panels(drawing("tokens", make_trace(["C"], names=few))())
    assert [axes.get_ylabel() for axes in found] == ["^F"]
    with pytest.raises(QueryError, match=r"the model has none of the tokens .*; choose some"):
        drawing("tokens", make_trace(["C"], names=few[:3]))()


# memory


def test_the_network_is_drawn_beside_the_corpus() -> None:
    chances = np.zeros((4, len(NAMES)))
    # Of two equal tokens the entropy is 1 bit, and the surprisal of each too.
    for step, token in enumerate(["M:4/4", "K:Cmaj", "C", "</s>"]):
        chances[step, NAMES.index(token)] = chances[step, NAMES.index("D")] = 0.5
    memory = memory_of(["M:4/4", "K:Cmaj", "C", "</s>"], {1: 0.25, 2: 0})
    traced = make_trace(["M:4/4", "K:Cmaj", "C"], probabilities=chances, memory=memory)
    surprisal, entropy, match = panels(drawing("memory", traced)())
    corpus, network, never = surprisal.get_lines()
    assert network.get_ydata().tolist() == [1, 1, 1, 1]
    top = surprisal.get_ylim()[1]
    assert corpus.get_ydata().tolist() == [0, 2, top, 0]
    assert (never.get_xdata().tolist(), never.get_ydata().tolist()) == ([3], [top])
    assert [text.get_text() for text in surprisal.get_legend().get_texts()] == [
        "infinite-gram", "network", "infinite-gram: infinite, probability 0 (1 time)",
    ]  # fmt: skip
    assert entropy.get_lines()[0].get_ydata().tolist() == [1, 1, 1, 1]
    assert match.get_lines()[0].get_ydata().tolist() == [1, 2, 3, 4]
    labels = [axes.get_ylabel() for axes in (surprisal, entropy, match)]
    assert labels == ["bits", "bits", "tokens"]


def test_a_legend_has_no_infinite_surprisal_where_there_is_none() -> None:
    memory = memory_of(["M:4/4", "K:Cmaj", "C", "C"], {})
    traced = make_trace(["M:4/4", "K:Cmaj", "C"], memory=memory, has_ended=False)
    surprisal = panels(drawing("memory", traced)())[0]
    assert len(surprisal.get_lines()) == 2
    assert np.isnan(surprisal.get_lines()[1].get_ydata()).tolist() == [False] * 3 + [True]


def test_a_trace_without_an_index_has_no_memory() -> None:
    with pytest.raises(QueryError, match="make one with an index: tunetrace model trace"):
        drawing("memory", make_trace())()
