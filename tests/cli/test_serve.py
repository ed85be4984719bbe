"""`tunetrace serve` as a command: what it prints, what it refuses, and what its options do."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of, run
from tests.web.running import running
from tunetrace.commands.serve import _hidden_tunes, _hosts
from tunetrace.indexer.index import open_index


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("serve"), KESH, MORRISONS)


# Where it listens


def test_it_says_where_it_listens_and_how_to_end_it(index: Path) -> None:
    with running(index) as service:
        port = service.address[1]
        line = f"http://127.0.0.1:{port}/ answers from 2 tunes; Ctrl-C ends it\n"
        assert service.first_line == line
        assert service.lines() == []


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_at_an_address_of_ipv6(index: Path) -> None:
    with running(index, host="::1") as service:
        assert service.first_line.startswith("http://[::1]:")
        assert service.ask("/healthz").status == 200
        assert service.ask("/healthz", headers={"Host": "evil.example"}).status == 421


def test_it_warns_if_others_can_ask(index: Path) -> None:
    with running(index, host="0.0.0.0") as service:
        warning, *_ = service.log.read_text().splitlines()
        assert warning.startswith("tunetrace: everyone who can reach this machine can ask")
        assert service.ask("/healthz", headers={"Host": "any.example"}).status == 200


def test_a_port_in_use_is_refused(index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = run("serve", "--port", str(port), "--index", index).refusal
        assert refusal == (
            f"127.0.0.1:{port}: cannot listen there (address already in use); give another --host "
            "or --port"
        )


@pytest.mark.parametrize("host", ["no.such.host.invalid", "300.1.1.1", "", "a" * 300])
def test_an_address_that_is_none_is_refused(index: Path, host: str) -> None:
    refusal = call("serve", "--host", host, "--index", index).refusal
    assert refusal == f"--host {host}: no such address; give one such as 127.0.0.1"


def test_an_address_of_another_machine_is_refused(index: Path) -> None:
    refusal = call("serve", "--host", "192.0.2.1", "--port", "0", "--index", index).refusal
    assert refusal.startswith("192.0.2.1:0: cannot listen there (")


@pytest.mark.parametrize("options", [("--port", "65536"), ("--port", "x"), ("--workers", "0"),
                                     ("--keep", "0"), ("--most-seconds", "0"),
                                     ("--most-waiting", "0"), ("--most-bytes", "-1")])  # fmt: skip
def test_numbers_without_sense_are_refused(index: Path, options: tuple[str, str]) -> None:
    assert options[0] in call("serve", *options, "--index", index).refusal


# The index


@pytest.mark.parametrize("kind", ["missing", "damaged", "foreign", "cut"])
def test_an_index_that_cannot_be_used_is_refused_before_it_listens(
    index: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "bad.db"
    content = index.read_bytes()
    if kind == "damaged":
        path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    elif kind == "foreign":
        path.write_bytes(b"Dear Sir,\n" * 1000)
    elif kind == "cut":
        path.write_bytes(content[: len(content) // 2])
    # A port that cannot be had is only seen after the index.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refusal = call("serve", "--port", port, "--index", path).refusal
    assert refusal == call("index", "info", "--index", path).refusal


def test_a_missing_package_is_named(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("tunetrace.web")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    refusal = call("serve", "--index", index).refusal
    assert refusal == (
        "the service needs fastapi, which is not installed; install tunetrace[serve]"
    )


# Options


def test_tunes_to_hide_are_read_with_remarks_and_blank_lines(index: Path, tmp_path: Path) -> None:
    path = tmp_path / "hide.txt"
    path.write_text("\ufeff# asked for by their composers\n\n session:3 # the Kesh\nsession:07\r\n")
    with open_index(index) as opened:
        assert _hidden_tunes(path, opened) == {"session:3", "session:7"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("session:3\nKesh\n", "hide.txt:2: 'Kesh' names no tune; write corpus:number"),
        ("3\n", "hide.txt:1: '3' names no tune"),
        ("session:x\n", "hide.txt:1: 'session:x' names no tune"),
        ("\n# a\nsession:4\n", "hide.txt:3: there is no tune 'session:4' in the index"),
        ("nothing:3\n", "hide.txt:1: there is no tune 'nothing:3' in the index"),
    ],
)
def test_a_tune_to_hide_that_is_not_there_is_a_mistake(
    index: Path, tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "hide.txt"
    path.write_text(content)
    refusal = call("serve", "--hide", path, "--index", index).refusal
    assert refusal.startswith(f"{tmp_path}/{says}")


def test_a_file_of_tunes_to_hide_that_cannot_be_read_is_refused(
    index: Path, tmp_path: Path
) -> None:
    path = tmp_path / "none.txt"
    assert call("serve", "--hide", path, "--index", index).refusal == (
        f"{path}: cannot be read (no such file or directory); give a text file"
    )
    path.write_bytes(b"\xff\xfe\0")
    assert call("serve", "--hide", path, "--index", index).refusal == (
        f"{path}: is no text in UTF-8; give a corpus:number a line"
    )


def test_hosts_are_checked_on_this_machine_or_if_they_are_given() -> None:
    ours = {"localhost", "127.0.0.1", "[::1]"}
    assert _hosts("127.0.0.1", "127.0.0.1", []) == ours
    assert _hosts("127.0.0.2", "tunes.local", []) == ours | {"tunes.local"}
    assert _hosts("::1", "::1", ["A.example:443"]) == ours | {"a.example"}
    assert _hosts("0.0.0.0", "0.0.0.0", []) is None
    assert _hosts("192.0.2.1", "192.0.2.1", ["a.example"]) == ours | {"192.0.2.1", "a.example"}


def test_the_limits_of_an_operator_hold(index: Path) -> None:
    with running(index, "--most-bytes", "100") as service:
        assert service.ask("/api/check", KESH.encode()[:90]).status == 200
        reply = service.ask("/api/check", b"x" * 101)
        assert (reply.status, reply.json["detail"]) == (
            413, "the body has more than 100 bytes; ask for a report on many tunes",
        )  # fmt: skip
