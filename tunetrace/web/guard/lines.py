"""The log: one JSON object a line on standard error.

A line never has a body, a query string or the id of a job.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from tunetrace.web.mistakes import where_it_failed

LOG: Final = logging.getLogger("tunetrace.web")

_FIELDS: Final = "tunetrace_fields"


def log(level: int, what: Mapping[str, object], trace: str | None = None) -> None:
    """Write one line.

    trace: the traceback of a mistake in the service.
    """
    fields = dict(what) if trace is None else {**what, "traceback": trace}
    LOG.log(level, "", extra={_FIELDS: fields})


class JsonLines(logging.Formatter):
    """Writes records as JSON: ours with their fields, those of libraries with their message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": at, "level": record.levelname.lower()}
        fields = getattr(record, _FIELDS, None)
        if fields is None:
            # Further lines of asyncio's messages have errors and arguments in them.
            message = record.getMessage().partition("\n")[0]
            line |= {"logger": record.name, "message": message}
            if record.exc_info and record.exc_info[1]:
                line["traceback"] = where_it_failed(record.exc_info[1])
        else:
            line |= fields
        return json.dumps(line, ensure_ascii=False)


def log_to_standard_error() -> None:
    """Write what the service and the server have to say on standard error, from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger, level in (
        (LOG, logging.INFO),
        (logging.getLogger("uvicorn"), logging.ERROR),
        (logging.getLogger("asyncio"), logging.ERROR),
    ):
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(level)
