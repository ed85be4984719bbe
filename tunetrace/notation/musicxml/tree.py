"""Reads XML that nobody vouches for: nothing is fetched, and no entity is expanded."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from tunetrace.errors import InputError

_DEEPEST: Final = 50
"""MusicXML nests eight elements or so. Far deeper ones would be slow to walk and to free."""


def xml_root(data: bytes | str, name: str) -> Element:
    """The root of an XML document. name: stands for the file in messages.

    InputError if the document is not well-formed, or declares entities.
    """
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise InputError(
                f"{name}: this XML file has more than {_DEEPEST} elements inside one another, as "
                "no MusicXML file does; give a MusicXML file"
            )
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse_entity(*_: object) -> None:
        raise InputError(
            f"{name}: this XML file declares entities, which can be harmful and are not needed in "
            "MusicXML; remove them from its DOCTYPE"
        )

    parser = ParserCreate("utf-8" if isinstance(data, str) else None)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse_entity
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise InputError(
            f"{name}: this XML file is damaged or cut off in line {error.lineno}; save or get it "
            "again"
        ) from None
    except (LookupError, ValueError):
        raise InputError(
            f"{name}: this XML file is in an unknown encoding; save it as UTF-8"
        ) from None
    return builder.close()
