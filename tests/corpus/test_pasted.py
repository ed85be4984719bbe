"""Text pasted from web pages, mail and word processors is read as the tunes that were meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.strategies import heaps
from tunetrace import Transcription, read, tokenize
from tunetrace.corpus.pasted import unpasted
from tunetrace.corpus.readers import read_tunes

PLAIN = 'X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\n"G"G3 GAB|"D"A3 ABd|c\'3 BA>G|\n'
TOKENS = "M:6/8 K:Cmaj C 3 C D E | D 3 D E G | f 3 E D > C |"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace('"G"', "“G”").replace('"D"', "„D“").replace("'", "’"),
        PLAIN.replace(" ", "\u00a0").replace("3", "3\u200b"),
        "".join(f"\u200b{line}\u00a0\n" for line in PLAIN.splitlines()),
        "".join(f"\t{line}\t\n" for line in PLAIN.splitlines()),
        f"Here it is:\n\n```abc\n{PLAIN}```\nDo you like it?\n",
        f"~~~\n{PLAIN}~~~\n",
        f"<pre>{PLAIN}</pre>",
        f"<html><body>\n<p>A tune</p>\n<pre class='abc'><code>{PLAIN}</code></pre>\n</body></html>",
        PLAIN.replace("\n", "<br>\n"),
        PLAIN.replace("\n", "<BR />\r\n"),
        PLAIN.replace("\n", "<br>"),
        f"<p>{PLAIN.rstrip()}</p>".replace("\n", "<br/>"),
        "".join(f"<p>{line}</p>\n" for line in PLAIN.splitlines()),
        "<div>" + "</div><div>".join(PLAIN.splitlines()) + "</div>",
        PLAIN.replace('"', "&quot;").replace(">", "&gt;").replace("'", "&#39;"),
        PLAIN.replace(" ", "&nbsp;"),
        PLAIN.replace("X:1", '<span style="x">X:1</span>').replace("K:G", '<a href="x">K:G</a>'),
    ],
)
def test_a_tune_is_read_however_it_was_pasted(tmp_path: Path, text: str) -> None:
    (tune,) = read_tunes(text, "the text")
    assert isinstance(tune, Transcription)
    assert " ".join(tune.tokens) == TOKENS
    assert (tune.title, tune.number, tune.original_key) == ("The Kesh", 1, "Gmaj")
    path = tmp_path / "pasted.txt"
    path.write_text(text, encoding="utf-8", newline="")
    (tune,) = read(path)
    assert isinstance(tune, Transcription)
    assert " ".join(tune.tokens) == TOKENS


def test_folkrnn_text_is_read_however_it_was_pasted() -> None:
    text = "M:6/8\nK:Cmaj\nC 3 c' > C |\n"
    for pasted in (
        f"```\n{text}```", f"<pre>{text}</pre>", text.replace("'", "’").replace(" ", "\u00a0"),
        text.replace("\n", "<br>"), text.replace(">", "&gt;"),
    ):  # fmt: skip
        assert tokenize(pasted) == ["M:6/8", "K:Cmaj", "C", "3", "c'", ">", "C", "|"]


def test_lines_are_those_of_the_file() -> None:
    text = (
        f"<p>A tune:</p>\n\n<pre>\n```\n{PLAIN}```\n</pre>\n\n{PLAIN.replace('X:1', '<b>X:2</b>')}"
    )
    assert [tune.line for tune in read_tunes(text, "text")] == [5]
    assert [tune.line for tune in read_tunes(PLAIN.replace("\n", "<br>\n") * 2, "text")] == [1, 7]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("A<b>c<a b>g", None),  # rhythms, not tags
        ("A <B R>c", None),
        ("CD & EF|A &quot;G", 'CD & EF|A "G'),
        ("T:“The Kesh” &amp; O’Neill’s", None),  # titles are read as text
        ('"he said “hi”"A', None),  # a text that has its marks
        ("~~~A", None),
        ("```", ""),
        ("<p>", ""),
        ("one<br><br>two", "one\n\ntwo"),
    ],
)
def test_what_may_be_music_or_a_title_stays(line: str, meant: str | None) -> None:
    assert unpasted(line) == (line if meant is None else meant)


@given(heaps)
def test_tokens_are_never_taken_for_what_was_pasted(tokens: list[str]) -> None:
    for text in (" ".join(tokens), "\n".join(tokens), "".join(tokens)):
        assert unpasted(text) == text
