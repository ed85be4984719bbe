"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tunetrace._version import __version__
from tunetrace.web.api.routes import add_api
from tunetrace.web.api.sample import router as sample
from tunetrace.web.guard.health import HealthCheck
from tunetrace.web.guard.health import router as health
from tunetrace.web.guard.metrics import Metrics
from tunetrace.web.guard.refuse import GuardedApp
from tunetrace.web.guard.watch import WatchedApp
from tunetrace.web.jobs.queue import Jobs
from tunetrace.web.jobs.routes import router as reports
from tunetrace.web.page.corpus.routes import router as corpus
from tunetrace.web.page.routes import router as page
from tunetrace.web.settings import Settings
from tunetrace.web.work.models import model_pool
from tunetrace.web.work.pool import Pool


def make_app(settings: Settings) -> FastAPI:
    """The service. Its processes begin when it starts, and end with it.

    OutputError if the folder of its jobs cannot be had.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = Pool(settings)
        app.state.health = HealthCheck(settings)
        metrics.watch(app.state.pool)
        app.state.models = model_pool(settings)
        await app.state.jobs.begin()
        try:
            yield
        finally:
            await app.state.jobs.close()
            app.state.models.close()
            app.state.pool.close()

    # The description and its page are the API's own: FastAPI's pages load scripts of another host.
    app = FastAPI(title="tunetrace", version=__version__, lifespan=lifespan, openapi_url=None)
    app.state.settings = settings
    app.state.metrics = metrics
    app.add_middleware(GuardedApp, settings=settings)
    app.add_middleware(WatchedApp, metrics=metrics)  # the outermost
    app.state.jobs = Jobs(settings)

    add_api(app)
    app.include_router(reports)
    app.include_router(sample)
    app.include_router(page)
    app.include_router(health)
    app.include_router(corpus)
    return app
