"""A service on the loopback address with an index of its own, and what a browser does there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from tests.checker.test_post import AS_THE_POST
from tunetrace import build_index
from tunetrace.web.app import make_app
from tunetrace.web.settings import Limits, Settings

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What the pages of a service may load and run."""

SEVERAL: Final = """X:1
T:The First
M:4/4
L:1/8
K:C
G,CC2 G,CEC|G,CEG FDB,D|

X:2
T:The Second
M:4/4
L:1/8
K:C
[GAB c2

X:3
T:The Third <img src=x onerror=alert(1)>
M:4/4
L:1/8
K:C
c2G2 E2C2|c2G2 E2C2|
"""
"""Three tunes; the second cannot be read, since line 13 has a chord that is never closed."""


def post_index(folder: Path) -> Path:
    """Build an index that has what the tune of the blog post needs: 15 tunes, of which three begin
    with its first bar."""
    (folder / "post.txt").write_text("\n\n".join(AS_THE_POST), encoding="utf-8")
    path = folder / "post.db"
    build_index([folder / "post.txt"], path)
    return path


@contextmanager
def site_of(index: Path, **limits: float) -> Iterator[str]:
    """The address of a service on an index, which ends with the block. limits: those of Limits."""
    app = make_app(Settings(index, workers=1, limits=Limits(**limits)))  # type: ignore[arg-type]

    @app.middleware("http")
    async def guard(request, call_next):  # type: ignore[no-untyped-def]
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            thread.join(0.02)
        (socket,) = server.servers[0].sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
