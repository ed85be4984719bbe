"""The arrays of an index: in pieces in the database, mapped from files, and what they are of."""
