"""Connecting to a Dask cluster: to a scheduler by its address, or to processes of this machine.

A local cluster has one scheduler in this process and workers that are processes of their own. They
hear of no Ctrl-C, and end with this process.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from tunetrace._version import __version__
from tunetrace.cluster.tasks import Cluster, lost_scheduler
from tunetrace.errors import ClusterError
from tunetrace.interrupts import uninterrupted
from tunetrace.text import printable

if TYPE_CHECKING:
    from distributed import Client

ClusterName = str | int
"""A scheduler by its address, or the number of workers to start on this machine."""

_ANSWER_SECONDS: Final = 10
"""How long a scheduler may take to answer, at first and after a connection was lost."""

_CONFIGURED: Final[Mapping[str, Any]] = {
    # A worker is given one slice at a time, so that a slice that ends its worker takes no other
    # with it.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 2,
    "distributed.admin.large-graph-warning-threshold": "1GB",
    # A worker is busy in NumPy for seconds, in which it answers nothing.
    "distributed.admin.tick.limit": "10m",
    # With MALLOC_TRIM_THRESHOLD_, which Dask sets, glibc takes every large array from the system
    # anew, and a slice takes a fifth longer.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
"""What a local cluster needs of Dask's configuration."""


@contextmanager
def connected(cluster: ClusterName) -> Iterator[Cluster]:
    """A cluster to run tasks on, given by its scheduler's address or as a number of processes.

    At the end of the with statement, tasks that are not done are cancelled, and a local cluster
    ends. Raises ClusterError if no scheduler answers, if it has no worker, if a worker has another
    version of tunetrace or of Python, or if Dask is not installed.
    """
    try:
        import dask
        import distributed
        from distributed.utils import silence_logging_cmgr
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise ClusterError(
            "work on a cluster needs the Python packages dask and distributed; install them with: "
            "pip install 'tunetrace[cluster]'"
        ) from None
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_CONFIGURED))
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL + 1))
        if isinstance(cluster, int):
            address: Any = stack.enter_context(_started(cluster))
            name = "the local cluster"
        else:
            address, name = cluster, f"the scheduler at {printable(cluster)}"
        try:
            client = distributed.Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError):
            raise ClusterError(
                f"{printable(str(cluster))}: no Dask scheduler answers at this address; start one "
                "with 'dask scheduler' and give its address, such as tcp://127.0.0.1:8786"
            ) from None
        stack.enter_context(client)
        try:
            _check_workers(client, name)
        except OSError:
            raise lost_scheduler(name) from None
        yield Cluster(client, name)


@contextmanager
def _started(workers: int) -> Iterator[Any]:
    """A cluster of this many processes on this machine."""
    from multiprocessing import resource_tracker

    import distributed

    # Its start would let interrupts through to the processes that start afterwards.
    resource_tracker.ensure_running()
    with uninterrupted():  # threads and processes that start here are never interrupted
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # an index that is mapped would count as memory in use
            silence_logs=logging.CRITICAL + 1,
        )
    try:
        yield cluster
    finally:
        with suppress(TimeoutError):  # a worker is just being started; it ends with this process
            cluster.close(timeout=_ANSWER_SECONDS)


def versions() -> dict[str, str]:
    """The versions of this process that all processes of a cluster have in common, by name."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"tunetrace": __version__, "Python": python}


def _check_workers(client: Client, name: str) -> None:
    """Raise ClusterError if there is no worker, or one that is of another version."""
    own = versions()
    try:
        client.wait_for_workers(1, timeout=_ANSWER_SECONDS)
    except TimeoutError:
        raise ClusterError(
            f"{name} has no worker; start some with 'dask worker' and the scheduler's address"
        ) from None
    answers = client.run(versions, on_error="return")
    for worker, found in answers.items():
        if not isinstance(found, dict):  # an error
            raise ClusterError(
                f"{name}: the worker {worker} has no tunetrace of this version; install tunetrace "
                f"{__version__} there"
            )
        for of, version in own.items():
            if found[of] != version:
                raise ClusterError(
                    f"{name}: the worker {worker} has another version of {of} "
                    f"({found[of]}) than this process ({version}); install the same one there"
                )
