"""Two hundred figures out of real tunes, as a player writes them, in the keys of their tunes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import tunetrace
from tunetrace import Index, build_index
from tunetrace.tokenizer.abc.header import is_field

CORPORA = ("oneills", "airds", "ryans")
QUERIES = 200

_BAR_LINE = re.compile(r"\[?:?\|[|:\]\[]*")
_NOTE = re.compile(r"(?<![\w^_=\[{])[\^_=]?[A-Ga-g]")


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path: Path = tmp_path_factory.mktemp("players") / "index.db"
    build_index(CORPORA, path)
    with tunetrace.open_index(path) as opened:
        yield opened


def two_bars(text: str, chance: random.Random) -> tuple[str, str, str | None, str | None] | None:
    """Two bars of a tune as they are in its text, its key, meter and unit length."""
    fields: dict[str, str] = {}
    music = []
    for line in text.split("\n"):
        if is_field(line):
            if music:
                return None  # it may change the key
            fields[line[0]] = line[2:].partition("%")[0].strip()
        elif "K" in fields and not line.startswith("%"):
            music.append(line)
    if not music or any(sign in text for sign in ("[K:", "[M:", "[L:", "[V:")):
        return None
    line = chance.choice(music)
    lines = list(_BAR_LINE.finditer(line))
    if len(lines) < 3:
        return None
    first = chance.randrange(len(lines) - 2)
    bars = line[lines[first].end() : lines[first + 2].start()].strip()
    is_short = len(_NOTE.findall(bars)) < 4 or bars[:1] in "12["
    return None if is_short else (bars, fields["K"], fields.get("M"), fields.get("L"))


def respelled(bars: str, chance: random.Random) -> str:
    """The same notes with other spaces, and with a chord symbol, an ornament and a grace note."""
    spelling = chance.randrange(4)
    if spelling == 1:
        return re.sub(r"\s+", "", bars) if '"' not in bars and "!" not in bars else bars
    if spelling == 2:
        return re.sub(r" (?=[A-Ga-g])", "  ", bars)
    if spelling == 3 and not set(bars) & set('"![{+'):
        notes = list(_NOTE.finditer(bars))
        at = chance.choice(notes).start()
        return f'"Em"{bars[:at]}~{{g}}{bars[at:]}'
    return bars


@pytest.mark.slow
def test_figures_as_players_write_them_find_their_tunes(index: Index) -> None:
    chance = random.Random(1)
    ids = [int(tune) for segment in index.figures.segments for tune in segment.tune_ids]
    asked = ornamented = 0
    while asked < QUERIES:
        tune = chance.choice(ids)
        found = two_bars(index.catalogue.wording(tune).text, chance)
        if found is None:
            continue
        bars, key, meter, unit = found
        text = respelled(bars, chance)
        asked += 1
        ornamented += bool(re.search(r'["{~!]', text))
        # A tune states its unit length, or its meter does.
        fields = (f"M:{meter}\n" if meter and not unit else "") + (f"L:{unit}\n" if unit else "")
        matches = index.figure(f"{fields}K:{key}\n{text}", limit=100_000)
        assert tune in {hit.tune for hit in matches.results}, (tune, text, key)
        assert matches.read_as == "ABC"
        in_tokens = index.figure(matches.query, limit=100_000)
        told = {name: getattr(in_tokens, name) for name in ("asked", "read_as", "in_key")}
        assert replace(matches, **told, remarks=in_tokens.remarks) == in_tokens
        bare = index.figure(f"L:{unit}\n{text}" if unit else f"{fields}{text}", in_key=key, limit=0)
        assert (bare.query, bare.hits, bare.in_key) == (
            matches.query,
            matches.hits,
            matches.in_key,
        )
    assert ornamented >= 40
