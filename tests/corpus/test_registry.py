"""The named corpora: every form is filled in, and what music21 ships is all there."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.commands import call
from tunetrace import InputError, Rejected, corpora, find_corpus
from tunetrace.corpus.origins import Music21Folder, PublishedFile
from tunetrace.corpus.registry import DEFAULT_CORPORA, NAMED_CORPORA

PUBLISHED = [c for c in NAMED_CORPORA.values() if isinstance(c.origin, PublishedFile)]
INSTALLED = [c for c in NAMED_CORPORA.values() if isinstance(c.origin, Music21Folder)]


def test_every_corpus_declares_all_there_is_to_declare() -> None:
    for name, corpus in NAMED_CORPORA.items():
        assert corpus.name == name
        assert re.fullmatch(r"[a-z0-9-]+", name)
        entry = corpus.entry()
        for fact in (entry.title, entry.source, entry.licence, entry.citation):
            assert fact == fact.strip()
            assert len(fact) > 10
        assert len(entry.title) <= 36  # a line of the list
        assert entry.format in ("abc", "folkrnn", "thesession", "json")
    # One is of two files.
    assert len(PUBLISHED) + len(INSTALLED) + 1 == len(NAMED_CORPORA) == 13


def test_every_published_file_has_a_place_of_its_own_and_an_address() -> None:
    paths = [corpus.origin.path() for corpus in PUBLISHED]
    assert len(set(paths)) == len(paths)
    for corpus in PUBLISHED:
        entry = corpus.entry()
        assert (entry.url or "").startswith("https://raw.githubusercontent.com/")
        if corpus.name.startswith("folkrnn-"):
            assert re.fullmatch(r"git-blob:[0-9a-f]{40}", entry.checksum or "")
            assert entry.version == "bc45ed7"
            assert "/bc45ed73e7cb949940277b9bc5a8597c94f0dc99/" in (entry.url or "")


def test_the_checksums_are_those_of_the_shared_list(shared: Path) -> None:
    listed = dict(re.findall(r"`data/(\w+)` \| ([0-9a-f]{40})",
                             (shared.parent / "README.md").read_text()))  # fmt: skip
    declared = {
        Path(corpus.origin.url).name: corpus.origin.git_blob
        for corpus in PUBLISHED
        if isinstance(corpus.origin, PublishedFile) and corpus.origin.git_blob
    }
    assert declared == listed
    assert len(declared) == 5


def test_irishman_is_the_two_files_of_a_commit() -> None:
    entry = find_corpus("irishman")
    addresses = (entry.url or "").split()
    assert [address.rpartition("/")[2] for address in addresses] == [
        "train.json",
        "validation.json",
    ]
    for address in addresses:
        assert address.startswith(
            "https://huggingface.co/datasets/sander-wood/irishman/resolve/"
            "30902e69ca45266207f8466e0d04e4bc742c5604/"
        )
    checksums = (entry.checksum or "").split()
    assert len(checksums) == 2
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", checksum) for checksum in checksums)
    assert (entry.version, entry.format) == ("30902e6", "json")
    assert 214_122 + 2_162 == 216_284  # as its card says


def test_music21s_corpora_are_all_there() -> None:
    # X: fields of the ABC files, counted with grep.
    counts = {"oneills": 2009, "airds": 1180, "ryans": 1059, "essen": 8514, "miscfolk": 185}
    assert {corpus.name for corpus in INSTALLED} == set(counts)
    for corpus in INSTALLED:
        found = list(corpus.read())
        assert len(found) == counts[corpus.name], corpus.name
        # Nothing but a tune that is one was set aside, and no text file beside them was read.
        assert all(tune.line for tune in found if isinstance(tune, Rejected))
        assert corpus.origin.version == f"music21 {importlib.metadata.version('music21')}"


def test_the_default_corpora_are_installed_with_music21() -> None:
    assert DEFAULT_CORPORA == ("oneills", "airds", "ryans")
    assert all(isinstance(NAMED_CORPORA[name].origin, Music21Folder) for name in DEFAULT_CORPORA)


def test_a_corpus_that_is_not_installed_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "music21", None)  # as if it were not installed
    corpus = NAMED_CORPORA["oneills"]
    entry = corpus.entry()
    assert (entry.path, entry.is_here, entry.problem) == (None, False, None)
    assert "pip install" in call("corpus", "show", "oneills").out
    with pytest.raises(InputError, match=r"'oneills'.* pip install 'tunetrace\[corpora\]'"):
        corpus.locate()


def test_the_list_has_every_corpus_on_a_line_of_80_columns() -> None:
    lines = call("corpus", "list").out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(NAMED_CORPORA)
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(NAMED_CORPORA) + 2


def test_what_is_shown_is_what_is_declared() -> None:
    for corpus in NAMED_CORPORA.values():
        shown = call("corpus", "show", corpus.name).out
        told = " ".join(shown.split())
        entry = call("corpus", "show", corpus.name, "--json").json
        for fact in ("title", "source", "url", "version", "checksum", "licence", "citation",
                     "format", "path"):  # fmt: skip
            assert (entry[fact] or "") in told, (corpus.name, fact)
    assert [entry["name"] for entry in call("corpus", "list", "--json").json] == [
        entry.name for entry in corpora()
    ]
