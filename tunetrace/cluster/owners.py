"""Asking the workers of a cluster from a task on it: each shard of the data has one as its owner.

While a task waits, its worker answers what other tasks ask. So a worker with one thread never waits
for itself. If an owner is gone, another worker is asked the same.
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tunetrace.errors import QueryError

if TYPE_CHECKING:
    from distributed import Client, Future

_LOOK_SECONDS: Final = 1.0
"""How long answers are waited for before it is seen whether the owners are still there."""

_FETCH_SECONDS: Final = 60.0
"""An answer that has not come after this time is fetched again, if its owner is there."""

_MOST_ENDED: Final = 3
"""If this many owners end with one question, it is the question that ends them."""


class OwnersEndedError(Exception):
    """Several owners in turn have ended while they were asked the same."""

    def __init__(self, owners: int) -> None:
        """owners: how many."""
        super().__init__(owners)
        self.owners = owners


class Owners:
    """The workers of a cluster, each the owner of some shards."""

    def __init__(self, client: Client, shards: int) -> None:
        self._client = client
        self._shards = shards

    def ask(self, function: Callable[..., Any], *given: object) -> list[Any]:
        """What a function of a module, called with a shard and what is given, answers for each
        shard, in their order.

        An error of the function is raised here. Raises OwnersEndedError if three owners of a shard
        have ended.
        """
        packed = pickle.dumps((function, given))
        ended = [0] * self._shards
        answers: dict[int, Any] = {}
        asked: dict[int, tuple[str, Future[Any]]] = {}
        sent: Future[bytes] | None = None
        while len(answers) < self._shards:
            workers = sorted(self._client.nthreads())
            for shard, (owner, future) in list(asked.items()):
                if owner not in workers:
                    self._client.cancel([future], force=True)
                    ended[shard] += 1
                    if ended[shard] == _MOST_ENDED:
                        raise OwnersEndedError(_MOST_ENDED)
                if owner not in workers or future.cancelled():
                    # What was sent may have been kept by a worker that is gone, and nowhere else.
                    sent = None
                    del asked[shard]
            if sent is None:
                (sent,) = self._client.scatter([packed], hash=False)  # it stays in this process
            for shard, owner in enumerate(owners_of(self._shards, workers)):
                if shard not in answers and shard not in asked:
                    asked[shard] = owner, self._submit(shard, owner, sent)
            answers |= self._done(asked)
        return [answers[shard] for shard in range(self._shards)]

    def _submit(self, shard: int, owner: str, sent: Future[bytes]) -> Future[Any]:
        # Questions come before new tasks: a task that has begun waits for them.
        return self._client.submit(
            _answer, shard, sent,
            key=f"tunetrace-shard-{uuid.uuid4().hex}", workers=[owner], priority=1, pure=False,
        )  # fmt: skip

    def _done(self, asked: dict[int, tuple[str, Future[Any]]]) -> dict[int, Any]:
        """The answers that come in a short while, by their shards.

        These shards are taken out of `asked`.
        """
        from distributed import wait

        with suppress(TimeoutError, CancelledError), self._client.as_current():
            wait([future for _, future in asked.values()], timeout=_LOOK_SECONDS)
        found = {}
        for shard, (_, future) in list(asked.items()):
            with suppress(TimeoutError, CancelledError):  # its owner has ended since
                if future.done():
                    found[shard] = future.result(timeout=_FETCH_SECONDS)
                    del asked[shard]
        return found


@contextmanager
def asking_owners(shards: int) -> Iterator[Owners]:
    """The owners of shards, in a task that asks them. Meanwhile its worker does other tasks."""
    from distributed import worker_client

    with worker_client() as client:
        yield Owners(client, shards)


def see_shards(cluster: object, shards: int | None) -> None:
    """Raise QueryError if shards are given without a cluster."""
    if cluster is None and shards is not None:
        raise QueryError("only the workers of a cluster own shards; give --scheduler or --workers")


def owners_of(shards: int, workers: Sequence[str]) -> list[str]:
    """The owner of each shard among workers, given by their addresses; none without a worker.

    A worker owns at most one shard more than another. If a worker goes or comes, few other shards
    change their owner. Whoever knows the same workers finds the same owners.
    Method: rendezvous hashing (Thaler and Ravishankar 1998), round by round.
    """
    owners: list[str] = []
    while workers and len(owners) < shards:
        left = list(workers)
        for shard in range(len(owners), min(len(owners) + len(workers), shards)):
            owner = max(left, key=partial(_rank, shard))
            left.remove(owner)
            owners.append(owner)
    return owners


def _rank(shard: int, worker: str) -> bytes:
    return hashlib.sha256(f"{shard} {worker}".encode()).digest()


def _answer(shard: int, packed: bytes) -> object:
    """Answer in an owner."""
    function, given = pickle.loads(packed)
    return function(shard, *given)
