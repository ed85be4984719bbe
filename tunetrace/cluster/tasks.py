"""Tasks of one command on the workers of a Dask cluster.

A task is a function of a module and what it is given, packed. The next task is made ready while
workers work, and each worker has one task at a time, so that the memory of this process does not
grow with the number of tasks. Dask begins a task again when its worker is gone.
"""

from __future__ import annotations

import pickle
import socket
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
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


class Cluster:
    """A cluster that is connected."""

    def __init__(self, client: Client, name: str) -> None:
        """name: how messages name it."""
        self._client = client
        self.name = name
        self.at_once = 1
        """How many tasks a thread has at a time: more than one if they wait for one another."""
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
        name = f"tunetrace-{uuid.uuid4().hex}"
        standing = Standing(what)
        running: dict[Future[Any], Task] = {}
        client = self._client
        client.subscribe_topic(name, lambda event: standing.begin(event[1]))
        try:
            for task in tasks:
                while len(running) >= max(self.at_once * self._look(standing), 1):
                    yield from self._done(running, standing, progress)
                packed = zlib.compress(pickle.dumps((function, task.given)), _COMPRESSION)
                future = client.submit(
                    _work, name, task.number, packed, key=f"{name}-{task.number}", pure=False
                )
                running[future] = task
            while running:
                self._look(standing)
                yield from self._done(running, standing, progress)
            progress(str(standing), standing.tunes)
        except (CancelledError, OSError) as error:
            if client.status == "running" and not isinstance(error, CancelledError):
                raise
            raise ClusterError(
                f"{self.name} no longer answers; start it and its workers again, and repeat the "
                "command"
            ) from None
        finally:
            self.repeats += standing.repeats
            with suppress(Exception):  # a scheduler that is lost has nothing to cancel
                if running:
                    client.cancel(list(running), force=True)
                client.unsubscribe_topic(name)

    def _look(self, standing: Standing) -> int:
        """How many tasks the workers can do at once."""
        workers = self._client.nthreads()
        standing.workers = len(workers)
        return sum(workers.values())

    def _done(
        self, running: dict[Future[Any], Task], standing: Standing, progress: Progress
    ) -> Iterator[tuple[Task, Any]]:
        """The tasks that are done after a short while, with their answers."""
        from distributed import wait
        from distributed.scheduler import KilledWorker

        progress(str(standing), standing.tunes)
        try:
            with self._client.as_current():
                done = wait(
                    list(running), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED"
                ).done
        except TimeoutError:
            return
        for future in done:
            task = running.pop(future)
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
            standing.finish(task.tunes)
            yield task, answer


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
