"""Plain networks: layers and forward passes; no loss, optimiser, data or files."""
