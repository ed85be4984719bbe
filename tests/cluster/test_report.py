"""A report made on a cluster has the files of one that one process makes."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pyarrow.dataset
import pyarrow.parquet
import pytest

from tests.cluster.conftest import UNREADABLE, same_files
from tests.commands import call
from tunetrace import Index, InputError, OutputError, QueryError, report
from tunetrace.reports import on_cluster
from tunetrace.reports.folder import FILES


@pytest.mark.parametrize("workers", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
def test_local_workers_make_the_files_of_one_process(
    workers: int,
    batch: list[Path],
    other_batch: Path,
    plain: Path,
    v2_index: Index,
    tmp_path: Path,
) -> None:
    report(batch, tmp_path, v2_index, versus=other_batch, verbatim=True, cluster=workers)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    assert same_files(tmp_path, plain)


def test_the_workers_of_a_scheduler_seek_near_copies_as_one_process_does(
    scheduler: str, batch: list[Path], v2_index: Index, tmp_path: Path
) -> None:
    few = tmp_path / "few.txt"
    few.write_text("\n\n".join(batch[1].read_text().split("\n\n")[:300]), encoding="utf-8")
    for name, cluster in (("ours", scheduler), ("theirs", None)):
        report(few, tmp_path / name, v2_index, cluster=cluster, copy_share=0.3)
    assert same_files(tmp_path / "ours", tmp_path / "theirs")


@pytest.mark.parametrize("view", ["melody", "rhythm"])
def test_the_workers_of_a_scheduler_compare_in_a_view(
    view: str, scheduler: str, batch: list[Path], v2_index: Index, tmp_path: Path
) -> None:
    few = tmp_path / "few.txt"
    few.write_text("\n\n".join(batch[1].read_text().split("\n\n")[:300]), encoding="utf-8")
    for name, cluster in (("ours", scheduler), ("theirs", None)):
        report(few, tmp_path / name, v2_index, cluster=cluster, verbatim=True, view=view)  # type: ignore[arg-type]
    assert same_files(tmp_path / "ours", tmp_path / "theirs")


def test_the_command_keeps_the_slices_as_a_partitioned_data_set(
    scheduler: str,
    batch: list[Path],
    other_batch: Path,
    plain: Path,
    v2_index: Index,
    tmp_path: Path,
) -> None:
    ended = call(
        "report", *batch, "-o", tmp_path / "out", "--versus", other_batch, "--verbatim",
        "--index", v2_index.named, "--scheduler", scheduler, "--data-set", tmp_path / "set",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    assert same_files(tmp_path / "out", plain)
    assert len(list((tmp_path / "set" / "tunes").iterdir())) > 2
    for name in ("tunes", "spans"):
        partitioned = pyarrow.dataset.dataset(tmp_path / "set" / name).to_table()
        whole = pyarrow.parquet.read_table(plain / f"{name}.parquet")
        assert partitioned.to_pylist() == whole.to_pylist()
    aside = pyarrow.dataset.dataset(tmp_path / "set" / "set-aside").to_table()
    assert aside.num_rows == len((plain / "set-aside.csv").read_text().splitlines()) - 1


def test_a_batch_of_which_nothing_can_be_read_is_refused_and_leaves_nothing(
    scheduler: str, v2_index: Index, tmp_path: Path
) -> None:
    unreadable = tmp_path / "unreadable.abc"
    unreadable.write_text(UNREADABLE, encoding="utf-8")
    with pytest.raises(InputError, match="none of the 2 tunes can be read"):
        report(unreadable, tmp_path / "out", v2_index, cluster=scheduler)
    assert not list((tmp_path / "out").iterdir())


# Going on


@pytest.fixture
def cut_off(batch: list[Path], v2_index: Index, tmp_path: Path, scheduler: str) -> Path:
    """The folder of a report whose run was cut off when one of its slices was finished."""
    out = tmp_path / "out"

    class CutOffError(Exception):
        pass

    def cut(what: str, tunes: int) -> None:
        if tunes:
            raise CutOffError

    with pytest.raises(CutOffError):
        report(batch, out, v2_index, verbatim=True, cluster=scheduler, progress=cut)
    assert {path.name for path in out.iterdir()} == {"parts"}
    return out


def test_a_run_that_was_cut_off_goes_on_with_its_finished_slices(
    cut_off: Path, batch: list[Path], v2_index: Index, scheduler: str, tmp_path: Path
) -> None:
    finished = sorted((cut_off / "parts" / "sums").iterdir())
    told: list[int] = []
    report(
        batch, cut_off, v2_index, verbatim=True, cluster=scheduler, resume=True,
        data_set=cut_off / "parts", progress=lambda what, tunes: told.append(tunes),
    )  # fmt: skip
    assert finished
    assert len(list((cut_off / "parts" / "sums").iterdir())) > len(finished)
    assert told[0] > 0  # the tunes of the finished slices count as done
    report(batch, tmp_path / "plain", v2_index, verbatim=True)
    assert same_files(cut_off, tmp_path / "plain")


def test_finished_slices_are_never_taken_for_others(
    cut_off: Path, batch: list[Path], v2_index: Index, scheduler: str, tmp_path: Path
) -> None:
    def refusal(paths: list[Path], **options: object) -> str:
        given = {"verbatim": True, "resume": True, **options}
        with pytest.raises(OutputError) as refused:
            report(paths, cut_off, v2_index, cluster=scheduler, **given)  # type: ignore[arg-type]
        return str(refused.value).removeprefix(f"{cut_off / 'parts'}: ")

    again = "; repeat the command as it was, or remove this folder to begin anew"
    assert refusal(batch, resume=False) == (
        "there are slices of a command that was cut off, or that are kept as a data set; go on "
        "with --resume, or remove this folder to begin anew"
    )
    assert refusal(batch, verbatim=False) == f"its slices were made with another --verbatim{again}"
    assert (
        refusal(batch, copy_share=0.4) == f"its slices were made with another --copy-share{again}"
    )
    assert refusal(batch[1:]) == f"its slices were made with another batch{again}"
    made = cut_off / "parts" / "command.json"
    before = made.read_text()
    made.write_text(json.dumps({**json.loads(before), "index": ["other", 1, []]}))
    assert refusal(batch) == f"its slices were made with another index{again}"
    made.write_text(before)
    text = batch[1].read_text()
    try:
        batch[1].write_text(text.replace("a", "b"))  # in every slice
        assert refusal(batch) == f"its slices are of other tunes, or the tunes were changed{again}"
    finally:
        batch[1].write_text(text)


@pytest.mark.file
def test_a_finished_slice_is_another_one_if_a_tune_before_it_was_changed(
    batch: list[Path], v2_index: Index, scheduler: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(on_cluster, "SLICE_TOKENS", 10_000)
    few = tmp_path / "few.txt"
    few.write_text("\n\n".join(batch[1].read_text().split("\n\n")[:150]), encoding="utf-8")
    make = partial(
        report, few, tmp_path / "out", v2_index, verbatim=True, cluster=scheduler,
        data_set=tmp_path / "set",
    )  # fmt: skip
    make()
    first, *others = sorted((tmp_path / "set" / "sums").iterdir())
    assert others
    first.unlink()
    few.write_text(few.read_text(encoding="utf-8").replace("a", "b", 1), encoding="utf-8")
    with pytest.raises(OutputError, match="its slices are of other tunes, or the tunes were ch"):
        make(resume=True)


def test_sums_with_anything_that_could_run_are_refused(
    cut_off: Path, batch: list[Path], v2_index: Index, scheduler: str
) -> None:
    (sums, *_) = sorted((cut_off / "parts" / "sums").iterdir())
    sums.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(OutputError, match=r"has 'os\.system', which none of tunetrace's has"):
        report(batch, cut_off, v2_index, verbatim=True, cluster=scheduler, resume=True)


def test_a_folder_with_other_files_is_no_place_for_slices(
    batch: list[Path], v2_index: Index, scheduler: str, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.txt").write_text("years of work")
    for place, refusal in (
        ("set", "this folder has other files"),
        ("set/thesis.txt", r"a slice cannot be written \(.*\); give another file name or folder"),
    ):
        with pytest.raises(OutputError, match=refusal):
            report(batch, tmp_path / "out", v2_index, cluster=scheduler, data_set=tmp_path / place)
    assert (tmp_path / "set" / "thesis.txt").read_text() == "years of work"


def test_only_a_cluster_has_slices(batch: list[Path], v2_index: Index, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="give --scheduler or --workers"):
        report(batch, tmp_path / "out", v2_index, resume=True)
