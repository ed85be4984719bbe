"""The commands, one file each; a folder for each group."""
