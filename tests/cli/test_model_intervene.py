"""`tunetrace model intervene` and `tunetrace model direction`: what they print and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Ended, call, call_in_terminal, index_of
from tests.model.inspect.interventions.handmade import (
    ABC,
    BEFORE_BAR_LINE,
    LIKE_IT,
    counting_model,
)
from tunetrace import intervene, load_direction, load_intervention, open_model, save_trace
from tunetrace.model.library.store import save_model

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = ("-n", "4", "--controls", "2", "--real-tunes", "2", "--max-tokens", "43", "--seed", "1")
UNIT = ("--layer", "1", "--units", str(BEFORE_BAR_LINE))


@pytest.fixture(scope="module")
def place(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, an index, a trace, and two sets of tunes."""
    folder = tmp_path_factory.mktemp("place")
    model = counting_model()
    save_model(model, folder / "tiny.safetensors")
    index_of(folder, *(ABC.format(number) for number in (1, 2)))
    save_trace(model.trace(["M:3/8", "K:Cmaj", "C", "D", "E", "|"]), folder / "tune.npz")
    for name, note in (("c", "C"), ("d", "D")):
        tunes = [f"M:3/8\nK:Cmaj\n{f'{note} ' * n}|" for n in range(4, 8)]
        (folder / f"{name}.txt").write_text("\n\n".join(tunes))
    return folder


def run(place: Path, *options: str | Path, command: str = "intervene") -> Ended:
    files = ("--model", place / "tiny.safetensors", "--index", place / "session.db")
    return call("model", command, *options, *files)


def test_units_are_held_and_what_changes_is_printed(place: Path) -> None:
    given = (*UNIT, "--set", "0", *FEW)
    ended = call_in_terminal("model", "intervene", *given, "--model", place / "tiny.safetensors",
                             "--index", place / "session.db")  # fmt: skip
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:4] == [
        f"tiny, layer 1, unit {BEFORE_BAR_LINE}: hidden set to 0",
        "4 tunes written under each condition, seed 1",
        "2 tunes of the index read",
        # It is 0.7616 at 10 of 44 steps: 0.58 x 10/44 x 34/44.
        "2 controls of 1 random unit, variance 0.102 (of the chosen: 0.102)",
    ]
    row = next(line for line in lines if line.startswith("p(bar) if written"))
    assert row.split() == [
        "p(bar)", "if", "written", "100.0%", "12.5%", "−87.5", "[−87.5,", "−87.5]", "0.00",
        "[0.00,", "0.00]",
    ]  # fmt: skip
    assert "The intervention changes bar lines more than the controls do" in ended.out


def test_json_has_the_whole_experiment(place: Path) -> None:
    found = run(place, *UNIT, "--set", "0", *FEW, "--json").json
    model = open_model(place / "tiny.safetensors")
    from tunetrace import ablate

    expected = intervene(
        ablate(1, [BEFORE_BAR_LINE]), model, 4, index=place / "session.db", controls=2,
        real_tunes=2, max_tokens=43, seed=1,
    )  # fmt: skip
    assert found["effects"] == expected.to_dict()["effects"]
    assert found["changes_bar_lines"] is True
    assert found["intervention"]["units"] == [BEFORE_BAR_LINE]


@pytest.mark.parametrize(
    ("rule", "units"),
    [
        (("--before", "D"), [4]),
        (("--before", "|"), sorted([BEFORE_BAR_LINE, *LIKE_IT])),
        (("--top", "2", "--by", "magnitude"), [7, 8]),
        (("--period", "4", "--top", "15"), [4, 5, *range(6, 16)]),
    ],
)
def test_units_are_chosen_by_rule_and_saved(
    place: Path, tmp_path: Path, rule: tuple[str, ...], units: list[int]
) -> None:
    file = tmp_path / "held.json"
    options = ("--layer", "1", "--clamp", "-0.5,0.5", "--from-step", "3", "--to-step", "9",
               "--part", "cell", "--only-before-bar-lines", "--save", file, *FEW)  # fmt: skip
    assert run(place, *rule, *options).code == 0
    saved = load_intervention(file)
    assert list(saved.units) == units
    assert (saved.operation, saved.values, saved.part) == ("clamp", (-0.5, 0.5), "cell")
    assert (saved.first_step, saved.last_step, saved.only_before) == (3, 9, ("|",))
    again = run(place, "--load", file, *FEW, "--json").json
    assert again["intervention"]["units"] == units


def test_the_states_of_a_trace_are_put_in(place: Path) -> None:
    found = run(place, "--patch", place / "tune.npz", "--at", "5", *FEW, "--json").json
    assert found["described"] == "layer 1: the states of step 5 of the trace put in at step 5"
    assert found["intervention"] is None


def test_a_direction_is_learnt_and_added(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    sets = (place / "c.txt", place / "d.txt", "-o", file)
    ended = run(place, *sets, command="direction")
    assert ended.code == 0, ended.err
    learnt = load_direction(file)
    assert f"{learnt.projections[0]:+.2f} and {learnt.projections[1]:+.2f} along it" in ended.out
    assert "AUC         1.000 in tunes that it was not learnt from (0.5 is chance)" in ended.out
    assert (
        json.loads(json.dumps(learnt.to_dict()))
        == run(place, *sets, "--force", "--json", command="direction").json
    )
    steered = run(place, "--steer", file, "--by", "0.5", *FEW)
    assert steered.code == 0, steered.err
    assert "meter 3/8" in steered.out
    assert "Projection: tunes of " in steered.out


REFUSED = [
    ((), "the layer of the units is missing; give it with --layer, as --layer 3 (or give --load, "
     "--patch or --steer)"),
    (("--layer", "1"),
     "no unit is chosen; give --units 60,97 or a rule: --period, --before or --top"),
    (("--layer", "1", "--units", "", "--set", "0"),
     "--units cannot be ''; give whole numbers from 1 with commas between them, as 60,97"),
    (("--layer", "1", "--units", "1,x", "--set", "0"),
     "--units cannot be '1,x'; give whole numbers from 1 with commas between them, as 60,97"),
    (("--layer", "1", "--units", "9999", "--set", "0"),
     "there is no unit 9999 in 'tiny', whose layers have 15 units; give units from 1 to 15"),
    (("--layer", "9", "--units", "1", "--set", "0"),
     "there is no layer 9 in 'tiny', which has 1 layer; give 1"),
    (("--layer", "9", "--top", "1", "--set", "0"),
     "there is no layer 9 in 'tiny', which has 1 layer; give 1"),
    (("--layer", "1", "--units", "1", "--top", "1"),
     "--units and --top cannot be combined; remove one of them"),
    (("--layer", "1", "--period", "9", "--by", "variance", "--set", "0"),
     "--by says what --top alone ranks by; add --top 8 as the only rule, or remove --by"),
    (("--layer", "1", "--units", "1"),
     "it is not said what to do with the units; give --set, --scale, --shift, --clamp or --noise"),
    (("--layer", "1", "--units", "1", "--set", "0", "--scale", "1"),
     "--set and --scale cannot be combined; remove one of them"),
    (("--layer", "1", "--units", "1", "--clamp", "1"),
     "--clamp cannot be '1'; give a lower and an upper bound, as -0.5,0.5"),
    (("--layer", "1", "--units", "1", "--set", "nan"),
     "a value of 'set' cannot be nan; give a number from -1,000,000 to 1,000,000"),
    (("--layer", "1", "--top", "1", "--by", "size", "--set", "0"),
     "by cannot be 'size'; give one of variance, magnitude"),
    (("--load", "a.json", "--steer", "b.json"),
     "--load and --steer cannot be combined; remove one of them"),
    (("--load", "a.json", "--set", "0"), "--set cannot be combined with --load; remove --set"),
    (("--steer", "none.json", "--by", "much"),
     "--by cannot be 'much' with --steer; give a number such as 1.5"),
    (("--patch", "none.npz"), "--patch needs a step; give it with --at, as --at 40"),
    (("--at", "3"), "--at belongs to --patch; give --patch with a trace too"),
    (("--load", "none.json"),
     "none.json: the intervention cannot be read (no such file or directory); give another file"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_wrong_options_are_refused_in_one_sentence(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...],
    sentence: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    refused = run(place, *options, *FEW).refusal
    assert sentence == refused


def test_a_binary_file_is_no_intervention(place: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(bytes(range(256)))
    for option, kind in (("--load", "intervention"), ("--steer", "direction")):
        refused = run(place, option, tmp_path / "a.json", *FEW).refusal
        assert f"this file is not a tunetrace {kind}: it is cut off" in refused


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("a.txt", "b.txt", "-o", "c.txt"),
         "c.txt: the name of a file for a direction ends in .json; give a name such as "
         "direction.json"),
        (("index:colour=red", "b.txt", "-o", "c.json"),
         "'index:colour=red' does not name tunes of the index; write them as index:meter=6/8 or "
         "index:key=dor,corpus=oneills, with each of meter, key, corpus, title once at most"),
        (("index:meter=3/8", "index:key=dor", "-o", "c.json"),
         "index:meter=3/8 has 2 tunes that 'tiny' can read; give 4 tunes or more"),
    ],
)  # fmt: skip
def test_wrong_sets_are_refused_in_one_sentence(
    place: Path, options: tuple[str, ...], sentence: str
) -> None:
    assert run(place, *options, command="direction").refusal == sentence
