"""What is done in other processes, so that a long question never delays a short one."""
