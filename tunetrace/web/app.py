"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tunetrace._version import __version__
from tunetrace.web.api.routes import router as api
from tunetrace.web.guard.health import Pulse
from tunetrace.web.guard.health import router as health
from tunetrace.web.guard.metrics import Metrics
from tunetrace.web.guard.refuse import GuardedApp
from tunetrace.web.guard.watch import WatchedApp
from tunetrace.web.page.routes import router as page
from tunetrace.web.problems import MEDIA_TYPE, Problem, ProblemError, not_found
from tunetrace.web.settings import Settings
from tunetrace.web.work.pool import Pool


def make_app(settings: Settings) -> FastAPI:
    """The service. Its processes begin when it starts, and end with it."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = Pool(settings)
        app.state.pulse = Pulse(settings)
        metrics.watch(app.state.pool)
        try:
            yield
        finally:
            app.state.pool.close()

    # FastAPI's own pages for people load their scripts from another host.
    app = FastAPI(
        title="tunetrace", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.add_middleware(GuardedApp, settings=settings)
    app.add_middleware(WatchedApp, metrics=metrics)  # the outermost

    @app.exception_handler(ProblemError)
    async def refuse(request: Request, error: ProblemError) -> Response:
        return _sent(error.problem)

    @app.exception_handler(HTTPException)
    async def refuse_address(request: Request, error: HTTPException) -> Response:
        """What no route is for: an address or a method."""
        status = HTTPStatus(error.status_code)
        if status == HTTPStatus.NOT_FOUND:
            return _sent(not_found("there is nothing at this address; see /openapi.json").problem)
        kind = "-".join(status.phrase.lower().split())
        detail = error.detail
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            detail = "this address takes another method; see /openapi.json"
        return _sent(
            Problem(status, kind, status.phrase, detail, headers=dict(error.headers or {}))
        )

    @app.exception_handler(RequestValidationError)
    async def refuse_values(request: Request, error: RequestValidationError) -> Response:
        """A parameter that is missing or has the wrong type."""
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:])
        detail = (
            f"the parameter {name} cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}"
        )
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _sent(Problem(status, "parameter", "A parameter cannot be used", detail))

    app.include_router(api)
    app.include_router(page)
    app.include_router(health)
    return app


def _sent(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)
