"""Near copies: which tunes are the same melody in another key, rhythm or version."""
