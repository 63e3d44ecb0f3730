"""Studies of the chapter on GANs."""
