"""The models that there are: their files, their names, and where they come from."""
