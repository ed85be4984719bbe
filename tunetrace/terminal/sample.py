"""What `tunetrace sample` prints: each transcription as it is written, and a line at the end."""

from __future__ import annotations

import json
import sys
import time
from itertools import takewhile
from typing import Literal

import click

from tunetrace.errors import QueryError
from tunetrace.indexer.records import to_json
from tunetrace.model.records import Hypothesis, Model, Sampled
from tunetrace.phrases import counted
from tunetrace.tokenizer.transcription import plain
from tunetrace.tokenizer.vocabulary import is_token
from tunetrace.tokenizer.write import to_abc

Format = Literal["folkrnn", "abc", "json"]


class SamplePrinter:
    """Prints transcriptions to standard output and counts them."""

    def __init__(self, model: Model, format: Format, origin: str) -> None:
        """origin: what the tunes come of, as `seed 7`.

        Raises QueryError where the model has tokens that cannot be written so."""
        self._name, self._format, self._origin = plain(model.name), format, origin
        strange = [name for name in model.tokens.names if not is_token(name)]
        if format == "abc" and strange:
            raise QueryError(
                f"{self._name} writes '{plain(strange[0])[:20]}', for which ABC has nothing; leave "
                "--format abc out"
            )
        self._started = time.perf_counter()
        self._tunes = self._ended = self._tokens = self._steered = self._tunes_steered = 0

    def show(self, sampled: Sampled | Hypothesis) -> None:
        """Print one, at once."""
        self._tunes += 1
        self._ended += sampled.has_ended
        self._tokens += len(sampled.tokens)
        if isinstance(sampled, Sampled):
            self._steered += sampled.steered
            self._tunes_steered += sampled.steered > 0
        click.echo(self._text(sampled))
        sys.stdout.flush()

    def _text(self, sampled: Sampled | Hypothesis) -> str:
        if self._format == "json":
            return json.dumps(to_json(sampled))
        if self._format == "abc":
            cut_off = "" if sampled.has_ended else ", cut off"
            title = f"{self._name}, {self._origin}, {sampled.number}{cut_off}"
            return to_abc(sampled.tokens, title=title, number=sampled.number)
        tokens = [plain(token) for token in sampled.tokens]
        header = list(takewhile(lambda token: token.startswith(("M:", "K:")), tokens))
        return "\n".join([f"X:{sampled.number}", *header, " ".join(tokens[len(header) :])]) + "\n"

    def say_at_the_end(self, max_copy: int | None, max_tokens: int) -> None:
        """One line on standard error: how many, how they ended, what it takes to repeat it."""
        elapsed = time.perf_counter() - self._started
        parts = [f"{self._name} wrote {counted(self._tunes, 'tune')}, {self._origin}"]
        parts.append(f"{self._ended:,} ended by themselves")
        parts.append(f"{self._tunes - self._ended:,} cut off after {counted(max_tokens, 'token')}")
        if max_copy is not None:
            steered = f"steered {self._steered:,} times in {counted(self._tunes_steered, 'tune')}"
            parts.append(f"{steered} from copying more than {counted(max_copy, 'note')}")
        parts.append(f"{self._tokens / elapsed:,.0f} tokens/s")
        click.echo("; ".join(parts), err=True)
