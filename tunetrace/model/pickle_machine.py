"""The machine that reads pickles: a stack, and the operations that data needs.

A pickle is a program for such a machine. Python's own calls whatever function a pickle names; this
one knows the operations of protocols 0 to 4 (Python 2's and 3's) that make plain containers, text,
numbers and NumPy's arrays, and refuses all others. Strings of Python 2 are read as Latin-1.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any, Final

from tunetrace.model.pickled_arrays import (
    PickledArray,
    PickledName,
    PickledType,
    PickleRefusedError,
    admitted,
)

_MAX_OPERATIONS: Final = 5_000_000
"""So that a file cannot fill memory with empty lists; the published ones need under a million."""

_MOST_COPIES: Final = 2
"""Arrays and bytes that are made have at most so many times the file's own. A pickle can name one
text again and again, and each array that is made of it is a copy."""

_LONGEST_LINE: Final = 4096
_LONGEST_TEXT: Final = 2**28
_LONGEST_NUMBER: Final = 16


class PickleMachine:
    """Runs a pickle: a stack, the places where marks stand in it, and a memory of numbered things.

    What a damaged pickle makes it do wrong (take from an empty stack, say) are Python's own errors,
    which whoever runs it makes one of.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}
        self._room = _MOST_COPIES * len(data)

    def run(self) -> Any:
        """What stands on the stack at the pickle's end."""
        for _ in range(_MAX_OPERATIONS):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise PickleRefusedError(_refusal(code))
            operation(self)
        raise PickleRefusedError(f"it takes more than {_MAX_OPERATIONS:,} operations to read")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        here = self.position
        if size > len(self.data) - here:
            raise PickleRefusedError(f"it is cut off after {len(self.data):,} bytes")
        self.position = here + size
        return self.data[here : here + size]

    def line(self, longest: int = _LONGEST_LINE) -> bytes:
        """The rest of the line."""
        end = self.data.find(b"\n", self.position)
        if end < 0:
            raise PickleRefusedError(f"it is cut off after {len(self.data):,} bytes")
        if end - self.position > longest:
            raise ValueError
        text = self.take(end - self.position)
        self.position += 1
        return text

    def number(self, form: str) -> int:
        """The next integer, as struct writes it."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def make_room(self, size: int) -> None:
        """See that so many bytes more may be made."""
        self._room -= size
        if self._room < 0:
            raise PickleRefusedError("it makes many arrays of the same bytes")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def after_mark(self) -> list[Any]:
        """What stands on the stack after the last mark, which is taken off with it."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def top(self, count: int) -> list[Any]:
        """So many things from the top of the stack, which are taken off."""
        if count > len(self.stack):
            raise IndexError
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items


def _constant(value: Any) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.push(value)


def _fixed(form: str) -> Callable[[PickleMachine], None]:
    """Pushes a number that struct reads."""
    return lambda machine: machine.push(struct.unpack(form, machine.take(struct.calcsize(form)))[0])


def _sized(form: str, decode: Callable[[bytes], Any]) -> Callable[[PickleMachine], None]:
    """Pushes what comes after its own size."""

    def operation(machine: PickleMachine) -> None:
        size = machine.number(form)
        if size < 0:
            raise ValueError
        machine.push(decode(machine.take(size)))

    return operation


def _lined(decode: Callable[[bytes], Any], longest: int = _LONGEST_LINE) -> Any:
    """Pushes what a line says."""
    return lambda machine: machine.push(decode(machine.line(longest)))


def _latin(data: bytes) -> str:
    return data.decode("latin-1")


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _escaped(line: bytes) -> str:
    """A string as Python 2 writes it in quotation marks."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise ValueError
    return _latin(codecs.escape_decode(line[1:-1])[0])


def _decimal(line: bytes) -> int | bool:
    """An integer in digits; 00 and 01 are false and true."""
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line.removesuffix(b"L"))


def _little(data: bytes) -> int:
    if len(data) > _LONGEST_NUMBER:
        raise PickleRefusedError(f"it has a whole number of {len(data):,} bytes")
    return int.from_bytes(data, "little", signed=True)


def _get(machine: PickleMachine, number: int) -> None:
    machine.push(machine.memory[number])


def _put(machine: PickleMachine, number: int) -> None:
    machine.memory[number] = machine.stack[-1]


def _mark(machine: PickleMachine) -> None:
    machine.marks.append(len(machine.stack))


def _pop(machine: PickleMachine) -> None:
    machine.stack.pop()


def _pop_to_mark(machine: PickleMachine) -> None:
    machine.after_mark()


def _skip(size: int) -> Callable[[PickleMachine], None]:
    def operation(machine: PickleMachine) -> None:
        machine.take(size)

    return operation


def _tuple(count: int) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.push(tuple(machine.top(count)))


def _extend(machine: PickleMachine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise TypeError
    target.extend(items)


def _update(machine: PickleMachine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, dict) or len(items) % 2:
        raise TypeError
    # Of other keys the hashes could be made to collide, or to take for ever.
    if not all(isinstance(key, str) for key in items[::2]):
        raise PickleRefusedError("it has a dict with a key that is no text")
    target.update(zip(items[::2], items[1::2], strict=True))


def _dict(machine: PickleMachine) -> None:
    items = machine.after_mark()
    machine.push({})
    _update(machine, items)


def _global(machine: PickleMachine) -> None:
    module = _latin(machine.line())
    machine.push(admitted(module, _latin(machine.line())))


def _stack_global(machine: PickleMachine) -> None:
    module, name = machine.top(2)
    if not isinstance(module, str) or not isinstance(name, str):
        raise TypeError
    machine.push(admitted(module, name))


def _instance(machine: PickleMachine) -> None:
    """An instance of a class, which is refused by the name that comes with it."""
    module = _latin(machine.line())
    name = admitted(module, _latin(machine.line())).name
    raise PickleRefusedError(f"it asks for an instance of '{name}'")


def _reduce(machine: PickleMachine) -> None:
    called, arguments = machine.top(2)
    if not isinstance(called, PickledName) or not isinstance(arguments, tuple):
        raise PickleRefusedError("it calls what cannot be called")
    machine.make_room(sum(len(part) for part in arguments if isinstance(part, str)))
    machine.push(called(*arguments))


def _build(machine: PickleMachine) -> None:
    target, state = machine.stack[-2], machine.stack.pop()
    if not isinstance(target, PickledArray | PickledType) or not isinstance(state, tuple):
        raise PickleRefusedError("it gives a state to what is no array")
    machine.make_room(sum(len(part) for part in state if isinstance(part, str)))
    target.set_state(state)


def _refusal(code: bytes) -> str:
    """Why an operation is refused that is none of those below."""
    if code in (b"P", b"Q"):
        return "it asks for what another program keeps (a persistent id)"
    if code in (b"o", b"\x81", b"\x92"):
        return "it asks for an instance of a class"
    if code in (b"\x82", b"\x83", b"\x84"):
        return "it asks for what its writer registered (an extension code)"
    return f"it has an operation that data does not need, 0x{code.hex()}"


_OPERATIONS: Final[dict[bytes, Callable[[PickleMachine], None]]] = {
    # Numbers and constants
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": _lined(_decimal, 40),
    b"L": _lined(_decimal, 40),
    b"F": _lined(float),
    b"J": _fixed("<i"),
    b"K": _fixed("<B"),
    b"M": _fixed("<H"),
    b"G": _fixed(">d"),
    b"\x8a": _sized("<B", _little),
    b"\x8b": _sized("<i", _little),
    # Text and bytes
    b"S": _lined(_escaped, _LONGEST_TEXT),
    b"T": _sized("<i", _latin),
    b"U": _sized("<B", _latin),
    b"V": _lined(lambda line: line.decode("raw-unicode-escape"), _LONGEST_TEXT),
    b"X": _sized("<I", _utf8),
    b"\x8c": _sized("<B", _utf8),
    b"B": _sized("<I", bytes),
    b"C": _sized("<B", bytes),
    b"\x8e": _sized("<Q", bytes),
    # Containers
    b"(": _mark,
    b"0": _pop,
    b"1": _pop_to_mark,
    b"2": lambda machine: machine.push(machine.stack[-1]),
    b")": _constant(()),
    b"t": lambda machine: machine.push(tuple(machine.after_mark())),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"]": lambda machine: machine.push([]),
    b"l": lambda machine: machine.push(machine.after_mark()),
    b"a": lambda machine: _extend(machine, machine.top(1)),
    b"e": lambda machine: _extend(machine, machine.after_mark()),
    b"}": lambda machine: machine.push({}),
    b"d": _dict,
    b"s": lambda machine: _update(machine, machine.top(2)),
    b"u": lambda machine: _update(machine, machine.after_mark()),
    # The memory
    b"g": lambda machine: _get(machine, int(machine.line(12))),
    b"h": lambda machine: _get(machine, machine.number("<B")),
    b"j": lambda machine: _get(machine, machine.number("<I")),
    b"p": lambda machine: _put(machine, int(machine.line(12))),
    b"q": lambda machine: _put(machine, machine.number("<B")),
    b"r": lambda machine: _put(machine, machine.number("<I")),
    b"\x94": lambda machine: _put(machine, len(machine.memory)),
    # Names and what is made with them
    b"c": _global,
    b"\x93": _stack_global,
    b"i": _instance,
    b"R": _reduce,
    b"b": _build,
    # Which protocol it is, and how long a frame, which says nothing that is needed
    b"\x80": _skip(1),
    b"\x95": _skip(8),
}
