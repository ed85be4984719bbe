"""Where an index is kept: a file or a database on a server, and connections to it."""
