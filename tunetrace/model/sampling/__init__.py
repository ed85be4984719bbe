"""Sampling: transcriptions from a model, many at once, with or without a limit to copying."""
