"""Tunes that the first page offers to who has none at hand."""

from __future__ import annotations

from typing import Final, NamedTuple

from tunetrace.checker.post import TRANSCRIPTION


class ExampleTune(NamedTuple):
    """A tune to begin with."""

    name: str
    """What its button says."""
    text: str


_KESH: Final = """X:1
T:The Kesh
R:jig
M:6/8
L:1/8
K:G
|:G3 GAB|A3 ABd|edd gdd|edB dBA|
G3 GAB|A3 ABd|edd gdB|AGF G3:|
|:B2B d2d|ege dBG|B2B dBG|ABA AGA|
BAB d^cd|ege dBd|gfg aga|bgg g3:|
"""

_MAGGIE: Final = """X:1
T:Drowsy Maggie
R:reel
M:4/4
L:1/8
K:Edor
|:E2BE dEBE|E2BE AFDF|E2BE dEBE|BABc dAFD:|
|:d2fd c2ec|defg afge|d2fd c2ec|BABc dAFA:|
"""

EXAMPLES: Final = (
    ExampleTune("the tune of the blog post", TRANSCRIPTION),
    ExampleTune("The Kesh, a jig", _KESH),
    ExampleTune("Drowsy Maggie, a reel", _MAGGIE),
)
"""The tune of the blog post about folk-rnn, which a model wrote, and two that people play."""
