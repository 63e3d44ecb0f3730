"""Pure functions of tensors, one per numbered equation of the book.

Results have the data type of the arguments. bfloat16 rounds a log-likelihood of 100 nats to half a nat.
"""
