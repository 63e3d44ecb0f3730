"""``python -m gentutor`` is the command ``gentutor``."""

from gentutor.running.cli import app

if __name__ == "__main__":
    app(prog_name="gentutor")
