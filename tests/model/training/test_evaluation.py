"""Evaluating a model: against sums step by step, and against the back-off model by hand."""

from __future__ import annotations

from math import log2

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.networks import tiny_model
from tunetrace import InputError, ModelFileError, evaluate_model
from tunetrace.model.records import Model, Tokens
from tunetrace.model.training.evaluation import LONGEST, token_bits
from tunetrace.tokenizer.vocabulary import V2_TOKENS

KEY = "M:4/4\nK:Cmaj\n"
UNIFORM = log2(len(V2_TOKENS))
MUSIC = [token for token in V2_TOKENS if token[0] not in "MK" and token not in ("<s>", "</s>")]


def bits_by_steps(model: Model, numbers: list[int]) -> list[float]:
    """The bits of each token and of the end, one token at a time, in float64."""
    network = model.network.double()
    state = network.initial_state(1)
    state = type(state)(state.hidden.double(), state.cell.double())
    found, before = [], model.tokens.start
    for number in [*numbers, model.tokens.end]:
        with torch.no_grad():
            logits, state = network.step(torch.tensor([before]), state)
        found.append(
            -float(torch.log_softmax(logits[0], 0)[number]) / torch.log(torch.tensor(2.0)).item()
        )
        before = number
    network.float()
    return found


# The network


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.integers(0, 136), max_size=20), min_size=1, max_size=6))
def test_a_batchs_bits_are_those_of_each_transcription_step_by_step(sequences):
    model = tiny_model()
    for bits, numbers in zip(token_bits(model, sequences), sequences, strict=True):
        assert bits.tolist() == pytest.approx(bits_by_steps(model, numbers), abs=1e-5)


def test_transcriptions_of_several_batches_come_back_in_their_order(monkeypatch):
    monkeypatch.setattr("tunetrace.model.training.evaluation._BATCH_NUMBERS", 137 * 1000)
    model = tiny_model()
    sequences = [[k % 137] * (40 + k * 7 % 60) for k in range(150)]  # some 10,000 tokens
    found = token_bits(model, sequences)
    assert [len(bits) for bits in found] == [len(numbers) + 1 for numbers in sequences]
    for place in (0, 77, 149):
        expected = bits_by_steps(model, sequences[place])
        assert found[place].tolist() == pytest.approx(expected, abs=1e-5)


def test_nothing_is_dropped_out_and_a_network_in_training_stays_so():
    model = tiny_model()
    expected = token_bits(model, [[1, 2, 3]])[0].tolist()
    model.network.dropout = 0.9
    model.network.train()
    assert token_bits(model, [[1, 2, 3]])[0].tolist() == expected
    assert model.network.training


# The score


def test_a_network_that_finds_all_equally_probable_needs_so_many_bits(make_index, tmp_path):
    (tmp_path / "a.txt").write_text(KEY + "C D E 2 | F 4 |\n\n" + KEY + "G 4 |\n")
    index = make_index(KEY + "C C C 2 |")
    found = evaluate_model(tiny_model(None), [tmp_path / "a.txt"], index)
    # 8 and 3 tokens of music in three bars; two headers and an end each.
    assert (found.tunes, found.bars) == (2, 3)
    assert (found.network.tokens, found.everything.tokens) == (11, 17)
    for score in (found.network, found.everything):
        assert score.bits_per_token == pytest.approx(UNIFORM)
        assert score.perplexity == pytest.approx(137)
        assert score.bits_per_bar == pytest.approx(score.tokens / 3 * UNIFORM)
        assert score.perplexity_per_bar == pytest.approx(137 ** (score.tokens / 3), rel=1e-5)
    assert (found.model, found.sources, found.set_aside) == ("tiny", (str(tmp_path / "a.txt"),), ())


def test_headers_and_ends_count_in_everything_and_not_in_the_music(make_index, tmp_path):
    # Of weight e to the power of the bias: C has a half of all, and all else a part of the rest.
    model = tiny_model(None)
    with torch.no_grad():
        model.network.token_bias[model.tokens.numbers["C"]] = torch.log(torch.tensor(136.0))
    (tmp_path / "a.txt").write_text(KEY + "C C D\n")
    found = evaluate_model(model, [tmp_path / "a.txt"], make_index(KEY + "G"))
    half, rest = 1.0, log2(2 * 136)
    assert found.network.bits_per_token == pytest.approx((2 * half + rest) / 3)
    assert found.everything.bits_per_token == pytest.approx((2 * half + 4 * rest) / 6)


# The back-off model


def test_the_back_off_model_is_that_of_the_formula_by_hand(make_index, tmp_path):
    # C D C 2 and C D: C stands 3 times, D 2 times, 2 once; after D C once.
    index = make_index(KEY + "C D C 2", KEY + "C D")
    (tmp_path / "a.txt").write_text(KEY + "D C\n")
    found = evaluate_model(tiny_model(None), [tmp_path / "a.txt"], index)
    c, d = ((n + 3 / len(MUSIC)) / (6 + 3) for n in (3, 2))
    c_after_d = (1 + c) / (1 + 1)
    orders = [-(log2(d) + log2(c)) / 2, *[-(log2(d) + log2(c_after_d)) / 2] * 4]
    assert [score.order for score in found.backoff] == [1, 2, 3, 4, 5]
    assert [score.bits_per_token for score in found.backoff] == pytest.approx(orders)
    assert {score.tokens for score in found.backoff} == {found.network.tokens} == {2}
    assert (found.counted_on, found.left_out, found.in_index) == (2, 0, 0)
    assert found.corpora == ("corpus0",)
    assert found.difference.order == 2
    assert found.difference.bits_per_token == pytest.approx(UNIFORM - orders[1])
    # One tune does not vary, so that no interval says more.
    assert (found.difference.low, found.difference.is_better) == (None, None)


TUNES = (
    f"X:1\nT:The Kesh\n{KEY}C D E F | G A B c |",
    f"X:2\nT:Morrison's\n{KEY}D E D E | C C C C |",
    f"X:3\nT:Kesh, The\n{KEY}C D E G | G A B d |",
    f"X:4\nT:Banish\n{KEY}c B A G | F E D C |",
)


def test_held_out_tunes_and_their_settings_are_not_counted(make_index, tmp_path):
    index = make_index(*TUNES)
    model = tiny_model(corpora=["corpus0"], held_out=["corpus0:1"])
    found = evaluate_model(model, index=index, held_out=True)
    assert (found.tunes, found.counted_on, found.left_out, found.in_index) == (1, 2, 2, 0)
    # As of an index that never had them.
    (tmp_path / "kesh.txt").write_text(TUNES[0])
    others = make_index(TUNES[1], TUNES[3])
    alone = evaluate_model(tiny_model(), [tmp_path / "kesh.txt"], others)
    assert (found.backoff, found.network) == (alone.backoff, alone.network)
    assert (alone.counted_on, alone.left_out) == (2, 0)


def test_tunes_of_the_index_that_are_evaluated_are_not_counted_and_are_told_of(
    make_index, tmp_path
):
    index = make_index(*TUNES)
    # Titles and headers do not make it another tune; the third is in no index.
    (tmp_path / "a.txt").write_text(
        "T:Mine\nM:3/4\nK:Cdor\nC D E F | G A B c |\n\n" * 2 + KEY + "G G G G |\n"
    )
    found = evaluate_model(tiny_model(), [tmp_path / "a.txt"], index)
    assert (found.tunes, found.in_index, found.counted_on, found.left_out) == (3, 2, 2, 2)
    # What was held out is not counted either, and the network was not trained on it.
    model = tiny_model(corpora=["corpus0"], held_out=["corpus0:1"])
    found = evaluate_model(model, [tmp_path / "a.txt"], index)
    assert (found.in_index, found.counted_on, found.left_out) == (0, 2, 2)


def test_a_model_of_other_corpora_is_held_against_all_of_the_index(make_index, tmp_path):
    (tmp_path / "a.txt").write_text(KEY + "G G G G |\n")
    model = tiny_model(corpora=["elsewhere"], held_out=["elsewhere:1"])
    found = evaluate_model(model, [tmp_path / "a.txt"], make_index(*TUNES))
    assert (found.corpora, found.counted_on) == (("corpus0",), 4)


def test_an_index_in_which_all_is_evaluated_leaves_nothing_to_count(make_index, tmp_path):
    (tmp_path / "a.txt").write_text(KEY + "C D\n")
    found = evaluate_model(tiny_model(), [tmp_path / "a.txt"], make_index(KEY + "C D"))
    assert (found.counted_on, found.left_out, found.in_index) == (0, 1, 1)
    assert (found.backoff, found.difference) == ((), None)
    assert found.network.tokens == 2


# Which is better


def test_tunes_that_are_alike_leave_no_doubt(make_index, tmp_path):
    (tmp_path / "a.txt").write_text((KEY + "C C C C | D D D D |\n\n") * 5)
    index = make_index(KEY + "C C C | C C D D |")
    worse = evaluate_model(tiny_model(None), [tmp_path / "a.txt"], index)
    difference = worse.difference
    best = min(score.bits_per_token for score in worse.backoff)
    assert difference.bits_per_token == pytest.approx(UNIFORM - best)
    assert difference.low == pytest.approx(difference.bits_per_token)
    assert difference.high == pytest.approx(difference.bits_per_token)
    assert difference.is_better is False
    model = tiny_model(None)
    with torch.no_grad():
        for token in ("C", "D", "|"):
            model.network.token_bias[model.tokens.numbers[token]] = 9.0
    # A third of the probability each: 1.585 bits; the back-off model has seen too little for that.
    better = evaluate_model(model, [tmp_path / "a.txt"], make_index(KEY + "G A B"))
    assert better.network.bits_per_token == pytest.approx(log2(3), abs=0.05)
    assert better.difference.is_better is True


def test_where_tunes_disagree_the_interval_has_both_sides(make_index, tmp_path):
    # One tune the index has nearly, one it has not at all; the network finds both alike.
    (tmp_path / "a.txt").write_text(
        KEY + "C C C C | C C C C |\n\n" + KEY + "^a _e' 9 8 16 | (9 a |"
    )
    found = evaluate_model(tiny_model(None), [tmp_path / "a.txt"], make_index(KEY + "C C C | " * 8))
    difference = found.difference
    assert difference.low < difference.bits_per_token < difference.high
    assert difference.low < 0 < difference.high
    assert difference.is_better is None


# What is set aside


def test_a_token_that_the_model_lacks_sets_its_tune_aside(make_index, tmp_path):
    tokens = tuple(token for token in V2_TOKENS if token != "^a")
    (tmp_path / "a.txt").write_text(
        f"X:7\nT:High\n{KEY}C ^a |\n\n{KEY}C D |\n\nM:3/8\nK:Cmaj\nC |\n"
    )
    found = evaluate_model(tiny_model(1, tokens), [tmp_path / "a.txt"], make_index(KEY + "G"))
    assert found.tunes == 1
    assert [(one.reason, one.number, one.title, one.line) for one in found.set_aside] == [
        ("the model has no token '^a'", 7, "High", 1),
        ("the model has no token 'M:3/8'", None, "", 11),
    ]


def test_a_tune_longer_than_any_is_set_aside(make_index, tmp_path):
    (tmp_path / "a.txt").write_text(KEY + "C " * LONGEST + "\n\n" + KEY + "C D |\n")
    found = evaluate_model(tiny_model(), [tmp_path / "a.txt"], make_index(KEY + "G"))
    assert found.tunes == 1
    assert (
        found.set_aside[0].reason == "the tune has 10,002 tokens, but at most 10,000 are predicted"
    )


def test_tunes_that_can_none_be_predicted_are_one_sentence(make_index, tmp_path):
    model = Model(tiny_model(1, ("<s>", "</s>", "z")).network, Tokens(("<s>", "</s>", "z")))
    (tmp_path / "a.txt").write_text(KEY + "C D |\n")
    with pytest.raises(InputError, match="the model has no token 'M:4/4'"):
        evaluate_model(model, [tmp_path / "a.txt"], make_index(KEY + "G"))


def test_weights_too_large_to_be_summed_are_one_sentence(make_index, tmp_path):
    model = tiny_model()
    with torch.no_grad():
        model.network.token_bias.fill_(-3e38)
        model.network.token_bias[0] = 3e38  # together they are more than a float32 holds
    (tmp_path / "a.txt").write_text(KEY + "C D |\n")
    with pytest.raises(ModelFileError, match="'tiny' cannot give probabilities"):
        evaluate_model(model, [tmp_path / "a.txt"], make_index(KEY + "G"))


# What it cannot be evaluated on


def test_sources_or_held_out_tunes_and_not_both(make_index):
    index = make_index(*TUNES)
    for sources, held_out in (((), False), (("a.txt",), True)):
        with pytest.raises(InputError, match="either on sources or on its held-out tunes"):
            evaluate_model(tiny_model(), sources, index, held_out=held_out)


@pytest.mark.parametrize(
    "training",
    [{}, {"held_out": []}, {"held_out": None}, {"held_out": 3}, {"held_out": {"a": 1}},
     {"held_out": "corpus0:1"}],
)  # fmt: skip
def test_a_model_without_held_out_tunes_is_one_sentence(make_index, training):
    with pytest.raises(ModelFileError, match="'tiny' does not say which tunes were held out"):
        evaluate_model(tiny_model(**training), index=make_index(*TUNES), held_out=True)


@pytest.mark.parametrize("reference", ["corpus0:9", "oneills:1", "", "[", 7.5, None, ["a"], "\0"])
def test_a_held_out_tune_that_the_index_lacks_is_one_sentence(make_index, reference):
    model = tiny_model(held_out=["corpus0:1", reference])
    with pytest.raises(ModelFileError, match="this is not the index that 'tiny' was trained on"):
        evaluate_model(model, index=make_index(*TUNES), held_out=True)
