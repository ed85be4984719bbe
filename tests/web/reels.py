"""An index of a few tunes for the pages of the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tunetrace import build_index, find_families

DROWSY: Final = """X:1
T:Drowsy Maggie
T:Maggie the Sleepy
M:4/4
L:1/8
R:reel
K:Edor
E2BE dEBE|E2BE AFDF|E2BE dEBE|BABc dAFD|E2BE dEBE|E2BE AFDF|E2BE dEBE|BABc dAFA|
d2fd c2ec|defg afge|d2fd c2ec|BABc dAFA|d2fd c2ec|defg afge|afge fdec|BABc dAFD|
"""
"""It begins with E2BE dEBE, which it has four times: three times E2BE follows, and twice BABc."""

IN_A: Final = """X:2
T:The Ragged Hank
M:4/4
L:1/8
K:Ador
A2eA gAeA|A2eA dBGB|A2eA gAeA|edef gdBG|A2eA gAeA|A2eA dBGB|A2eA gAeA|edef gdBd|
g2bg f2af|gabc' d'bc'a|g2bg f2af|edef gdBd|g2bg f2af|gabc' d'bc'a|d'bc'a bgaf|edef gdBG|
"""
"""A setting of the same reel in A dorian."""

HOSTILE: Final = """X:3
T:</title><img src=x onerror="alert(1)"> & Sons
M:6/8
L:1/8
K:G
G3 GAB|A3 ABd|edd gdd|edB dBA|G3 GAB|A3 ABd|edd gdB|AGF G3|
"""

WITH_PAGE: Final = (
    "tune_id,setting_id,name,type,meter,mode,abc,date,username\n"
    '27,12345,"Dusty Miller, The",hop,9/8,Gmajor,"GAB G2B c2A|GAB G2e dBG|",2020-01-01,me\n'
)
"""A setting as The Session publishes it. It has a page of its own."""


def reel_index(folder: Path) -> Path:
    """Build an index of a corpus `reels` of three tunes, two of them of one family, and of a corpus
    `session` of one."""
    (folder / "reels.abc").write_text("\n".join((DROWSY, IN_A, HOSTILE)), encoding="utf-8")
    (folder / "session.csv").write_text(WITH_PAGE, encoding="utf-8")
    path = folder / "reels.db"
    build_index([folder / "reels.abc", folder / "session.csv"], path)
    find_families(path)
    return path
