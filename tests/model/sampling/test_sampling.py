"""Sampling: what is drawn, how it begins, and that a seed means the same tunes whatever else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.model.tiny import SCALE, make_model
from tunetrace import Index, QueryError, Sampled, check, sample
from tunetrace.model.records import Model
from tunetrace.model.sampling import blocks
from tunetrace.model.sampling.copy_limit import CopyLimit
from tunetrace.model.sampling.draw import BLOCK, draw, uniforms, weights_of
from tunetrace.tokenizer.vocabulary import V2_TOKENS
from tunetrace.tokenizer.write import to_abc

MakeIndex = Callable[..., Index]

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = make_model(bias={"</s>": -1.0})
ENDLESS = make_model(bias={"</s>": -100.0})


def tunes(model: Model = MODEL, n: int = 20, **options: object) -> list[Sampled]:
    return list(sample(n, model, **{"seed": 7, **options}))  # type: ignore[arg-type]


def by_brute_force(model: Model, seed: int, number: int) -> list[str]:
    """A tune drawn token by token with Network.step, by its definition."""
    uniform = np.random.Generator(np.random.Philox(key=np.array([seed, number], dtype=np.uint64)))
    tokens: list[str] = []
    token = model.tokens.start
    with torch.no_grad():
        state = model.network.initial_state(1)
        while True:
            logits, state = model.network.step(torch.tensor([token]), state)
            logits[0, model.tokens.start] = -math.inf
            wanted, sum_before = uniform.random(), 0.0
            shares = torch.softmax(logits[0].double(), 0).tolist()
            token = 0
            while (sum_before := sum_before + shares[token]) <= wanted:
                token += 1
            if token == model.tokens.end:
                return tokens
            tokens.append(model.tokens.names[token])


def test_tunes_are_those_that_the_networks_probabilities_give() -> None:
    for sampled in tunes(n=12):
        assert list(sampled.tokens) == by_brute_force(MODEL, 7, sampled.number)
        assert sampled.has_ended


def test_the_first_tokens_are_drawn_as_often_as_is_probable() -> None:
    with torch.no_grad():
        start = torch.tensor([MODEL.tokens.start])
        logits, _ = MODEL.network.step(start, MODEL.network.initial_state(1))
        logits[0, MODEL.tokens.start] = -math.inf
        probabilities = torch.softmax(logits[0].double() / 1.3, 0).numpy()
    n = 4000
    counts = Counter(
        tune.tokens[0] if tune.tokens else "</s>"
        for tune in tunes(n=n, max_tokens=1, temperature=1.3)
    )
    found = np.array([counts[name] for name in SCALE])
    expected = probabilities * n
    assert found[0] == 0
    distance = ((found[1:] - expected[1:]) ** 2 / expected[1:]).sum()
    assert distance < 32.9  # of 12 degrees of freedom, one in a thousand is higher


def test_a_seed_gives_the_same_tunes_whatever_n_and_batch_size() -> None:
    expected = tunes(n=260)
    assert [tune.number for tune in expected] == list(range(1, 261))
    assert tunes(n=260) == expected
    assert tunes(n=10) == expected[:10]
    for batch_size in (1, 7, 64, 200):
        assert tunes(n=150, batch_size=batch_size) == expected[:150]
    assert tunes(n=10, seed=8) != expected[:10]


def test_a_seed_gives_the_same_tunes_whatever_the_number_of_threads() -> None:
    model = make_model(V2_TOKENS, units=160, layers=2)
    expected = tunes(model, n=140, max_tokens=6)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        found = sample(140, model, seed=7, max_tokens=6)
        assert [next(found), *found] == expected
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_same_holds_with_a_beginning_top_p_and_bfloat16() -> None:
    options = {"key": "dor", "start": "C D", "top_p": 0.8, "precision": "bfloat16"}
    expected = tunes(n=131, **options)
    assert tunes(n=12, batch_size=5, **options) == expected[:12]


def test_a_tune_longer_than_a_block_of_uniform_numbers_goes_on_as_well() -> None:
    expected = tunes(ENDLESS, n=3, max_tokens=3 * BLOCK)
    assert len(expected[0].tokens) == 3 * BLOCK
    shorter = tunes(ENDLESS, n=2, max_tokens=BLOCK + 40, batch_size=1)
    for one, other in zip(shorter, expected, strict=False):
        assert one.tokens == other.tokens[: BLOCK + 40]
    last = [tune.tokens[-BLOCK:] for tune in expected]
    first = [tune.tokens[:BLOCK] for tune in expected]
    assert last != first


def test_a_start_longer_than_a_block_leaves_the_stream_where_it_stands() -> None:
    start = " ".join(["C", "2"] * (BLOCK // 2 + 10))
    expected = tunes(ENDLESS, n=2, meter="4/4", key="maj", start=start, max_tokens=2 * BLOCK)
    assert len(expected[0].tokens) == 2 * BLOCK
    again = tunes(ENDLESS, n=1, meter="4/4", key="maj", start=start, max_tokens=2 * BLOCK)
    assert again == expected[:1]
    assert expected[0].tokens != expected[1].tokens


def test_what_does_not_end_is_cut_off_and_marked() -> None:
    ended = tunes(n=50, max_tokens=1000)
    cut = tunes(n=50, max_tokens=5)
    assert any(not tune.has_ended for tune in cut)
    for whole, tune in zip(ended, cut, strict=True):
        assert tune.tokens == whole.tokens[:5]
        assert tune.has_ended == (len(whole.tokens) < 5)


def test_the_token_that_begins_a_tune_is_never_written_again() -> None:
    eager = make_model(bias={"<s>": 50.0, "</s>": -2.0})
    for tune in tunes(eager, n=30):
        assert "<s>" not in tune.tokens
        assert "</s>" not in tune.tokens


@pytest.mark.parametrize(
    ("options", "beginning"),
    [
        ({"meter": "6/8"}, ["M:6/8"]),
        ({"key": "Cdor"}, ["M:", "K:Cdor"]),
        ({"key": "Dorian"}, ["M:", "K:Cdor"]),
        ({"key": "maj"}, ["M:", "K:Cmaj"]),
        ({"start": "C 2 D"}, ["M:", "K:", "C", "2", "D"]),
        ({"meter": "C", "start": "G"}, ["M:4/4", "K:", "G"]),
        ({"meter": "4/4", "key": "C", "start": "G A"}, ["M:4/4", "K:Cmaj", "G", "A"]),
    ],
)
def test_a_tune_begins_as_it_is_told(options: dict[str, str], beginning: list[str]) -> None:
    found = tunes(n=20, **options)
    for tune in found:
        assert len(tune.tokens) >= len(beginning)
        for token, begin in zip(tune.tokens, beginning, strict=False):
            assert token == begin or (begin in ("M:", "K:") and token.startswith(begin))
    assert len({tune.tokens for tune in found}) > 1


def test_what_is_left_out_of_a_beginning_is_drawn_by_its_probability() -> None:
    with torch.no_grad():
        start = torch.tensor([MODEL.tokens.start])
        logits, _ = MODEL.network.step(start, MODEL.network.initial_state(1))
    four, six = (math.exp(logits[0, SCALE.index(name)]) for name in ("M:4/4", "M:6/8"))
    n = 2000
    found = sum(tune.tokens[0] == "M:4/4" for tune in tunes(n=n, key="maj", max_tokens=3))
    share = four / (four + six)
    assert abs(found - n * share) < 4 * math.sqrt(n * share * (1 - share))


def test_a_cold_model_still_begins_as_it_is_told() -> None:
    unwilling = make_model(bias={"M:6/8": -60.0, "G": -60.0})
    for tune in tunes(unwilling, n=3, meter="6/8", start="G", temperature=0.01, max_tokens=10):
        assert tune.tokens[0] == "M:6/8"
        assert tune.tokens[2] == "G"


def test_the_coldest_tune_takes_the_likeliest_token_each_time() -> None:
    (cold,) = tunes(ENDLESS, n=1, temperature=0.01, max_tokens=30)
    token = ENDLESS.tokens.start
    with torch.no_grad():
        state = ENDLESS.network.initial_state(1)
        for name in cold.tokens:
            logits, state = ENDLESS.network.step(torch.tensor([token]), state)
            logits[0, ENDLESS.tokens.start] = -math.inf
            token = int(logits.argmax())
            assert name == ENDLESS.tokens.names[token]
    assert tunes(ENDLESS, n=1, top_p=1e-9, max_tokens=30) == [cold]


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [
        (1.0, [0.1, 0.4, 0.2, 0.3]),
        (0.95, [0.1, 0.4, 0.2, 0.3]),
        (0.89, [0, 0.4, 0.2, 0.3]),
        (0.69, [0, 0.4, 0, 0.3]),
        (0.39, [0, 0.4, 0, 0]),
        (0.0001, [0, 0.4, 0, 0]),
    ],
)
def test_top_p_keeps_the_likeliest_that_have_so_much_together(
    top_p: float, kept: list[float]
) -> None:
    logits = np.log([[0.1, 0.4, 0.2, 0.3]])
    weights = weights_of(logits, 1.0, top_p)
    np.testing.assert_allclose(0.4 * weights, [kept])  # the likeliest weighs 1


def test_a_temperature_divides_the_logits() -> None:
    weights = weights_of(np.log([[0.2, 0.8]]), 0.5, 1.0)
    np.testing.assert_allclose(weights / weights.sum(), [[1 / 17, 16 / 17]])


@given(
    st.lists(st.sampled_from([0.0, 1e-300, 0.1, 0.5, 1.0]), min_size=1, max_size=6).filter(any),
    st.sampled_from([0.0, 1e-17, 0.3, 0.5, 0.999, 1 - 2**-53]),
)
def test_a_token_without_weight_is_never_drawn(weights: list[float], uniform: float) -> None:
    (drawn,) = draw(np.array([weights]), np.array([uniform]))
    assert weights[drawn] > 0


def test_every_tune_of_every_seed_has_a_stream_of_its_own() -> None:
    firsts = [
        tuple(next(uniforms(seed, number))) for seed in (0, 1, 2**64 - 1) for number in (1, 2)
    ]
    assert len(set(firsts)) == 6


def narrow() -> Model:
    """A model of v2's tokens that knows one note sequence: it prefers C D E F G A in turn."""
    return make_model(
        V2_TOKENS, units=8, layers=1, bias={"</s>": -3.0, **dict.fromkeys("CDE|", 6.0)}
    )


def test_a_copy_limit_holds_and_is_counted(make_index: MakeIndex) -> None:
    index = make_index(
        "M:4/4\nK:Cmaj\nC D E C | D E C D | C C D D E E C E D C |",
        "M:4/4\nK:Cmaj\nE D C E E D D C C E | D C C C D D D E E E |",
    )
    model = narrow()
    limited = tunes(model, n=30, meter="4/4", key="maj", max_tokens=60, max_copy=3, index=index)
    free = tunes(model, n=limited[-1].number, meter="4/4", key="maj", max_tokens=60)

    def longest(tune: Sampled) -> int:
        text = "\n".join([*tune.tokens[:2], " ".join(tune.tokens[2:])])
        (checked,) = check(text, index, format="folkrnn").tunes
        return 0 if checked.longest_span is None else checked.longest_span.notes

    assert max(map(longest, free)) > 3
    assert max(map(longest, limited)) <= 3
    assert sum(tune.steered for tune in limited) > 0
    for tune in limited:
        if tune.steered == 0:  # what need not be steered is as it would have been
            assert tune == free[tune.number - 1]
    again = tunes(
        model, n=30, meter="4/4", key="maj", max_tokens=60, max_copy=3, index=index, batch_size=4
    )
    assert again == limited


def longest_in_abc(tune: Sampled, index: Index) -> int:
    """The notes of the longest span of a tune that was written as ABC."""
    (checked,) = check(to_abc(tune.tokens), index, format="abc").tunes
    return 0 if checked.longest_span is None else checked.longest_span.notes


def test_a_tune_that_copies_more_once_it_is_read_as_abc_is_left_out_and_more_are_written(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_index(
        "M:4/4\nK:Cmaj\nC D E C | D E C D | C C D D E E C E D C |",
        "M:4/4\nK:Cmaj\nE D C E E D D C C E | D C C C D D D E E E |",
    )
    model = narrow()
    options = {"meter": "4/4", "key": "maj", "max_tokens": 60, "max_copy": 3, "index": index}
    found = tunes(model, n=30, **options)
    assert len(found) == 30
    assert max(longest_in_abc(tune, index) for tune in found) <= 3
    numbers = [tune.number for tune in found]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > 30
    for batch_size in (1, 7):
        assert tunes(model, n=30, batch_size=batch_size, **options) == found
    assert tunes(model, n=10, **options) == found[:10]
    with monkeypatch.context() as changed:
        changed.setattr(CopyLimit, "holds_when_read", lambda limit, tokens: True)
        every = tunes(model, n=numbers[-1], **options)
    assert [tune for tune in every if longest_in_abc(tune, index) <= 3] == found


def test_sampling_ends_where_every_tune_is_left_out(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E C |")
    monkeypatch.setattr(CopyLimit, "holds_when_read", lambda limit, tokens: False)
    monkeypatch.setattr(blocks, "_MAX_LEFT_OUT", 20)
    with pytest.raises(QueryError, match=r"^each of 20 tunes in a row would copy more than 5"):
        tunes(n=3, max_copy=5, index=index)


def test_a_steered_token_is_drawn_from_the_masked_distribution(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D C E C F | C G |")
    names = ("<s>", "</s>", "C", "D", "E", "F", "G", "A", "B")
    model = make_model(names, bias={"</s>": -1.0})
    # After C, which stands in the index, with one note allowed, of the notes only A and B are left.
    with torch.no_grad():
        state = model.network.initial_state(1)
        for token in ("<s>", "C"):
            number = torch.tensor([names.index(token)])
            logits, state = model.network.step(number, state)
    logits[0, [0, *range(3, 7)]] = -math.inf
    probabilities = torch.softmax(logits[0].double(), 0).numpy()
    n = 3000
    found = tunes(model, n=n, start="C", max_tokens=2, max_copy=1, index=index)
    counts = Counter(tune.tokens[1] if len(tune.tokens) > 1 else "</s>" for tune in found)
    for name, share in zip(names, probabilities, strict=True):
        assert abs(counts[name] - n * share) <= 4 * math.sqrt(n * share * (1 - share)), name
    assert 0 < sum(tune.steered for tune in found) < n


def test_a_limit_that_leaves_nothing_to_write_is_refused(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D C C D D C |")
    sure = make_model(("<s>", "</s>", "C", "D"), bias={"</s>": -90.0, "<s>": -90.0}, sharpness=1.0)
    with pytest.raises(QueryError, match=r"with a limit of 1 copied notes nothing can be written"):
        tunes(sure, n=1, max_copy=1, index=index)


def test_a_start_that_is_a_longer_copy_is_refused_before_anything_is_written(
    make_index: MakeIndex,
) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F G A |")
    with pytest.raises(
        QueryError, match=r"5 notes in a row of the start are found .* at most 4 are allowed"
    ):
        sample(1, MODEL, start="C D E F G", max_copy=4, index=index)


def test_the_index_may_be_closed_once_sampling_has_begun(make_index: MakeIndex) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F G A |")
    begun = sample(20, MODEL, seed=1, max_copy=1, index=index)
    index.close()
    assert len(list(begun)) == 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 0}, "the number of transcriptions cannot be 0"),
        ({"temperature": 0}, "the temperature cannot be 0; give a number from 0.01 to 100"),
        ({"temperature": math.nan}, "temperature cannot be nan"),
        ({"temperature": math.inf}, "temperature cannot be inf"),
        ({"top_p": 0}, "top-p cannot be 0; give a share"),
        ({"top_p": math.nan}, "top-p cannot be nan"),
        ({"seed": -1}, "the seed cannot be -1"),
        ({"seed": 2**64}, "the seed cannot be"),
        ({"max_tokens": 0}, "the limit of tokens cannot be 0; give 1 to 100,000"),
        (
            {"start": "C D", "max_tokens": 4},
            "have 4 tokens together, but tunes are cut off after 4 tokens",
        ),
        ({"batch_size": 0}, "give 1 to 4,096"),
        ({"precision": "float64"}, "the precision cannot be 'float64'; give float32 or bfloat16"),
        ({"max_copy": 0}, "the limit of copied notes cannot be 0"),
        ({"meter": "seven"}, "'seven' is not a meter"),
        ({"meter": "7/8"}, "this model has no meter '7/8'; it writes 4/4, 6/8"),
        ({"key": "H"}, "'H' is not a key"),
        ({"key": "Dmaj"}, "the key Dmaj is not on C"),
        ({"key": "lyd"}, "this model has no key 'lyd'; it writes Cdor, Cmaj"),
        ({"start": "C^^^D"}, "'C^^^D' is not a token"),
        ({"start": "C Q"}, "'Q' is not a token"),
        ({"start": "<s> C"}, "the model itself writes '<s>' in every tune"),
        ({"start": "K:Cdor C"}, "give it as --key Cdor"),
    ],
)
def test_an_argument_out_of_range_is_refused_at_once(
    options: dict[str, object], sentence: str, make_index: MakeIndex
) -> None:
    index = make_index("M:4/4\nK:Cmaj\nC D E F G A |")
    arguments: dict[str, object] = {"n": 1, "model": MODEL, "index": index, **options}
    with pytest.raises(QueryError) as refused:
        sample(**arguments)  # type: ignore[arg-type]
    assert sentence in str(refused.value)


@pytest.mark.parametrize("start", ["C D E", "CDE", "K:G GAB", "[K:G] G A B"])
def test_a_start_may_be_abc_in_any_key(start: str) -> None:
    (tune,) = tunes(MODEL, n=1, meter="4/4", key="maj", start=start)
    assert tune.tokens[:5] == ("M:4/4", "K:Cmaj", "C", "D", "E")


def test_a_model_without_meters_and_keys_writes_music_alone() -> None:
    bare = make_model(("<s>", "</s>", "C", "D", "|"), bias={"</s>": -2.0})
    assert tunes(bare, n=1, start="C | D")[0].tokens[:3] == ("C", "|", "D")
    for option in ("meter", "key"):
        with pytest.raises(
            QueryError, match=rf"this model has no tokens for {option}s; leave the {option}"
        ):
            tunes(bare, **{option: {"meter": "4/4", "key": "maj"}[option]})


def test_keys_on_other_tonics_and_without_a_tonic_are_the_models_own() -> None:
    swedish = make_model(("<s>", "</s>", "K:Dmaj", "K:Gmin", "C"))
    assert tunes(swedish, n=1, key="Dmaj")[0].tokens[0] == "K:Dmaj"
    with pytest.raises(QueryError, match=r"this model has no key 'Amin'; it writes Dmaj, Gmin"):
        tunes(swedish, key="Amin")
    third = make_model(("<s>", "</s>", "K:maj", "K:dor", "C"))
    assert tunes(third, n=1, key="Cdor")[0].tokens[0] == "K:dor"
