"""The limit to near copies: who is left out by brute force, and that each draw is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch

from tests.model.sampling.nearness import MODEL, build, drawn, probabilities
from tests.model.tiny import SCALE, make_model
from tunetrace import Index, QueryError, Sampled, Sampling, open_index, sample
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.model.sampling import blocks, similar_limit
from tunetrace.model.sampling.copy_limit import as_read
from tunetrace.model.sampling.similar_limit import SimilarLimit

pytestmark = pytest.mark.usefixtures("one_thread")

DRAWN = 60

Nearest = Callable[[Sampled], float]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with open_index(build(tmp_path_factory.mktemp("similar"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def nearest(index: Index) -> Nearest:
    """The highest probability of a tune, by brute force."""
    known: dict[tuple[str, ...], float] = {}

    def highest(tune: Sampled) -> float:
        for tokens in (tune.tokens, as_read(tune.tokens)):
            if tokens not in known:
                known[tokens] = max(probabilities(index, tokens).values())
        return max(known[tune.tokens], known[as_read(tune.tokens)])

    return highest


def between(tunes: Sequence[Sampled], nearest: Nearest, share: float) -> float:
    """A probability that no tune has, and this share of some tunes has a lower one."""
    levels = sorted(set(map(nearest, tunes)))
    at = int(share * len(levels))
    return (levels[at - 1] + levels[at]) / 2


def limited(n: int, max_similar: float, index: Index, **options: object) -> Sampling:
    settled = {"seed": 7, "meter": "4/4", "key": "maj", "index": index, **options}
    return sample(n, MODEL, max_similar=max_similar, **settled)  # type: ignore[arg-type]


def counts(sampling: Sampling) -> tuple[int, int, int]:
    """How many were drawn, and left out as near copies and for copying."""
    return sampling.drawn, sampling.similar, sampling.copied


def kept(tunes: Sequence[Sampled], n: int, limit: float, nearest: Nearest) -> list[Sampled]:
    """The first n of some tunes whose nearest tune has a lower probability."""
    return [tune for tune in tunes if nearest(tune) < limit][:n]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_the_tunes_are_the_first_whose_nearest_tune_is_below_the_limit(
    share: float, index: Index, nearest: Nearest
) -> None:
    limit = between(drawn(DRAWN), nearest, share)
    sampling = limited(8, limit, index)
    found = list(sampling)
    assert found == kept(drawn(DRAWN), 8, limit, nearest)
    last = found[-1].number
    assert counts(sampling) == (last, last - 8, 0)
    assert sampling.similar > 0


def test_a_limit_is_itself_not_admitted(index: Index) -> None:
    first = drawn(1)[0]
    (near,) = similar_limit.nearest(SimilarSearch(index), [first.tokens])
    assert near is not None
    limit = near.probability
    assert next(limited(1, limit, index)).number > 1
    assert next(limited(1, limit * (1 + 1e-12), index)) == first


def test_tunes_that_the_index_has_are_left_out(index: Index) -> None:
    numbers = [tune.number for tune in limited(10, 0.5, index)]
    assert not {2, 5} & set(numbers)
    assert {1, 3, 4} <= set(numbers)


def test_a_seed_gives_the_same_tunes_whatever_n_batch_size_and_threads(
    index: Index, nearest: Nearest
) -> None:
    limit = between(drawn(DRAWN), nearest, 0.5)
    sampling = limited(12, limit, index)
    expected = list(sampling)
    for batch_size in (1, 7, 64, 200):
        again = limited(12, limit, index, batch_size=batch_size)
        assert list(again) == expected
        assert counts(again) == counts(sampling)
    assert list(limited(3, limit, index)) == expected[:3]
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert list(limited(12, limit, index)) == expected
    finally:
        torch.set_num_threads(before)


def test_the_tunes_of_bfloat16_are_compared_in_the_same_way(index: Index, nearest: Nearest) -> None:
    written = drawn(DRAWN, precision="bfloat16")
    limit = between(written, nearest, 0.5)
    found = list(limited(5, limit, index, precision="bfloat16"))
    assert found == kept(written, 5, limit, nearest)


def test_both_limits_hold_together_and_each_tune_left_out_is_counted_once(
    index: Index, nearest: Nearest
) -> None:
    options = {"max_copy": 4, "index": index, "max_tokens": 80}
    copying = drawn(DRAWN, **options)
    limit = between(copying, nearest, 0.5)
    sampling = limited(8, limit, **options)  # type: ignore[arg-type]
    found = list(sampling)
    assert found == kept(copying, 8, limit, nearest)
    assert sampling.drawn == found[-1].number == 8 + sampling.similar + sampling.copied
    numbers = {tune.number for tune in copying}
    assert sampling.copied == len(set(range(1, sampling.drawn + 1)) - numbers)
    assert sampling.similar > 0


@pytest.mark.parametrize("n", [1, 2])
def test_sampling_stops_after_a_hundred_draws_for_each_tune(n: int, index: Index) -> None:
    sampling = limited(n, 0.0, index, max_tokens=20)
    assert list(sampling) == []
    assert counts(sampling) == (100 * n, 100 * n, 0)


def test_what_was_found_before_it_stopped_is_given(
    index: Index, nearest: Nearest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "DRAWS_FOR_EACH", 4)
    every = drawn(12)
    limit = between(every, nearest, 0.15)
    expected = kept(every, 3, limit, nearest)
    assert 0 < len(expected) < 3
    sampling = limited(3, limit, index)
    assert list(sampling) == expected
    assert counts(sampling) == (12, 12 - len(expected), 0)


def test_no_tune_is_compared_that_is_not_needed(
    index: Index, nearest: Nearest, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Sequence[str]] = []
    admits = SimilarLimit.admits

    def counting(limit: SimilarLimit, tunes: Sequence[Sequence[str]]) -> list[bool]:
        compared.extend(tunes)
        return admits(limit, tunes)

    monkeypatch.setattr(SimilarLimit, "admits", counting)
    sampling = limited(6, between(drawn(DRAWN), nearest, 0.5), index)
    found = list(sampling)
    assert len(compared) == sampling.drawn == found[-1].number


def test_a_tune_is_compared_as_written_and_as_read_back(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = ("M:4/4", "K:Cmaj", "C", "D", "|", "|", "E", "F", "|")
    read = ("M:4/4", "K:Cmaj", "C", "D", "|", "E", "F", "|")
    assert as_read(written) == read
    known = {written: 0.2, read: 0.6}

    class Found:
        def __init__(self, probability: float) -> None:
            self.probability = probability

    monkeypatch.setattr(
        similar_limit, "nearest", lambda search, tunes: [Found(known[tuple(t)]) for t in tunes]
    )
    assert SimilarLimit(index, 0.5).admits([written, read]) == [False, False]
    assert SimilarLimit(index, 0.7).admits([written, read]) == [True, True]
    known.update({written: 0.6, read: 0.2})
    assert SimilarLimit(index, 0.5).admits([written, read]) == [False, True]


def test_a_tune_without_notes_has_no_near_copy(index: Index) -> None:
    assert SimilarLimit(index, 0.1).admits([("M:4/4", "K:Cmaj", "|")]) == [True]
    assert SimilarLimit(index, 0.0).admits([("M:4/4", "K:Cmaj", "|")]) == [False]


def test_a_probability_beyond_its_bounds_is_refused(index: Index) -> None:
    for wrong in (-0.1, 1.5, float("nan"), "half"):
        with pytest.raises(QueryError, match=r"^max_similar cannot be"):
            limited(1, wrong, index)  # type: ignore[arg-type]


def test_a_model_whose_tunes_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    swedish = make_model(("<s>", "</s>", "[L:1/16]", "[K:DMin]", "d", "4", "|"))
    strange = make_model((*SCALE, "!trill!"))
    for model, options, sentence in (
        (swedish, {"max_similar": 0.5}, "tiny does not write on C, .* leave out --max-similar$"),
        (swedish, {"certify": True}, "tiny does not write on C, .* leave out --certificate$"),
        (strange, {"max_similar": 0.5}, "tiny writes '!trill!', which tunetrace does not read"),
    ):
        with pytest.raises(QueryError, match=sentence):
            sample(1, model, index=tmp_path / "none.db", **options)  # type: ignore[arg-type]
