"""The post's numbers beside a model's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.model.networks import tiny_model
from tests.model.tiny import make_model
from tunetrace import QueryError, inspect_post
from tunetrace.checker.post import TRANSCRIPTION
from tunetrace.model.inspect.statements.blog import _lost, _unit_row
from tunetrace.model.library.published import PUBLISHED_MODELS

pytestmark = pytest.mark.usefixtures("one_thread")


def test_each_statement_of_the_post_has_a_row() -> None:
    found = inspect_post(tiny_model())
    rows = {(row.subject, row.statement): row for row in found.rows}
    assert len(rows) == len(found.rows) == 29
    assert rows["activations", "magnitude below 0.07"].post == "about 80%"
    assert rows["units", "never above 0.004"].post_units == (139, 219)
    assert rows["units", "above 0.9998 at some step"].post_units == (
        445, 509, 227, 300, 169, 2, 187, 361,
    )  # fmt: skip
    assert rows["spectra", "fundamental period of 9 steps"].post == "60, 97, 156, 203"
    assert all(row.here for row in found.rows)
    assert found.inspection.steps == len(TRANSCRIPTION.split()) + 1


def test_units_are_compared_under_both_ways_of_counting() -> None:
    # 60 is true counted from 1, 97 counted from 0, as our unit 98.
    row = _unit_row("spectra", "a period", (60, 98, 5), (60, 97, 156, 203))
    assert (row.here, row.number) == ("3 units: 60, 98, 5", 3.0)
    assert row.from_one == (60,)
    assert row.from_zero == (97,)
    assert _unit_row("spectra", "a period", (), (60,)).here == "none"


def test_only_the_published_weights_are_the_posts_model() -> None:
    model = tiny_model()
    assert not inspect_post(model).is_the_posts
    blob = PUBLISHED_MODELS["folkrnn-v2"].origin.git_blob
    posts = replace(model, provenance={**model.provenance, "git_blob": blob})
    assert inspect_post(posts).is_the_posts


def test_the_softmax_is_described_by_numpys_singular_values_and_correlations() -> None:
    model = tiny_model()
    rows = {row.statement: row for row in inspect_post(model).rows}
    matrix = model.network.to_tokens.detach().double().numpy()
    bias = model.network.token_bias.detach().double().numpy()
    largest = np.sqrt(np.linalg.eigvalsh(matrix @ matrix.T).max())
    assert rows["its largest singular value"].number == pytest.approx(largest)
    r = [abs(np.corrcoef(column, bias)[0, 1]) for column in matrix]
    assert rows["a column's |r| with the bias, most"].number == pytest.approx(max(r))
    assert rows["the same, mean"].number == pytest.approx(np.mean(r))
    least = sorted(zip(bias.tolist(), model.tokens.names, strict=True))[:6]
    assert rows["least likely by the bias alone"].here.split() == [name for _, name in least]


def test_a_model_of_zeros_loses_what_is_left_of_equal_shares() -> None:
    model = tiny_model(seed=None)
    tokens = len(model.tokens)
    traced = model.trace(TRANSCRIPTION.split())
    assert _lost(traced, 7) == pytest.approx(1 - (7 / tokens) ** 2, rel=1e-5)
    assert _lost(traced, tokens) == 0


def test_a_model_that_cannot_say_the_transcription_is_refused() -> None:
    with pytest.raises(QueryError) as refused:
        inspect_post(make_model())
    assert str(refused.value) == (
        "the model tiny has no token 'B,', so it cannot read the transcription of the post; give a "
        "model with the tokens of folk-rnn v2"
    )
