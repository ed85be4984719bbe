"""Tunes in the records of a table: CSV, JSON, JSON lines and Parquet, and conversations in them."""
