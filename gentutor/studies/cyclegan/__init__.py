"""Studies of the chapter on CycleGAN."""
