"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from tunetrace._version import __version__
from tunetrace.web.api.routes import add_api
from tunetrace.web.page.corpus.routes import router as corpus
from tunetrace.web.page.routes import router as page
from tunetrace.web.problems import MEDIA_TYPE, ProblemError
from tunetrace.web.settings import Settings
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

    # The description and its page are the API's own: FastAPI's page loads scripts of another host.
    app = FastAPI(title="tunetrace", version=__version__, lifespan=lifespan, openapi_url=None)
    app.state.settings = settings

    @app.exception_handler(ProblemError)
    async def refuse(request: Request, error: ProblemError) -> Response:
        problem = error.problem
        return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)

    add_api(app)
    app.include_router(page)
    app.include_router(corpus)
    return app
