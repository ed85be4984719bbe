"""Numbers about the service for Prometheus. No label holds a text that a user sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from tunetrace._version import __version__

if TYPE_CHECKING:
    from tunetrace.web.work.pool import Pool

_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
"""Bounds of the histogram: figures take milliseconds, and a question ends after 20 seconds."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

UNMATCHED: Final = "unmatched"
"""What stands for the address of a request that no route has."""


class Metrics:
    """What is counted of the requests to a service, and where Prometheus reads it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tunetrace_requests", "Requests that were answered.", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "tunetrace_request_seconds", "Time from the head of a request to the end of its "
            "answer.", ("route",), registry=self.registry, buckets=_SECONDS,
        )  # fmt: skip
        Info("tunetrace", "The program.", registry=self.registry).info({"version": __version__})
        ProcessCollector(registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. route: the template of its address, or UNMATCHED."""
        named = method if method in _METHODS else "other"
        self._requests.labels(named, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def watch(self, pool: Pool) -> None:
        """Also give the numbers of a pool from now on."""
        self.registry.register(_PoolNumbers(pool))

    def page(self) -> bytes:
        """All numbers, in the text format of Prometheus."""
        return generate_latest(self.registry)


class _PoolNumbers(Collector):
    """The numbers of a pool when they are asked for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """Every number."""
        counts = self._pool.counts
        yield GaugeMetricFamily(
            "tunetrace_questions_waiting", "Questions that have no answer yet, those that are "
            "worked on included.", self._pool.waiting,
        )  # fmt: skip
        for name, text, value in (
            ("refused", "Questions that were refused, since too many waited.", counts.refused),
            ("timed_out", "Questions that had no answer when their time was up.", counts.late),
            ("given_up", "Questions whose clients went away before the answer.", counts.given_up),
        ):
            yield CounterMetricFamily(f"tunetrace_questions_{name}", text, value)
        yield CounterMetricFamily(
            "tunetrace_processes_lost", "Processes that were stopped from outside at work.",
            counts.lost,
        )  # fmt: skip
        yield CounterMetricFamily(
            "tunetrace_index_changes", "Times that answers came from a changed index.",
            counts.index_changes,
        )  # fmt: skip
