"""Copy detection: what of a transcription stands in the corpus, and where."""
