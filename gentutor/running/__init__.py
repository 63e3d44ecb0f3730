"""A run on disk, from the shell, on many machines."""
