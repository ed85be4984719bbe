"""Families: the tunes of an index grouped by melody, and the tunes that two collections share."""
