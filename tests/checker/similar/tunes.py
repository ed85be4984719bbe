"""Two traditional tunes, and what musicians do to them, by letters alone."""

from __future__ import annotations

import re
from collections.abc import Callable

WASHERWOMAN = """X:1
T:The Irish Washerwoman
M:6/8
L:1/8
K:G
|:BGG DGG|BGB dcB|cAA EAA|cAc edc|BGG DGG|BGB dcB|cBc Adc|BGG G3:|
|:gdg gdg|gdg bag|fdf fdf|fdf agf|egg dgg|cgg B2B|cBc Adc|BGG G3:|
"""

MAGGIE = """X:2
T:Drowsy Maggie
M:4/4
L:1/8
K:Edor
|:E2BE dEBE|E2BE AFDF|E2BE dEBE|BABc dAFD|E2BE dEBE|E2BE AFDF|E2BE dEBE|BABc dAFA:|
|:d2fd c2ec|defg afge|d2fd c2ec|BABc dAFA|d2fd c2ec|defg afge|afge fdec|BABc dAFD:|
"""

_NOTES = [
    *(f"{one}," for one in "CDEFGAB"),
    *"CDEFGABcdefgab",
    *(f"{one}'" for one in "cdefgab"),
    *(f"{one}''" for one in "cdefgab"),
]


def written(tune: str, change: Callable[[str], str], key: str | None = None) -> str:
    """A tune with its music changed, and perhaps its key, under no title."""
    lines = tune.splitlines()
    music = [change(line) for line in lines if line.startswith("|:")]
    header = [line for line in lines if not line.startswith(("|:", "T:"))]
    if key is not None:
        header[-1] = f"K:{key}"
    return "\n".join([*header, *music]) + "\n"


def higher(steps: int) -> Callable[[str], str]:
    """All notes moved by steps of the staff."""

    def change(music: str) -> str:
        return re.sub(r"[A-Ga-g][,']?", lambda note: _NOTES[_NOTES.index(note[0]) + steps], music)

    return change


def parts(tune: str) -> list[str]:
    """The lines of its parts."""
    return [line for line in tune.splitlines() if line.startswith("|:")]
