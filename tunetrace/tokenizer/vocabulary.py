"""The tokens: their names, their numbers, and what each means for time.

The 137 tokens of the folk-rnn v2 model keep the model's numbers 0-136, so that a stream of symbols
can be fed to the network. Tokens that v2 lacks (`M:3/8`, `_F`, `>>`) are numbered from 137, in the
order in which a vocabulary first meets them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from tunetrace.errors import QueryError

SEPARATOR: Final = 255
"""The symbol between two tunes of a stream; it is not a token."""

_V2: Final = """
    d' =A, ^c' =e =d =g =f =a =c =b _G _E _D _C _B _A 2< 2> =E =D _B, =F =A 4 =C =B _g 8 _e _d
    _c < _a (9 |2 D |1 (2 (3 |: (7 (4 (5 :| 9 3/2 3/4 =f' 2 d _E, B, 16 | ^A, b' _e' M:9/8 E,
    </s> 3 7 ^F, =G, C G e' _d' ^f' [ b c z g ^G, =F, K:Cmin K:Cmix =c' C, <s> ] =G M:12/8 6 =E,
    K:Cmaj > B F c' ^C, 5/2 G, f =e' _b _A, F, /2> /2< f' M:6/8 4> M:4/4 A, M:2/4 =C, 5 M:3/4 12
    M:3/2 K:Cdor A E a' (6 ^A ^C ^D ^F ^G a g' D, /4 e /3 7/2 =B, /8 ^a ^c ^d /2 ^f ^g
"""
V2_TOKENS: Final[tuple[str, ...]] = tuple(_V2.split())
"""The tokens of folk-rnn v2 in the order of the model's softmax (folkrnn_v2.pkl, token2idx)."""

_NUMBER: Final = r"[1-9][0-9]{0,5}"  # no music needs more; a hostile file may have more
LENGTH: Final = rf"(?:{_NUMBER}(?:/{_NUMBER})?|/{_NUMBER})"
PITCH: Final = r"(?:\^{1,2}|_{1,2}|=)?(?:[A-G](?:'{1,6}|,{0,6})|[a-g](?:,{1,6}|'{0,6}))"
_MODE: Final = r"(?:maj|min|dor|phr|lyd|mix|loc)"

# One alternative for each kind of token, the longest first. A length with a broken rhythm is one
# token only in v2's five cases: `3>` is `3 >`.
_TOKEN_PATTERN: Final = rf"""
    (?P<header>M:(?:none|[0-9]{{1,3}}/[0-9]{{1,3}})|K:(?:[A-G][b#]?)?{_MODE})
  | (?P<frame></?s>)
  | (?P<bar_line>\|[1-9][0-9]?(?:[,-][1-9][0-9]?){{0,9}}|\|:|:\||\|)
  | (?P<tuplet>\([2-9](?::[0-9]?:[0-9]?)?)
  | (?P<note>{PITCH})
  | (?P<rest>z)
  | (?P<length>(?:/?2[<>]|4>)(?![<>])|<{{1,3}}|>{{1,3}}|{LENGTH})
  | (?P<chord_open>\[)
  | (?P<chord_close>\])
"""
_TOKEN: Final = re.compile(_TOKEN_PATTERN, re.VERBOSE)

NOTE, REST, LENGTH_SIGN, CHORD_OPEN, CHORD_CLOSE, TUPLET, BAR_LINE, HEADER, FRAME = range(9)
_KINDS: Final = (
    "note", "rest", "length", "chord_open", "chord_close", "tuplet", "bar_line", "header", "frame",
)  # fmt: skip


Value = TypeVar("Value")


class Meaning(NamedTuple):
    """What one token means for time."""

    kind: int
    """NOTE, REST, ..."""
    numerator: int
    """Of a length, or of the left side of a broken rhythm, the factor (`3/2`: 3); of a header
    `M:3/4` the 3; of a tuplet `(3` the 3."""
    denominator: int
    after: tuple[int, int] | None
    """The factor of a broken rhythm for the next note, as numerator and denominator."""


def _meaning(token: str) -> Meaning:
    match = _TOKEN.fullmatch(token)
    if match is None or match.lastgroup is None:
        raise KeyError(token)
    kind, numerator, denominator = _KINDS.index(match.lastgroup), 1, 1
    if kind == LENGTH_SIGN:
        return _length_meaning(token)
    if kind == TUPLET:
        numerator = int(token[1])
    elif token[0] == "M" and token != "M:none":
        numerator, denominator = map(int, token[2:].split("/"))
    return Meaning(kind, numerator, denominator, None)


def _length_meaning(token: str) -> Meaning:
    length = token.rstrip("<>")
    numerator, _, denominator = length.partition("/")
    top, bottom = int(numerator or 1), int(denominator or 1)
    dots = len(token) - len(length)
    if not dots:
        return Meaning(LENGTH_SIGN, top, bottom, None)
    # ABC 2.1, broken rhythm: `>` is 3/2 : 1/2, `>>` is 7/4 : 1/4, `>>>` is 15/8 : 1/8.
    long, short, unit = 2 ** (dots + 1) - 1, 1, 2**dots
    left, right = (long, short) if token.endswith(">") else (short, long)
    return Meaning(LENGTH_SIGN, top * left, bottom * unit, (right, unit))


class Memo(dict[str, Value]):
    """What a function gives for each text that was asked for so far.

    most: texts that are remembered. A hostile file can hold any number of them.
    """

    def __init__(self, compute: Callable[[str], Value], most: int) -> None:
        super().__init__()
        self._compute = compute
        self._most = most

    def __missing__(self, text: str) -> Value:
        value = self._compute(text)
        if len(self) < self._most:
            self[text] = value
        return value


MEANINGS: Final = Memo(_meaning, 10_000)
"""The meaning of each token. KeyError if a text is not a token."""


def is_token(text: str) -> bool:
    """Whether text is one token, of v2 or of its extension."""
    try:
        return MEANINGS[text] is not None
    except KeyError:
        return False


def is_header(token: str) -> bool:
    """Whether a token is a header. Only headers begin with M: or K:."""
    return token[0] in "MK"


def is_bar_line(text: str) -> bool:
    """Whether text is a token that is a bar line, a repeat sign or the beginning of an ending."""
    return is_token(text) and MEANINGS[text].kind == BAR_LINE


def split_tokens(text: str) -> list[str] | None:
    """The tokens of text without spaces, by longest match. None if some of it is not a token."""
    tokens = [match[0] for match in _TOKEN.finditer(text)]
    return tokens if "".join(tokens) == text else None


class VocabularyFullError(ValueError):
    """A tune needs more tokens beyond v2 than fit into one-byte symbols."""


_TOGETHER: Final = 1000
"""How many texts are encoded together. Only their tokens are in memory at the same time."""


class Vocabulary:
    """A table of tokens and their symbols: v2's 137, then extensions in order of appearance.

    headers: the symbols of all header tokens.
    """

    def __init__(self, extensions: Iterable[str] = ()) -> None:
        self.tokens: list[str] = []
        self._symbols: dict[str, int] = {}
        self.headers = b""
        for token in (*V2_TOKENS, *extensions):
            self._add(token)

    @property
    def extensions(self) -> list[str]:
        """The tokens beyond v2, in the order of their symbols."""
        return self.tokens[len(V2_TOKENS) :]

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._symbols

    def symbol(self, token: str) -> int:
        """The symbol of a token. KeyError if this vocabulary lacks it."""
        return self._symbols[token]

    def encode(self, tokens: Sequence[str]) -> bytes:
        """One byte for each token. KeyError names the first that this vocabulary lacks."""
        return bytes(map(self._symbols.__getitem__, tokens))

    def encode_known(self, tokens: Sequence[str]) -> bytes:
        """One byte for each token; SEPARATOR, which matches nothing, for an unknown one."""
        try:
            return self.encode(tokens)  # nearly always possible, and faster
        except KeyError:
            return bytes(self._symbols.get(token, SEPARATOR) for token in tokens)

    def encode_texts(self, texts: Sequence[str]) -> bytes:
        """The symbols of texts, whose tokens have spaces between them; a SEPARATOR after each.

        KeyError names the first token that this vocabulary lacks. To encode texts one by one takes
        twice as long.
        """
        symbols = {**self._symbols, "\0": SEPARATOR}
        encoded = bytearray()
        for first in range(0, len(texts), _TOGETHER):
            together = " \0 ".join([*texts[first : first + _TOGETHER], ""])
            encoded += bytes(map(symbols.__getitem__, together.split()))
        return bytes(encoded)

    def learn(self, tokens: Sequence[str]) -> bytes:
        """Encode tokens, after adding the new ones.

        Raises VocabularyFullError, and adds none, if not all of them fit.
        """
        try:
            return self.encode(tokens)
        except KeyError:
            new = [t for t in dict.fromkeys(tokens) if t not in self._symbols]
        if len(self.tokens) + len(new) > SEPARATOR:
            raise VocabularyFullError(
                f"the tune needs {len(new)} tokens beyond folk-rnn v2 ({' '.join(new[:4])}…), but "
                f"the index has room for {SEPARATOR - len(self.tokens)} more of at most "
                f"{SEPARATOR - len(V2_TOKENS)}"
            )
        for token in new:
            self._add(token)
        return self.encode(tokens)

    def decode(self, symbols: bytes) -> list[str]:
        """The tokens of symbols. There must be no SEPARATOR among them."""
        return [self.tokens[symbol] for symbol in symbols]

    def _add(self, token: str) -> None:
        symbol = self._symbols[token] = len(self.tokens)
        self.tokens.append(token)
        if is_header(token):
            self.headers += bytes([symbol])


_LONGEST_SHOWN: Final = 60


def unknown_token(text: str, tokens: Sequence[str]) -> QueryError:
    """The error for a word of a query that is not one of these tokens, with the nearest tokens."""
    if len(text) > _LONGEST_SHOWN:
        return QueryError(
            f"'{text[:_LONGEST_SHOWN]}…' is not a token, with its {len(text):,} characters; set "
            "tokens apart by spaces"
        )
    pieces = split_tokens(text)
    if pieces is not None and len(pieces) > 1:
        return QueryError(
            f"'{text}' is not a token; set tokens apart by spaces: '{' '.join(pieces)}'"
        )
    near = difflib.get_close_matches(text, tokens, n=3, cutoff=0.3)
    if not near:
        return QueryError(f"'{text}' is not a token; notes are A to G and a to g, a rest is z")
    are = "are" if len(near) > 1 else "is"
    return QueryError(f"'{text}' is not a token; the nearest {are} {', '.join(near)}")
