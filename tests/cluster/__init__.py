"""Work on a Dask cluster: the answers of one process, and what is left when a part of it dies."""
