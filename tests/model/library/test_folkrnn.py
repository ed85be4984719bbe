"""Published pickles as models: the same probabilities, and a sentence for whatever is amiss."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.numpy_loop import NumpyNetwork
from tests.conftest import POST
from tests.model.pickled import contents_of, python2_pickle, random_network
from tunetrace import ModelFileError, import_model, model_info, open_model, read
from tunetrace.corpus.fetch import git_blob
from tunetrace.model.library.folkrnn import read_published
from tunetrace.model.library.published import PUBLISHED_MODELS
from tunetrace.model.network import Network, Sizes
from tunetrace.tokenizer.vocabulary import V2_TOKENS

TINY = Sizes(tokens=7, units=5, layers=2)


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of named models."""
    monkeypatch.setenv("TUNETRACE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def written(folder: Path, contents: Any) -> Path:
    path = folder / "published.pkl"
    path.write_bytes(python2_pickle(contents))
    return path


def greatest_difference(network: Network, arrays: list[Any], numbers: list[int]) -> float:
    """Between the network's probabilities and the reference's, over all tokens of a tune.

    The network's come token by token and, all at once, from its forward pass.
    """
    reference = NumpyNetwork(arrays)
    state, theirs = network.initial_state(1), reference.start()
    stepped, expected = [], []
    with torch.no_grad():
        for number in numbers:
            logits, state = network.step(torch.tensor([number]), state)
            probabilities, theirs = reference.step(number, theirs)
            stepped.append(logits[0])
            expected.append(torch.from_numpy(probabilities))
        at_once = network(torch.tensor(numbers), [1] * len(numbers))
    both = torch.stack([torch.stack(stepped), at_once]).double().softmax(-1)
    return float((both - torch.stack(expected)).abs().max())


@pytest.mark.slow
def test_a_model_of_the_published_size_gives_the_references_probabilities_at_every_step(
    tmp_path: Path, own_models: Path
) -> None:
    network = random_network(Sizes())
    contents = contents_of(network, list(V2_TOKENS))
    assert len(contents["param_values"]) == 45
    info = import_model(written(tmp_path, contents), name="mine")
    assert (info.layers, info.units, info.parameters) == (3, 512, 5_599_881)
    assert (info.has_v2_tokens, info.unread_tokens) == (True, ())
    assert info.path == str(own_models / "mine.safetensors")
    model = open_model("mine")
    assert model.tokens.names == V2_TOKENS
    (post,) = read(POST)
    numbers = [model.tokens.start, *model.tokens.encode(post.tokens), model.tokens.end]
    assert len(numbers) == 148
    assert greatest_difference(model.network, contents["param_values"], numbers) < 1e-6


@pytest.mark.parametrize("sizes", [TINY, Sizes(2, 1, 1), Sizes(30, 3, 4)])
def test_sizes_follow_from_the_shapes(sizes: Sizes, tmp_path: Path) -> None:
    contents = contents_of(random_network(sizes))
    model = read_published(written(tmp_path, contents), "small")
    assert model.sizes == sizes
    numbers = [n % sizes.tokens for n in range(40)]
    assert greatest_difference(model.network, contents["param_values"], numbers) < 1e-6


@pytest.mark.parametrize("width", [7, 3, 11])
def test_an_embedding_that_is_no_identity_is_folded_into_the_first_layer(
    width: int, tmp_path: Path
) -> None:
    contents = contents_of(random_network(TINY))
    arrays, random = contents["param_values"], np.random.default_rng(3)
    arrays[0] = random.normal(size=(7, width)).astype("f4")
    for gate in range(4):
        arrays[1 + 3 * gate] = random.normal(size=(width, 5)).astype("f4")
    model = read_published(written(tmp_path, contents), "embedded")
    assert greatest_difference(model.network, arrays, [n % 7 for n in range(40)]) < 1e-6


@pytest.mark.parametrize(
    "change", [lambda a: a.astype("f8"), lambda a: a.astype(">f4"), np.asfortranarray]
)
def test_other_types_and_orders_of_the_same_numbers_make_the_same_model(
    change: Callable[[Any], Any], tmp_path: Path
) -> None:
    network = random_network(TINY)
    contents = contents_of(network)
    contents["param_values"] = list(map(change, contents["param_values"]))
    same = read_published(written(tmp_path, contents), "same").network.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(same[name], value), name


def test_what_is_known_of_a_pickle_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path, contents_of(random_network(TINY)))
    known = import_model(path).provenance
    assert (known["name"], known["source"]) == (
        "published",
        "published.pkl, a pickle of folk-rnn's",
    )
    assert known["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert known["git_blob"] == git_blob(path)
    assert known["pickle"] == {
        "configuration": "config5",
        "experiment_id": "config5-wrepeats-20160112-222521",
        "epoch_since_start": 99,
        "learning_rate": pytest.approx(0.003),
    }


def test_facts_that_json_has_no_words_for_are_left_out(tmp_path: Path) -> None:
    contents = contents_of(random_network(TINY))
    contents |= {"loss": float("nan"), "long": "x" * 10_000, "none": None, "é": "ü"}
    facts = import_model(written(tmp_path, contents)).provenance["pickle"]
    assert not {"loss", "long", "none", "losses_train"} & facts.keys()
    assert facts["é"] == "ü"


def test_a_published_pickle_is_known_wherever_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, contents_of(random_network(TINY)))
    swedish = PUBLISHED_MODELS["folkrnn-swedish"]
    origin = replace(swedish.origin, git_blob=git_blob(path))
    monkeypatch.setitem(PUBLISHED_MODELS, swedish.name, replace(swedish, origin=origin))
    known = import_model(path, name="polska").provenance
    assert (known["name"], known["title"]) == ("polska", "folk-rnn, Swedish tunes")
    assert "folkwiki.se" in known["licence"]
    v2 = replace(PUBLISHED_MODELS["folkrnn-v2"], origin=origin)
    monkeypatch.setitem(PUBLISHED_MODELS, v2.name, v2)
    with pytest.raises(ModelFileError, match="the model does not have the tokens of folk-rnn v2"):
        import_model(path, name="v2")


def test_tokens_that_tunetrace_does_not_read_are_admitted_and_named(tmp_path: Path) -> None:
    names = ["<s>", "</s>", "[L:1/8]", "[M:3/4]", "[K:DMin]", "D", "å"]
    contents = contents_of(random_network(TINY), names)
    assert import_model(written(tmp_path, contents), name="polska").tokens == tuple(names)
    assert model_info("polska").unread_tokens == ("[L:1/8]", "[M:3/4]", "[K:DMin]", "å")
    assert open_model("polska").tokens.names == tuple(names)


Change = Callable[[dict[str, Any]], Any]


def cut(place: int, axis: int) -> Change:
    """Takes the last row or column from one of param_values."""

    def change(contents: dict[str, Any]) -> None:
        array = contents["param_values"][place]
        contents["param_values"][place] = np.delete(array, -1, axis).copy()

    return change


def put(place: int, value: Any) -> Change:
    """Puts another value in the place of one of param_values."""
    return lambda contents: contents["param_values"].__setitem__(place, value)


def number(changes: dict[str, Any]) -> Change:
    """Numbers tokens otherwise."""
    return lambda contents: contents["token2idx"].update(changes)


WRONG: dict[str, Change] = {
    r"layer 2, the forget gate's weights from the layer below is \(5, 4\), but should be \(5, 5\)":
        cut(1 + 14 + 3, 1),
    r"layer 1, the input gate's weights from the layer below is \(6, 5\), but should be \(7, 5\)":
        cut(1, 0),
    r"layer 2, the cell's weights from its own states is \(4, 5\)": cut(1 + 14 + 7, 0),
    r"layer 1, the output gate's bias is \(4,\), but should be \(5,\)": cut(12, 0),
    r"layer 1, the initial cell state is \(1, 4\), but should be \(1, 5\)": cut(13, 1),
    r"layer 2, the initial hidden state is \(0, 5\), but should be \(1, 5\)": cut(1 + 14 + 13, 0),
    r"the embedding is \(6, 7\), but should be \(7, 7\)": cut(0, 0),
    r"the output's weights is \(5, 6\), but should be \(5, 7\)": cut(-2, 1),
    r"the output's bias is \(6,\), but should be \(7,\)": cut(-1, 0),
    "layer 1, the input gate's bias: some values are not finite numbers":
        put(3, np.full(5, np.nan, "f4")),
    "layer 1, the cell's bias: some values are not finite": put(9, np.full(5, 1e300)),
    "the output's bias: this is not an array of floating-point": put(-1, np.zeros(7, "i4")),
    "the embedding: this is not an array": put(0, 5),
    "'param_values' has 30 arrays, but should have": lambda c: c["param_values"].pop(),
    "'param_values' has 3 arrays": lambda c: c["param_values"].__delitem__(slice(3, None)),
    "'param_values' has 0 arrays": lambda c: c.update(param_values="none"),
    "it has no dictionary with 'token2idx' and 'param_values'": lambda c: c.pop("token2idx"),
    "'token2idx' is not a dictionary": lambda c: c.update(token2idx=["<s>", "</s>"]),
    "'token2idx' is not a dictionary of tokens": lambda c: c.update(token2idx={}),
    "each once; the number of '<s>' is wrong": number({"<s>": 7}),
    "each once; the number of '</s>' is wrong": number({"</s>": "0"}),
    "7 tokens from 0 to 6, each once": number({"<s>": 0}),
    "has 'a b', which cannot be a token": number({"a b": 7}),
    "has '', which cannot be a token": number({"": 7}),
    "has 'a\N{REPLACEMENT CHARACTER}', which cannot": number({"a\x1b": 7}),
    "has 'xxxxx": number({"x" * 41: 7}),
    "the shape of the embedding is": number({"D": 7}),
    "the model has no token '<s>'":
        lambda c: c.update(token2idx={"</s>": 0, **{str(n): n for n in range(1, 7)}}),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_what_is_amiss_is_named_in_one_sentence(words: str, tmp_path: Path) -> None:
    contents = contents_of(random_network(TINY))
    WRONG[words](contents)
    path = written(tmp_path, contents)
    with pytest.raises(ModelFileError, match=words) as refused:
        import_model(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_a_pickle_of_another_structure_is_refused(tmp_path: Path) -> None:
    for contents in ([1, 2], "text", 5, None, {"model": np.zeros(3, "f4")}):
        with pytest.raises(ModelFileError, match="this file is not a folk-rnn model"):
            import_model(written(tmp_path, contents))


def test_the_sizes_of_folk_rnn_make_its_parameters() -> None:
    assert Sizes().parameters == 5_599_881
    network = random_network(TINY)
    assert TINY.parameters == sum(p.numel() for p in network.parameters())


def test_an_embedding_that_makes_weights_infinite_is_refused_and_nothing_is_written(
    tmp_path: Path, own_models: Path
) -> None:
    contents = contents_of(random_network(TINY))
    contents["param_values"][0] = np.full((7, 7), 1e20, np.float32)
    contents["param_values"][1] = np.full((7, 5), 1e20, np.float32)  # 7 times 1e40 is too much
    with pytest.raises(
        ModelFileError, match="the weights of the embedding and of layer 1 are too large"
    ):
        import_model(written(tmp_path, contents))
    assert not own_models.exists()
