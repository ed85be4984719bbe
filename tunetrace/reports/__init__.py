"""The report on a batch: its page, its tables, its words."""
