"""Sources of tunes: the named corpora, and the readers of files, folders and streams."""
