"""The files in deploy/: nginx before the service, the unit of systemd, and the Containerfile."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.commands import KESH, index_of
from tests.conftest import ROOT
from tests.programs import needed
from tests.web.running import Running, running, until

DEPLOY = ROOT / "deploy"
HOST = "tunes.example.org"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are files for Linux")


def _replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@contextmanager
def _nginx(folder: Path, service: Running) -> Iterator[Running]:
    """nginx with deploy/nginx.conf, in front of a service; it is asked as a service is."""
    program, port = needed("nginx"), service.address[1]
    pages = folder / "tunetrace.conf"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        free = unused.getsockname()[1]
    pages.write_text(
        _replaced(
            (DEPLOY / "nginx.conf").read_text(encoding="utf-8"),
            ("listen 80;", f"listen 127.0.0.1:{free};"),
            ("127.0.0.1:8000", f"127.0.0.1:{port}"),
        ),
        encoding="utf-8",
    )
    whole = folder / "nginx.conf"
    temporary = "".join(
        f"{name}_temp_path {folder / name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole.write_text(
        f"daemon off; pid {folder / 'pid'}; error_log {folder / 'errors'}; events {{}}\n"
        f"http {{ access_log off; {temporary} include {pages}; }}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([program, "-c", str(whole), "-e", str(folder / "errors")])
    proxied = Running(service.process, service.first_line, ("127.0.0.1", free), service.log)
    try:
        until(lambda: process.poll() is not None or _listens(proxied))
        assert process.poll() is None, (folder / "errors").read_text()
        yield proxied
    finally:
        process.terminate()
        process.wait()


def _listens(service: Running) -> bool:
    connection = HTTPConnection(*service.address)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def test_nginx_hands_on_questions_and_answers(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH)
    with (
        running(index, "--allow-host", HOST) as service,
        _nginx(tmp_path, service) as proxied,
    ):
        host = {"Host": HOST}
        direct = service.ask("/api/figure?q=C+3")
        asked = proxied.ask("/api/figure?q=C+3", headers=host)
        assert (asked.status, asked.json) == (200, direct.json)
        assert asked.json["tunes"] == 1
        assert service.line_of(asked.headers["x-request-id"])["path"] == "/api/figure"

        checked = proxied.ask("/api/check", KESH.encode(), headers=host)
        assert checked.json["tunes"][0]["verdict"]["kind"] == "whole"
        page = proxied.ask("/", headers=host)
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"].startswith("default-src 'none'; ")

        other = proxied.ask("/api/figure?q=C", headers={"Host": "evil.example"})
        assert (other.status, other.problem) == (421, "host")
        site = {**host, "Sec-Fetch-Site": "cross-site"}
        assert proxied.ask("/api/check", b"X:1", headers=site).status == 403
        assert proxied.ask("/metrics", headers=host).status == 200  # asked from this machine


def test_nginx_slows_down_who_asks_too_fast(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH)
    with (
        running(index, "--allow-host", HOST) as service,
        _nginx(tmp_path, service) as proxied,
    ):
        began = time.monotonic()
        statuses = [proxied.ask("/files/base.css", headers={"Host": HOST}).status
                    for _ in range(200)]  # fmt: skip
        # 60 at once and 20 a second are allowed.
        allowed = 61 + 20 * (time.monotonic() - began)
        assert set(statuses) <= {200, 429}
        assert statuses[:60] == [200] * 60
        assert statuses.count(200) <= allowed + 1


def test_the_unit_of_systemd_is_right(tmp_path: Path) -> None:
    unit = tmp_path / "tunetrace.service"
    text = (DEPLOY / "tunetrace.service").read_text(encoding="utf-8")
    program = "/opt/tunetrace/.venv/bin/tunetrace"
    unit.write_text(_replaced(text, (program, sys.executable)), encoding="utf-8")
    verified = subprocess.run(
        [needed("systemd-analyze"), "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.stdout, verified.stderr, verified.returncode) == ("", "", 0)


def test_the_commands_in_the_files_have_options_that_there_are() -> None:
    from click.testing import CliRunner

    from tunetrace.cli import cli

    known = CliRunner().invoke(cli, ["serve", "--help"]).output
    for name in ("tunetrace.service", "Containerfile"):
        text = (DEPLOY / name).read_text(encoding="utf-8")
        given = set(re.findall(r"--(?:host|port|jobs|allow-host|index|hide|keep|workers)\b", text))
        assert given
        assert [option for option in given if option not in known] == []


def test_the_containerfile_has_nothing_that_hadolint_finds_wrong() -> None:
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        pytest.skip("hadolint has no wheel for this machine")
    linted = subprocess.run(
        [program, "--no-color", str(DEPLOY / "Containerfile")], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (linted.stdout, linted.stderr, linted.returncode) == ("", "", 0)
