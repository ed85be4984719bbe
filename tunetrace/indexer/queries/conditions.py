"""The language of several conditions: figures joined by and, or and not, each with its place.

    opening "G, C C 2" and cadence "D E F D C 3"
    part 2 bar 4 "c 2 B c" and not ("^F G A" or bar 1 "c c")
    "G, C C 2" same part as "D E F D C 3"

`not` binds tighter than `and`, and `and` tighter than `or`. Here a figure is the text between two
quotes, whatever it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from tunetrace.arguments import one_text
from tunetrace.errors import QueryError
from tunetrace.tokenizer.vocabulary import is_token

if TYPE_CHECKING:
    from pyparsing import ParserElement

MOST_FIGURES: Final = 100
MOST_NESTED: Final = 10
"""How deep parentheses may be nested. The parser calls itself for each."""

_EXAMPLE: Final = 'opening "G, C C 2" and cadence "D E F D C 3"'

_DOUBLE: Final = '"“”„‟'
_SINGLE: Final = "'‘’‚‛"
# `'` is also the sign of an octave. It ends a figure where the query can go on after it.
_FIGURE: Final = re.compile(
    rf"""
    [{_DOUBLE}] (?P<double> [^{_DOUBLE}]* ) [{_DOUBLE}]
    | [{_SINGLE}] (?P<single> .*? ) [{_SINGLE}] (?= \s* (?: $ | \) | (?: and|or|in|same ) \b ) )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SAME_PART: Final = re.compile(r"(?:in\s+)?(?:the\s+)?same\s+part\s+as\b", re.IGNORECASE)
_LEXEME: Final = re.compile(
    rf"(?P<figure>{_FIGURE.pattern}) | (?P<same>{_SAME_PART.pattern}) | [()]"
    rf" | (?P<word>[^\s(){_DOUBLE}{_SINGLE}]+) | (?P<quote>[{_DOUBLE}{_SINGLE}])",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_NUMBERED: Final = {
    "part": "a number from 1, such as part 2",
    "bar": "a number from 0, such as bar 1, where 0 is the pickup",
    "onset": "a number of eighths, such as onset 3/2",
}
_PLACE_WORDS: Final = ("opening", "cadence", "anywhere", *_NUMBERED)
_MEANT: Final = {
    **dict.fromkeys(("start", "starts", "begin", "begins", "beginning", "incipit"), "opening"),
    **dict.fromkeys(("end", "ends", "ending", "close", "closes"), "cadence"),
    **dict.fromkeys(("but", "with", "&", ",", ";", "+"), "and"),
    **dict.fromkeys(("without", "except"), "and not"),
}
"""What people write instead of the words of a query."""

_JOINING_WORDS: Final = ("and", "or", "and not", "same part as")


@dataclass(frozen=True, slots=True)
class Sought:
    """A figure at a place. Without a place it may be anywhere."""

    figure: str
    """Its text, as written between the quotes."""
    part: int | None = None
    """The part of its first note, from 1."""
    bar: int | None = None
    """The bar of its first note in the part; 0 is the pickup."""
    onset: Fraction | None = None
    """Eighths from the start of the bar to its first note."""
    is_cadence: bool = False
    """Whether its last note must end a part."""
    column: int = field(default=1, compare=False)
    """Where the figure is in the query, from 1."""

    @property
    def place(self) -> str:
        """Its place as it is written; empty for anywhere."""
        words = []
        numbers: tuple[int | Fraction | None, ...] = (self.part, self.bar, self.onset)
        if numbers == (1, 1, 0):
            words.append("opening")
        else:
            pairs = zip(_NUMBERED, numbers, strict=True)
            words += [f"{name} {number}" for name, number in pairs if number is not None]
        return " ".join([*words, *["cadence"] * self.is_cadence])


@dataclass(frozen=True, slots=True)
class SamePart:
    """Two figures or more, with hits in one part."""

    of: tuple[Sought, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must not hold."""

    of: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Conditions that must all hold."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Conditions of which one must hold, or several."""

    of: tuple[Condition, ...]


Condition = Sought | SamePart | Not | And | Or


def leaves_of(condition: Condition) -> Iterator[Sought | SamePart]:
    """The conditions without others in them, in the order in which they are written."""
    if isinstance(condition, Sought | SamePart):
        yield condition
    else:
        for one in (condition.of,) if isinstance(condition, Not) else condition.of:
            yield from leaves_of(one)


def figures_of(leaf: Sought | SamePart) -> tuple[Sought, ...]:
    """The figures of a condition without others in it."""
    return leaf.of if isinstance(leaf, SamePart) else (leaf,)


def written(condition: Condition, figure: Callable[[Sought], str]) -> str:
    """A condition as users write it. figure: the text to write for each figure."""

    def inner(one: Condition, *kinds: type) -> str:
        return f"({written(one, figure)})" if isinstance(one, kinds) else written(one, figure)

    match condition:
        case Sought():
            return " ".join(filter(None, [condition.place, f'"{figure(condition)}"']))
        case SamePart(of=several):
            return " same part as ".join(written(one, figure) for one in several)
        case Not(of=one):
            return f"not {inner(one, And, Or)}"
        case And(of=several):
            return " and ".join(inner(one, Or) for one in several)
        case Or(of=several):
            return " or ".join(written(one, figure) for one in several)


@lru_cache(maxsize=256)
def parse_conditions(text: str) -> Condition:
    """The condition that a text states.

    QueryError, with the column, if it states none; and if tunes without any of its figures could
    be an answer, since that would be most tunes.
    """
    from pyparsing import ParseBaseException

    if not one_text(text, "the query").strip():
        raise QueryError(f"the query is empty; give figures in quotes, such as {_EXAMPLE}")
    _check_size(text)
    try:
        condition: Condition = _grammar().parse_string(text)[0]
    except ParseBaseException as error:
        raise _at(*_mistake(text, error.loc)) from None
    without = _unbounded(condition)
    if without is not None:
        raise at_column(
            without.column,
            f'tunes that only lack "{" ".join(without.figure.split())}" would be most tunes; '
            "also ask for a figure that they have, such as "
            f'"G, C C 2" and not "{" ".join(without.figure.split())}"',
        )
    return condition


def at_column(column: int, sentence: str) -> QueryError:
    """The error for a mistake at a column of a query, counted from 1."""
    return QueryError(f"at column {column} of the query: {sentence}")


def _at(place: int, sentence: str) -> QueryError:
    return at_column(place + 1, sentence)


def _check_size(text: str) -> None:
    """QueryError for a query that has too many figures or is nested too deep."""
    depth = figures = 0
    for found in _LEXEME.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        figures += found["figure"] is not None
        if depth > MOST_NESTED:
            raise _at(found.start(), f"parentheses are nested more than {MOST_NESTED} deep; "
                      "write the query with fewer")  # fmt: skip
        if figures > MOST_FIGURES:
            raise _at(found.start(), f"there are more than {MOST_FIGURES} figures; ask for fewer")


def _unbounded(condition: Condition, is_negated: bool = False) -> Sought | None:
    """A figure whose absence alone makes a condition true, or under is_negated its contrary.

    None if the condition holds only for tunes that have one of its figures. By De Morgan the
    contrary of and is or.
    """
    match condition:
        case Sought():
            return condition if is_negated else None
        case SamePart(of=several):
            return several[0] if is_negated else None
        case Not(of=inner):
            return _unbounded(inner, not is_negated)
        case And(of=several) | Or(of=several):
            found = [_unbounded(one, is_negated) for one in several]
            needs_all = isinstance(condition, And) != is_negated
            if needs_all and None in found:
                return None
            return next((one for one in found if one is not None), None)


# The grammar


@cache
def _grammar() -> ParserElement:
    import pyparsing as pp

    def number(name: str, written: str, meaning: Callable[[str], Any]) -> ParserElement:
        element = pp.CaselessKeyword(name).suppress() - pp.Regex(rf"(?:{written})(?![\w./])")
        return element.set_parse_action(lambda text, at, found: (at, name, meaning(found[0])))

    def word(name: str) -> ParserElement:
        return pp.CaselessKeyword(name).set_parse_action(lambda text, at, found: (at, name, None))

    place = (
        word("opening") | word("cadence") | word("anywhere")
        | number("part", "[1-9][0-9]{0,5}", int)
        | number("bar", "[0-9]{1,6}", int)
        | number("onset", r"[0-9]{1,4}(?:/[1-9][0-9]{0,3}|\.[0-9]{1,4})?", Fraction)
    )  # fmt: skip
    figure = pp.Regex(_FIGURE)
    figure.set_parse_action(
        lambda text, at, found: Sought(found["double"] or found["single"] or "", column=at + 1)
    )
    # A minus means: from here on nothing else can be meant, so an error is told from here.
    sought = figure | pp.OneOrMore(place) - figure
    sought.set_parse_action(lambda text, at, found: _placed(*found))
    same = pp.Regex(_SAME_PART).suppress()
    together = sought + pp.ZeroOrMore(same - sought)
    together.set_parse_action(lambda text, at, found: _joined(SamePart, found))
    condition = pp.Forward()
    one = together | pp.Suppress("(") - condition - pp.Suppress(")")
    negated = pp.ZeroOrMore(pp.CaselessKeyword("not")) + one
    negated.set_parse_action(lambda text, at, found: _negated(*found))
    every = negated + pp.ZeroOrMore(pp.CaselessKeyword("and").suppress() - negated)
    every.set_parse_action(lambda text, at, found: _joined(And, found))
    some = every + pp.ZeroOrMore(pp.CaselessKeyword("or").suppress() - every)
    condition <<= some.set_parse_action(lambda text, at, found: _joined(Or, found))
    return (condition + pp.StringEnd()).parse_with_tabs()


def _joined(kind: type[And | Or | SamePart], found: Any) -> Condition:
    """Conditions joined by one word. Those in parentheses that the same word joins are no group."""
    if len(found) == 1:
        return found[0]  # type: ignore[no-any-return]
    flat: list[Any] = []
    for one in found:
        flat += one.of if isinstance(one, kind) else [one]
    return kind(tuple(flat))


def _negated(*found: Any) -> Condition:
    """A condition after one `not` or several. Two of them cancel out."""
    *nots, condition = found
    for _ in nots:
        condition = condition.of if isinstance(condition, Not) else Not(condition)
    return condition  # type: ignore[no-any-return]


def _placed(*found: Any) -> Sought:
    """A figure after its places, each (where it is written, its name, its number)."""
    places: list[tuple[int, str, Any]] = list(found[:-1])
    sought: Sought = found[-1]
    said: dict[str, Any] = {}
    for at, name, number in places:
        new = {name: number}
        if name == "opening":
            new = {"part": 1, "bar": 1, "onset": Fraction(0)}
        elif name == "cadence":
            new = {"is_cadence": True}
        if "anywhere" in {name, *said} and said:
            raise _at(at, "'anywhere' does not go with another place; remove one of them")
        twice = next((one for one in new if one in said), None)
        if twice is not None:
            of = "place" if twice == "is_cadence" else twice
            if twice == "part" and {"opening"} & {name, places[0][1]}:
                part = number if name == "part" else said["part"]
                raise _at(
                    at,
                    "'opening' is of part 1; for the beginning of a part write part "
                    f"{part} bar 1 onset 0",
                )
            raise _at(at, f"the {of} of this figure is given a second time; remove '{name}'")
        said |= new
    said.pop("anywhere", None)
    return replace(sought, **said)


# Mistakes


def _mistake(text: str, at: int) -> tuple[int, str]:
    """Where a query goes wrong, and what would be right. at: where the parser found no way on."""
    at += len(text[at:]) - len(text[at:].lstrip())
    lexemes = list(_LEXEME.finditer(text))
    before = [one for one in lexemes if one.end() <= at]
    here = next((one for one in lexemes if one.end() > at), None)
    last = before[-1][0].lower() if before else ""
    can_end = bool(before) and (before[-1]["figure"] is not None or last == ")")
    opened = [one.start() for one in before if one[0] == "("]
    closed = sum(one[0] == ")" for one in before)
    if last in _NUMBERED:
        return at, f"'{last}' needs {_NUMBERED[last]}"
    if here is None:
        if can_end and len(opened) > closed:
            return opened[closed - len(opened)], "'(' is never closed; add ')'"
        return at, f"a figure is missing after '{before[-1][0]}'; give one in quotes"
    word = here[0]
    if here["quote"] is not None:
        return at, f"the quote {word} is never closed; add {word} after the figure"
    if word == ")" and len(opened) <= closed:
        return at, "')' closes nothing; remove it"
    if can_end:
        return at, _no_joining(here, last)
    return at, _no_figure(here, last)


def _no_joining(here: re.Match[str], last: str) -> str:
    """What is wrong with a word where only a joining word can be."""
    word = here[0]
    if here["same"] is not None:
        return "'same part as' joins two figures, not what is in parentheses"
    if word.lower() == "not":
        return "'not' does not join two figures; write 'and not'"
    if here["word"] is None or word.lower() in _PLACE_WORDS:
        hint = ""
        if last != ")" and here["word"] is not None:
            hint = ", and a place before its figure"
        return f"two figures follow each other; write and, or, or 'same part as' between them{hint}"
    nearest = _meant(word, _JOINING_WORDS) or get_close_matches(
        word.lower(), ("and", "or", "same"), n=1
    )
    if word.lower() in ("in", "the") or nearest == ["same"]:
        return (
            "this is no condition; write 'same part as', or a place before its figure: part 2 \"…\""
        )
    known = f"did you mean '{nearest[0]}'?" if nearest else "write and, or, or 'same part as'"
    return f"'{word}' does not join two figures; {known}"


def _meant(word: str, known: Sequence[str]) -> list[str]:
    """The word of a query that a word stands for, if it is one of those known here."""
    meant = _MEANT.get(word.lower(), "")
    return [meant] if meant in known else []


def _no_figure(here: re.Match[str], last: str) -> str:
    """What is wrong with a word where a place or a figure must be."""
    word = here[0]
    if word == "(":
        return f"a figure must follow '{last}', not parentheses; write '{last}' with each figure"
    if here["same"] is not None or word.lower() in ("and", "or", ")"):
        return f"a figure is missing before '{word}'; give one in quotes"
    if word.lower() == "not":
        return f"'not' cannot follow '{last}'; write it before the places: not opening \"…\""
    if is_token(word):
        return f'the figure that begins with {word} has no quotes; write "{word} …"'
    known = (*_PLACE_WORDS, "not")
    nearest = _meant(word, known) or get_close_matches(word.lower(), known, n=1)
    if nearest:
        return f"'{word}' is no place; did you mean '{nearest[0]}'?"
    return (
        f"'{word}' is no place; give opening, cadence, part 2, bar 1, onset 3/2 or anywhere, and "
        "the figure in quotes"
    )
