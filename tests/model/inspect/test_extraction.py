"""Extraction: a tune learnt by heart is continued verbatim; lengths are those of greedy writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.networks import tiny_model
from tests.model.tiny import SCALE, make_model
from tunetrace import Index, ModelFileError, QueryError, extract
from tunetrace.model.inspect.extraction import _predicted, ends_of_bars
from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.model.training.batches import pack

HEADER = "M:2/4\nK:Cmaj\n"
LEARNT = "C D E F | G A B c | d c B A | G F E D | E G c G | F A c A | D F B F | C E G C |"
OTHER = "c B A G | F E D C | B, C D E | F D G E | A F B G | c A d B | e c g e | d B c c |"
NAMES = ("<s>", "</s>", "M:2/4", "K:Cmaj", "|", "B,", *"CDEFGABcdefg")


def written(model: Model, prompt: Sequence[int], steps: int) -> list[int]:
    """What greedy writing adds to a prompt, one token at a time."""
    network = model.network
    state = network.initial_state(1)
    added: list[int] = []
    tokens = [model.tokens.start, *prompt]
    with torch.no_grad():
        while len(added) < steps:
            for token in tokens:
                logits, state = network.step(torch.tensor([token]), state)
            logits[0, model.tokens.start] = -torch.inf
            added.append(int(logits[0].argmax()))
            tokens = added[-1:]
            if added[-1] == model.tokens.end:
                break
    return added


@pytest.fixture(scope="module")
def learnt() -> Model:
    """A network that was shown one tune until it knew it by heart."""
    tokens = Tokens(NAMES)
    network = Network(Sizes(len(NAMES), 32, 1))
    generator = torch.Generator().manual_seed(1)
    network.initialize(generator)
    packed = pack([tokens.encode((HEADER + LEARNT).split())], tokens)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        logits = network(packed.inputs, packed.rows)
        loss = torch.nn.functional.cross_entropy(logits, packed.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if loss < 0.002:
            break
    training = {"corpora": ["corpus0"], "tunes": 1, "held_out": ["corpus0:2"]}
    return Model(
        network.eval(), tokens, {"name": "learnt", "source": "a test", "training": training}
    )


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index(f"X:1\nT:Learnt\n{HEADER}{LEARNT}", f"X:2\nT:Other\n{HEADER}{OTHER}")


# A tune that was learnt by heart


def test_a_tune_that_was_learnt_by_heart_is_extracted_and_another_is_not(
    learnt: Model, index: Index
) -> None:
    found = extract(learnt, index, prompts=[1, 2, 4], bars=4, draws=10)
    assert (found.model, found.corpora, found.says_training) == ("learnt", ("corpus0",), True)
    rest = {1: 7, 2: 6, 4: 4}
    for row in found.training:
        follows = rest[row.prompt_bars]
        assert (row.tunes, row.extracted, row.share, row.whole) == (1, 1, 1.0, 1)
        assert (row.bars, row.tokens, row.notes) == (follows, 5 * follows, 4 * follows)
        # Wilson's interval of 1 in 1 is from 1 / (1 + 1.96^2) to 1.
        assert (row.low, row.high) == (pytest.approx(1 / (1 + 1.959964**2)), 1)
        assert row.by_draws == pytest.approx(1, abs=1e-6)
    for row in found.held_out:
        assert (row.tunes, row.extracted, row.share, row.whole) == (1, 0, 0.0, 0)
        assert row.bars == 0
        assert row.by_draws == pytest.approx(0, abs=1e-6)
    for one in found.differences:
        assert (one.share, one.bars) == (1, rest[one.prompt_bars])
    (tune,) = found.extracted
    assert tune.to_dict() == {
        "tune": 1, "title": "Learnt", "corpus": "corpus0", "number": 1, "link": None,
        "is_held_out": False, "prompt_bars": 1, "bars": 7, "following": 7, "is_whole": True,
    }  # fmt: skip
    assert found.longest == tune


def test_what_must_follow_is_the_number_of_bars_or_the_rest_with_its_end(
    learnt: Model, index: Index
) -> None:
    # After 4 bars 4 more follow. A rest under half of the bars that are asked for does not count.
    for bars, tunes in ((4, 1), (5, 1), (8, 1), (9, 0)):
        (row,) = extract(learnt, index, prompts=[4], bars=bars).training if tunes else [None]
        assert row is None or (row.tunes, row.extracted) == (tunes, 1)
    with pytest.raises(QueryError, match="no training tune of corpus0 has 9 bars or more"):
        extract(learnt, index, prompts=[4], bars=9)
    long, short = extract(learnt, index, prompts=[7, 1], bars=8).training
    assert (long.prompt_bars, long.tunes, long.extracted) == (1, 1, 1)
    assert (short.prompt_bars, short.tunes, short.share, short.bars) == (7, 0, None, None)


def test_a_rest_without_its_end_is_not_the_whole_rest(learnt: Model, index: Index) -> None:
    endless = Model(learnt.network, learnt.tokens, learnt.provenance)
    before = learnt.network.token_bias.detach().clone()
    try:
        with torch.no_grad():
            learnt.network.token_bias[learnt.tokens.end] -= 100
        rest, bars = (extract(endless, index, prompts=[2], bars=n).training[0] for n in (8, 6))
    finally:
        with torch.no_grad():
            learnt.network.token_bias.copy_(before)
    # All 6 bars come, but not the end: too little where 8 are asked for, enough where 6 are.
    assert (rest.bars, rest.whole, rest.extracted) == (6, 0, 0)
    assert (bars.bars, bars.whole, bars.extracted) == (6, 0, 1)


# The lengths


@settings(max_examples=20)
@given(
    seed=st.integers(0, 200),
    sequences=st.lists(st.lists(st.integers(2, 13), max_size=12), min_size=1, max_size=4),
    data=st.data(),
)
def test_one_reading_gives_the_verbatim_length_from_every_prompt(
    seed: int, sequences: list[list[int]], data: st.DataObject
) -> None:
    model = make_model(seed=seed, bias={"<s>": 20.0})  # START is never written
    # Random tunes are never continued, so the network writes the rest of some itself.
    for numbers in sequences:
        if data.draw(st.booleans()):
            numbers += [n for n in written(model, numbers, 10) if n != model.tokens.end]
    for numbers, (is_first, bits) in zip(sequences, _predicted(model, sequences), strict=True):
        whole = [*numbers, model.tokens.end]
        assert len(is_first) == len(bits) == len(whole)
        for prompt in range(len(whole)):
            continued = written(model, numbers[:prompt], len(whole) - prompt)
            same = [a == b for a, b in zip(continued, whole[prompt:], strict=False)]
            verbatim = ([*same, False]).index(False)
            assert is_first[prompt : prompt + verbatim].all()
            assert prompt + verbatim == len(whole) or not is_first[prompt + verbatim]


def test_the_probability_of_a_draw_is_that_of_all_its_tokens(
    make_index: Callable[..., Index],
) -> None:
    # All 137 tokens but START are equally probable: 4 bars of `C 4 |` are 12 tokens, and with the
    # end of the tune 13.
    index = make_index(f"{HEADER}{'C 4 | ' * 6}")
    model = tiny_model(None, corpora=["corpus0"])
    for bars, tokens in ((4, 12), (8, 13)):
        (row,) = extract(model, index, prompts=[2], bars=bars, draws=10**26).training
        assert row.by_draws == pytest.approx(1 - exp(-(136.0**-tokens) * 1e26), rel=1e-3)


# Bars


@pytest.mark.parametrize(
    ("tokens", "ends"),
    [
        ("M:2/4 K:Cmaj C D E F | G A B c |", [7, 12]),
        # A pickup belongs to the first bar, that of the second part to the bar after it.
        ("M:2/4 K:Cmaj G | C D E F | E D C :| |: A | B c d e | c 3 :|", [9, 14, 21, 24]),
        # Two halves with a bar line between them are one bar.
        ("M:2/4 K:Cmaj C D E F | C D | E F | G 4 |", [7, 13, 16]),
        # What follows the last bar line belongs to the last bar.
        ("M:2/4 K:Cmaj C 4 | D 4 |: |", [5, 9]),
        ("M:2/4 K:Cmaj |", []),
    ],
)  # fmt: skip
def test_bars_end_where_they_are_counted_to_end(tokens: str, ends: list[int]) -> None:
    assert ends_of_bars(tokens.split()) == ends


# Which tunes


def test_n_tunes_of_each_kind_are_chosen_by_the_seed(make_index: Callable[..., Index]) -> None:
    pitches = "CDEFGABcdefg"
    index = make_index(*(f"X:{k + 1}\n{HEADER}{f'{p} 4 | ' * 3}" for k, p in enumerate(pitches)))
    model = tiny_model(corpora=["corpus0"], held_out=[f"corpus0:{k}" for k in (3, 7, 9)])

    def counts(n: int, seed: int = 1) -> tuple[int, int]:
        found = extract(model, index, n=n, seed=seed, prompts=[1], bars=2)
        return found.training[0].tunes, found.held_out[0].tunes

    assert counts(500) == (9, 3)
    assert counts(2) == (2, 2)
    answers = {str(extract(model, index, n=2, seed=s, prompts=1, bars=2).training[0].by_draws)
               for s in range(1, 6)}  # fmt: skip
    assert len(answers) > 1
    again = [extract(model, index, n=2, seed=4, prompts=1, bars=2) for _ in range(2)]
    assert again[0] == again[1]


def test_a_model_that_does_not_say_is_asked_of_a_corpus(learnt: Model, index: Index) -> None:
    unsaid = Model(learnt.network, learnt.tokens, {"name": "unsaid", "source": "a test"})
    with pytest.raises(ModelFileError, match="does not say which corpora it was trained on; name"):
        extract(unsaid, index)
    found = extract(unsaid, index, corpus="corpus0", prompts=[2], bars=4)
    assert (found.says_training, found.held_out, found.differences) == (False, (), ())
    assert (found.training[0].tunes, found.training[0].extracted) == (2, 1)
    assert not found.extracted[0].is_held_out


def test_tunes_that_the_model_cannot_read_are_left_out(make_index: Callable[..., Index]) -> None:
    scale = "M:4/4\nK:Cmaj\n" + "C 2 D 2 E 2 F 2 | G 2 A 2 G 2 F 2 | " * 3
    index = make_index(scale, scale.replace("G 2 A", "^f' 2 A"), scale.replace("C 2 D", "B, 2 D"))
    model = make_model(SCALE)
    found = extract(model, index, corpus="corpus0", prompts=[2], bars=4)
    assert (found.training[0].tunes, found.left_out) == (1, 2)
    other = make_index(scale.replace("C 2 D", "B, 2 D"))
    with pytest.raises(QueryError, match="the model 'tiny' can read no training tune of corpus1"):
        extract(model, other, corpus="corpus1")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n": 0}, "n cannot be 0; give 1 or more"),
        ({"prompts": [4, 0]}, "prompts cannot be 0; give 1 or more"),
        ({"prompts": []}, "prompts cannot be empty; give numbers of bars, such as 1,2,4,8"),
        ({"prompts": ["2"]}, "one of prompts cannot be '2'; give a whole number"),
        ({"bars": 0}, "bars cannot be 0; give 1 or more"),
        ({"draws": -1}, "draws cannot be -1; give 1 or more"),
        ({"seed": -1}, "seed cannot be -1; give 0 or more"),
        ({"corpus": "airds"}, "the index has no corpus 'airds'; its corpora are corpus0"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused(
    learnt: Model, index: Index, given: dict[str, object], sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        extract(learnt, index, **given)  # type: ignore[arg-type]
    assert str(refused.value).startswith(sentence)


def test_a_corpus_that_the_model_was_not_trained_on_is_refused(
    make_index: Callable[..., Index],
) -> None:
    index = make_index(f"{HEADER}{LEARNT}")
    model = tiny_model(corpora=["session"])
    with pytest.raises(QueryError) as refused:
        extract(model, index, corpus="corpus0")
    assert str(refused.value) == (
        "the model 'tiny' was not trained on 'corpus0' but on session; give one of these, or no "
        "corpus for all"
    )
