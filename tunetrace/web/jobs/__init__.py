"""Reports on whole batches, which are made one after another beside the service."""
