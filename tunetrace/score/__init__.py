"""Staff notation, sound, and files of other programs."""
