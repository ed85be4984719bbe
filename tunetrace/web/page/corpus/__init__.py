"""The pages of the corpus: its figures, its tunes, and what it is."""
