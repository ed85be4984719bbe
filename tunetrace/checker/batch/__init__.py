"""The arrays of a check: transcriptions laid out, matched with the corpus, and measured."""
