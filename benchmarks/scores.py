"""What a score costs, and which programs play what the tokens say.

python -m benchmarks.scores [TUNES] takes 200 tunes, or this number of them, from O'Neill's, Ryan's
and Aird's collections. abc2midi and abcm2ps (Debian's packages abcmidi and abcm2ps) are compared
where they are installed.

python -m benchmarks.scores --report BATCH INDEX times a report on a batch, with scores and without.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import music21

from benchmarks.corpus import ROOT
from benchmarks.output import duration, megabytes, say, show_table
from tests.score.played import (
    Played,
    difference,
    from_music21,
    from_tokens,
    midi_by_mido,
    musicxml_unfolded,
)
from tunetrace import Rejected, engrave
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.tokenizer.transcription import Transcription

_CORPORA: Final = ("oneills", "ryans", "airds")
_TUNES: Final = 200
_WITHIN: Final = 0.03  # quarter notes; other programs' MIDI is coarser


_MIDI_BY_VEROVIO: Final = """
import sys, verovio
toolkit = verovio.toolkit()
toolkit.setOptions({"inputFrom": "abc"})
toolkit.loadData(sys.stdin.read())
toolkit.renderToMIDIFile(sys.argv[1])
"""

_SVG_BY_VEROVIO: Final = """
import sys, time, verovio
verovio.toolkit()
text = sys.stdin.read()
start = time.perf_counter()
toolkit = verovio.toolkit()
toolkit.setOptions({"adjustPageHeight": True, "pageHeight": 60_000, "inputFrom": "abc"})
toolkit.loadData(text)
toolkit.renderToSVG(1)
print(time.perf_counter() - start)
"""


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--report"]:
        with TemporaryDirectory(prefix="tunetrace-scores-") as folder:
            _reports(*sys.argv[2:], folder=Path(folder))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _TUNES
    tunes = _tunes(count)
    with TemporaryDirectory(prefix="tunetrace-scores-") as folder:
        _speed(tunes, Path(folder))
        _agreement(tunes, Path(folder))


def _tunes(count: int) -> list[Transcription]:
    """Tunes without grace notes, whose time programs take from other notes in different ways."""
    found = [
        tune
        for name in _CORPORA
        for tune in NAMED_CORPORA[name].read()
        if not isinstance(tune, Rejected) and "{" not in tune.text
    ]
    return random.Random(3).sample(found, count)


def _in_own_words(tune: Transcription) -> str:
    """The text of a tune, with an X: field, which programs need."""
    return tune.text if tune.text.startswith("X:") else f"X:1\n{tune.text}"


# Reports


def _reports(batch: str, index: str, *, folder: Path) -> None:
    """Time the whole command, once each way."""
    seconds: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for name in ("without scores", "with scores"):
        out = folder / name
        command = [sys.executable, "-m", "tunetrace", "report", batch, "--index", index,
                   "-o", str(out)]  # fmt: skip
        if name == "with scores":
            command.append("--with-scores")
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        seconds[name] = time.perf_counter() - start
        sizes[name] = (out / "report.html").stat().st_size
    rows = [(name, duration(taken), megabytes(sizes[name])) for name, taken in seconds.items()]
    show_table(f"A report on {Path(batch).name}", ("report", "time", "report.html"), rows)


# Speed


def _speed(tunes: list[Transcription], folder: Path) -> None:
    def ours(tune: Transcription) -> float:
        start = time.perf_counter()
        engrave(tune).svg()
        return time.perf_counter() - start

    def by_verovio(tune: Transcription) -> float | None:
        command = [sys.executable, "-c", _SVG_BY_VEROVIO]
        said = _run(command, _in_own_words(tune))  # some tunes end the process
        return float(said) if said else None

    def by_abcm2ps(tune: Transcription) -> float:
        start = time.perf_counter()
        _run(["abcm2ps", "-g", "-O", str(folder / "out.svg"), "-"], _in_own_words(tune))
        return time.perf_counter() - start

    methods: dict[str, Callable[[Transcription], float | None]] = {
        "tunetrace": ours,
        "verovio, its own ABC": by_verovio,
    }
    if shutil.which("abcm2ps"):
        methods["abcm2ps, a process each"] = by_abcm2ps
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for tune in tunes:  # in turns, since the machine may be busy
        for name, method in methods.items():
            taken = method(tune)
            if taken is not None:
                seconds[name].append(taken)
    rows = []
    first = sorted(seconds["tunetrace"])
    for name, found in seconds.items():
        ordered = sorted(found)
        middle = ordered[len(ordered) // 2]
        ratio = middle / first[len(first) // 2]
        rows.append(
            (
                name,
                f"{len(ordered):,}",
                duration(middle),
                duration(ordered[int(len(ordered) * 0.95)]),
                f"{ratio:.2f}",
            )
        )
    show_table(
        f"A tune as SVG, {len(tunes)} tunes",
        ("program", "tunes", "median", "95th percentile", "times tunetrace"),
        rows,
    )


def _run(command: list[str], given: str) -> str:
    """What a program prints, whatever becomes of it."""
    ended = subprocess.run(
        command, input=given.encode(), capture_output=True, check=False, timeout=20
    )
    return ended.stdout.decode(errors="replace").strip()


# Agreement


def _agreement(tunes: list[Transcription], folder: Path) -> None:
    def midi(tune: Transcription) -> list[Played]:
        return midi_by_mido(engrave(tune).midi())

    def musicxml(tune: Transcription) -> list[Played]:
        return musicxml_unfolded(engrave(tune).musicxml())

    def own_verovio(tune: Transcription) -> list[Played]:
        path = folder / "verovio.mid"
        path.unlink(missing_ok=True)
        # Some tunes end the process.
        _run([sys.executable, "-c", _MIDI_BY_VEROVIO, str(path)], _in_own_words(tune))
        return _midi(path)

    def own_music21(tune: Transcription) -> list[Played]:
        score = music21.converter.parse(_in_own_words(tune), format="abc")
        return from_music21(score.parts[0].expandRepeats())

    def abc2midi(tune: Transcription) -> list[Played]:
        path = folder / "abc2midi.mid"
        path.unlink(missing_ok=True)
        source = folder / "tune.abc"
        source.write_text(_as_written(_in_own_words(tune)), encoding="utf-8")
        _run(["abc2midi", str(source), "-o", str(path), "-Q", "120", "-NFER"], "")
        return _midi(path)

    methods: dict[str, Callable[[Transcription], list[Played]]] = {
        "tunetrace's MIDI, read by mido": midi,
        "tunetrace's MusicXML, unfolded by music21": musicxml,
        "verovio's MIDI from the ABC": own_verovio,
        "music21 from the ABC, unfolded": own_music21,
    }
    if shutil.which("abc2midi"):
        methods["abc2midi from the ABC"] = abc2midi
    rows = []
    for name, method in methods.items():
        same = failed = 0
        for tune in tunes:
            wanted = _shifted(from_tokens(engrave(tune)))
            found: list[Played] | None = None
            with suppress(Exception):  # whatever another program says about a tune
                found = _shifted(method(tune))
            failed += found is None
            same += found is not None and difference(wanted, found, _WITHIN) == ""
        rows.append((name, f"{same:,}", f"{len(tunes) - same - failed:,}", f"{failed:,}"))
    show_table(
        f"Notes as they are played, compared with the tokens, {len(tunes)} tunes",
        ("read from", "the same", "others", "refused"),
        rows,
    )
    say(
        "The same: every pitch, onset and length is that of the tokens, repeats and endings "
        "unfolded. Others is not wrong by itself: programs read doubtful repeats differently."
    )


def _as_written(text: str) -> str:
    """A tune as abc2midi plays what is written: without chord symbols, which it would play, without
    R:, by which it swings, and without P:, which reorders the parts."""
    lines = [line for line in text.split("\n") if line[:2] not in ("R:", "P:")]
    return "\n".join(line if line[1:2] == ":" else "".join(line.split('"')[::2]) for line in lines)


def _midi(path: Path) -> list[Played]:
    return from_music21(music21.converter.parse(path, quantizePost=False).parts[0])


def _shifted(notes: list[Played]) -> list[Played]:
    """Notes with the first at 0."""
    first = notes[0].start if notes else 0.0
    return [note._replace(start=note.start - first) for note in notes]


if __name__ == "__main__":
    main()
