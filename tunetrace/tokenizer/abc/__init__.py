"""ABC as people write it: its grammar, and the readers that turn it into tokens."""
