"""The copy limit: what it lets through has no longer span, and what it refuses, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import brute
from tests.indexer.search.test_figures import search
from tests.strategies import bodies, corpora, heaps
from tunetrace import Index, QueryError, check
from tunetrace.checker.batch.search import SearchLongest
from tunetrace.checker.batch.spans import find_spans
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.corpus.readers import read_sources
from tunetrace.corpus.records import Rejected
from tunetrace.model.records import Tokens
from tunetrace.model.sampling.copy_limit import CopiedRun, CopyLimit
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, V2_TOKENS

V2 = Tokens(V2_TOKENS)
FEW = Tokens(
    ("<s>", "</s>", "C", "D", "E", "c", "^F", "_B", "z", "2", "/2", ">", "|", "|:", ":|", "(3",
     "[", "]", "M:3/4", "K:Cmaj", "_A")
)  # fmt: skip
"""A model's tokens in an order of their own."""

MakeIndex = Callable[..., Index]

AIR = "G 2 A B c d e f | g 2 f e d c B A |"


def limit_on(tunes: Sequence[Sequence[str]], notes: int, tokens: Tokens = FEW) -> CopyLimit:
    return CopyLimit(search([list(tune) for tune in tunes], 2), tokens, notes)


def numbers_of(text: str) -> list[int]:
    return V2.encode(text.split())


def run_after(limit: CopyLimit, text: str) -> CopiedRun:
    run = limit.begin()
    for number in limit.tokens.encode(text.split()):
        run.push(number)
    return run


def forbidden_after(corpus: str, notes: int, text: str) -> set[str]:
    """The tokens that a limit forbids after some others."""
    limit = limit_on([corpus.split()], notes, V2)
    run = run_after(limit, text)
    forbidden = {name for name, is_so in zip(V2.names, run.forbidden(), strict=True) if is_so}
    assert forbidden == {name for number, name in enumerate(V2.names) if not run.allows(number)}
    return forbidden


def longest_span(tunes: Sequence[Sequence[str]], checked: Sequence[str]) -> int:
    """The notes of the longest span that a check finds."""
    figures = search([list(tune) for tune in tunes])
    stream = join_layouts([lay_out(list(checked))], figures.vocabulary)
    return int(find_spans(stream, SearchLongest(figures, stream)).notes.max(initial=0))


def first_run(tunes: Sequence[Sequence[str]], written: Sequence[str], begins: list[int]) -> int:
    """How many notes, by brute force, the longest stretch that stands up to the last token has."""
    for k, begin in enumerate(begins):
        stretch = written[begin:]
        if not any(map(brute.is_wall, stretch)) and brute.figure_hits(
            tunes, stretch, open_end=True
        ):
            return len(begins) - k
    return 0


@given(st.one_of(st.lists(bodies, min_size=1, max_size=4), corpora), st.data())
@pytest.mark.slow
def test_a_walk_over_allowed_tokens_has_no_longer_span(
    tunes: list[list[str]], data: st.DataObject
) -> None:
    notes = data.draw(st.integers(1, 4))
    limit = limit_on(tunes, notes)
    run, written = limit.begin(), list[str]()
    corpus = [token for tune in tunes for token in tune if token in FEW.numbers]
    wishes = data.draw(st.one_of(bodies, heaps, st.just(corpus)))
    for wish in [*wishes, *corpus]:
        number = FEW.numbers.get(wish, FEW.numbers["|"])
        if not run.allows(number):  # the walk copies as much as it may
            allowed = np.flatnonzero(~run.forbidden())
            number = int(allowed[data.draw(st.integers(0, len(allowed) - 1))])
        assert run.allows(number)
        run.push(number)
        written.append(FEW.names[number])
    assert longest_span(tunes, written) <= notes


def begins_of_notes(tokens: Sequence[str]) -> list[int]:
    """Where the notes begin; a chord that is open is one as soon as a note stands in it."""
    is_open = tokens.count("[") > tokens.count("]")
    found = brute.notes([*tokens, "]"] if is_open else tokens)
    return [a for a, b in found if any(MEANINGS[token].kind == NOTE for token in tokens[a:b])]


@given(st.lists(bodies, min_size=1, max_size=4), bodies, st.integers(1, 4), st.integers(1, 30))
def test_a_token_is_forbidden_where_brute_force_finds_its_note_to_be_one_too_many(
    tunes: list[list[str]], music: list[str], notes: int, tokens: int
) -> None:
    written = [token for token in music if token in FEW.numbers][:tokens]
    run = run_after(limit_on(tunes, notes), " ".join(written))
    for number, name in enumerate(FEW.names):
        if name in ("[", "|", "|:", ":|") or brute.is_wall(name):
            expected = False
        else:
            follows = [*written, name]
            begins = begins_of_notes(follows)
            begins_note = len(begins) > len(begins_of_notes(written))
            expected = begins_note and first_run(tunes, follows, begins) > notes
        assert run.forbidden()[number] == expected
        assert run.allows(number) == (not expected)


@given(corpora, heaps, st.integers(1, 4))
def test_a_copied_run_goes_on_as_the_one_it_was_copied_from(
    tunes: list[list[str]], written: list[str], notes: int
) -> None:
    limit = limit_on(tunes, notes)
    numbers = [FEW.numbers[token] for token in written if token in FEW.numbers]
    run = limit.begin()
    for number in numbers[: len(numbers) // 2]:
        run.push(number)
    other = run.copy()
    for number in numbers[len(numbers) // 2 :]:
        other.push(number)
    again = limit.begin()
    for number in numbers:
        again.push(number)
    assert (other.forbidden() == again.forbidden()).all()
    first_half = limit.begin()
    for number in numbers[: len(numbers) // 2]:
        first_half.push(number)
    assert (run.forbidden() == first_half.forbidden()).all()


def test_the_note_that_would_be_one_too_many_is_forbidden_and_others_are_not() -> None:
    assert forbidden_after(AIR, 3, "G 2 A B") == {"c"}
    assert forbidden_after(AIR, 4, "G 2 A B") == set()
    assert forbidden_after(AIR, 3, "F 2 A B") == set()


def test_all_the_ways_in_which_the_corpus_goes_on_are_forbidden() -> None:
    assert forbidden_after("A B c | A B d | A B z | c B e", 2, "A B") == {"c", "d"}
    assert forbidden_after("A B c | A B d | A B z | c B e", 1, "A B") == {"c", "d", "e"}


def test_a_length_that_the_corpus_lacks_ends_a_run() -> None:
    assert forbidden_after(AIR, 3, "G 2 A B 2") == set()
    assert forbidden_after("G 2 A 2 B 2 c", 3, "G 2 A 2 B 2") == {"c"}


def test_a_note_is_forbidden_whatever_length_it_has_in_the_corpus() -> None:
    assert forbidden_after("A B c 2 |", 2, "A B") == {"c"}


def test_a_run_goes_on_over_bar_lines_and_rests_which_are_no_notes() -> None:
    assert forbidden_after("A B | z 2 |: c d", 2, "A B | z 2 |:") == {"c"}
    assert forbidden_after("A B | c d", 2, "A B | |") == set()


def test_a_chord_is_one_note_and_is_refused_at_its_first_name() -> None:
    corpus = "A B [ c e g ] d |"
    assert forbidden_after(corpus, 2, "A B") == set()
    assert forbidden_after(corpus, 2, "A B [") == {"c"}
    assert forbidden_after(corpus, 3, "A B [ c") == set()
    assert forbidden_after(corpus, 3, "A B [ c e g ]") == {"d"}
    assert forbidden_after(corpus, 1, "[ c e g ]") == {"d"}


def test_a_bracket_with_a_rest_in_it_is_no_note() -> None:
    assert forbidden_after("A [ z ] B c", 2, "A [ z ] B") == {"c"}
    assert forbidden_after("A [ z ] B c", 1, "A [ z ]") == {"B"}


def test_a_bar_line_ends_a_chord_that_is_open() -> None:
    assert forbidden_after("A [ B | c d", 3, "A [ B | c") == {"d"}
    assert forbidden_after("[ | c d", 1, "[ | c") == {"d"}


def test_tuplet_signs_and_broken_rhythms_stand_in_runs() -> None:
    assert forbidden_after("A (3 B c d e > f g", 4, "A (3 B c d") == {"e"}
    assert forbidden_after("A (3 B c d e > f g", 6, "A (3 B c d e > f") == {"g"}
    assert forbidden_after("A (3 B c d e > f g", 2, "A B c") == {"d"}


def test_a_header_ends_a_run() -> None:
    assert forbidden_after("A B M:6/8 c", 2, "A B M:6/8") == set()
    assert forbidden_after("A B c", 2, "M:4/4 K:Cmaj A B") == {"c"}
    assert forbidden_after("A B [ M:6/8 c d", 1, "A B [ M:6/8 c") == set()


def test_a_token_that_the_index_lacks_ends_a_run() -> None:
    tokens = Tokens(("<s>", "</s>", "A", "B", "c", "^^F", "!trill!"))
    for lacking in ("^^F", "!trill!"):
        run = run_after(limit_on([["A", "B", "c"]], 2, tokens), f"A {lacking} A B")
        assert not run.allows(tokens.numbers["c"])
        run = run_after(limit_on([["A", "B", "c"]], 2, tokens), f"A {lacking} B")
        assert run.allows(tokens.numbers["c"])


def test_a_run_may_stand_in_any_segment() -> None:
    limit = limit_on([["A", "B", "c"], ["d"], ["d"], ["A", "B", "e"]], 2, V2)
    forbidden = np.flatnonzero(run_after(limit, "A B").forbidden())
    assert {V2.names[number] for number in forbidden} == {"c", "e"}


def test_after_more_notes_than_allowed_those_that_go_on_are_forbidden_still() -> None:
    assert forbidden_after("A B c d e | c d f", 2, "A B c d") == {"e", "f"}


def holds(corpus: str, notes: int, written: str) -> bool:
    return limit_on([corpus.split()], notes, V2).holds_when_read(written.split())


def test_an_empty_bar_keeps_runs_apart_in_tokens_and_not_in_abc() -> None:
    corpus, written = "C D E F | G A B c |", "M:4/4 K:Cmaj C D E F | | G A B c |"
    assert holds(corpus, 8, written)
    assert not holds(corpus, 7, written)
    assert holds(corpus, 4, "M:4/4 K:Cmaj C D E F | | A A B c |")


def test_what_cannot_be_written_as_abc_or_has_no_notes_is_not_left_out() -> None:
    assert holds(AIR, 1, "M:4/4 K:Cmaj G 2 A !trill!")
    assert holds(AIR, 1, "M:4/4 K:Cmaj |")


def test_a_limit_below_one_note_is_refused() -> None:
    for notes in (0, -3):
        with pytest.raises(QueryError, match=rf"^the limit of copied notes cannot be {notes}"):
            limit_on([["A"]], notes)


def test_a_start_that_copies_more_is_refused_with_its_number_of_notes() -> None:
    limit = limit_on([AIR.split()], 4, V2)
    limit.check_start(numbers_of("<s> M:4/4 K:Cmaj G 2 A B c"))
    with pytest.raises(QueryError, match=r"^6 notes in a row of the start are found .* most 4 are"):
        limit.check_start(numbers_of("<s> M:4/4 K:Cmaj z | G 2 A B c d e 2 | f"))


def test_where_nothing_is_left_the_limit_and_the_place_are_named() -> None:
    limit = limit_on([AIR.split()], 1, V2)
    error = limit.nothing_left(numbers_of("M:4/4 K:Cmaj G 2 |"))
    assert str(error).startswith(
        "with a limit of 1 copied notes nothing can be written after 'M:4/4 "
    )


def test_of_real_tunes_none_is_written_with_a_longer_span(v2_index: Index, shared: Path) -> None:
    tunes = [
        tune.tokens
        for tune in read_sources([shared / "folkrnn_v2_withtitles_first3000.txt"])
        if not isinstance(tune, Rejected)
    ]
    limit, draw = CopyLimit(v2_index.figures, V2, 12), np.random.default_rng(5)
    steered = 0
    for tune in tunes[::300]:
        run, written = limit.begin(), list[str]()
        for number in V2.encode(tune):
            if not run.allows(number):
                number = int(draw.choice(np.flatnonzero(~run.forbidden())))
                steered += 1
            run.push(number)
            written.append(V2.names[number])
        (checked,) = check(f"{' '.join(written[:1])}\n{' '.join(written[1:])}", v2_index).tunes
        assert checked.longest_span is not None
        assert checked.longest_span.notes <= 12
        assert limit.longest_run(V2.encode(tune)) > 12
    assert steered > 0


def test_an_open_index_can_be_given(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nA B c d |")
    run = run_after(CopyLimit(index.figures, V2, 2), "A B")
    assert not run.allows(V2.numbers["c"])
