"""Batches in numbers, compared with people's tunes and with one another."""
