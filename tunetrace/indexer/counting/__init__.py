"""Counting fast: the commonest figures of a stream beforehand, and many figures in one call."""
