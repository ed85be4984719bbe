"""The published models: what each is, where its pickle is from, on what terms, how to cite it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from tunetrace.corpus.origins import PublishedFile
from tunetrace.corpus.registry import FOLKRNN_CITATION, folkrnn_file
from tunetrace.errors import ModelFileError


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A published model: the form that each is declared with.

    has_v2_tokens: its tokens are those of folk-rnn v2, in that order.
    """

    name: str
    title: str
    origin: PublishedFile
    licence: str
    citation: str
    has_v2_tokens: bool = False

    def declared(self) -> dict[str, str | None]:
        """What its file says of where it is from."""
        return {
            "title": self.title,
            "source": self.origin.source,
            "url": self.origin.url,
            "version": self.origin.version,
            "checksum": self.origin.checksum,
            "licence": self.licence,
            "citation": self.citation,
        }


_LICENCE: Final = (
    "MIT, as the repository states for all its contents; trained on tunes that people wrote at "
    "{}, and the repository does not state their terms"
)

PUBLISHED_MODELS: Final = {
    model.name: model
    for model in (
        PublishedModel(
            name="folkrnn-v2",
            title="folk-rnn v2",
            origin=folkrnn_file(
                "metadata/folkrnn_v2.pkl", "6ac1708b3532be8a2f53b53dda4a97ec77f46791", "models"
            ),
            licence=_LICENCE.format("thesession.org"),
            citation=FOLKRNN_CITATION,
            has_v2_tokens=True,
        ),
        PublishedModel(
            name="folkrnn-v2-worepeats",
            title="folk-rnn v2, repeats written out",
            origin=folkrnn_file(
                "metadata/folkrnn_v2_worepeats.pkl",
                "59237e7e9a9a3acc57443fefa7d3a32010cafee7",
                "models",
            ),
            licence=_LICENCE.format("thesession.org"),
            citation=FOLKRNN_CITATION,
        ),
        PublishedModel(
            name="folkrnn-swedish",
            title="folk-rnn, Swedish tunes",
            origin=folkrnn_file(
                "metadata/folkrnn_swedish.pkl", "dcbe6d56d5b4b2d2f19b2fe097dae48d62b3d7c5", "models"
            ),
            licence=_LICENCE.format("folkwiki.se"),
            citation="E. Hallström, S. Mossmyr, B. L. Sturm, V. H. Vegeborn and J. Wedin, From "
            "jigs and reels to schottisar och polskor: generating Scandinavian-like folk music "
            "with deep recurrent networks. Proc. Sound and Music Computing Conf., Málaga, 2019",
        ),
    )
}
"""Every published model by its name."""


def find_published(name: str) -> PublishedModel:
    """The published model of a name; ModelFileError, with the names, where there is none."""
    model = PUBLISHED_MODELS.get(name)
    if model is not None:
        return model
    nearest = difflib.get_close_matches(name.lower(), PUBLISHED_MODELS, n=1)
    hint = (
        f"the nearest is {nearest[0]}"
        if nearest
        else f"the names are {', '.join(PUBLISHED_MODELS)}"
    )
    raise ModelFileError(f"{name}: no published model has this name; {hint}")
