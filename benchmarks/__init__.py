"""The benchmark: tunetrace's budgets, measured beside the peers that could do the same work.

`make bench`, or `python -m benchmarks` at the root of the repository, makes a corpus of the size
of folk-rnn's training data, measures one table after another and prints them. corpus.py makes the
corpus, peers.py is SQLite's FTS5 and grep; builds.py, figures.py, checks.py, commands.py and
tunebooks.py are a table each.
"""
