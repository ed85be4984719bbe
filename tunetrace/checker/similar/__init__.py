"""Near copies: the same melody in another key, octave, rhythm or version."""
