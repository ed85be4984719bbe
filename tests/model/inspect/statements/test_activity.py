"""How sparse a layer is, counted by hand."""

from __future__ import annotations

import numpy as np

from tunetrace.model.inspect.statements.activity import ActivityShare, activity_share

VALUES = np.array(
    [
        [0.0, -0.06, 0.07, 0.9],
        [0.5, -0.85, 0.8, 0.06],
        [0.01, 0.02, 0.03, -0.04],
    ]
)


def test_small_activations_are_counted_over_all_steps_and_at_each() -> None:
    # 2, 1 and 4 of 4 units are below 0.07; one that equals it is not.
    assert activity_share(VALUES, 0.07, is_above=False) == ActivityShare(
        0.07, False, 7 / 12, 0.25, 1.0, 7 / 3, 1, 4
    )


def test_large_activations_are_counted_whatever_their_sign() -> None:
    assert activity_share(VALUES, 0.8, is_above=True) == ActivityShare(
        0.8, True, 2 / 12, 0.0, 0.25, 2 / 3, 0, 1
    )
