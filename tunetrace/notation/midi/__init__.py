"""Reading MIDI: played notes become a written part."""
