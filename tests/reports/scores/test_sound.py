"""How notes sound, sample by sample, without a sound card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reports.browser import Shown
from tunetrace.reports.markup import read_file

RATE = 44_100
HALF = 0.501  # -6 dB of full scale

RENDER = """
const [events, seconds] = arguments;
const context = new OfflineAudioContext(1, seconds * 44100, 44100);
const into = output(context);
for (const event of events) sound(context, into, event, event.time);
return context.startRendering().then((buffer) => Array.from(buffer.getChannelData(0)));
"""

Samples = NDArray[np.float64]
Render = Callable[..., Samples]


@pytest.fixture
def render(show: Callable[[str], Shown]) -> Render:
    """The samples of some notes. Each is a time, a duration and a MIDI number."""
    page = show(f"<!DOCTYPE html><title>-</title><script>{read_file('scores/sound.js')}</script>")
    page.open()

    def samples(*notes: tuple[float, float, int], seconds: float = 1, clicks: tuple[float, ...] = ()
                ) -> Samples:  # fmt: skip
        together: dict[float, int] = {}
        for start, *_ in notes:
            together[start] = together.get(start, 0) + 1
        events: list[dict[str, Any]] = [
            {"kind": "note", "time": start, "duration": duration, "midi": midi, "id": "n",
             "sounds": together[start]}
            for start, duration, midi in notes
        ]  # fmt: skip
        events += [{"kind": "click", "time": at, "duration": 0, "midi": None, "id": "first",
                    "sounds": 1} for at in clicks]  # fmt: skip
        return np.array(page.run(RENDER, events, seconds))

    return samples


def loudness(samples: Samples) -> Samples:
    """The largest absolute value in each millisecond."""
    size = RATE // 1000
    return np.abs(samples[: len(samples) // size * size]).reshape(-1, size).max(axis=1)


@pytest.mark.parametrize("midi", [55, 62, 74, 88])
def test_a_note_rises_slowly_fades_and_ends_in_silence(midi: int, render: Render) -> None:
    samples = render((0.1, 0.5, midi))
    found = loudness(samples)
    assert found[:100].max() == 0
    assert 0.05 < found.max() < 0.25
    # A straight rise of 8 ms: after 4 ms it has half of its height at most, and a period of the
    # wave later it is near its highest.
    assert found[100:104].max() <= 0.55 * found.max()
    assert 105 <= int(np.argmax(found > 0.9 * found.max())) <= 120
    assert found[560:565].max() < 0.6 * found.max()  # it fades
    assert np.abs(samples[int(0.6 * RATE) + 1 :]).max() == 0
    assert np.abs(np.diff(samples)).max() < 0.1


def test_two_tunes_with_chords_stay_under_half_of_full_scale(render: Render) -> None:
    chord = (55, 59, 62, 67)
    low = tuple(note - 12 for note in chord)
    beat = [(k / 4, 0.25, note) for k in range(4) for note in (*chord, *low)]
    samples = render(*beat, clicks=(0, 0.25, 0.5, 0.75), seconds=1.2)
    assert np.abs(samples).max() < HALF
    assert np.abs(np.diff(samples)).max() < 0.1
    assert loudness(samples).max() > 0.2  # and can be heard


def test_nothing_is_louder_than_half_of_full_scale(render: Render) -> None:
    # Sixty notes at once, each begun a little later, so that none is softer for the others.
    heap = [(k / 1000, 0.8, 50 + k % 30) for k in range(60)]
    assert np.abs(render(*heap)).max() < HALF


def test_fast_notes_join_without_a_click(render: Render) -> None:
    run = [(k * 0.06, 0.06, 67 + k % 8) for k in range(15)]
    samples = render(*run)
    assert np.abs(np.diff(samples)).max() < 0.1
    assert np.abs(samples).max() < HALF


def test_the_pitch_is_right(render: Render) -> None:
    samples = render((0, 1, 69), seconds=1)
    spectrum = np.abs(np.fft.rfft(samples))
    assert int(np.argmax(spectrum)) == pytest.approx(440, abs=1)  # a second: a bin is a hertz
