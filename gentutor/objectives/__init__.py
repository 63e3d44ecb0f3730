"""Pure functions of tensors, one per numbered equation of the book."""
