"""The work of a command on a Dask cluster: connecting to it, and its tasks from here and there."""
