"""A model: a network, the tokens that it knows, and where it comes from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from tunetrace.arguments import json_object, many_texts
from tunetrace.errors import ModelFileError
from tunetrace.records import Record
from tunetrace.tokenizer.vocabulary import is_token, unknown_token
from tunetrace.tokenizer.write import to_abc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tunetrace.model.hooks import Change, Planned
    from tunetrace.model.network import Network, Sizes
    from tunetrace.model.trace import Trace

Precision = Literal["float32", "bfloat16"]
"""Of the matrix products that give the logits."""

START: Final = "<s>"
END: Final = "</s>"

FIELD: Final = re.compile(r"\[([A-Za-z]:[^][]+)\]")
"""A field as ABC has it inside a line, `[M:3/4]`, which some models write as one token."""

_KEY_ON_C: Final = re.compile(r"K:C?[a-z]")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a model, in the order of its softmax; START and END are among them."""

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Each token's number."""
        return {name: number for number, name in enumerate(self.names)}

    @property
    def start(self) -> int:
        """The number of the token that every transcription begins with."""
        return self.numbers[START]

    @property
    def end(self) -> int:
        """The number of the token that every transcription ends with."""
        return self.numbers[END]

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of tokens; QueryError for one that the model lacks."""
        try:
            return [self.numbers[token] for token in tokens]
        except KeyError as error:
            raise unknown_token(error.args[0], self.names) from None

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of numbers."""
        return [self.names[number] for number in numbers]

    @property
    def unread(self) -> tuple[str, ...]:
        """Those that tunetrace does not know."""
        return tuple(name for name in self.names if not is_token(name))

    @property
    def stands_on_c(self) -> bool:
        """Whether it writes on C with lengths in eighths, as folk-rnn's text has them.

        If not, it writes ABC, whose notes mean what the fields say: there are fields such as
        `[L:1/16]` among the tokens, or keys and none on C.
        """
        keys = [name for name in self.names if name.startswith("K:")]
        has_fields = any(map(FIELD.fullmatch, self.names))
        return not has_fields and (not keys or any(map(_KEY_ON_C.match, keys)))


def name_in(provenance: dict[str, Any]) -> str:
    """What a model is called, by what it says of where it comes from."""
    return str(provenance.get("name", "model"))


@dataclass(frozen=True, slots=True, repr=False)
class Model:
    """A network, its tokens, and what is known of it."""

    network: Network
    """The weights, in PyTorch."""
    tokens: Tokens
    """In the order of their numbers."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Where it comes from, as its file keeps it: at least `name` and `source`; of a trained one the
    corpora, the recipe and the tunes that were held out."""

    def __repr__(self) -> str:
        sizes = self.sizes
        return (
            f"Model({self.name[:80]!r}, {sizes.layers} layers of {sizes.units} units, "
            f"{sizes.tokens} tokens)"
        )

    @property
    def sizes(self) -> Sizes:
        """Tokens, units and layers."""
        return self.network.sizes

    @property
    def name(self) -> str:
        """What it is called."""
        return name_in(self.provenance)

    @property
    def identity(self) -> str:
        """The SHA-256 of its weights, in the order of their names, as hexadecimal digits."""
        digest = hashlib.sha256()
        for name, weights in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(weights.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    def trace(
        self,
        tokens: Sequence[str],
        *changes: Change | Planned,
        has_ended: bool = True,
        gates: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> Trace:
        """What goes on in the network while it reads a transcription: each step's probabilities
        and states.

        tokens: M: and K: first, without `<s>` and `</s>`. changes: what to change in the network on
        the way, as ablate(3, [60, 97]). has_ended: whether the end follows. gates: keep the gates
        too. facts: what the trace's header says of the tune, as JSON has it.
        Raises QueryError for a token, layer or unit that the model lacks, ModelFileError for
        weights that are too large.

        >>> open_model().trace(["M:4/4", "K:Cmaj", "C", "2"])
        Trace(5 steps, 3 layers of 288 units)
        """
        from tunetrace.model.trace import TuneToTrace, trace_each

        tune = TuneToTrace(many_texts(tokens, "tokens"), has_ended, json_object(facts, "facts"))
        return next(trace_each(self, [tune], changes, gates=gates))

    def probabilities(
        self, transcriptions: Iterable[Sequence[str]]
    ) -> Iterator[NDArray[np.float32]]:
        """How probable each token is to come next in transcriptions, at each step.

        transcriptions: each as for trace. For each, (n + 1, tokens) float32: row k is what comes
        after k of its n tokens. Raises as trace.

        >>> (steps,) = open_model().probabilities([["M:4/4", "K:Cmaj", "C", "2"]])
        >>> steps.shape
        (5, 152)
        """
        from tunetrace.model.trace import TuneToTrace, trace_each

        for traced in trace_each(self, map(TuneToTrace, transcriptions)):
            yield traced.probabilities

    def overflow(self) -> ModelFileError:
        """The error where what the network computes is no number, though its weights are."""
        return ModelFileError(
            f"the model '{self.name}' cannot give probabilities, because its weights are too "
            "large to be added; give a model with smaller weights"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Sampled(Record):
    """A transcription that a model wrote."""

    number: int
    """Its place, from 1, among what the seed gives. The number of a tune that was left out, since
    it would copy too much once it is read as ABC, is missing."""
    tokens: tuple[str, ...]
    """Without the tokens that begin and end every transcription."""
    has_ended: bool
    """It ended by itself. If not, it was cut off after max_tokens."""
    steered: int = 0
    """How many of its tokens were drawn again, since the first draw would have copied too much."""


@dataclass(frozen=True, slots=True, repr=False)
class Hypothesis(Record):
    """A transcription that a beam search found."""

    number: int
    """Its rank, from 1."""
    tokens: tuple[str, ...]
    """Without the tokens that begin and end every transcription."""
    has_ended: bool
    """It ended by itself. If not, it was cut off after max_tokens."""
    log2_probability: float
    """Of all tokens that the model chose, its end included."""


def titled_abc(tune: Sampled | Hypothesis, model: str, origin: str) -> str:
    """A tune that a model wrote as ABC, with a title that says how to write it again.

    model: its name. origin: what writes the same tunes again, as `seed 7`.
    """
    cut_off = "" if tune.has_ended else ", cut off"
    tokens = [FIELD.sub(r"\1", token) for token in tune.tokens]
    return to_abc(tokens, title=f"{model}, {origin}, {tune.number}{cut_off}", number=tune.number)
