"""What near copies are worth, measured: python -m benchmarks.similar."""
