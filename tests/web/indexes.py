"""The tunes that the tests of the service search, and small indexes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.checker.test_post import AS_THE_POST
from tests.commands import KESH, MORRISONS
from tunetrace import build_index, find_families

KINCORA = "X:9\nT:Kincora\nM:6/8\nL:1/8\nK:D\nd3 def|e3 efa|d3 fdB|AFD D3|\n"
"""It begins as the Kesh does, a fifth higher."""

CAT = 'X:1\nT:An "Cat"/Dubh é\nM:4/4\nL:1/8\nK:Edor\nE2BE dEBE|E2BE AFDF|E2BE dEBE|dBAF D4|\n'
"""A tune whose title has what file names and headers may not have."""


def small_index(folder: Path) -> Path:
    """Build an index of a corpus `session` of three tunes, and of a corpus `book` of one."""
    (folder / "session.abc").write_text("\n".join((KESH, MORRISONS, KINCORA)), encoding="utf-8")
    (folder / "book.abc").write_text(CAT, encoding="utf-8")
    path = folder / "small.db"
    build_index([folder / "session.abc", folder / "book.abc"], path)
    find_families(path)
    return path


SEVERAL: Final = """X:1
T:The First
M:4/4
L:1/8
K:C
G,CC2 G,CEC|G,CEG FDB,D|

X:2
T:The Second
M:4/4
L:1/8
K:C
[GAB c2

X:3
T:The Third <img src=x onerror=alert(1)>
M:4/4
L:1/8
K:C
c2G2 E2C2|c2G2 E2C2|
"""
"""Three tunes; the second cannot be read, since line 13 has a chord that is never closed."""


def post_index(folder: Path) -> Path:
    """Build an index that has what the tune of the blog post needs: 15 tunes, of which three begin
    with its first bar."""
    (folder / "post.txt").write_text("\n\n".join(AS_THE_POST), encoding="utf-8")
    path = folder / "post.db"
    build_index([folder / "post.txt"], path)
    return path


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
