"""The model that ships: small, here without a network, and what it writes are tunes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunetrace import CheckedTune, Model, build_index, check_batch, open_index, open_model, sample
from tunetrace.model.library.models import shipped_model
from tunetrace.tokenizer.folkrnn import to_folkrnn

LIMIT = 8
TUNES = 200


@pytest.fixture(scope="module")
def model() -> Model:
    return open_model()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shipped") / "tunes.db"
    build_index(["oneills", "ryans"], path)
    return path


def longest_runs(model: Model, path: Path, folder: Path, limit: int | None) -> list[int]:
    """The longest span of each of TUNES transcriptions, in notes, as a batch check finds them."""
    with open_index(path) as index:
        tunes = list(sample(TUNES, model, seed=3, key="maj", max_copy=limit, index=index))
        text = "\n".join(to_folkrnn(tune.tokens, number=tune.number) for tune in tunes)
        (folder / "sampled.txt").write_text(text, encoding="utf-8")
        checked = [
            tune
            for tune in check_batch([folder / "sampled.txt"], index)
            if isinstance(tune, CheckedTune)
        ]
    assert len(checked) == TUNES
    return [tune.longest_notes for tune in checked]


def test_it_has_four_megabytes_at_most() -> None:
    assert shipped_model().stat().st_size <= 4_000_000


def test_nine_tenths_of_its_tunes_end_by_themselves(model: Model) -> None:
    assert sum(tune.has_ended for tune in sample(TUNES, model, seed=4)) >= 0.9 * TUNES


@pytest.mark.slow
def test_with_a_limit_no_tune_copies_more_and_without_one_some_do(
    model: Model, index: Path, tmp_path: Path
) -> None:
    assert max(longest_runs(model, index, tmp_path, None)) > LIMIT
    assert max(longest_runs(model, index, tmp_path, LIMIT)) <= LIMIT
