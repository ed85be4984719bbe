"""Searching the streams of an index: suffix arrays, figures, bars and longest matches."""
