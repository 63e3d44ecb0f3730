"""``python -m gentutor`` is the command ``gentutor``."""

from gentutor.cli import app

app(prog_name="gentutor")
