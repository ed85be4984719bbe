"""What `tunetrace sample` prints: each transcription as it is written, and a line at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Literal

import click

from tunetrace.errors import AbcError, QueryError
from tunetrace.model.header import Header
from tunetrace.model.records import FIELD, Hypothesis, Model, Sampled
from tunetrace.text import counted, plain
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.write import to_abc

Format = Literal["folkrnn", "abc"]


class SamplePrinter:
    """Prints transcriptions to standard output and counts them."""

    def __init__(
        self,
        model: Model,
        format: Format | None,
        origin: str,
        take_record: Callable[[Sampled | Hypothesis], None] | None = None,
    ) -> None:
        """format: None where take_record gets each transcription and none is printed as text.
        origin: what the tunes come of, as `seed 7`.
        """
        self._name, self._origin = plain(model.name), origin
        self._take_record = take_record
        self._format = format
        self._unread = frozenset(model.tokens.unread)
        self._is_within: Callable[[Sequence[str]], bool] | None = None
        self._started = time.perf_counter()
        self._tunes = self._ended = self._tokens = self._steered = self._tunes_steered = 0
        self._left_out = self._tunes_unread = 0

    def limit(self, is_within: Callable[[Sequence[str]], bool]) -> None:
        """Leave out what copies too much once it is read back.

        ABC has no place for what is not well formed: an empty bar, say, that keeps two copies
        apart in the tokens is gone when it is read.
        """
        self._is_within = is_within

    def show(self, sampled: Sampled | Hypothesis) -> None:
        """Print one, at once, or hand it on."""
        text = self._text(sampled) if self._format else ""
        if self._format == "abc" and not self._may_be_printed(text):
            self._left_out += 1
            return
        self._tunes += 1
        self._tunes_unread += self._format == "folkrnn" and not self._unread.isdisjoint(
            sampled.tokens
        )
        self._ended += sampled.has_ended
        self._tokens += len(sampled.tokens)
        if isinstance(sampled, Sampled):
            self._steered += sampled.steered
            self._tunes_steered += sampled.steered > 0
        if self._take_record is not None:
            self._take_record(sampled)
        else:
            click.echo(text)
            sys.stdout.flush()

    def _may_be_printed(self, abc: str) -> bool:
        if self._is_within is None:
            return True
        try:
            return self._is_within(tokenize_abc(abc).tokens)
        except AbcError:  # it has no notes
            return True

    def _text(self, sampled: Sampled | Hypothesis) -> str:
        if self._format == "abc":
            cut_off = "" if sampled.has_ended else ", cut off"
            title = f"{self._name}, {self._origin}, {sampled.number}{cut_off}"
            tokens = [FIELD.sub(r"\1", token) for token in sampled.tokens]
            return to_abc(tokens, title=title, number=sampled.number)
        words = [plain(token) for token in sampled.tokens]
        header = list(takewhile(lambda word: word.startswith(("M:", "K:")), words))
        return "\n".join([f"X:{sampled.number}", *header, " ".join(words[len(header) :])]) + "\n"

    def say_at_the_end(self, max_copy: int | None, max_tokens: int) -> None:
        """One line on standard error: how many, how they ended, what it takes to repeat it."""
        elapsed = time.perf_counter() - self._started
        parts = [f"{self._name} wrote {counted(self._tunes, 'tune')}, {self._origin}"]
        parts.append(f"{self._ended:,} ended by themselves")
        parts.append(f"{self._tunes - self._ended:,} cut off after {counted(max_tokens, 'token')}")
        if max_copy is not None:
            steered = f"steered {self._steered:,} times in {counted(self._tunes_steered, 'tune')}"
            parts.append(f"{steered} from copying more than {counted(max_copy, 'note')}")
        if self._left_out:
            left_out = f"{counted(self._left_out, 'more tune')} left out, which would copy more"
            parts.append(f"{left_out} once read as ABC")
        if self._tunes_unread:
            parts.append(f"{self._tunes_unread:,} with tokens that tunetrace does not read")
        parts.append(f"{self._tokens / elapsed:,.0f} tokens/s")
        click.echo("; ".join(parts), err=True)


def format_for(model: Model | Header, wanted: Format | None) -> Format:
    """The format wanted, or else one that a model's tunes are read from.

    QueryError where the model has tokens that cannot be written so.
    """
    name, stands_on_c = plain(model.name), model.tokens.stands_on_c
    strange = [token for token in model.tokens.unread if not FIELD.fullmatch(token)]
    if wanted == "abc" and strange:
        raise QueryError(
            f"{name} writes '{plain(strange[0])[:20]}', for which ABC has nothing; leave --format "
            "abc out"
        )
    if wanted == "folkrnn" and not stands_on_c:
        raise QueryError(
            f"{name} writes keys and lengths of its own, which would be misread as folk-rnn's "
            "text; leave --format folkrnn out"
        )
    return wanted or ("folkrnn" if stands_on_c or strange else "abc")
