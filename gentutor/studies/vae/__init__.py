"""Studies of the chapter on VAEs."""
