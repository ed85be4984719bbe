"""What the next service finds after one was killed, and two services with one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, index_of, run
from tests.web.running import is_problem, running, until
from tests.web.test_jobs import BATCH, LONG, begun, ended, folders, send


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two tunes."""
    return index_of(tmp_path_factory.mktemp("index"), KESH, MORRISONS)


def test_after_a_kill_no_half_file_is_served(index: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    with running(index, "--jobs", jobs) as service:
        done = send(service, BATCH)
        files = {
            file["address"]: service.ask(file["address"]).body
            for file in ended(service, done)["files"]
        }
        before = service.ask(done).json
        long = send(service, LONG)
        waiting = send(service, BATCH)
        begun(service, long)
        (worker,) = [
            int(path.name)
            for path in Path("/proc").iterdir()
            if path.name.isdigit() and _folder_of(path) == jobs / long.rpartition("/")[2]
        ]
        service.process.kill()
        service.process.wait()
        until(lambda: not Path(f"/proc/{worker}").exists())
    half = "A" * 32
    (jobs / half).mkdir()
    (jobs / half / "batch").write_bytes(BATCH[:20])  # of a request in whose middle it was killed
    with running(index, "--jobs", jobs) as service:
        assert service.ask(done).json == before
        assert {address: service.ask(address).body for address in files} == files
        job = service.ask(long).json
        assert (job["state"], job["files"], job["report"]) == ("interrupted", [], None)
        assert "send the batch again" in job["problem"]["detail"]
        assert is_problem(service.ask(f"{long}/tunes.csv"), 404, "it is interrupted")
        assert [path.name for path in (jobs / job["id"]).iterdir()] == ["job.json"]
        assert not (jobs / half).exists()
        assert ended(service, waiting)["state"] == "done"
        assert len(folders(jobs)) == 3


def _folder_of(process: Path) -> Path | None:
    """The folder that a process works in."""
    try:
        return (process / "cwd").readlink()
    except OSError:
        return None


def test_a_service_that_is_stopped_ends_at_once_and_the_next_goes_on(
    index: Path, tmp_path: Path
) -> None:
    jobs = tmp_path / "jobs"
    with running(index, "--jobs", jobs) as service:
        long = send(service, LONG)
        waiting = send(service, BATCH)
        begun(service, long)
    with running(index, "--jobs", jobs) as service:
        assert service.ask(long).json["state"] == "interrupted"
        assert ended(service, waiting)["state"] == "done"


def test_two_services_never_share_a_folder(index: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    with running(index, "--jobs", jobs) as service:
        address = send(service, BATCH)
        second = run("serve", "--port", "0", "--index", index, "--jobs", jobs)
        assert "another 'tunetrace serve' keeps its jobs in this folder" in second.refusal
        assert "--jobs" in second.refusal
        assert ended(service, address)["state"] == "done"


def test_a_folder_with_other_files_is_refused(index: Path, tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("Dear diary")
    refused = run("serve", "--port", "0", "--index", index, "--jobs", tmp_path).refusal
    assert refused.endswith("give an empty folder or a new one with --jobs")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    assert "not a directory" in run(
        "serve", "--port", "0", "--index", index, "--jobs", diary / "jobs"
    ).refusal  # fmt: skip


def test_without_a_folder_the_jobs_end_with_the_service(index: Path, tmp_path: Path) -> None:
    with running(index, variables={"TMPDIR": str(tmp_path)}) as service:
        assert ended(service, send(service, BATCH))["state"] == "done"
        assert len(list(tmp_path.glob("tunetrace-jobs-*/*/report/tunes.csv"))) == 1
    assert list(tmp_path.glob("tunetrace-jobs-*")) == []
