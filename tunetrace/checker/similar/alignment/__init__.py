"""Two tunes note under note and bar under bar, and how they differ."""
