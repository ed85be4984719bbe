"""Spectra of units, against pulses whose spectra are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.model.inspect.measures.spectrum import CUT_DB, spectra


def test_one_spike_has_a_flat_spectrum() -> None:
    values = np.zeros((40, 1), dtype=np.float32)
    values[17] = -0.9
    assert np.abs(spectra(values)).max() < 1e-9


def test_a_pulse_every_eight_steps_has_its_strongest_components_at_that_period() -> None:
    values = np.zeros((512, 1), dtype=np.float32)
    values[::8] = 1
    found = spectra(values)[0]
    # 64 pulses in 512 steps: components at multiples of 64 cycles, and nothing between them.
    assert np.flatnonzero(found > CUT_DB).tolist() == [0, 64, 128, 192, 256]
    assert found[[0, 64, 128, 192, 256]] == pytest.approx(0, abs=1e-9)


def test_two_components_of_which_one_has_half_the_magnitude_are_both_kept() -> None:
    steps = np.arange(512)
    values = np.sin(2 * np.pi * 50 * steps / 512) + 0.502 * np.sin(2 * np.pi * 90 * steps / 512)
    found = spectra(values[:, None])[0]
    assert np.flatnonzero(found > CUT_DB).tolist() == [50, 90]
    assert found[90] == pytest.approx(20 * np.log10(0.502), abs=1e-6)


def test_a_unit_that_is_always_zero_has_no_component() -> None:
    assert np.isneginf(spectra(np.zeros((30, 2)))).all()


@given(st.integers(1, 1200), st.integers(1, 3), st.integers(0, 9))
def test_spectra_are_those_of_the_discrete_fourier_transform(
    steps: int, units: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(steps, units)).astype(np.float32)
    length = next(n for n in (512, 1024, 2048) if n >= steps)
    padded = np.zeros((length, units))
    padded[:steps] = values
    whole = np.abs(np.fft.fft(padded, axis=0))[: length // 2 + 1].T
    expected = 20 * np.log10(whole / whole.max(axis=1, keepdims=True))
    np.testing.assert_allclose(spectra(values), expected, atol=1e-6)
