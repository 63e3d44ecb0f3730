"""What a reader sees: pictures, plots, and a notebook's own output."""
