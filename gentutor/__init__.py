"""Reference implementations of deep generative models, for the book of the same name."""

__version__ = "0.1.0"
