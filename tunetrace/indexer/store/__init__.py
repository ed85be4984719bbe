"""The file of an index: its tables, its arrays, and every statement of SQL."""
