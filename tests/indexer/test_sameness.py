"""Identity by music: against plain counting on real tunes, and on tunes worked out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import GENERATED, V2_SAMPLE
from tests.indexer.plain_music import Form, forms
from tests.strategies import bodies, heaps
from tunetrace import Transcription
from tunetrace.corpus.readers import read_source
from tunetrace.indexer.sameness import music_hashes
from tunetrace.tokenizer.bars import lay_out


def hashes(*tunes: Sequence[str]) -> list[dict[int, set[int]]]:
    """The hashes of each tune, by part."""
    found: list[dict[int, set[int]]] = [defaultdict(set) for _ in tunes]
    for tune, part, number in music_hashes([lay_out(tokens) for tokens in tunes]).tolist():
        assert number not in found[tune][part]
        found[tune][part].add(number)
    return [dict(some) for some in found]


def assert_hashed_alike(tunes: Sequence[Sequence[str]]) -> None:
    """That forms are the same where their hashes are, and only there."""
    form_of: dict[int, Form] = {}
    hash_of: dict[Form, int] = {}
    for tokens, found in zip(tunes, hashes(*tunes), strict=True):
        expected = forms(tokens)
        assert found.keys() == expected.keys(), tokens
        for part, some in expected.items():
            assert len(some) == len(found[part]), tokens
            if len(some) == 1:  # of two it is not known which is which
                (form,), (number,) = some, found[part]
                assert hash_of.setdefault(form, number) == number, tokens
                assert form_of.setdefault(number, form) == form, tokens
    for tokens, found in zip(tunes, hashes(*tunes), strict=True):
        for part, some in forms(tokens).items():
            known = {hash_of[form] for form in some if form in hash_of}
            assert known <= found[part], tokens
            assert {form_of[number] for number in found[part] if number in form_of} <= some, tokens


@pytest.mark.parametrize("name", [V2_SAMPLE, GENERATED, "folkrnn_v3_1000.txt"])
def test_real_tunes_are_the_same_where_plain_counting_finds_them_so(
    shared: Path, name: str
) -> None:
    tunes = [tune.tokens for tune in read_source(shared / name) if isinstance(tune, Transcription)]
    assert_hashed_alike(tunes[:1500])


@given(st.lists(st.one_of(bodies, heaps), min_size=1, max_size=4))
def test_any_tokens_are_the_same_where_plain_counting_finds_them_so(
    tunes: list[list[str]],
) -> None:
    assert_hashed_alike(tunes)
