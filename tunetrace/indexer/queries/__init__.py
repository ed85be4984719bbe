"""What users ask: how figures are written, and what is refused."""
