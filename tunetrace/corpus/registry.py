"""The named corpora: what each is, where it is from, its licence, how to cite and read it.

To add a corpus, fill in the form NamedCorpus in NAMED_CORPORA.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tunetrace.arguments import Format, Reading, public
from tunetrace.corpus.fetch import Progress, silent
from tunetrace.corpus.origins import Music21Folder, Origin, PublishedFile, PublishedFiles
from tunetrace.corpus.readers import cut_sources
from tunetrace.corpus.records import CorpusEntry, Rejected
from tunetrace.corpus.unread import Cut, finished
from tunetrace.errors import InputError
from tunetrace.tokenizer.transcription import Transcription


@dataclass(frozen=True, slots=True)
class NamedCorpus:
    """A corpus that can be named: the form that declares one."""

    name: str
    title: str
    origin: Origin
    licence: str
    citation: str
    format: Format = "abc"
    column: str | None = None
    """Where its tunes are, if it is a table."""

    def locate(self, progress: Progress = silent, *, refresh: bool = False) -> Path:
        """The path of its file or folder.

        A file is fetched if it is missing, or in any case if refresh is set. Raises InputError if
        it cannot be fetched, is not installed, or is damaged.
        """
        return self.origin.locate(self.name, progress, refresh)

    def read(self, progress: Progress = silent) -> Iterator[Transcription | Rejected]:
        """Its tunes in their order."""
        return map(finished, self.cut(progress))

    def cut(self, progress: Progress = silent) -> Iterator[Cut]:
        """The same, but a tune of a text is cut out of it and not read yet."""
        self.locate(progress)
        yield from cut_sources(self.origin.files(), Reading(self.format, None, self.column))

    def entry(self) -> CorpusEntry:
        """All that is declared of it, and where it is."""
        origin = self.origin
        path, problem = origin.path(), origin.problem()
        return CorpusEntry(
            name=self.name,
            title=self.title,
            source=origin.source,
            url=origin.url,
            version=origin.version,
            checksum=origin.checksum,
            licence=self.licence,
            citation=self.citation,
            format=self.format,
            path=None if path is None else str(path),
            is_here=origin.is_here() and problem is None,
            problem=problem,
        )


_MUSIC21: Final = (
    "tunes in the public domain; transcriptions by volunteers, distributed with music21, "
    "see corpus/license.txt there"
)

_FOLKRNN_COMMIT: Final = "bc45ed73e7cb949940277b9bc5a8597c94f0dc99"
_FOLKRNN_LICENCE: Final = (
    "MIT, as the repository states; the tunes were written by people at thesession.org, and the "
    "repository does not state their terms"
)
FOLKRNN_CITATION: Final = (
    "B. L. Sturm, J. F. Santos, O. Ben-Tal and I. Korshunova, Music transcription modelling and "
    "composition using deep learning. Proc. 1st Conf. on Computer Simulation of Musical "
    "Creativity, Huddersfield, 2016"
)


def folkrnn_file(
    place: str, git_blob: str, kind: Literal["corpora", "models"] = "corpora"
) -> PublishedFile:
    """The file at a place in folk-rnn's repository, as it was at one commit."""
    url = f"https://raw.githubusercontent.com/IraKorshunova/folk-rnn/{_FOLKRNN_COMMIT}/{place}"
    source = f"{place} of the GitHub repository IraKorshunova/folk-rnn"
    return PublishedFile(source, url, git_blob, _FOLKRNN_COMMIT[:7], kind)


_SESSION_LICENCE: Final = (
    "Open Database License (ODbL) 1.0 for the collection; LICENSE.md of the repository adds terms "
    "for its contents (when last read: no use with large language models); read LICENSE.md before "
    "use"
)
_SESSION_CITATION: Final = (
    "J. Keith and the members of The Session, The Session data, "
    "https://github.com/adactio/TheSession-data"
)


_IRISHMAN_COMMIT: Final = "30902e69ca45266207f8466e0d04e4bc742c5604"


def _of_irishman(file: str, sha256: str) -> PublishedFile:
    """A file of the dataset sander-wood/irishman on Hugging Face, as it was at its last commit.

    The card at https://huggingface.co/datasets/sander-wood/irishman states the number of tunes,
    that of the tunes for validation, and the licence. The SHA-256 of train.json is the one that
    Hugging Face shows at commit 771e4b213879160df9eeb574b6e85924fbd3c040, which uploaded it; that
    of validation.json, and the form of the address, are from data/SOURCES.md of the GitHub
    repository takakhoo/transformer-melody-generation, which states the same one for train.json
    and adds that the terms are for research and not for commercial use.
    """
    url = f"https://huggingface.co/datasets/sander-wood/irishman/resolve/{_IRISHMAN_COMMIT}/{file}"
    source = f"{file} of the Hugging Face dataset sander-wood/irishman"
    return PublishedFile(source, url, pinned=_IRISHMAN_COMMIT[:7], sha256=sha256, folder="irishman")


def _of_folkrnn(
    name: str, title: str, place: str, git_blob: str, format: Format = "folkrnn"
) -> NamedCorpus:
    origin = folkrnn_file(place, git_blob)
    return NamedCorpus(name, title, origin, _FOLKRNN_LICENCE, FOLKRNN_CITATION, format)


def _of_the_session(name: str, title: str, file: str) -> NamedCorpus:
    url = f"https://raw.githubusercontent.com/adactio/TheSession-data/main/{file}"
    source = f"{file} of the GitHub repository adactio/TheSession-data, which changes weekly"
    origin = PublishedFile(source, url)
    return NamedCorpus(name, title, origin, _SESSION_LICENCE, _SESSION_CITATION, "thesession")


NAMED_CORPORA: Final = {
    corpus.name: corpus
    for corpus in (
        NamedCorpus(
            name="oneills",
            title="O'Neill's Music of Ireland",
            origin=Music21Folder("oneills1850"),
            licence=_MUSIC21,
            citation="F. O'Neill, Music of Ireland: Eighteen Hundred and Fifty Melodies. "
            "Chicago: Lyon & Healy, 1903",
        ),
        NamedCorpus(
            name="airds",
            title="Aird's Selection of Airs",
            origin=Music21Folder("airdsAirs"),
            licence=_MUSIC21,
            citation="J. Aird, A Selection of Scotch, English, Irish and Foreign Airs, "
            "6 volumes. Glasgow, 1782-1801; transcribed by J. Campin, 2009",
        ),
        NamedCorpus(
            name="ryans",
            title="Ryan's Mammoth Collection",
            origin=Music21Folder("ryansMammoth"),
            licence=_MUSIC21,
            citation="W. B. Ryan, Mammoth Collection: 1050 Reels and Jigs. Boston: "
            "E. Howe, 1883; transcribed by R. Davies and J. Chambers",
        ),
        NamedCorpus(
            name="essen",
            title="Essen Folksong Collection (part)",
            origin=Music21Folder("essenFolksong"),
            licence="legal status unclear, since many people entered the data; E. Dahlig-Turek "
            "permits non-commercial distribution and use in music21, and S. Shlien, who made the "
            "ABC, permits distribution in music21; see corpus/essenFolksong/license.txt there",
            citation="H. Schaffrath and E. Dahlig-Turek, Essen Folksong Collection, "
            "https://www.esac-data.org; converted to ABC by S. Shlien",
        ),
        NamedCorpus(
            name="miscfolk",
            title="Northumbrian Minstrelsy, fife music",
            origin=Music21Folder("miscFolk"),
            licence="the files state none; transcriptions by J. Campin, distributed with music21, "
            "see corpus/license.txt there",
            citation="J. C. Bruce and J. Stokoe, Northumbrian Minstrelsy. Newcastle, 1882, "
            "transcribed by J. Campin, 2007; Colonial and Civil War American Fife Music, of an "
            "unknown transcriber, edited by J. Campin, 2000",
        ),
        _of_folkrnn("folkrnn-v1", "Training tunes of folk-rnn v1", "data/data_v1",
                    "89abe87deae213f792eb94274fa6caf070f8c153", "abc"),
        _of_folkrnn("folkrnn-v2", "Training tunes of folk-rnn v2", "data/data_v2_withtitles",
                    "bc7be995419db3045cd12dd181f80ccd6c645868"),
        _of_folkrnn("folkrnn-v2-untitled", "folk-rnn v2, without titles", "data/data_v2",
                    "433c6783947ff1666b9aa465c131ff090a3b2fb9"),
        _of_folkrnn("folkrnn-v2-worepeats", "folk-rnn v2, repeats written out",
                    "data/data_v2_worepeats", "351408e377c0c170a47967ad0b19ab5048d892dc"),
        _of_folkrnn("folkrnn-v3", "Training tunes of folk-rnn v3", "data/data_v3",
                    "40099b5c4e078b8cdfb0c1eb783607b9dfd425b5"),
        _of_the_session("thesession", "The Session, every setting (CSV)", "csv/tunes.csv"),
        _of_the_session("thesession-json", "The Session, every setting (JSON)", "json/tunes.json"),
        NamedCorpus(
            name="irishman",
            title="IrishMAN, Irish Massive ABC Notation",
            origin=PublishedFiles(
                "train.json (214,122 tunes) and validation.json (2,162 tunes) of the Hugging Face "
                "dataset sander-wood/irishman",
                (
                    _of_irishman("train.json", "5706880c0f935e69108244e010784935"
                                 "b7aba855f37ae2ce7f4e4d170851835c"),
                    _of_irishman("validation.json", "a33935f9047edc976e087b146737ed37"
                                 "37a9315c2bf52ff02d8873b057c575ae"),
                ),
            ),
            licence="MIT, as the dataset's card states; the card says that its tunes, which were "
            "collected from thesession.org and abcnotation.com, are in the public domain; a "
            "project that uses it understands its terms as for research alone, so read the card "
            "before use",
            citation="S. Wu, X. Li, F. Yu and M. Sun, TunesFormer: Forming Irish Tunes with "
            "Control Codes by Bar Patching, 2023, https://arxiv.org/abs/2301.02884",
            format="json",
            column="abc notation",
        ),
    )
}  # fmt: skip
"""Every corpus by its name."""

DEFAULT_CORPORA: Final = ("oneills", "airds", "ryans")
"""The corpora of the default index, in its order."""


def corpora() -> tuple[CorpusEntry, ...]:
    """Every named corpus: what is declared of it, and whether it is on this machine.

    >>> [corpus.name for corpus in corpora()][:3]
    ['oneills', 'airds', 'ryans']
    """
    return tuple(corpus.entry() for corpus in NAMED_CORPORA.values())


@public
def find_corpus(name: str) -> CorpusEntry:
    """The corpus of this name. InputError, with the nearest names, if there is none.

    >>> find_corpus("airds").title
    "Aird's Selection of Airs"
    """
    return _declared(name).entry()


@public
def fetch_corpus(name: str, *, refresh: bool = False, progress: Progress = silent) -> CorpusEntry:
    """Fetch a corpus, unless it is on this machine and whole. The entry's path says where it is.

    refresh: fetch it in any case. progress: called with what is being done. Raises InputError if
    it cannot be fetched, with the address and where to save the file by hand, or if it is not
    installed.
    """
    corpus = _declared(name)
    corpus.locate(progress, refresh=refresh)
    return corpus.entry()


def _declared(name: str) -> NamedCorpus:
    corpus = NAMED_CORPORA.get(name)
    if corpus is None:
        raise InputError(f"{name}: there is no corpus with this name; {nearest_names(name)}")
    return corpus


def nearest_names(name: str) -> str:
    """The corpus names most like an unknown one, or all names, in words."""
    nearest = difflib.get_close_matches(name.lower(), NAMED_CORPORA, n=3)
    if nearest:
        return f"the nearest {'is' if len(nearest) == 1 else 'are'} {', '.join(nearest)}"
    return f"the corpora are {', '.join(NAMED_CORPORA)}"
