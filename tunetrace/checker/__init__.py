"""Copy detection: how much of a transcription is found in the corpus, and where."""
