"""What a reader gets of each page: ``python -m tools.pages`` (``make pages``) opens them all in a browser."""
