"""Files that are written at once or not at all."""

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it, even after a crash, finds the old or the new one whole.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # others may write the same file
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
