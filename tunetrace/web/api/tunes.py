"""The tunes of the index, those that are like one of them, and its corpora."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from tunetrace.checker.similar.records import SimilarReport
from tunetrace.indexer.records import IndexInfo
from tunetrace.indexer.tune import TuneDetail
from tunetrace.web.api.operation import operation
from tunetrace.web.api.parameters import NoParameters, SimilarToParameters
from tunetrace.web.sending import ask
from tunetrace.web.work import questions
from tunetrace.web.work.questions import FILES, FileFormat

router = APIRouter(prefix="/api")

_TAG: Final = "Tunes of the index"
_ABSENT: Final = HTTPStatus.NOT_FOUND

_Named = Annotated[
    str,
    Path(
        description="The tune, as corpus:number, its id, its title, or a part of a title that only "
        "settings of one tune have.",
        examples=["1"],
    ),
]
_Nothing = Annotated[NoParameters, Query()]


@router.get("/corpora", **operation("What is in the index", _TAG, IndexInfo))
async def corpora(request: Request, asked: _Nothing) -> Response:
    """The counts of the whole index and of each corpus, with sources, versions and licences.

    `path` is the name of the index's file, without its folder. No tune is quoted, so `index`
    names no corpus.
    """
    return await ask(request, questions.corpora)


@router.get("/similar", **operation("Tunes that are like a tune of the index", _TAG, SimilarReport,
                                    _ABSENT))  # fmt: skip
async def similar(request: Request, asked: Annotated[SimilarToParameters, Query()]) -> Response:
    """The tunes that are like a tune of the index: in another key, octave, rhythm or version.

    The tune itself is not among them.
    """
    return await ask(request, questions.similar_to, asked.q, **asked.options(request))


def _sends(kind: FileFormat) -> Callable[..., Awaitable[Response]]:
    """The function that sends a tune of the index in a format."""

    async def tune_file(request: Request, id: _Named, asked: _Nothing) -> Response:
        """The tune in its own key, as a file that other programs read."""
        return await ask(request, questions.tune_file, id, kind)

    return tune_file


for _kind, _file in FILES.items():
    router.get(
        f"/tunes/{{id:path}}.{_kind}",
        operation_id=f"tune_{_kind}",
        **operation(f"A tune as {_file.said}", _TAG, _file.media_type, _ABSENT,
                    HTTPStatus.NOT_IMPLEMENTED),
    )(_sends(_kind))  # fmt: skip


# After the addresses with an ending. The lower one is looked at first.
@router.get("/tunes/{id:path}", **operation("A tune", _TAG, TuneDetail, _ABSENT))
@router.get("/tunes/{id:path}.json", operation_id="tune_json",
            **operation("A tune as JSON", _TAG, TuneDetail, _ABSENT))  # fmt: skip
async def tune(request: Request, id: _Named, asked: _Nothing) -> Response:
    """A tune with its titles, text, bars, music and settings. Its bars and its music are on C.

    If several tunes have the title, it is the first; the others are among the settings.
    """
    return await ask(request, questions.tune, id)
