"""Checks in the workers of a cluster, each of which opens the index where it is kept."""
