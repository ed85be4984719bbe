"""The named corpora: what each is, where its files are, on what terms, and how to cite it.

They are read from the ABC files that an installed music21 ships, as files: music21 itself, which
takes seconds to import, is never imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tunetrace.errors import InputError


@dataclass(frozen=True, slots=True)
class NamedCorpus:
    """A corpus that goes by a name. folder: where in music21's corpus its files lie."""

    name: str
    title: str
    folder: str
    licence: str
    citation: str

    def path(self) -> Path:
        """The folder of its files; InputError where music21 is not installed."""
        spec = importlib.util.find_spec("music21")
        locations = (spec.submodule_search_locations if spec else None) or []
        for location in locations:
            folder = Path(location) / "corpus" / self.folder
            if folder.is_dir():
                return folder
        raise InputError(
            f"the corpus '{self.name}' is read from the files that music21 ships, and they are "
            "not here; install them with: pip install 'tunetrace[corpora]'"
        )


_LICENCE: Final = (
    "tunes in the public domain; transcriptions by volunteers, distributed with music21, "
    "see corpus/license.txt there"
)

NAMED_CORPORA: Final = {
    corpus.name: corpus
    for corpus in (
        NamedCorpus(
            name="oneills",
            title="O'Neill's Music of Ireland",
            folder="oneills1850",
            licence=_LICENCE,
            citation="F. O'Neill, Music of Ireland: Eighteen Hundred and Fifty Melodies. "
            "Chicago: Lyon & Healy, 1903",
        ),
        NamedCorpus(
            name="airds",
            title="Aird's Selection of Airs",
            folder="airdsAirs",
            licence=_LICENCE,
            citation="J. Aird, A Selection of Scotch, English, Irish and Foreign Airs, "
            "6 volumes. Glasgow, 1782-1801; transcribed by J. Campin, 2009",
        ),
        NamedCorpus(
            name="ryans",
            title="Ryan's Mammoth Collection",
            folder="ryansMammoth",
            licence=_LICENCE,
            citation="W. B. Ryan, Mammoth Collection: 1050 Reels and Jigs. Boston: "
            "E. Howe, 1883; transcribed by R. Davies and J. Chambers",
        ),
    )
}
"""The corpora of the default index, in its order."""
