"""Pages of HTML: their templates, what is harmless in them, and what a browser may run of them.

Text from files (titles, names, links, reasons) may be hostile: it is put on one line and escaped.
A page runs only its own scripts, and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tunetrace.text import counted, plain, share

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER: Final = Path(__file__).parent
LONGEST_TITLE: Final = 120
"""Characters of a title that are shown."""


def read_file(name: str) -> str:
    """A style or a script of a page, by its path in this folder."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: the page's own style and script, and nothing from elsewhere."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src "
        f"'sha256-{digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def environment(*folders: Path) -> Environment:
    """The templates, by their paths in this folder or in others, with the filters that they use."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([*folders, _FOLDER]),
        autoescape=True,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    # finalize does not see JSON blocks, whose texts must be made plain before.
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    made.filters |= {
        "address": lambda name: web_link(name.link), "counted": counted, "share": share,
        "short": shortened, "web": web_link,
    }  # fmt: skip
    return made


def _harmless(value: Any) -> Any:
    """Text without line breaks and without characters that change the direction of writing."""
    from markupsafe import Markup

    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return plain(value)


def shortened(title: str) -> str:
    """A title from a file, on one line and short enough for a table."""
    title = plain(title[: 2 * LONGEST_TITLE])
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def web_link(link: str | None) -> str | None:
    """A link to a page of the web; None for all others (`javascript:`, `file:`)."""
    if link is None or plain(link) != link or len(link) > 2_000:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None
