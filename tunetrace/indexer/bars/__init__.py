"""The bars of an index: the arrays of a segment, what is asked of them, the table of all."""
