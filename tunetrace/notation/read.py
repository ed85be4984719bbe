"""A MusicXML or MIDI file as a tune: written as ABC, and read as any ABC is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from tunetrace.errors import AbcError
from tunetrace.notation.abc_text import abc_text
from tunetrace.notation.formats import NotationFormat
from tunetrace.notation.midi.part import midi_tune
from tunetrace.notation.musicxml.part import musicxml_tune
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.tune import MakeReader, tokenize_abc
from tunetrace.tokenizer.transcription import Transcription


def tokenize_notation(
    data: bytes | str,
    format: NotationFormat,
    name: str,
    voice: str | None = None,
    make_reader: MakeReader = Reader,
) -> Transcription:
    """One voice of a MusicXML or MIDI file, transposed to C. Its text is the ABC made of it.

    data: the file; MusicXML may be given as text. name: the file's name; without a title in the
    file it is the title. voice: as in Reading.
    InputError if the file cannot be read, or music21 is not installed. AbcError, without a line, if
    there is no tune in it.
    """
    if isinstance(data, bytes) and format == "midi":
        tune = midi_tune(data, name, voice)
    else:
        tune = musicxml_tune(data, name, voice)
    try:
        if not tune.titles and PurePath(name).suffix:  # standard input has none
            tune.titles = [PurePath(name).stem]
        text = abc_text(tune)
        read = tokenize_abc(text, input=name, make_reader=make_reader)
    except AbcError as error:
        error.line = error.column = None  # they are those of the ABC, which the user has not seen
        raise
    return replace(read, line=None, number=None, remarks=(*tune.remarks, *read.remarks))
