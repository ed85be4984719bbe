"""Reading MusicXML: one voice of a score becomes a written part."""
