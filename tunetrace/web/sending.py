"""Asking the processes for an answer, and sending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from tunetrace.web.work.pool import Pool


async def ask(
    request: Request, question: Callable[..., Any], *given: Any, **named: Any
) -> Response:
    """The answer of a process to a question; raises ProblemError.

    question: a function of a module whose first argument is the index.
    """
    pool: Pool = request.app.state.pool
    answer = await pool.ask(request, question, *given, **named)
    return Response(answer.body, headers=dict(answer.headers), media_type=answer.media_type)
