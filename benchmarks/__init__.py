"""How fast the package is, beside plain PyTorch and beside the usual tutorial; see README.md."""
