"""Reports as jobs of a running service: from the batch to the files, and what may go wrong."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.commands import KESH, MORRISONS, PYTHON, environment, index_of
from tests.reports.browser import Shown
from tests.web.running import Running, is_problem, many_tunes, running, until
from tunetrace import add_to_index

TITLED = "X:1\nT:<img src=x onerror=alert(1)>\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|B3 BAB|\n"
BATCH = "\n".join([TITLED, MORRISONS, "X:9\nT:Broken\nM:6/8\nL:1/8\nK:G\nG3 [GAB|\n"]).encode()
LONG = many_tunes(20_000)
ENDED = ("done", "failed", "cancelled", "interrupted")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two tunes."""
    return index_of(tmp_path_factory.mktemp("index"), KESH, MORRISONS)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the jobs."""
    return tmp_path_factory.mktemp("service") / "jobs"


@pytest.fixture(scope="module")
def service(index: Path, jobs: Path) -> Iterator[Running]:
    """A service of that index, with its jobs in that folder."""
    with running(index, "--jobs", jobs) as started:
        yield started


def send(service: Running, batch: bytes, **options: Any) -> str:
    """Ask for a report; gives its address."""
    answer = service.ask("/api/report", batch, query=options)
    assert answer.status == 202, answer.body
    return answer.headers["Location"]


def ended(service: Running, address: str) -> dict[str, Any]:
    """The record of a report once it has ended."""
    found: dict[str, Any] = until(
        lambda: (job := service.ask(address).json)["state"] in ENDED and job
    )
    return found


def begun(service: Running, address: str) -> dict[str, Any]:
    """The record of a report once some of its tunes were read."""
    found: dict[str, Any] = until(lambda: (job := service.ask(address).json)["tunes"] and job)
    assert (found["state"], found["doing"]) == ("running", "checking")
    return found


@pytest.fixture(scope="module")
def finished(service: Running) -> dict[str, Any]:
    """The record of a report that is done."""
    return ended(service, send(service, BATCH))


def folders(jobs: Path) -> list[str]:
    return [path.name for path in jobs.iterdir() if path.is_dir()]


def raw_answer(service: Running, *head: str) -> bytes:
    """The answer to a request that is sent as it is."""
    return service.send(
        "\r\n".join((*head, "Host: localhost", "Connection: close", "", "")).encode()
    )


@pytest.mark.slow
def test_a_report_is_what_the_command_line_writes(
    service: Running, index: Path, tmp_path: Path
) -> None:
    answer = service.ask("/api/report", BATCH, query={"with_scores": "true"})
    assert answer.status == 202
    address = answer.headers["Location"]
    assert answer.json["state"] in ("waiting", "running")
    assert address == f"/api/report/{answer.json['id']}"
    job = ended(service, address)
    assert job["state"] == "done", job["problem"]
    times = [datetime.fromisoformat(job[name]) for name in ("created", "started", "ended")]
    assert times == sorted(times)
    expires = datetime.fromisoformat(job["expires"])
    assert (expires - times[2]).total_seconds() == pytest.approx(24 * 3600, abs=1)
    assert (job["tunes_expected"], job["problem"], job["ahead"]) == (3, None, 0)

    (tmp_path / "batch").write_bytes(BATCH)
    (tmp_path / index.name).write_bytes(index.read_bytes())
    told = run_in(tmp_path, "report", "batch", "-o", "report", "--index", index.name,
                  "--with-scores", "--json")  # fmt: skip
    expected = json.loads(told)
    for report in (expected, job["report"]):
        del report["created"]
    for corpus in expected["index"]["corpora"]:  # whose source is a file of this machine
        corpus["source"] = Path(corpus["source"]).name
    assert job["report"] == expected
    assert [file["name"] for file in job["files"]] == expected["files"]
    for file in job["files"]:
        fetched = service.ask(file["address"])
        assert fetched.status == 200
        assert (len(fetched.body), fetched.headers["Content-Type"]) == (
            file["size"], file["media_type"],
        )  # fmt: skip
        kept = (tmp_path / "report" / file["name"]).read_bytes()
        if file["name"] not in ("report.html", "summary.json"):  # which say when they were made
            assert fetched.body == kept, file["name"]
        assert str(index.parent).encode() not in fetched.body
        disposition = fetched.headers["Content-Disposition"].partition(";")[0]
        assert disposition == ("inline" if file["name"] == "report.html" else "attachment")
        assert fetched.headers["Tunetrace-Index"] == expected["index"]["fingerprint"]


def run_in(folder: Path, *arguments: str) -> str:
    """What a command prints that is run in a folder."""
    paths = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [*PYTHON, *arguments], cwd=folder, env=environment({"PYTHONPATH": paths}), check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_the_page_of_a_report_works_in_a_browser_and_reaches_nothing(
    service: Running, finished: dict[str, Any], visit: Callable[[str], Shown]
) -> None:
    page = visit(service.url + finished["files"][0]["address"]).open()
    assert page.tab.locator("tbody tr").count() > 0  # which the script fills in
    assert page.run("return window.origin") == "null"
    assert "<img src=x onerror=alert(1)>" in page.tab.locator("body").inner_text()
    assert page.console() == []


def test_a_job_that_is_cancelled_stops_and_leaves_nothing(service: Running, jobs: Path) -> None:
    before, others = len(service.family()), folders(jobs)
    address = send(service, LONG)
    job = begun(service, address)
    assert job["tunes_expected"] == 20_000
    assert len(service.family()) == before + 1
    assert service.ask(address, method="DELETE").status == 204
    assert len(service.family()) == before
    assert folders(jobs) == others
    assert service.ask(address).json["state"] == "cancelled"
    assert is_problem(service.ask(f"{address}/tunes.csv"), 404, "it is cancelled")
    assert service.ask(address, method="DELETE").status == 204
    assert is_problem(service.ask(address), 404, "there is no report with this id")


@pytest.mark.slow
def test_one_job_runs_and_twenty_wait_and_no_more(service: Running) -> None:
    first = send(service, LONG)
    begun(service, first)
    waiting = [send(service, BATCH) for _ in range(20)]
    assert [service.ask(one).json["ahead"] for one in waiting] == list(range(1, 21))
    refused = service.ask("/api/report", BATCH)
    assert is_problem(refused, 503, "20 reports already wait")
    assert int(refused.headers["Retry-After"]) > 0
    assert service.ask("/api/figure", query={"q": "C D E"}).status == 200
    for one in waiting[1:]:
        assert service.ask(one, method="DELETE").status == 204
    assert service.ask(waiting[1]).json["state"] == "cancelled"
    service.ask(first, method="DELETE")
    assert ended(service, waiting[0])["state"] == "done"


@pytest.mark.parametrize(
    ("batch", "options", "sentence"),
    [
        (b"\0\1\2binary", {}, "batch: this is a binary file; give ABC or folk-rnn text"),
        (b"", {}, "batch: the file is empty; give ABC or folk-rnn text"),
        (BATCH, {"exclude_family": "Nowhere"}, "Nowhere"),
        (BATCH, {"format": "midi"}, "batch: this is not a MIDI file; leave --format out"),
    ],
)
def test_a_batch_without_a_report_fails_with_the_sentence_of_the_command_line(
    service: Running, jobs: Path, batch: bytes, options: dict[str, str], sentence: str
) -> None:
    address = send(service, batch, **options)
    job = ended(service, address)
    assert job["state"] == "failed"
    assert sentence in job["problem"]["detail"]
    assert (job["problem"]["status"], job["files"]) == (422, [])
    assert [path.name for path in (jobs / job["id"]).iterdir()] == ["job.json"]
    assert is_problem(service.ask(f"{address}/report.html"), 404, "it is failed")


@pytest.mark.parametrize(
    "options", [{"view": "smell"}, {"copy_share": "0"}, {"copy_share": "nan"}, {"format": "exe"}]
)
def test_wrong_options_are_refused_before_anything_is_kept(
    service: Running, jobs: Path, options: dict[str, str]
) -> None:
    before = folders(jobs)
    assert service.ask("/api/report", BATCH, query=options).status == 422
    assert folders(jobs) == before


def test_only_names_in_the_list_of_a_job_are_served(
    service: Running, jobs: Path, finished: dict[str, Any]
) -> None:
    job = finished
    assert (jobs / job["id"] / "job.json").exists()
    for name in ("../job.json", "..%2fjob.json", "%2e%2e/job.json", "job.json", "tunes.csv%00",
                 "report.html.building-1", ".", "%5c..%5cjob.json"):  # fmt: skip
        answer = raw_answer(service, f"GET /api/report/{job['id']}/{name} HTTP/1.1")
        assert answer.startswith(b"HTTP/1.1 404 "), name
        assert b'"state"' not in answer


def test_a_file_that_left_the_disk_is_not_there(service: Running, jobs: Path) -> None:
    address = send(service, KESH.encode(), verbatim=True)
    assert ended(service, address)["state"] == "done"
    (jobs / address.rpartition("/")[2] / "report" / "tunes.csv").unlink()
    answer = service.ask(f"{address}/tunes.csv")
    assert answer.status == 404
    assert answer.json["detail"] == "the file is no longer there; send the batch again"
    assert service.ask(f"{address}/summary.json").status == 200


def test_an_id_cannot_be_guessed(service: Running, jobs: Path, finished: dict[str, Any]) -> None:
    job = finished
    assert len(job["id"]) == 32  # 192 bits, 6 in each character
    guesses = [job["id"][:-1], job["id"].swapcase(), "about.txt", "service.lock", "%2e%2e", "*"]
    for guess in guesses:
        assert service.ask(f"/api/report/{guess}").status == 404
        assert service.ask(f"/api/report/{guess}/report.html").status == 404
        assert service.ask(f"/api/report/{guess}", method="DELETE").status == 404
    assert service.ask("/api/report").status in (404, 405)  # there is no list of all
    assert {path.stat().st_mode & 0o77 for path in (jobs, jobs / job["id"])} == {0}


def test_a_batch_that_is_cut_off_leaves_nothing(service: Running, jobs: Path) -> None:
    before = folders(jobs)
    for header in ("Content-Length: 100000", "Transfer-Encoding: chunked"):
        with service.connect() as raw:
            raw.sendall(
                f"POST /api/report HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode()
            )
            raw.sendall(b"400\r\n" + many_tunes(10)[:1000])
            until(lambda: len(folders(jobs)) == len(before) + 1)
        until(lambda: folders(jobs) == before)


def test_a_batch_that_is_too_large_is_refused(service: Running, jobs: Path) -> None:
    before = folders(jobs)
    answer = raw_answer(service, "POST /api/report HTTP/1.1", "Content-Length: 64000001")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"64,000,000 bytes" in answer

    def pieces() -> Iterator[bytes]:
        for _ in range(65):
            yield b"X" * 1_000_000

    assert is_problem(service.ask("/api/report", pieces()), 413, "64,000,000 bytes")
    assert folders(jobs) == before


@pytest.mark.slow
def test_what_is_old_is_gone(index: Path, tmp_path: Path) -> None:
    with running(index, "--jobs", tmp_path / "jobs", "--keep", "0.0003") as service:
        address = send(service, BATCH)
        job = ended(service, address)
        until(lambda: service.ask(address).status == 404)
        assert is_problem(service.ask(address), 404, "deleted 1 second after")
        assert service.ask(job["files"][0]["address"]).status == 404
        until(lambda: folders(tmp_path / "jobs") == [])


@pytest.mark.slow
def test_a_full_disk_is_a_problem_of_the_job_alone(index: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    with running(index, "--jobs", jobs, largest_file=50_000) as service:
        assert is_problem(service.ask("/api/report", LONG), 503, "no room on its disk")
        assert folders(jobs) == []
        job = ended(service, send(service, BATCH))  # its page is larger than that
        assert job["state"] == "failed"
        assert "no room on its disk" in job["problem"]["detail"]
        assert [path.name for path in (jobs / job["id"]).iterdir()] == ["job.json"]
        assert service.ask("/api/figure", query={"q": "C D E"}).status == 200


@pytest.mark.slow
def test_a_report_is_begun_anew_on_an_index_that_was_changed(index: Path, tmp_path: Path) -> None:
    served = tmp_path / "index.db"
    served.write_bytes(index.read_bytes())
    more = tmp_path / "more.abc"
    more.write_bytes(many_tunes(5))
    with running(served, "--jobs", tmp_path / "jobs") as service:
        address = send(service, many_tunes(6_000), verbatim="true")
        begun(service, address)
        add_to_index([more], served)
        job = ended(service, address)
        assert (job["state"], job["report"]["index"]["tunes"]) == ("done", 7)
        assert [one["name"] for one in job["index"]["corpora"]] == ["session", "more"]
        assert job["report"]["batch"]["transcriptions"] == 6_000


@pytest.mark.slow
def test_hidden_tunes_are_in_no_report(index: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.txt"
    hidden.write_text("session:3\n")
    with running(index, "--jobs", tmp_path / "jobs", "--hide", hidden) as service:
        job = ended(service, send(service, "\n".join([KESH, MORRISONS]).encode()))
        assert (job["state"], job["report"]["index"]["tunes"]) == ("done", 1)
        assert job["report"]["batch"]["identical"] == 1  # Morrison's alone
        for file in job["files"]:
            assert b"session:3" not in service.ask(file["address"]).body, file["name"]
