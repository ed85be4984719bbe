"""Strata: groups of real tunes of one meter and similar length."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tunetrace.checker.baseline.strata import LEAST_IN_STRATUM, Strata, length_bands

meters = st.sampled_from(["4/4", "6/8", "9/8", None])


def test_bands_of_length_are_halves_of_a_doubling() -> None:
    notes = [0, 1, 63, 64, 90, 91, 127, 128]
    assert length_bands(notes).tolist() == [0, 0, 11, 12, 12, 13, 13, 14]


def test_each_meter_is_divided_by_length_into_groups_of_thirty() -> None:
    lengths = [64] * 30 + [91] * 10 + [128] * 20 + [256] * 29
    strata = Strata(["4/4"] * 89, lengths)
    # 91 and 128 are put together; the 29 longest are too few and join them.
    assert [members.tolist() for members in strata.members][:2] == [
        list(range(30)), list(range(30, 89)),
    ]  # fmt: skip
    found = strata.of(["4/4"] * 5, [10, 90, 91, 127, 5000])
    assert found.tolist() == [0, 0, 1, 1, 1]


def test_rare_meters_are_put_together_and_divided_by_length() -> None:
    meter = ["4/4"] * 40 + ["5/4"] * 29 + ["7/8"] * 29
    strata = Strata(meter, [64] * 69 + [200] * 29)
    assert [len(members) for members in strata.members] == [40, 58]
    assert strata.of(["7/8", "11/8", None, "4/4"], [64] * 4).tolist() == [1, 1, 1, 0]


def test_too_few_rare_tunes_are_stood_for_by_all() -> None:
    strata = Strata(["4/4"] * 40 + ["5/4"] * 5, [64] * 45)
    assert [len(members) for members in strata.members] == [40, 45]
    assert strata.of(["4/4", "5/4", "6/8"], [64] * 3).tolist() == [0, 1, 1]


@settings(deadline=None)
@given(st.lists(st.tuples(meters, st.integers(1, 300)), min_size=LEAST_IN_STRATUM, max_size=200))
def test_strata_are_large_enough_and_hold_every_tune_in_its_own(
    tunes: list[tuple[str | None, int]],
) -> None:
    meter, notes = [tune[0] for tune in tunes], [tune[1] for tune in tunes]
    strata = Strata(meter, notes)
    assert min(map(len, strata.members)) >= LEAST_IN_STRATUM
    for place, stratum in enumerate(strata.of(meter, notes).tolist()):
        assert place in strata.members[stratum]
