"""Making an index and changing it: building, adding, removing, merging and verifying."""
