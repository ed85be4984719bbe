"""Tunes on a page with their notation, which can be played."""
