"""What a check asks the segments of an index, one by one, and how their answers are merged."""
