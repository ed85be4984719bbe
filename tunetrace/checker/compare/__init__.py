"""Batches in numbers, compared with real tunes and with one another."""
