"""Tunes that have several figures, each at its place."""
