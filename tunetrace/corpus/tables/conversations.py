"""The text in a value of a table: a text, several texts, or what a model said in a conversation.

Conversations are kept in several shapes: `{"role": "assistant", "content": "…"}` in lists called
messages, `{"from": "gpt", "value": "…"}` in lists called conversations, and the choices of a
server's answer. Of a conversation only what the model said is text; what it was asked is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_MODEL: Final = frozenset(("assistant", "gpt", "model", "bot", "chatgpt", "ai", "chatbot"))
"""How a model is called in a conversation."""

_SPEAKER: Final = ("role", "from")
_SAID: Final = ("content", "value", "text", "message", "generated_text")

_DEEPEST: Final = 8
"""Lists inside lists."""


def text_in(value: object, depth: int = 0) -> str | None:
    """The text in a value; None if a value of its kind holds none, as a number does.

    Several texts are separated by an empty line. A conversation in which no model speaks is empty.
    """
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        if not _is_of_model(value):
            return ""
        said = next((value[key] for key in _SAID if value.get(key) is not None), None)
        return None if said is None else text_in(said, depth + 1)
    if isinstance(value, list):
        texts = [text_in(one, depth + 1) for one in value]
        found = [text for text in texts if text is not None]
        return "\n\n".join(filter(None, found)) if found else None
    return None


def _is_of_model(message: Mapping[str, Any]) -> bool:
    """Whether a message is of a model. One that names no speaker is."""
    speaker = next((message[key] for key in _SPEAKER if key in message), None)
    return not isinstance(speaker, str) or speaker.strip().lower() in _MODEL
