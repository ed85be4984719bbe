"""The rows of an index that people ask for by name: corpora, tunes and titles."""
