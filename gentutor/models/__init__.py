"""Plain networks: layers and forward passes; no loss, optimiser, data or files.

A batch of another shape than ``forward`` states raises ``ValueError``, or within the smallest parts
PyTorch's own ``RuntimeError``.
"""
