"""The index: one SQLite file of tunes, bars and suffix arrays, how it is built and searched."""
