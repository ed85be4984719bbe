"""A report in words: plain sentences that the terminal and the page both print.

They are for a musician who has heard of none of the measures. They say what stands where and how
that compares, and leave it to the reader who took what from whom: that a stretch stands in the
corpus too does not say that it was copied from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tunetrace.checker.compare.records import BatchSummary, Copy
from tunetrace.checker.records import CHANCE, TuneName
from tunetrace.checker.verdict import NEARLY_ALL, named
from tunetrace.indexer.records import IndexInfo
from tunetrace.reports.comparison_words import beside_other, beside_people
from tunetrace.text import amount, counted, listed, plain, share, share_in_words

_SHOWN_LENGTHS: Final = (8, 12, 16)
_SHOWN_CORPORA: Final = 3
_SHOWN_SOURCES: Final = 5
_SHOWN_COPIES: Final = 5


def summary_in_words(
    summary: BatchSummary, index: IndexInfo, other: BatchSummary | None = None
) -> list[str]:
    """What a batch check found, as paragraphs of plain text.

    index: what was checked against; other: the batch that summary was compared with, if any.
    """
    if not summary.transcriptions:
        return [f"No transcription of {plain(summary.name)} could be read.", *_set_aside(summary)]
    paragraphs: list[Iterable[str]] = [
        _copies(summary),
        [_what_was_checked(summary, index)],
        _chance(summary),
        _spans(summary),
        beside_people(summary),
        _bars(summary),
        _repetitions(summary),
        _sources(summary),
        _set_aside(summary),
    ]
    if other is not None:
        paragraphs.append(beside_other(summary, other))
    return [text for sentences in paragraphs if (text := " ".join(sentences))]


def _what_was_checked(summary: BatchSummary, index: IndexInfo) -> str:
    names = [plain(corpus.name) for corpus in index.corpora]
    shown, more = names[:_SHOWN_CORPORA], len(names) - _SHOWN_CORPORA
    if more > 0:
        shown.append(counted(more, "more corpus", "more corpora"))
    of = f" of {listed(shown)}" if shown else ""
    verb = "was" if summary.transcriptions == 1 else "were"
    return (
        f"{counted(summary.transcriptions, 'transcription')} of {plain(summary.name)}, with "
        f"{counted(summary.notes, 'note')}, {verb} checked against {counted(index.tunes, 'tune')}"
        f"{of}. A stretch of a transcription that stands there verbatim, note for note with "
        "lengths and bar lines, is called a span."
    )


def _copies(summary: BatchSummary) -> Iterable[str]:
    """How many transcriptions are in one corpus tune, and the first of them by name."""
    bound = share(summary.copy_share)
    if summary.transcriptions == 1:
        if summary.identical:
            yield "It is a corpus tune as a whole."
        elif summary.mostly_of_one:
            copied = share(summary.copies[0].share)
            yield f"One corpus tune has {copied} of its notes in runs of 8 or more."
        else:
            yield f"It is no corpus tune as a whole, and none has {bound} of its notes."
    else:
        yield (
            f"Of {summary.transcriptions:,} transcriptions "
            f"{_are_wholes(summary.identical)} as a whole; {_have(summary.nearly_of_one)} at least "
            f"{share(NEARLY_ALL)} of the notes in one corpus tune, and "
            f"{_have(summary.mostly_of_one)} at least {bound}, in runs of 8 or more."
        )
    if summary.copies:
        named = [_copy(copy, summary) for copy in summary.copies[:_SHOWN_COPIES]]
        more = summary.mostly_of_one - len(named)
        rest = f"; and {more:,} more" if more > 0 else ""
        yield f"{'; '.join(named)}{rest}."


def _are_wholes(count: int) -> str:
    if count == 1:
        return "1 is a corpus tune"
    return f"{count:,} are corpus tunes" if count else "none is a corpus tune"


def _have(count: int) -> str:
    return f"{count:,} {'has' if count == 1 else 'have'}" if count else "none has"


def _copy(copy: Copy, summary: BatchSummary) -> str:
    title = f" ({plain(copy.title)})" if copy.title else ""
    number = "It" if summary.transcriptions == 1 else f"Number {copy.place:,}{title}"
    tune = _name(copy.tune)
    return f"{number} is {tune}" if copy.is_whole else f"{number}: {share(copy.share)} in {tune}"


def _chance(summary: BatchSummary) -> Iterable[str]:
    total = summary.transcriptions
    yield _claim(
        summary.beyond_chance, total, "has", "have",
        "a span beyond chance: one so long or so unusual that, if tunes were put together at "
        "random from the corpus's turns of a few notes, fewer than one in a hundred would have "
        "such a span",
    )  # fmt: skip
    if 0 < summary.beyond_chance <= CHANCE * total and not summary.mostly_of_one:
        yield "That is no more than chance alone would give in a batch of this size."


def _claim(count: int, total: int, singular: str, plural: str, what: str) -> str:
    """That so many of the transcriptions do something, as a sentence."""
    if total == 1:
        base = "have" if singular == "has" else plural
        return f"It {singular} {what}." if count else f"It does not {base} {what}."
    if count == total:
        return f"{'Both' if total == 2 else f'All {total:,}'} {plural} {what}."
    if not count:
        return f"None of them {singular} {what}."
    return (
        f"{count:,} of them ({share(count / total)}) {singular if count == 1 else plural} {what}."
    )


def _spans(summary: BatchSummary) -> Iterable[str]:
    measures = {measure.name: measure.batch for measure in summary.measures}
    longest = measures["longest_notes"]
    is_one = summary.transcriptions == 1
    if not longest.most:
        yield f"Not a note of {'it' if is_one else 'them'} stands in the corpus."
        return
    if is_one:
        yield f"Its longest span has {counted(int(longest.most), 'note')}."
    else:
        most = amount(longest.median)
        yield (
            f"The longest span of a typical transcription (the median) has {most} "
            f"{'note' if most == '1' else 'notes'}, the longest of all "
            f"{counted(int(longest.most), 'note')}."
        )
    first, *more = [
        (notes, share_in_words(measures[f"copied_{notes}"].mean)) for notes in _SHOWN_LENGTHS
    ]
    rest = listed([f"{value} in spans of {notes} or more" for notes, value in more])
    of = "Of its notes" if is_one else "On average, of a transcription's notes"
    yield f"{of} {first[1]} lie in spans of {first[0]} notes or more, {rest}."


def _bars(summary: BatchSummary) -> Iterable[str]:
    bars, found, same = summary.bars, summary.bars_in_corpus, summary.bars_same_position
    new = bars - found
    whose = "its" if summary.transcriptions == 1 else "their"
    position = "as the same bar of the same part"
    if bars == 1:
        yield f"The only bar {'was never seen' if new else 'stands'} in the corpus."
    elif bars and not found:
        yield f"None of {whose} {bars:,} bars was ever seen in the corpus."
    elif bars and not new:
        yield (
            f"All of {whose} {bars:,} bars stand in the corpus, {_part(same, bars)} of them "
            f"{position}."
        )
    elif bars:
        was, stand = ("was" if new == 1 else "were"), ("stands" if found == 1 else "stand")
        yield (
            f"Of {whose} {bars:,} bars {_part(new, bars)} {was} never seen in the corpus; "
            f"{_part(found, bars)} {stand} there, {_part(same, bars)} {position}."
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
        yield "No transcription repeats an earlier one of the batch, or nearly."
        return
    said = []
    if same:
        said.append(f"{counted(same, 'transcription')} {_are(same)} the same as an earlier one")
    if nearly:
        what = f"{nearly:,} more" if same else counted(nearly, "transcription")
        said.append(f"{what} {_are(nearly)} nearly the same as an earlier one")
    yield f"Within the batch {listed(said)}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _sources(summary: BatchSummary) -> Iterable[str]:
    if not summary.sources:
        return
    often = [source for source in summary.sources if source.transcriptions > 1]
    if not often and summary.transcriptions > 1:
        yield "No corpus tune shares spans beyond chance with more than one transcription."
        return
    shown = (often or list(summary.sources))[:_SHOWN_SOURCES]
    if summary.transcriptions == 1:
        yield (
            f"Beyond chance it shares spans with {listed([_name(tune) for tune in shown])}; these "
            "tell no more than where the same notes stand."
        )
        return
    which = "tune that shares" if len(shown) == 1 else "tunes that share"
    names = listed([f"{_name(source)} with {source.transcriptions:,}" for source in shown])
    yield f"The corpus {which} spans beyond chance with most transcriptions: {names}."


def _name(tune: TuneName) -> str:
    return plain(named(tune))


def _set_aside(summary: BatchSummary) -> Iterable[str]:
    if not summary.set_aside:
        return
    kinds = listed([f"{plain(kind)} ({tunes:,})" for kind, tunes in summary.set_aside_by.items()])
    verb = "was" if summary.set_aside == 1 else "were"
    yield f"{counted(summary.set_aside, 'tune')} {verb} set aside and not counted: {kinds}."
