"""What stands before the answers: headers, refusals, the log and the numbers, seen from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands import KESH, MORRISONS, index_of, run
from tests.web.running import Running, running, until
from tunetrace import __version__

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("guard"), KESH, MORRISONS)


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Running]:
    with running(index, "--allow-host", "tunes.example.org") as started:
        yield started


# Headers and ids


@pytest.mark.parametrize(
    ("path", "status", "policy"),
    [
        ("/", 200, PAGE_POLICY),
        ("/files/trace.js", 200, OTHER_POLICY),
        ("/api/figure?q=C", 200, OTHER_POLICY),
        ("/api/figure?q=%5B", 422, OTHER_POLICY),
        ("/api/figure", 422, OTHER_POLICY),
        ("/nowhere", 404, OTHER_POLICY),
        ("/healthz", 200, OTHER_POLICY),
        ("/openapi.json", 200, OTHER_POLICY),
    ],
)
def test_every_answer_has_headers_that_keep_it_harmless(
    service: Running, path: str, status: int, policy: str
) -> None:
    reply = service.ask(path)
    assert reply.status == status
    assert {name: reply.headers.get_all(name) for name in (
        "content-security-policy", "x-content-type-options", "referrer-policy",
        "cross-origin-resource-policy",
    )} == {
        "content-security-policy": [policy],
        "x-content-type-options": ["nosniff"],
        "referrer-policy": ["no-referrer"],
        "cross-origin-resource-policy": ["same-origin"],
    }  # fmt: skip
    assert "server" not in reply.headers


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_loads_scripts_from_another_host(service: Running, path: str) -> None:
    assert service.ask(path).status == 404


def test_a_request_keeps_its_id_if_it_is_well_formed(service: Running) -> None:
    def id_for(given: str) -> str:
        return str(service.ask("/nowhere", headers={"X-Request-Id": given}).headers["x-request-id"])

    assert id_for("a.b_C-9") == "a.b_C-9"
    assert id_for("x" * 64) == "x" * 64
    for other in ("", "x" * 65, "a b", 'a"b', "é", "../a"):
        assert re.fullmatch(r"[0-9a-f]{32}", id_for(other))


# Refusals


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_a_page_of_another_site_can_send_nothing(
    service: Running, headers: dict[str, str], method: str
) -> None:
    reply = service.ask("/api/check", KESH.encode(), method, headers)
    assert (reply.status, reply.problem) == (403, "other-site")


def test_our_page_and_programs_can_send(service: Running) -> None:
    host = f"127.0.0.1:{service.address[1]}"
    for headers in (
        {},
        {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "tunes.example.org", "Origin": "https://tunes.example.org"},
        {"Host": "tunes.example.org:443", "Origin": "https://Tunes.example.org"},
    ):
        assert service.ask("/api/check", KESH.encode(), headers=headers).status == 200


def test_a_link_from_another_site_may_be_followed(service: Running) -> None:
    assert service.ask("/", headers={"Sec-Fetch-Site": "cross-site"}).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("tunes.example.org", 200),
        ("tunes.example.org:443", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("[::1].evil.example", 421),
        ("", 421),
    ],
)
def test_a_service_of_this_machine_answers_only_under_its_names(
    service: Running, host: str, status: int
) -> None:
    assert service.ask("/healthz", headers={"Host": host}).status == status


def test_a_body_has_its_limit_with_and_without_a_stated_length(service: Running) -> None:
    def chunked(size: int) -> bytes:
        head = (
            b"POST /api/check HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        return head + b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size)

    assert service.ask("/api/check", b"x" * 1_000_000).problem != "too-large"
    reply = service.ask("/api/check", b"x" * 1_000_001)
    assert (reply.status, reply.problem) == (413, "too-large")
    assert "1,000,000 bytes" in reply.json["detail"]
    assert service.send(chunked(1_000_000)).startswith(b"HTTP/1.1 422 ")
    assert service.send(chunked(1_000_001)).startswith(b"HTTP/1.1 413 ")


def test_an_address_or_a_method_that_is_not_there_is_a_problem(service: Running) -> None:
    reply = service.ask("/api/nothing")
    assert (reply.status, reply.problem) == (404, "not-found")
    reply = service.ask("/api/check")
    assert (reply.status, reply.problem) == (405, "method")
    assert reply.headers["allow"] == "POST"
    reply = service.ask("/api/figure")
    assert (reply.status, reply.problem) == (422, "parameter")
    assert "the parameter q is missing; add q=" in reply.json["detail"]


# The log


def test_a_request_is_one_line_of_the_log_without_what_was_sent(service: Running) -> None:
    path = "/api/figure?q=secretly"
    reply = service.ask(path, headers={"X-Request-Id": "figure-1"})
    line = service.line_of("figure-1")
    assert list(line) == ["time", "level", "request", "method", "path", "status", "ms", "bytes"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert line["ms"] > 0
    known = {name: line[name] for name in line if name not in ("time", "ms")}
    assert known == {
        "level": "info", "request": "figure-1", "method": "GET", "path": "/api/figure",
        "status": 422, "bytes": len(reply.body),
    }  # fmt: skip
    service.ask("/api/check", b"T:secretly", headers={"X-Request-Id": "check-1"})
    service.ask("/api/reports/secretly/x", headers={"X-Request-Id": "unmatched-1"})
    assert service.line_of("check-1")["path"] == "/api/check"
    assert service.line_of("unmatched-1")["path"] == "unmatched"
    assert "secretly" not in service.log.read_text()


# Health and numbers


def test_health_says_what_is_served(service: Running, index: Path) -> None:
    reply = service.ask("/healthz")
    told = run("index", "info", "--index", index, "--json").json
    assert reply.json == {
        "status": "ok", "version": __version__, "tunes": told["tunes"],
        "fingerprint": told["fingerprint"],
        "index": {"fingerprint": told["fingerprint"], "corpora": []},
    }  # fmt: skip
    assert reply.headers["cache-control"] == "no-store"


def test_health_fails_while_the_index_cannot_be_opened(index: Path, tmp_path: Path) -> None:
    path = tmp_path / "moved.db"
    path.write_bytes(index.read_bytes())
    with running(path) as service:
        assert service.ask("/healthz").status == 200
        path.rename(tmp_path / "away.db")
        # An answer is kept for a second.
        unwell = until(lambda: [x for x in [service.ask("/healthz")] if x.status != 200])[0]
        assert (unwell.status, unwell.problem) == (503, "index")
        (tmp_path / "away.db").rename(path)
        well = until(lambda: [x for x in [service.ask("/healthz")] if x.status != 503])[0]
        assert (well.status, well.json["tunes"]) == (200, 2)


def samples(service: Running) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus reads."""
    text = service.ask("/metrics").body.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_numbers_are_those_of_the_requests(index: Path) -> None:
    with running(index) as service:
        for _ in range(3):
            service.ask("/api/figure?q=C")
        service.ask("/api/figure?q=%5B")
        service.ask("/api/figure?q=<script>alert(1)</script>")
        for path in ("/nothing", "/secretly/a", "/secretly/b"):
            service.ask(path)
        service.ask("/api/check", KESH.encode())
        service.send(b"PROPFIND / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        found = samples(service)
        requests = {
            tuple(dict(labels)[name] for name in ("method", "route", "status")): value
            for (name, labels), value in found.items()
            if name == "tunetrace_requests_total"
        }
        assert requests == {
            ("GET", "/api/figure", "200"): 3,
            ("GET", "/api/figure", "422"): 2,
            ("GET", "unmatched", "404"): 3,
            ("POST", "/api/check", "200"): 1,
            ("other", "/", "405"): 1,
        }
        plain = {name: value for (name, labels), value in found.items() if not labels}
        assert plain["tunetrace_questions_waiting"] == 0
        assert plain["tunetrace_questions_refused_total"] == 0
        assert plain["tunetrace_questions_timed_out_total"] == 0
        assert plain["tunetrace_questions_given_up_total"] == 0
        assert plain["tunetrace_index_changes_total"] == 0
        assert plain["process_start_time_seconds"] > 1.7e9
        assert ("tunetrace_info", frozenset({("version", __version__)})) in found
        in_figures = frozenset({("route", "/api/figure")})
        assert found["tunetrace_request_seconds_count", in_figures] == 5
        text = service.ask("/metrics").body.decode()
        assert "secretly" not in text
        assert "alert" not in text


def test_a_changed_index_is_counted(index: Path, tmp_path: Path) -> None:
    path = tmp_path / "changing.db"
    path.write_bytes(index.read_bytes())
    with running(path) as service:
        before = service.ask("/api/check", KESH.encode()).json["index"]
        more = tmp_path / "more.abc"
        more.write_text(KESH.replace("ABd", "AFD"))
        assert run("index", "add", more, "--index", path).code == 0
        for _ in range(2):
            after = service.ask("/api/check", KESH.encode()).json["index"]
            assert after["fingerprint"] != before["fingerprint"]
        changes = ("tunetrace_index_changes_total", frozenset[tuple[str, str]]())
        assert samples(service)[changes] == 1


def test_health_and_numbers_are_described(service: Running) -> None:
    paths = service.ask("/openapi.json").json["paths"]
    assert set(paths["/healthz"]["get"]["responses"]) == {"200", "503"}
    assert set(paths["/metrics"]["get"]["responses"]) == {"200"}
    assert set(paths["/metrics"]["get"]["responses"]["200"]["content"]) == {"text/plain"}
