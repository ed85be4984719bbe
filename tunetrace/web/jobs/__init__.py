"""Reports on whole batches, which are made one after another, in a process of its own."""
