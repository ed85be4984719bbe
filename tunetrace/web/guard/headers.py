"""The headers that every answer has, which tell browsers what they may not do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_POLICY: Final = b"content-security-policy"

_PAGE: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_DRAWING: Final = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""A drawing has its colours in a style of its own, and may load nothing."""

_NOTHING: Final = b"default-src 'none'; frame-ancestors 'none'"

_POLICIES: Final[Mapping[bytes, bytes]] = {b"text/html": _PAGE, b"image/svg+xml": _DRAWING}

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def harmless(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those that every answer has.

    The policy depends on the media type: a page may use its own files, a drawing its own style,
    and all else nothing. A policy that the answer has itself is kept.
    """
    given = [(name.lower(), value) for name, value in headers]
    known = dict(given)
    media_type = known.get(b"content-type", b"").split(b";")[0].strip().lower()
    policy = _POLICIES.get(media_type, _NOTHING)
    if not any(name == _POLICY for name, _ in given):
        given.append((_POLICY, policy))
    return [(name, value) for name, value in given if name not in dict(_ALWAYS)] + list(_ALWAYS)
