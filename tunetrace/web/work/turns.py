"""Whose question is next: clients take turns, so that one with many questions delays no other."""

from __future__ import annotations

import asyncio
from collections import deque
from ipaddress import IPv6Address, ip_address
from typing import Final

_NETWORK_BITS: Final = 64
"""Of an address of IPv6. The rest of it whoever asks can choose."""


class PushedOutError(Exception):
    """Raised for a question that waits, when its place is given to another client."""


class Turns:
    """A number of questions at a time, of each client in its turn. It is used in one event loop."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # whose turn is next is first

    async def take(self, client: str) -> None:
        """Wait for a turn, to be given back. PushedOutError if another client needs the place."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:
                self.give_back()  # it came at the same time
            raise
        finally:
            own = self._waiting.get(client)
            if own is not None and turn in own:
                own.remove(turn)
                if not own:
                    del self._waiting[client]

    def give_back(self) -> None:
        """Let the next client have its turn."""
        while self._waiting:
            client, own = next(iter(self._waiting.items()))
            del self._waiting[client]
            turn = own.popleft()
            if own:
                self._waiting[client] = own  # now it is the last
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def push_out_for(self, client: str) -> bool:
        """Make room for a client: whoever has most questions that wait loses the newest.

        False if no other has more than this one would have.
        """
        own = len(self._waiting.get(client, ()))
        most = max(self._waiting.values(), key=len, default=None)
        if most is None or len(most) <= own + 1:
            return False
        turn = most.pop()
        if not turn.done():
            turn.set_exception(PushedOutError)
        return True


def client_of(address: str | None) -> str:
    """Who asks from an address: of IPv6 its network."""
    try:
        given = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(given, IPv6Address):
        return given.packed[: _NETWORK_BITS // 8].hex()
    return str(given)
