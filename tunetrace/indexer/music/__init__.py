"""Tunes as music: their notes as arrays, their forms, and when two are the same."""
