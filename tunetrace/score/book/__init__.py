"""Tunes as files: one picture, a tune-book, or a file of another program for each tune."""
