"""A report in words: plain sentences that the terminal and the page both print.

They are for a musician who knows none of the measures. They say what is found where, and how that
compares with real tunes. They never say that something was copied from a tune: that it is found
there does not show where it was taken from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor
from typing import Final

from tunetrace.checker.compare.records import (
    SIGNIFICANT,
    BatchSummary,
    Copy,
    Difference,
    MeasureSummary,
)
from tunetrace.checker.measures import COPIED, LONGEST, SIMILARITY
from tunetrace.checker.records import CHANCE, TuneName
from tunetrace.checker.verdict import NEARLY_ALL
from tunetrace.indexer.records import IndexInfo
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.text import amount, counted, listed, plain, share, share_in_words

_SHOWN_LENGTHS: Final = (8, 12, 16)
_SHOWN_CORPORA: Final = 3
_SHOWN_SOURCES: Final = 5
_SHOWN_COPIES: Final = 5
_BESIDE_REAL_TUNES: Final = {
    LONGEST.name, *(COPIED[notes].name for notes in _SHOWN_LENGTHS), SIMILARITY.name,
}  # fmt: skip


def summary_in_words(
    summary: BatchSummary,
    index: IndexInfo,
    other: BatchSummary | None = None,
    left_out: int = 0,
) -> list[str]:
    """The findings of a batch check, as paragraphs of plain text.

    index: the index that it was checked against.
    other: the batch that it was compared with, if any.
    left_out: how many tunes of the index were left out.
    """
    if not summary.transcriptions:
        return [f"No transcription of {_batch(summary)} could be read.", *_set_aside(summary)]
    paragraphs: list[Iterable[str]] = [
        _copies(summary),
        _near_copies(summary),
        [_what_was_checked(summary, index, left_out)],
        _chance(summary),
        _spans(summary),
        _beside_real_tunes(summary),
        _bars(summary),
        _repetitions(summary),
        _sources(summary),
        _set_aside(summary),
    ]
    if other is not None:
        paragraphs.append(_beside_other(summary, other))
    return [text for sentences in paragraphs if (text := " ".join(sentences))]


def _copies(summary: BatchSummary) -> Iterable[str]:
    """How many transcriptions are in one corpus tune, and the first of them by name."""
    bound, run = share(summary.copy_share), VIEWS[summary.view].shared_notes
    if summary.transcriptions == 1:
        if not summary.copies:
            yield (
                f"It is not the same as any corpus tune, and no corpus tune has {bound} of its "
                f"notes in runs of {run} or more."
            )
            return
        copy = summary.copies[0]
        tune = _name(copy.tune)
        if copy.is_whole:
            yield f"It is the same as {tune}."
        else:
            yield f"{share(copy.share)} of its notes are in {tune}, in runs of {run} or more."
        return
    yield (
        f"Of {summary.transcriptions:,} transcriptions, {_have(summary.identical, 'is', 'are')} "
        f"the same as a corpus tune; {_have(summary.nearly_of_one)} at least {share(NEARLY_ALL)} "
        f"of the notes in one corpus tune, and {_have(summary.mostly_of_one)} at least {bound}, in "
        f"runs of {run} or more."
    )
    if summary.copies:
        first = [_copy(copy) for copy in summary.copies[:_SHOWN_COPIES]]
        more = summary.mostly_of_one - len(first)
        rest = f"; and {more:,} more" if more > 0 else ""
        yield f"{'; '.join(first)}{rest}.".replace("number", "Number", 1)


def _near_copies(summary: BatchSummary) -> Iterable[str]:
    """How many transcriptions have a near copy, and how many would be named by mistake."""
    if summary.near_copies is None or summary.named_from is None:
        return
    melody = "the same melody, or a part of it, in another key, octave, rhythm or version"
    bound = f"with a probability of {share(summary.named_from)} or more"
    if summary.transcriptions == 1:
        if summary.near_copies:
            yield f"It has a near copy in the corpus, {bound}: {melody}."
        else:
            yield f"It has no near copy in the corpus: no tune has {melody}, {bound}."
        return
    yield f"A near copy is {melody}."
    count = summary.near_copies
    have = counted(count, "transcription has", "transcriptions have") if count else "None has"
    yield f"{have} a near copy in the corpus, {bound}."
    if count:
        yield (
            f"Of these, {_have(summary.near_copies_only or 0)} less than "
            f"{share(summary.copy_share)} of the notes in one corpus tune note for note."
        )
    expected = summary.false_alarms or 0.0
    yield (
        f"If none of {summary.transcriptions:,} tunes had a near copy, "
        f"{mistakes_in_words(expected)} expected to be named all the same, by chance."
    )


def mistakes_in_words(expected: float) -> str:
    """How many tunes would be named by mistake: `fewer than one is`, `up to 1 is`, `up to 3 are`.

    expected: the most there are on average.
    """
    if expected < 1:
        return "fewer than one is"
    most = floor(expected + 1e-9)  # 0.01 times 100 is a little less than 1 in some cases
    return f"up to {most:,} {_verb(most, 'is')}"


def _have(count: int, singular: str = "has", plural: str = "have") -> str:
    return f"{count:,} {singular if count == 1 else plural}" if count else f"none {singular}"


def _copy(copy: Copy) -> str:
    title = f" ({plain(copy.title)})" if copy.title else ""
    of = "is" if copy.is_whole else f"has {share(copy.share)} of its notes in"
    return f"number {copy.place:,}{title} {of} {_name(copy.tune)}"


def _batch(summary: BatchSummary) -> str:
    return f"'{plain(summary.name)}'"


def _what_was_checked(summary: BatchSummary, index: IndexInfo, left_out: int) -> str:
    names = [plain(corpus.name) for corpus in index.corpora]
    shown, more = names[:_SHOWN_CORPORA], len(names) - _SHOWN_CORPORA
    if more > 0:
        shown.append(counted(more, "more corpus", "more corpora"))
    of = f" of {listed(shown)}" if shown else ""
    checked = "It was" if summary.transcriptions == 1 else "They were"
    span = "note for note, with the same lengths and bar lines"
    if summary.view != TOKENS.name:
        span = f"in the view {summary.view}, which forgives {VIEWS[summary.view].forgives}"
    return (
        f"The batch {_batch(summary)} has {counted(summary.transcriptions, 'transcription')} with "
        f"{counted(summary.notes, 'note')}. {checked} checked against "
        f"{counted(index.tunes - left_out, 'tune')}{of}{without(left_out)}. A span is a stretch of "
        f"a transcription that is found there {span}."
    )


def without(left_out: int) -> str:
    """That tunes of the index were left out; empty if none was."""
    return f", without {counted(left_out, 'tune')} of excluded families" if left_out else ""


def _chance(summary: BatchSummary) -> Iterable[str]:
    count, total = summary.beyond_chance, summary.transcriptions
    if total == 1:
        yield f"It {'has' if count else 'does not have'} a span beyond chance."
    elif count == total:
        yield f"{'Both' if total == 2 else f'All {total:,}'} have a span beyond chance."
    elif not count:
        yield "None of them has a span beyond chance."
    else:
        yield f"{_part(count, total)} of them {_verb(count, 'has')} a span beyond chance."
    yield (
        "Such a span is so long or so unusual that chance would give fewer than one in a hundred "
        "transcriptions a span like it."
    )
    if 0 < count <= CHANCE * total and not summary.mostly_of_one:
        yield "In a batch of this size, chance alone would give as many such transcriptions."


def _spans(summary: BatchSummary) -> Iterable[str]:
    measures = {measure.name: measure.batch for measure in summary.measures}
    longest = measures[LONGEST.name]
    is_one = summary.transcriptions == 1
    if not longest.most:
        yield f"No note of {'it' if is_one else 'them'} is found in the corpus."
        return
    if is_one:
        yield f"Its longest span has {counted(int(longest.most), 'note')}."
    else:
        typical = amount(longest.median)
        yield (
            f"The longest span of a typical transcription (the median) has {typical} "
            f"{'note' if typical == '1' else 'notes'}, the longest of all "
            f"{counted(int(longest.most), 'note')}."
        )
    first, *more = [
        (notes, share_in_words(measures[f"copied_{notes}"].mean)) for notes in _SHOWN_LENGTHS
    ]
    rest = listed([f"{value} in spans of {notes} or more" for notes, value in more])
    whose = "its notes" if is_one else "a transcription's notes, on average,"
    yield f"Of {whose} {first[1]} are in spans of {first[0]} notes or more, {rest}."


def _bars(summary: BatchSummary) -> Iterable[str]:
    bars, found, same = summary.bars, summary.bars_in_corpus, summary.bars_same_position
    new = bars - found
    whose = "its" if summary.transcriptions == 1 else "their"
    position = "as the same bar of the same part"
    if bars == 1:
        yield f"The only bar is {'not ' if new else ''}found in the corpus."
    elif bars and not found:
        yield f"None of {whose} {bars:,} bars is found in the corpus."
    elif bars and not new:
        yield (
            f"All of {whose} {bars:,} bars are found in the corpus, {_part(same, bars)} of them "
            f"{position}."
        )
    elif bars:
        yield (
            f"Of {whose} {bars:,} bars, {_part(found, bars)} {_verb(found, 'is')} found in the "
            f"corpus, {_part(same, bars)} {position}; {_part(new, bars)} {_verb(new, 'is')} not."
        )


def _part(count: int, total: int) -> str:
    if not count:
        return "none"
    return "all" if count == total else f"{count:,} ({share(count / total)})"


def _repetitions(summary: BatchSummary) -> Iterable[str]:
    same, nearly = summary.duplicates, summary.near_duplicates
    if summary.transcriptions == 1:
        return
    if not same and not nearly:
        yield "No transcription is the same, or nearly the same, as an earlier one of the batch."
        return
    parts = []
    if same:
        parts.append(
            f"{counted(same, 'transcription')} {_verb(same, 'is')} the same as an earlier one"
        )
    if nearly:
        which = f"{nearly:,} more" if same else counted(nearly, "transcription")
        parts.append(f"{which} {_verb(nearly, 'is')} nearly the same as an earlier one")
    yield f"In the batch, {listed(parts)}."


def _sources(summary: BatchSummary) -> Iterable[str]:
    if not summary.sources:
        return
    if summary.transcriptions == 1:
        names = listed([_name(tune) for tune in summary.sources[:_SHOWN_SOURCES]])
        yield (
            f"It shares spans beyond chance with {names}. This says where the same notes are "
            "found, not where they were taken from."
        )
        return
    often = [source for source in summary.sources if source.transcriptions > 1][:_SHOWN_SOURCES]
    if not often:
        yield "No corpus tune shares spans beyond chance with more than one transcription."
        return
    which = "tune that shares" if len(often) == 1 else "tunes that share"
    names = listed([f"{_name(source)} with {source.transcriptions:,}" for source in often])
    yield f"The corpus {which} spans beyond chance with most transcriptions: {names}."


def _name(tune: TuneName) -> str:
    return plain(tune.label)


def _set_aside(summary: BatchSummary) -> Iterable[str]:
    if not summary.set_aside:
        return
    kinds = listed([f"{plain(kind)} ({tunes:,})" for kind, tunes in summary.set_aside_by.items()])
    verb = "was" if summary.set_aside == 1 else "were"
    yield f"{counted(summary.set_aside, 'tune')} {verb} set aside and not counted: {kinds}."


def _beside_real_tunes(summary: BatchSummary) -> Iterable[str]:
    """How the batch compares with real tunes; nothing without a baseline."""
    compared = [
        (measure, measure.to_baseline)
        for measure in summary.measures
        if measure.name in _BESIDE_REAL_TUNES and measure.to_baseline is not None
    ]
    if not compared:
        return
    means = [_means(measure, measure.baseline) for measure, _ in compared]
    yield (
        "Real tunes share stretches with one another too, so each tune of the corpus was checked "
        "against all others except its own settings."
    )

    if any(difference.low is None for _, difference in compared):
        yield (
            "Compared with real tunes of the same meters and lengths: "
            f"{'; '.join(means)}. There are too few transcriptions to tell a difference from "
            "chance."
        )
        return
    batch = "Compared with real tunes of the same meters and lengths, the batch"
    yield from _more_and_less(batch, compared, means)
    same = [measure.label for measure, found in compared if found.verdict == "none"]
    if same:
        yield f"No difference from real tunes was shown in: {'; '.join(same)}."


def _beside_other(summary: BatchSummary, other: BatchSummary) -> Iterable[str]:
    """How the batch compares with another batch."""
    compared = [(m, m.to_other) for m in summary.measures if m.to_other is not None]
    if not compared:
        yield f"No transcription of {_batch(other)} could be read, so there is nothing to compare."
        return
    others = {measure.name: measure.batch.mean for measure in other.measures}
    tests = listed(sorted({difference.test for _, difference in compared if difference.test}))
    yield (
        f"Compared with {_batch(other)} ({counted(other.transcriptions, 'transcription')}) by the "
        f"{tests}: a difference counts if p is below {SIGNIFICANT} after Holm's correction for "
        f"{counted(len(compared), 'measure')}."
    )

    means = []
    for measure, found in compared:
        pairs = share(found.superiority or 0)
        more = f", but more in {pairs} of pairs" if differs_by_ranks_only(found) else ""
        means.append(_means(measure, others[measure.name], more))
    yield from _more_and_less("The batch", compared, means)
    same = [measure.label for measure, found in compared if found.verdict == "none"]
    if len(same) == len(compared):
        yield "No difference was shown in any measure."
    elif same:
        yield f"No difference was shown in: {'; '.join(same)}."


def _more_and_less(
    batch: str, compared: Sequence[tuple[MeasureSummary, Difference]], means: Sequence[str]
) -> Iterable[str]:
    """A sentence on the measures of which the batch has more, and one on those with less."""
    for verdict in ("more", "less"):
        items = [text for (_, d), text in zip(compared, means, strict=True) if d.verdict == verdict]
        if items:
            yield f"{batch} has {verdict} of this: {'; '.join(items)}."


def _means(measure: MeasureSummary, other: float | None, more: str = "") -> str:
    """A measure's mean beside another one: `longest span, in notes (9.1 against 8.4)`."""
    shown = share_in_words if measure.is_share else amount
    means = [shown(mean) for mean in (measure.batch.mean, other) if mean is not None]
    return f"{measure.label} ({' against '.join(means)}{more})"


def differs_by_ranks_only(found: Difference) -> bool:
    """Most pairs of transcriptions differ one way, and the means do not.

    A few transcriptions with very large values move the mean, but not the ranks.
    """
    return found.p is not None and (
        (found.verdict == "more" and found.mean <= 0)
        or (found.verdict == "less" and found.mean >= 0)
    )


def _verb(count: int, singular: str) -> str:
    return singular if count == 1 else {"is": "are", "has": "have"}[singular]
