"""Studies of the chapter on conditional generation."""
