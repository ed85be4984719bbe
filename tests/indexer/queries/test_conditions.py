"""The language of several conditions: what is read, and the one sentence for what is not."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace import QueryError
from tunetrace.indexer.queries.conditions import (
    MOST_FIGURES,
    MOST_NESTED,
    And,
    Condition,
    Not,
    Or,
    SamePart,
    Sought,
    parse_conditions,
    written,
)

A, B, C, D = (Sought(name) for name in "ABCD")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('"A"', A),
        ('anywhere "A"', A),
        ('opening "A"', Sought("A", part=1, bar=1, onset=Fraction(0))),
        ('cadence "A"', Sought("A", is_cadence=True)),
        ('part 2 "A"', Sought("A", part=2)),
        ('bar 0 "A"', Sought("A", bar=0)),
        ('part 2 bar 4 onset 3/2 "A"', Sought("A", part=2, bar=4, onset=Fraction(3, 2))),
        ('onset 1.5 bar 4 "A"', Sought("A", bar=4, onset=Fraction(3, 2))),
        ('part 2 cadence "A"', Sought("A", part=2, is_cadence=True)),
        ('opening cadence "A"', Sought("A", 1, 1, Fraction(0), is_cadence=True)),
        ('"A" and "B"', And((A, B))),
        ('"A" or "B" and "C" or "D"', Or((A, And((B, C)), D))),
        ('"A" and not "B" or "C"', Or((And((A, Not(B))), C))),
        ('"A" and ("B" or "C")', And((A, Or((B, C))))),
        ('"A" and not ("B" or "C")', And((A, Not(Or((B, C)))))),
        ('"A" and not not "B"', And((A, B))),
        ('(("A"))', A),
        ('"A" same part as "B"', SamePart((A, B))),
        ('"A" in the same part as "B" and "C"', And((SamePart((A, B)), C))),
        ('"A" same part as "B" same part as "C"', SamePart((A, B, C))),
        ('"C" and not "A" same part as "B"', And((C, Not(SamePart((A, B)))))),
        ('OPENING "A" And Not "B" oR"C"',
         Or((And((Sought("A", 1, 1, Fraction(0)), Not(B))), C))),
        ("“A” and ‘B’ and 'C' and „D”", And((A, B, C, D))),
        ("'c' d' |' and 'C'''", And((Sought("c' d' |"), Sought("C''")))),
        ('"not and or ( )"', Sought("not and or ( )")),
        ("\n\t'A'\nand\n\t'B'\n", And((A, B))),
    ],
)  # fmt: skip
def test_a_query_is_read_as_it_is_meant(text: str, condition: Condition) -> None:
    assert parse_conditions(text) == condition


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the query is empty; give figures in quotes, such as "
             'opening "G, C C 2" and cadence "D E F D C 3"'),
        ('opening "A', 'at column 9 of the query: the quote " is never closed; add " after the '
                       "figure"),
        ('openning "A"', "at column 1 of the query: 'openning' is no place; did you mean "
                         "'opening'?"),
        ('"A" and cadense "A"', "at column 9 of the query: 'cadense' is no place; did you mean "
                                "'cadence'?"),
        ("opening G, C C 2", "at column 9 of the query: the figure that begins with G, has no "
                             'quotes; write "G, …"'),
        ('"A" "B"', "at column 5 of the query: two figures follow each other; write and, or, or "
                    "'same part as' between them"),
        ('"A" cadence "B"', "at column 5 of the query: two figures follow each other; write and, "
                            "or, or 'same part as' between them, and a place before its figure"),
        ('"A" nad "B"', "at column 5 of the query: 'nad' does not join two figures; did you mean "
                        "'and'?"),
        ('"A" plus "B"', "at column 5 of the query: 'plus' does not join two figures; write and, "
                         "or, or 'same part as'"),
        ('"A" but not "B"', "at column 5 of the query: 'but' does not join two figures; did you "
                            "mean 'and'?"),
        ('"A", "B"', "at column 4 of the query: ',' does not join two figures; did you mean "
                     "'and'?"),
        ('"A" without "B"', "at column 5 of the query: 'without' does not join two figures; did "
                            "you mean 'and not'?"),
        ('Starts "A"', "at column 1 of the query: 'Starts' is no place; did you mean 'opening'?"),
        ('"A" and ending "B"', "at column 9 of the query: 'ending' is no place; did you mean "
                               "'cadence'?"),
        ('"A" not "B"', "at column 5 of the query: 'not' does not join two figures; write "
                        "'and not'"),
        ('"A" and', "at column 8 of the query: a figure is missing after 'and'; give one in "
                    "quotes"),
        ('and "A"', "at column 1 of the query: a figure is missing before 'and'; give one in "
                    "quotes"),
        ('"A" and ("B" or "C"', "at column 9 of the query: '(' is never closed; add ')'"),
        ('"A")', "at column 4 of the query: ')' closes nothing; remove it"),
        ('part "A"', "at column 6 of the query: 'part' needs a number from 1, such as part 2"),
        ('part 0 "A"', "at column 6 of the query: 'part' needs a number from 1, such as part 2"),
        ('bar one "A"', "at column 5 of the query: 'bar' needs a number from 0, such as bar 1, "
                        "where 0 is the pickup"),
        ('onset 3/0 "A"', "at column 7 of the query: 'onset' needs a number of eighths, such as "
                          "onset 3/2"),
        ('opening bar 2 "A"', "at column 9 of the query: the bar of this figure is given a second "
                              "time; remove 'bar'"),
        ('part 2 opening "A"', "at column 8 of the query: 'opening' is of part 1; for the "
                               "beginning of a part write part 2 bar 1 onset 0"),
        ('opening part 2 "A"', "at column 9 of the query: 'opening' is of part 1; for the "
                               "beginning of a part write part 2 bar 1 onset 0"),
        ('part 1 part 2 "A"', "at column 8 of the query: the part of this figure is given a "
                              "second time; remove 'part'"),
        ('cadence cadence "A"', "at column 9 of the query: the place of this figure is given a "
                                "second time; remove 'cadence'"),
        ('part 2 anywhere "A"', "at column 8 of the query: 'anywhere' does not go with another "
                                "place; remove one of them"),
        ('opening ("A" or "B")', "at column 9 of the query: a figure must follow 'opening', not "
                                 "parentheses; write 'opening' with each figure"),
        ('opening not "A"', "at column 9 of the query: 'not' cannot follow 'opening'; write it "
                            'before the places: not opening "…"'),
        ('("A" or "B") same part as "C"', "at column 14 of the query: 'same part as' joins two "
                                          "figures, not what is in parentheses"),
        ('"A" in part 2', "at column 5 of the query: this is no condition; write 'same part as', "
                          'or a place before its figure: part 2 "…"'),
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse_conditions(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('not "A"', 5),
        ('not (not "A" and "B")', 18),
        ('not "A" or "B"', 5),
        ('"A" or not opening "B"', 20),
        ('not "A" and not "B"', 5),
        ('not ("A" or "B")', 6),
        ('"A" and "B" or not ("C" same part as "D")', 21),
    ],
)
def test_a_query_that_tunes_without_its_figures_would_answer_is_refused(
    text: str, column: int
) -> None:
    with pytest.raises(QueryError, match=f"^at column {column} of the query: tunes that only lack"):
        parse_conditions(text)


@pytest.mark.parametrize(
    "text",
    [
        '"A" and not "B"',
        'not "A" and "B"',
        'not (not "A")',
        'not (not "A" or "B")',
        '"A" and (not "B" or "C")',
        '("A" or not "B") and "C"',
        'not (not "A" and not "B")',
    ],
)
def test_a_query_that_needs_one_of_its_figures_is_taken(text: str) -> None:
    parse_conditions(text)


def test_what_is_too_large_is_refused_and_never_too_deep_for_python() -> None:
    nested = '("A" or ' * MOST_NESTED + '"B"' + ")" * MOST_NESTED
    parse_conditions(nested)
    with pytest.raises(QueryError, match="parentheses are nested more than 10 deep"):
        parse_conditions(f"({nested})")
    with pytest.raises(QueryError, match="parentheses are nested more than 10 deep"):
        parse_conditions("(" * 100_000)
    many = " and ".join(['"A"'] * MOST_FIGURES)
    parse_conditions(many)
    with pytest.raises(QueryError, match="there are more than 100 figures"):
        parse_conditions(f'{many} or "A"')
    assert parse_conditions("not " * 10_000 + '"A"') == A
    with pytest.raises(QueryError, match="is never closed"):
        parse_conditions("'" + " '" * 2000 + "x")


places = st.sampled_from(["", "opening ", "cadence ", "part 2 ", "bar 0 ", "part 3 bar 1 cadence "])
leaves = st.tuples(places, st.sampled_from("ABCD")).map(lambda two: f'{two[0]}"{two[1]}"')
same = st.lists(leaves, min_size=2, max_size=3).map(" same part as ".join)
texts = st.recursive(
    leaves | same,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' and '.join(some)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' or '.join(some)})"),
    ),
    max_leaves=8,
)
"""Queries of every form, with more parentheses than they need."""


@given(texts)
def test_a_query_written_again_is_the_same_query(text: str) -> None:
    try:
        condition = parse_conditions(text)
    except QueryError:
        return  # of not alone, or nested too deep
    assert parse_conditions(written(condition, lambda sought: sought.figure)) == condition


@given(
    st.lists(
        st.sampled_from(["opening", "part", "2", "and", "or", "not", "same part as", "in", "(",
                         ")", '"A"', "'B'", '"', "'", "“", "x", "\n", "cadence", "onset", "3/2"]),
        max_size=12,
    ).map(" ".join)
    | st.text(max_size=20)
)  # fmt: skip
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    with suppress(QueryError):  # and nothing else
        parse_conditions(text)
