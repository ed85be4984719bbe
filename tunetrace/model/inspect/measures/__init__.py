"""What pictures and statements measure alike: groups of tokens, marks, spectra, similarity."""
