"""Pictures of what was counted. matplotlib is imported here and nowhere else."""
