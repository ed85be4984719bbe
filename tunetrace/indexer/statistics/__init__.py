"""Counting what is in an index: its commonest figures and n-grams, and what chance would give."""
