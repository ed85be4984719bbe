"""What is asked of the page of figures, and its address.

`/figures?q=ABC&in=KEY` searches a figure anywhere, and with `&whole=1` a whole bar. `q` is as the
command `figure` takes it, `in` the key in which it is written. `view`, `meter`, `corpus` and
`offset` may follow. An address is a permanent link: nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from tunetrace.indexer.filters import Filters
from tunetrace.indexer.search.views import TOKENS

PAGE: Final = "/figures"

_NAMES: Final = {"in_key": "in"}


@dataclass(frozen=True, slots=True)
class AskedFigure:
    """A figure as it is asked, with all that its address says."""

    q: str = ""
    """The figure as it was written."""
    in_key: str = ""
    """The key in which it is written; empty if nothing is said of it."""
    view: str = TOKENS.name
    meter: str = ""
    """Only tunes in this meter; empty for all."""
    corpus: str = ""
    """Only tunes of this corpus; empty for all."""
    whole: bool = False
    """Whether it is a whole bar."""
    offset: int = 0
    """How many hits were shown before."""

    def filters(self) -> Filters:
        """Which tunes count."""
        return Filters(meter=self.meter or None, corpus=self.corpus or None)

    def options(self) -> dict[str, Any]:
        """What the questions for figures have in common besides the filters."""
        return {"view": self.view, "in_key": self.in_key or None}

    def address(self, **changes: Any) -> str:
        """Its address with some things changed. It begins with the first hits again."""
        other = replace(self, **{"offset": 0, **changes})
        default = AskedFigure()
        said = {
            _NAMES.get(name, name): int(value) if isinstance(value, bool) else value
            for name in self.__dataclass_fields__
            if (value := getattr(other, name)) != getattr(default, name)
        }
        return f"{PAGE}?{urlencode(said)}"
