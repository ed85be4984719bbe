"""`tunetrace sample`: what it prints, what reads it, and what it says of mistakes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import BIASES
from tests.commands import KESH, PYTHON, Ended, call, environment, index_of, run
from tests.conftest import ROOT
from tests.model.tiny import SCALE, make_model
from tunetrace import (
    ModelFileError,
    Sampled,
    load_certificate,
    read,
    sample,
)
from tunetrace.model.library.store import save_model
from tunetrace.model.records import Model
from tunetrace.tokenizer.write import to_abc

pytestmark = pytest.mark.usefixtures("one_thread")

SETTLED = ("--meter", "4/4", "--key", "maj")


def tokens_of(text: str, folder: Path) -> list[tuple[str, ...]]:
    """The tokens that the readers find in what was printed."""
    path = folder / "printed.txt"
    path.write_text(text, encoding="utf-8")
    return [tune.tokens for tune in read(path)]  # type: ignore[union-attr]


def expected(model: Model, n: int, **options: object) -> Sequence[Sampled]:
    return list(sample(n, model, **{"meter": "4/4", "key": "maj", **options}))  # type: ignore[arg-type]


def test_folkrnns_text_is_read_back_token_for_token(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    ended = call("sample", "-n", "9", "--model", model_file, "--seed", "5", *SETTLED)
    assert ended.code == 0
    tunes = expected(model, 9, seed=5)
    assert tokens_of(ended.out, tmp_path) == [tune.tokens for tune in tunes]
    assert ended.out.startswith(f"X:1\nM:4/4\nK:Cmaj\n{' '.join(tunes[0].tokens[2:])}\n\nX:2\n")


def test_abc_has_titles_and_the_same_notes(model: Model, model_file: Path, tmp_path: Path) -> None:
    arguments = ("sample", "-n", "4", "--model", model_file, "--seed", "5", *SETTLED)
    ended = call(*arguments, "--format", "abc", "--max-tokens", "14")
    tunes = expected(model, 4, seed=5, max_tokens=14)
    assert {tune.has_ended for tune in tunes} == {True, False}
    titles = re.findall(r"^T:(.*)$", ended.out, re.MULTILINE)
    assert titles == [
        f"tiny, seed 5, {tune.number}{'' if tune.has_ended else ', cut off'}" for tune in tunes
    ]

    def notes(tokens: Sequence[str]) -> list[str]:
        return [token for token in tokens if token in "CDEFGA"]

    found = tokens_of(ended.out, tmp_path)
    assert [notes(tokens) for tokens in found] == [notes(tune.tokens) for tune in tunes]


def test_json_has_all_tunes_and_jsonl_a_tune_a_line(model: Model, model_file: Path) -> None:
    arguments = ("sample", "-n", "3", "--model", model_file, "--seed", "5", *SETTLED)
    found = [json.loads(line) for line in call(*arguments, "--jsonl").out.splitlines()]
    assert json.loads(call(*arguments, "--json").out) == found
    assert found == [
        {"number": tune.number, "tokens": list(tune.tokens), "has_ended": tune.has_ended,
         "steered": 0}
        for tune in expected(model, 3, seed=5)
    ]  # fmt: skip


def said(ended: Ended) -> str:
    """The line on standard error, without the speed."""
    assert ended.code == 0
    assert ended.err.count("\n") == 1
    return re.sub(r"; [\d,]+ tokens/s\n$", "", ended.err)


def test_the_line_at_the_end_says_how_many_ended_and_the_seed(
    model: Model, model_file: Path
) -> None:
    arguments = ("sample", "-n", "30", "--model", model_file, *SETTLED, "--max-tokens", "14")
    ended = sum(tune.has_ended for tune in expected(model, 30, seed=5, max_tokens=14))
    assert said(call(*arguments, "--seed", "5")) == (
        f"tiny wrote 30 tunes, seed 5; {ended} ended by themselves; {30 - ended} cut off after "
        "14 tokens"
    )


def test_the_seed_that_nobody_chose_writes_the_same_again(model_file: Path) -> None:
    arguments = ("sample", "-n", "3", "--model", model_file)
    first, other = call(*arguments), call(*arguments)
    assert first.out != other.out
    (seed,) = re.findall(r"seed (\d+)", first.err)
    assert call(*arguments, "--seed", seed, "--batch-size", "2").out == first.out


def test_a_copy_limit_says_how_often_it_steered(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    index = index_of(tmp_path, "X:1\nT:Scale\nM:4/4\nL:1/8\nK:C\nCDEF GAGF|EDCD EFGA|AGFE DCDE|\n")
    arguments = ("sample", "-n", "9", "--model", model_file, "--seed", "5", "--max-copy", "2")
    ended = call(*arguments, "--index", index, "--json")
    written = json.loads(ended.out)
    steered = [tune["steered"] for tune in written]
    tunes = sum(count > 0 for count in steered)
    assert tunes > 1
    assert len(written) == 9
    left_out = written[-1]["number"] - 9
    assert left_out > 1
    assert said(ended).endswith(
        f"steered {sum(steered)} times in {tunes} tunes to copy at most 2 notes in a row; "
        f"{left_out} more tunes were left out for copying more when read as ABC"
    )
    by_environment = call(*arguments, "--json", env={"TUNETRACE_INDEX": str(index)})
    assert by_environment.out == ended.out


@pytest.fixture(scope="module")
def near_index(storage: str, tmp_path_factory: pytest.TempPathFactory, model: Model) -> Path:
    """An index of the tunes 1, 3 and 4 of the seed 5."""
    folder = tmp_path_factory.mktemp("near")
    tunes = [to_abc(tune.tokens) for tune in expected(model, 4, seed=5) if tune.number != 2]
    return index_of(folder, *tunes)


def test_near_copies_are_left_out_in_every_format(
    model: Model, model_file: Path, near_index: Path, tmp_path: Path
) -> None:
    arguments = ("sample", "-n", "5", "--model", model_file, "--seed", "5", *SETTLED,
                 "--index", near_index, "--max-similar", "0.5")  # fmt: skip
    sampling = sample(5, model, seed=5, meter="4/4", key="maj", index=near_index, max_similar=0.5)
    tunes = list(sampling)
    assert tunes[0].number == 2
    assert not {3, 4} & {tune.number for tune in tunes}
    ended = call(*arguments)
    assert tokens_of(ended.out, tmp_path) == [tune.tokens for tune in tunes]
    assert said(ended).endswith(
        f"; {sampling.similar} more tunes were left out for a near copy of probability 0.5 or more"
    )
    abc = call(*arguments, "--format", "abc")
    assert re.findall(r"^X:(.*)$", abc.out, re.MULTILINE) == [str(tune.number) for tune in tunes]
    plain = [tune.to_dict() for tune in tunes]
    assert json.loads(call(*arguments, "--json").out) == plain
    lines = call(*arguments, "--jsonl", "--batch-size", "3").out.splitlines()
    assert [json.loads(line) for line in lines] == plain


@pytest.mark.parametrize("format", [(), ("--format", "abc"), ("--json",), ("--jsonl",)])
def test_after_a_hundred_draws_for_each_tune_it_ends_with_what_it_has_and_exit_code_1(
    format: tuple[str, ...], model_file: Path, near_index: Path, tmp_path: Path
) -> None:
    place = tmp_path / "new.json"
    ended = call("sample", "-n", "2", "--model", model_file, "--seed", "5", *SETTLED, *format,
                 "--index", near_index, "--max-similar", "0", "--max-tokens", "12",
                 "--certificate", place)  # fmt: skip
    assert ended.code == 1
    assert ended.out == ("[]\n" if format == ("--json",) else "")
    summary, sentence = ended.err.splitlines()
    assert "200 more tunes were left out for a near copy of probability 0 or more" in summary
    assert sentence == (
        "tunetrace: only 0 of 2 tunes could be written, because 200 draws gave no more without a "
        "near copy of probability 0 or more; give a higher --max-similar, another seed or another "
        "model"
    )
    assert load_certificate(place).drawn == 200


def test_a_certificate_is_written_that_the_command_finds_to_be_true(
    model: Model, model_file: Path, near_index: Path, tmp_path: Path
) -> None:
    arguments = ("sample", "-n", "3", "--model", model_file, "--seed", "5", *SETTLED,
                 "--index", near_index, "--max-similar", "0.5", "--max-copy", "9")  # fmt: skip
    ended = call(*arguments, "--certificate", tmp_path / "new.json")
    assert ended.code == 0
    sampling = sample(3, model, seed=5, meter="4/4", key="maj", index=near_index,
                      max_similar=0.5, max_copy=9, certify=True)  # fmt: skip
    assert len(list(sampling)) == 3
    assert load_certificate(tmp_path / "new.json") == sampling.certificate()
    assert (
        "there is a certificate already"
        in call(*arguments, "--certificate", tmp_path / "new.json").refusal
    )
    forced = call(*arguments, "--certificate", tmp_path / "new.json", "--force")
    assert forced.out == ended.out
    (tmp_path / "new.txt").write_text(ended.out)
    asked = ("certificate", tmp_path / "new.json", tmp_path / "new.txt", "--index", near_index)
    found = call(*asked)
    assert (found.code, found.err) == (0, "")
    place = tmp_path / "new.json"
    assert found.out == f"{place}: 3 tunes were measured again, no difference found\n"
    (tmp_path / "new.txt").write_text(ended.out.replace("X:2\n", "X:8\n"))
    found = call(*asked)
    assert found.code == 1
    assert found.out.splitlines() == [
        "tune 8 is not in the certificate",
        "tune 2 is not given",
        f"{tmp_path / 'new.json'}: 2 tunes were measured again, 2 differences found",
    ]
    as_json = call(*asked, "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out) == {"tunes": 2, "differences": found.out.splitlines()[:2]}


def test_check_reads_what_sample_writes(model_file: Path, tmp_path: Path) -> None:
    index = index_of(tmp_path, "X:1\nT:Scale\nM:4/4\nL:1/8\nK:C\nCDEF GAGF|EDCD EFGA|\n")
    printed = call("sample", "-n", "5", "--model", model_file, "--seed", "5", *SETTLED).out
    checked = call("check", "-", "--index", index, "--json", stdin=printed.encode()).json
    assert [tune["number"] for tune in checked["tunes"]] == [1, 2, 3, 4, 5]
    assert checked["set_aside"] == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("-n", "0"), "the number of transcriptions cannot be 0"),
        (("-n", "many"), "'many' is not a valid integer"),
        (("--model", "nowhere"), "there is no model 'nowhere'"),
        (("--temperature", "nan"), "the temperature cannot be nan; give a number from 0.01 to 100"),
        (("--temperature", "hot"), "'hot' is not a valid float"),
        (
            ("--top-p", "1.5"),
            "top-p cannot be 1.5; give a share of probability above 0 and up to 1",
        ),
        (("--seed", "-3"), "the seed cannot be -3; give a whole number from 0"),
        (("--max-copy", "0"), "the limit of copied notes cannot be 0"),
        (("--max-similar", "1.5"), "1.5 is not in the range 0<=x<=1"),
        (("--max-similar", "nan"), "'nan' is not a share"),
        (("--certificate", "new.txt"), "the name of a file for a certificate ends in .json"),
        (("--max-tokens", "-1"), "the limit of tokens cannot be -1; give 1 to 100,000"),
        (("--batch-size", "9999999"), "give 1 to 4,096"),
        (("--precision", "float8"), "'float8' is not one of"),
        (("--format", "midi"), "'midi' is not one of"),
        (("--meter", "7/8"), "this model has no meter '7/8'"),
        (("--meter", "\x1b[2J"), "is not a meter"),
        (("--key", "Gmaj"), "the key Gmaj is not on C"),
        (("--key", "C" * 5000), "is not a key"),
        (("--start", "C^^^D"), "'C^^^D' is not a token"),
        (("--start", "C </s>"), "the model itself writes '</s>' in every tune"),
    ],
)
def test_a_mistake_gets_one_sentence(
    options: tuple[str, ...], sentence: str, model_file: Path, tmp_path: Path
) -> None:
    index = index_of(tmp_path, "X:1\nT:Scale\nM:4/4\nL:1/8\nK:C\nCDEF GAGF|\n")
    refused = call("sample", "--model", model_file, "--index", index, *options).refusal
    assert sentence in refused
    assert "\x1b" not in refused
    assert len(refused) < 400


REFUSED = """
import json, sys
from pathlib import Path
from tests.commands import call
from tunetrace import TunetraceError, beam_search, sample

model, *commands = json.loads(sys.argv[1])
for command in commands:
    name, *options = command
    call(name, "--model", model, *options).refusal
    assert "torch" not in sys.modules, command
for function, arguments in (
    (sample, {"n": 1, "temperature": -1}),
    (sample, {"n": 1, "key": "Gmaj"}),
    (beam_search, {"width": 0}),
    (beam_search, {"width": 1, "start": "C^^^D"}),
):
    try:
        function(model=model, **arguments)
    except TunetraceError:
        assert "torch" not in sys.modules, arguments
    else:
        raise AssertionError(arguments)
"""


def test_nothing_that_can_be_refused_waits_for_pytorch(model_file: Path, tmp_path: Path) -> None:
    index = str(index_of(tmp_path, "X:1\nT:Scale\nM:4/4\nL:1/8\nK:C\nCDEF GAGF|\n"))
    (tmp_path / "there.npz").write_bytes(b"Dear diary")
    (tmp_path / "there-2.npz").write_bytes(b"Dear diary")
    (tmp_path / "there.json").write_bytes(b"Dear diary")
    strange = make_model((*SCALE, "w!"))
    save_model(strange, tmp_path / "strange.safetensors")
    mistakes = [
        "sample -n 0", "sample --model nowhere", "sample --temperature nan", "sample --top-p 1.5",
        "sample --seed -3", "sample --format midi", "sample --max-tokens 0",
        "sample --max-tokens 1 --meter 4/4", "sample --batch-size 0", "sample --precision float8",
        "sample --meter 7/8", "sample --key Gmaj", "sample --start C^^^D", "sample --start </s>",
        f"sample --max-copy 0 --index {index}", "sample --max-copy 9",
        f"sample --max-copy 9 --index {tmp_path / 'nothing.db'}",
        f"sample --start C,D,E,F --max-copy 3 --index {index}", "beam --width 0",
        "beam --width 3 -n 4", "beam --temperature 0", "beam --key Gmaj", "beam --seed 1",
        f"beam --start C,D,E,F --max-copy 3 --index {index}", "beam --trace tune.txt",
        "sample --max-similar 9", "sample --max-similar 0.9 --certificate new.txt",
        f"sample --max-similar 0.9 --index {tmp_path / 'nothing.db'}",
        f"sample --certificate new.json --index {tmp_path / 'nothing.db'}",
        f"sample --certificate {tmp_path / 'there.json'}",
        "sample --trace tune.txt", f"sample --trace {tmp_path / 'there.npz'}",
        f"sample --trace {tmp_path / 'there.npz'} -n 3 --force",
        f"sample --model {tmp_path / 'there.npz'}",
        f"sample --model {tmp_path / 'strange.safetensors'} --format abc",
        f"beam --model {tmp_path / 'strange.safetensors'} --format abc",
    ]  # fmt: skip
    commands = [[word.replace(",", " ") for word in mistake.split(" ")] for mistake in mistakes]
    ended = subprocess.run(
        [sys.executable, "-c", REFUSED, json.dumps([str(model_file), *commands])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 99, b"X:1\nK:C\nCDE|\n", b"\xff" * 8])
def test_a_file_that_is_no_model_gets_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    assert (
        "foreign.safetensors: this file is not a tunetrace model"
        in call("sample", "--model", path).refusal
    )


@pytest.mark.parametrize(
    "command", [("sample",), ("beam",), ("sample", "--precision", "bfloat16")], ids=str
)
def test_weights_too_large_to_be_summed_get_one_sentence(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    model = too_large()
    save_model(model, tmp_path / "large.safetensors")
    traces = tmp_path / "traces"
    arguments = ("--model", tmp_path / "large.safetensors", "--trace", traces / "trace.npz")
    # In a process of its own, where a warning would be seen.
    refused = run(*command, *arguments, *SETTLED).refusal
    assert refused.startswith("the model 'tiny' cannot give probabilities, because its weights are")
    assert not traces.exists()
    with pytest.raises(ModelFileError, match="'tiny' cannot give probabilities"):
        model.trace(["M:4/4", "K:Cmaj", "C"])


def too_large() -> Model:
    """A model whose last hidden states are near 1; a dozen times 3e38 is more than a float32."""
    model = make_model()
    with torch.no_grad():
        for layer in model.network.layers:
            layer.bias.fill_(50.0)
        model.network.to_tokens.fill_(3e38)
    return model


def test_copying_is_limited_by_an_index_that_is_there(model_file: Path, tmp_path: Path) -> None:
    arguments = ("sample", "--model", model_file, "--max-copy", "9", "--index")
    assert "there is no index" in call(*arguments, tmp_path / "nothing.db").refusal
    (tmp_path / "foreign.db").write_bytes(b"no index")
    assert "foreign.db" in call(*arguments, tmp_path / "foreign.db").refusal


def test_a_model_with_foreign_tokens_writes_its_own_text_and_no_abc(tmp_path: Path) -> None:
    strange = make_model((*SCALE, "w\x1b[2J\n"), bias={**BIASES, "w\x1b[2J\n": 9.0})
    save_model(strange, tmp_path / "strange.safetensors")
    arguments = ("sample", "--model", tmp_path / "strange.safetensors", "--max-tokens", "20")
    ended = call(*arguments, "--seed", "5")
    assert ended.code == 0
    assert "w\N{REPLACEMENT CHARACTER}[2J" in ended.out
    assert "\x1b" not in ended.out
    assert "which ABC cannot express" in call(*arguments, "--format", "abc").refusal


SWEDISH = ("<s>", "</s>", "[L:1/16]", "[M:3/4]", "[K:DMin]", "d", "e", "f", "a", "4", "|")


def test_a_model_with_fields_among_its_tokens_writes_abc_that_is_read(tmp_path: Path) -> None:
    model = make_model(SWEDISH, bias={"</s>": -3.0, **dict.fromkeys(SWEDISH[2:5], -9.0)})
    save_model(model, tmp_path / "swedish.safetensors")
    arguments = ("sample", "--model", tmp_path / "swedish.safetensors", "-n", "9", "--seed", "5")
    start = "[L:1/16] [M:3/4] [K:DMin] d 4"
    ended = call(*arguments, "--start", start)
    assert ended.code == 0
    assert ended.out.startswith("X:1\nT:tiny, seed 5, 1\nM:3/4\nL:1/16\nK:DMin\nd4")
    found = tokens_of(ended.out, tmp_path)
    assert len(found) == 9
    for tokens in found:
        assert tokens[:4] == ("M:3/4", "K:Cmin", "c", "2")  # on C, four sixteenths being 2 eighths
    index = index_of(tmp_path, KESH)
    for options, sentence in (
        (("--format", "folkrnn"), "be misread as folk-rnn text; leave out --format folkrnn"),
        (("--max-copy", "5"), "tiny does not write on C, but the tunes of an index are on C"),
        (("--max-similar", "0.5"), "so they cannot be compared; leave out --max-similar"),
        (("--certificate", "a.json"), "so they cannot be compared; leave out --certificate"),
        (("--key", "Dmin"), "this model has no tokens for keys; leave the key 'Dmin' out"),
    ):
        assert sentence in call(*arguments[:3], *options, "--index", index).refusal
    refused = call("beam", *arguments[1:3], "--max-copy", "5", "--index", index).refusal
    assert "so copying cannot be limited" in refused


def test_of_a_model_with_tokens_that_are_not_read_it_is_said_how_many_tunes_have_them(
    tmp_path: Path,
) -> None:
    strange = make_model((*SCALE, "!trill!"), bias={"!trill!": 2.0})
    save_model(strange, tmp_path / "strange.safetensors")
    ended = call("sample", "--model", tmp_path / "strange.safetensors", "-n", "20", "--seed", "5")
    tunes = [part for part in ended.out.split("X:")[1:] if "!trill!" in part]
    assert 0 < len(tunes) < 20
    assert f"; {len(tunes)} with tokens that tunetrace does not read; " in ended.err


def begun(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """The command in a process of its own, with its pipes."""
    return subprocess.Popen(
        [*PYTHON, "sample", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"OMP_NUM_THREADS": "1"}),
    )


def test_tunes_come_while_others_are_written_and_a_closed_pipe_ends_it_quietly(
    model_file: Path,
) -> None:
    process = begun("--model", model_file, "-n", "1000000000")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"X:1\n"
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_it_quietly(model_file: Path) -> None:
    process = begun("--model", model_file, "-n", "1000000000")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, b"")
