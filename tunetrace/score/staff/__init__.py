"""A tune on a staff, as what engraves and exports it needs it."""
