"""How near copies are measured: scores worked out by hand, and peers that do what they say."""

from __future__ import annotations

import random
from dataclasses import replace
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from benchmarks.similar import fit, mmseqs
from benchmarks.similar.ours import COEFFICIENTS, INTERCEPT, Ours
from benchmarks.similar.planted import ask_dressed
from benchmarks.similar.tfidf import TfIdf
from benchmarks.similar.titles import Titles
from tunetrace import Index, Transcription, build_index, open_index, read
from tunetrace.tokenizer.folkrnn import to_folkrnn, tokenize_folkrnn


def titled(*titles: str) -> Titles:
    return Titles(tokenize_folkrnn(f"T:{title}\nM:4/4\nK:Cmaj\nC D E F |") for title in titles)


def test_settings_are_the_other_tunes_of_a_title_whatever_its_articles_and_spaces() -> None:
    titles = titled("The Post", "ThePost", "The Pony", "Post, The", "Hare", "hare")
    assert [sorted(titles.settings(k)) for k in range(6)] == [[1, 3], [0, 3], [], [0, 1], [5], [4]]
    assert titles.asked() == [0, 1, 3, 4, 5]
    assert titles.asked(2) == [3, 4, 5]
    assert titles.asked(0, 4) == [0, 1, 3]


def test_scores_are_those_worked_out_by_hand() -> None:
    titles = titled("A post", "Post", "Pony", "Post", "Hare", "Hare")
    answers = {
        0: [1, 2, 3],  # right, wrong, right: (1/1 + 2/3) / 2
        1: [2, 4, 0],  # (1/3) / 2
        3: [],  # nothing
        4: [5],  # 1
        5: [0, 4, 1],  # 1/2
    }
    scores = titles.scores(answers, titles.asked())
    assert scores.first_right == 2 / 5
    assert scores.mean_average_precision == pytest.approx((5 / 6 + 1 / 6 + 0 + 1 + 1 / 2) / 5)


def test_more_than_fifty_answers_do_not_count() -> None:
    titles = titled(*["Post"] * 61, *["Hare"] * 50)
    hares = list(range(61, 111))
    assert titles.scores({0: [*hares, 1, 2]}, [0]).mean_average_precision == 0
    # 60 are right, but only 50 can be answered.
    assert titles.scores({0: list(range(1, 61))}, [0]).mean_average_precision == 1


def test_tf_idf_is_the_cosine_that_its_formula_gives() -> None:
    tunes = [["C", "D", "E", "F"], ["C", "D", "E", "G", "C", "D", "E"], ["A", "B", "c"]]
    peer = TfIdf(tunes)
    assert peer.near(tunes[0], 3) == [0, 1]
    assert peer.near(["A"], 3) == []
    cosines = peer._weighted(peer._counts(tunes[0])) @ peer._vectors
    rare, common = log(4 / 2) + 1, log(4 / 3) + 1
    # Only CDE is in both, twice in the second, which has seven other n-grams, all once.
    first = [common, rare, rare]  # CDE, DEF, CDEF
    second = [(1 + log(2)) * common, *[rare] * 10]
    expected = first[0] * second[0] / (sqrt(sum(x * x for x in first)) * sqrt(
        sum(x * x for x in second)))  # fmt: skip
    assert dict(zip(cosines.indices, cosines.data, strict=True))[1] == pytest.approx(expected)


def test_a_tune_is_the_pitch_class_at_each_quaver_as_a_letter() -> None:
    letters = dict(zip(mmseqs.AMINO_ACIDS, range(12), strict=False))

    def classes(text: str) -> list[int]:
        return [letters[one] for one in mmseqs.letters(text.split())]

    assert classes("M:4/4 K:Cmaj C 2 E G 3 ^F F | c B, |") == [0, 0, 4, 7, 7, 7, 6, 6, 0, 11]
    assert classes("M:4/4 K:Cmin z E z B | =B") == [3, 3, 10, 11]
    assert classes("M:4/4 K:Cmaj [ C E G ] 2 D /2 E /2") == [7, 7, 2]
    assert classes("M:4/4 K:Cmaj (3 C D E F > G") == [0, 2, 5, 5]
    assert mmseqs.letters(["M:4/4", "K:Cmaj", "z", "4", "|"]) == ""


@pytest.mark.skipif(not mmseqs.is_installed(), reason="there is no mmseqs (Debian: mmseqs2)")
def test_mmseqs_finds_the_melody_that_another_one_has_most_of(tmp_path: Path) -> None:
    chance = random.Random(1)
    melodies = ["".join(chance.choices(mmseqs.AMINO_ACIDS[:7], k=100)) for _ in range(30)]
    melodies[7] = melodies[3][:40] + melodies[7][:20] + melodies[3][40:]
    # Short words need a small table.
    settings = replace(mmseqs.UNMASKED, options=(*mmseqs.UNMASKED.options, "-k", "5"))
    found = mmseqs.search_all(melodies, settings, tmp_path)
    assert found.seconds > 0
    assert found.near.keys() == set(range(30))
    assert (found.near[3][:2], found.near[7][:2]) == ([3, 7], [7, 3])


def test_the_probability_is_fitted_as_odds_say() -> None:
    # Of tunes without the measure one in four is the same, of those with it three in four: odds
    # of 1/3 and 3, a ratio of 9. The second measure says nothing.
    has = np.array([0] * 40 + [1] * 40, dtype=float)
    are_same = np.array(([1] * 10 + [0] * 30 + [0] * 10 + [1] * 30), dtype=float)
    measures = np.column_stack([has, np.arange(80) % 2])
    coefficients, intercept = fit.logistic_regression(measures, are_same)
    assert coefficients == pytest.approx([log(9), 0], abs=2e-3)
    assert intercept == pytest.approx(log(1 / 3), abs=2e-3)
    loss = fit.log_loss(measures, are_same, np.array([log(9), 0]), log(1 / 3))
    assert loss == pytest.approx(-(log(0.75) * 60 + log(0.25) * 20) / 80)


def test_the_measures_of_candidates_give_the_probabilities_of_the_search(v2_index: Index) -> None:
    ours = Ours(v2_index)
    tune = tokenize_folkrnn(to_folkrnn(v2_index.tokens(8)))
    places, measures = ours.measures(tune, [7])
    logits = measures @ np.array(COEFFICIENTS) + INTERCEPT
    probable = dict(zip(places, 1 / (1 + np.exp(-logits)), strict=True))
    found = ours.near(tune, [7])
    assert found
    assert all(one.probability == pytest.approx(probable[one.place]) for one in found)


def test_dressed_tunes_are_found_again_by_their_places(shared: Path, tmp_path: Path) -> None:
    path = shared / "folkrnn_v2_withtitles_first3000.txt"
    tunes = [tune for tune in read(path) if isinstance(tune, Transcription)][:200]
    (tmp_path / "some.txt").write_text("\n\n".join(tune.text for tune in tunes), encoding="utf-8")
    build_index([tmp_path / "some.txt"], tmp_path / "some.db")
    with open_index(tmp_path / "some.db") as index:
        ours = Ours(index)
        place = 150
        found = ours.near(tunes[place])
        probable = {one.place: one.probability for one in found}
        assert probable[place] == found[0].probability  # others are the same music
        others = ours.near(tunes[place], [place])
        assert place not in {one.place for one in others}
        recalls = ask_dressed(ours, [(place, tunes[place])], 1)
    octave = next(one for one in recalls if one.dressing.name == "octave, up")
    assert (octave.asked, octave.found, octave.named, octave.missed) == (1, 1, 1, [])
