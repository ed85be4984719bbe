"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from tunetrace._version import __version__
from tunetrace.arguments import AS_FOUND
from tunetrace.indexer.filters import Filters
from tunetrace.web.problems import MEDIA_TYPE, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work import questions
from tunetrace.web.work.answers import Answer
from tunetrace.web.work.pool import Pool


def make_app(settings: Settings) -> FastAPI:
    """The service. Its processes begin when it starts, and end with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = Pool(settings)
        try:
            yield
        finally:
            app.state.pool.close()

    app = FastAPI(title="tunetrace", version=__version__, lifespan=lifespan)
    app.state.settings = settings

    @app.exception_handler(ProblemError)
    async def refuse(request: Request, error: ProblemError) -> Response:
        problem = error.problem
        return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)

    @app.get("/api/figure")
    async def figure(request: Request, q: Annotated[str, Query()]) -> Response:
        pool: Pool = request.app.state.pool
        return sent(await pool.ask(request, questions.figure, q, Filters()))

    @app.post("/api/check")
    async def check(request: Request, verbatim: bool = False) -> Response:
        pool: Pool = request.app.state.pool
        data = await request.body()
        return sent(
            await pool.ask(
                request, questions.check, data, AS_FOUND, verbatim=verbatim, view="tokens"
            )
        )

    return app


def sent(answer: Answer) -> Response:
    """An answer as it is sent."""
    return Response(answer.body, headers=dict(answer.headers), media_type=answer.media_type)
