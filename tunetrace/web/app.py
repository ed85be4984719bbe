"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from tunetrace._version import __version__
from tunetrace.web.api.routes import router as api
from tunetrace.web.api.sample import router as sample
from tunetrace.web.jobs.queue import Jobs
from tunetrace.web.jobs.routes import router as reports
from tunetrace.web.page.routes import router as page
from tunetrace.web.problems import MEDIA_TYPE, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work.models import model_pool
from tunetrace.web.work.pool import Pool


def make_app(settings: Settings) -> FastAPI:
    """The service. Its processes begin when it starts, and end with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = Pool(settings)
        app.state.models = model_pool(settings)
        await app.state.jobs.begin()
        try:
            yield
        finally:
            await app.state.jobs.close()
            app.state.models.close()
            app.state.pool.close()

    app = FastAPI(title="tunetrace", version=__version__, lifespan=lifespan)
    app.state.settings = settings
    app.state.jobs = Jobs(settings)

    @app.exception_handler(ProblemError)
    async def refuse(request: Request, error: ProblemError) -> Response:
        problem = error.problem
        return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)

    app.include_router(api)
    app.include_router(reports)
    app.include_router(sample)
    app.include_router(page)
    return app
