"""The arrays of a check: a slice of transcriptions is matched with the corpus and measured."""
