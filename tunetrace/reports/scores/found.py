"""A tune of an index, and the tunes that are like a tune, with their scores."""

from __future__ import annotations

from collections.abc import Sequence

from tunetrace.checker.records import TuneName
from tunetrace.checker.similar.records import SimilarTunes
from tunetrace.indexer.tune import TuneDetail
from tunetrace.reports.scores.checked import shown_similar
from tunetrace.reports.scores.page import OtherTune, OtherTunes, TuneBlock, html
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.text import counted, plain, share
from tunetrace.tokenizer.layout.bars import lay_out


def tune_html(tune: TuneDetail) -> str:
    """The page of a tune of an index. Raises OutputError without verovio."""
    sheet = PageScores()
    shown = tune_block(tune, sheet)
    title = plain(tune.title) or "(untitled)"
    return html([shown], sheet.shapes(), title=title, about="A tune of the index.")


def tune_block(tune: TuneDetail, sheet: PageScores) -> TuneBlock:
    """What a page shows of a tune of an index."""
    engraving = sheet.engraved(tune)
    facts = [", ".join((tune.meter or "no meter", tune.original_key or "no key",
                        counted(len(tune.bars), "bar")))]  # fmt: skip
    if tune.titles[1:]:
        facts.append(f"Also called {'; '.join(tune.titles[1:])}")
    settings = tuple(
        OtherTune(TuneName.of(other), f"Begins on C: {other.begins}", (), None)
        for other in tune.settings
    )
    return TuneBlock(
        id="tune-1",
        title=tune.title,
        name=TuneName.of(tune),
        lead="",
        facts=(*facts, *tune.remarks),
        score=sheet.score(engraving, tune.title) if engraving else None,
        parts=(OtherTunes("Other settings", "", settings),) if settings else (),
    )


def similar_html(answers: Sequence[SimilarTunes]) -> str:
    """The page of tunes, each with those that are like it.

    The ones that are aligned are shown bar under bar. Raises OutputError without verovio.
    """
    sheet = PageScores()
    shown = [_shown(answer, place, sheet) for place, answer in enumerate(answers, 1)]
    of = plain(answers[0].title) or "this tune" if len(answers) == 1 else f"{len(answers):,} tunes"
    about = f"Compared with {counted(answers[0].of, 'tune')}." if answers else ""
    return html(shown, sheet.shapes(), title=f"Tunes that are like {of}", about=about)


def _shown(answer: SimilarTunes, place: int, sheet: PageScores) -> TuneBlock:
    tune = answer.transcription
    engraving = sheet.engraved(tune)
    others: tuple[OtherTune, ...] = ()
    if engraving is not None:
        layout = lay_out(tune.tokens)
        others = tuple(shown_similar(near, layout, engraving, sheet) for near in answer.tunes)
    named = f"A tune is named as a near copy from a probability of {share(answer.threshold)} on."
    return TuneBlock(
        id=f"tune-{place}",
        title=answer.title,
        name=None,
        lead=answer.text,
        facts=(f"{tune.meter or 'no meter'}, {tune.original_key or 'no key'}",),
        score=sheet.score(engraving, answer.title) if engraving else None,
        parts=(OtherTunes("Most alike", named, others),) if others else (),
    )
