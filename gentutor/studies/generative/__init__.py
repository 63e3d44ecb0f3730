"""Studies of the chapter on generative and discriminative models."""
