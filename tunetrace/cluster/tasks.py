"""Tasks of one command on the workers of a Dask cluster.

A task is a function of a module and what it is given, packed. The next task is made ready while
workers work, and each worker has one task at a time, or two if tasks wait for one another. So the
memory of this process does not grow with the number of tasks. Dask begins a task again when its
worker is gone.
"""

from __future__ import annotations

import pickle
import socket
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tunetrace.cluster.owners import OwnersEndedError
from tunetrace.cluster.standing import Standing
from tunetrace.errors import ClusterError
from tunetrace.progress import Progress, silent

if TYPE_CHECKING:
    from distributed import Client, Future

_LOOK_SECONDS: Final = 0.5
"""How often workers and progress are looked at while nothing is done."""

_COMPRESSION: Final = 1
"""zlib's fastest. Tunes shrink to a fifth in a hundredth of the time of their check."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for a worker."""

    number: int
    """Its place among the tasks of a command."""
    named: str
    """How messages name it: `tunes 1 to 6,204 of batch.txt`."""
    tunes: int
    given: tuple[object, ...]
    """What the function is called with."""


def lost_scheduler(name: str) -> ClusterError:
    """The error for a cluster whose scheduler is gone. name: how messages name it."""
    return ClusterError(
        f"{name} no longer answers; start it and its workers again, and repeat the command"
    )


class Cluster:
    """A cluster that is connected."""

    def __init__(self, client: Client, name: str) -> None:
        """name: how messages name it."""
        self._client = client
        self.name = name
        self.at_once = 1
        """How many tasks a thread has at a time: more than one if they wait for one another. The
        first task that is made may change it."""
        self.repeats = 0
        """How many tasks were begun again since the worker that had them was gone."""

    def machines(self) -> tuple[int, int, int]:
        """How many workers there are, on how many machines, and the memory of the smallest of
        these, in bytes."""
        facts = self._client.run(_machine)
        memory = dict(facts.values())
        return len(facts), len(memory), min(memory.values(), default=0)

    def run(
        self,
        function: Callable[..., Any],
        tasks: Iterable[Task],
        what: str,
        progress: Progress = silent,
    ) -> Iterator[tuple[Task, Any]]:
        """Call a function of a module for each task; gives its answers as they are done.

        what: what is being done, for progress. An error of the function is raised here.
        ClusterError if a task has ended worker after worker, and if the scheduler is lost.
        """
        with self.working(what, progress) as work:
            for task in tasks:
                while work.is_full():
                    yield from work.done()
                work.begin(function, task)
            while work.is_busy:
                yield from work.done()

    @contextmanager
    def working(self, what: str, progress: Progress = silent) -> Iterator[Work]:
        """Work to which tasks are given one by one, as `run` does it. What is not done at the end
        of the with statement is cancelled."""
        from distributed.comm.core import CommClosedError

        lost = (CancelledError, CommClosedError)
        client, name = self._client, f"tunetrace-{uuid.uuid4().hex}"
        work = Work(self, client, name, Standing(what), progress)
        client.subscribe_topic(name, lambda event: work.standing.begin(event[1]))
        try:
            yield work
            progress(str(work.standing), work.standing.tunes)
        except (CancelledError, OSError) as error:
            if client.status == "running" and not isinstance(error, lost):
                raise
            raise lost_scheduler(self.name) from None
        finally:
            self.repeats += work.standing.repeats
            with suppress(Exception):  # a scheduler that is lost has nothing to cancel
                work.cancel()
                client.unsubscribe_topic(name)


class Work:
    """The tasks of one command that workers have now."""

    def __init__(
        self, cluster: Cluster, client: Client, name: str, standing: Standing, progress: Progress
    ) -> None:
        """name: of the topic under which workers tell that a task is begun."""
        self._cluster = cluster
        self._client = client
        self._name = name
        self._progress = progress
        self._running: dict[Future[Any], Task] = {}
        self.standing = standing
        self.capacity = 1
        """How many tasks the workers can do at once, or 1."""

    @property
    def is_busy(self) -> bool:
        """Whether a worker has a task."""
        return bool(self._running)

    def is_full(self) -> bool:
        """Whether each worker has a task. A cluster that has lost all workers is given one."""
        self._look()
        return len(self._running) >= self.capacity

    def _look(self) -> None:
        """See how many workers there are."""
        workers = self._client.nthreads()
        self.standing.workers = len(workers)
        self.capacity = max(self._cluster.at_once * sum(workers.values()), 1)

    def begin(self, function: Callable[..., Any], task: Task) -> None:
        """Give a task to a worker: the call of a function of a module."""
        packed = zlib.compress(pickle.dumps((function, task.given)), _COMPRESSION)
        future = self._client.submit(
            _work, self._name, task.number, packed, key=f"{self._name}-{task.number}", pure=False
        )
        self._running[future] = task

    def done(self) -> Iterator[tuple[Task, Any]]:
        """The tasks that are done after a short while, with their answers."""
        from distributed import wait
        from distributed.scheduler import KilledWorker

        self._look()
        self._progress(str(self.standing), self.standing.tunes)
        try:
            with self._client.as_current():
                done = wait(
                    list(self._running), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED"
                ).done
        except TimeoutError:
            return
        for future in done:
            task = self._running.pop(future)
            try:
                answer = future.result()
            except (KilledWorker, OwnersEndedError) as error:
                ended = (
                    error.owners
                    if isinstance(error, OwnersEndedError)
                    else error.allowed_failures + 1
                )
                raise ClusterError(
                    f"{task.named}: each of the {ended} workers that had these tunes was ended "
                    "from outside; give the workers more memory, or leave these tunes out"
                ) from None
            self.standing.finish(task.tunes)
            yield task, answer

    def cancel(self) -> None:
        """Cancel what is not done."""
        if self._running:
            self._client.cancel(list(self._running), force=True)


def _work(topic: str, number: int, packed: bytes) -> object:
    """Do a task in a worker, and tell that it is begun."""
    from distributed import get_worker

    get_worker().log_event(topic, number)
    function, given = pickle.loads(zlib.decompress(packed))
    return function(*given)


def _machine() -> tuple[str, int]:
    """The name of this machine, and its memory in bytes."""
    from distributed.system import MEMORY_LIMIT

    return socket.gethostname(), MEMORY_LIMIT
