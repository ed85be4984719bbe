"""MusicXML and MIDI files as ABC, which the tokenizer then reads."""
