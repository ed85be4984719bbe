"""Where tunes come from: the named corpora, and the readers of files, folders and streams."""
