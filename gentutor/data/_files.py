"""The packed data files: checked by SHA-256, unpacked once into the user's cache, memory-mapped after."""

import functools
import gzip
import hashlib
import math
import os
import struct
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np

PACKED = Path(__file__).parent / "files" / "MNIST" / "raw"
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_FINGERPRINT = hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()[:12]


def cache_folder() -> Path:
    """Where unpacked data is kept: ``GENTUTOR_CACHE``, else a folder in the user's cache.

    That one is ``$XDG_CACHE_HOME/gentutor``, or ``~/.cache/gentutor`` where the variable is unset,
    or a temporary folder for a user without a home.
    """
    if chosen := os.environ.get("GENTUTOR_CACHE"):
        return Path(chosen)
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches) / "gentutor"
    try:
        return Path.home() / ".cache" / "gentutor"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "gentutor"


def read_idx(name: str) -> np.ndarray:
    """The array in the packed IDX file ``name``, as uint8; writing to it changes no file."""
    packed = read_packed(name)
    try:
        content = _map_unpacked(name, packed)
    except OSError as error:
        _warn_once(cache_folder(), error.strerror)
        content = np.frombuffer(bytearray(gzip.decompress(packed)), np.uint8)
    return parse_idx(content)


def read_packed(name: str) -> bytes:
    """The bytes of a packed file, known to be the right ones.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: its SHA-256 is another.
    """
    path = PACKED / name
    packed = path.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != SHA256[name]:
        raise ValueError(
            f"{path} is truncated or altered: {len(packed):,} bytes with SHA-256 {found}, "
            f"expected {SHA256[name]}; install the package again"
        )
    return packed


def parse_idx(content: np.ndarray) -> np.ndarray:
    """The array in an IDX file: 0, 0, type, rank; the sizes as big-endian uint32; then the values.

    Args:
        content: (bytes,), uint8, the whole file; only type 8 (uint8) is read.

    Returns:
        A view of ``content`` in the shape that its header gives.

    Raises:
        ValueError: the header is another, or the length does not fit it.

    >>> parse_idx(np.array([0, 0, 8, 1,  0, 0, 0, 2,  7, 9], np.uint8))
    array([7, 9], dtype=uint8)
    """
    header = content[:4].tolist()
    start = 4 + 4 * header[3] if header[:3] == [0, 0, 8] and len(header) == 4 else 0
    if not 0 < start <= content.size:
        raise ValueError(f"not an IDX file of bytes: it begins with {header}, expected [0, 0, 8, rank]")
    shape = tuple(content[4:start].view(">u4").tolist())
    values = content[start:]
    if values.size != math.prod(shape):
        raise ValueError(f"an IDX file of shape {shape} cannot hold {values.size:,} values")
    return values.reshape(shape)


def unpack_all() -> Path:
    """Unpack every file into the cache and return the folder that holds ``MNIST/raw``.

    Raises:
        OSError: the cache folder cannot be written.
    """
    for name in SHA256:
        _map_unpacked(name, read_packed(name))
    return _unpacked_root()


def _unpacked_root() -> Path:
    return cache_folder() / f"mnist-{_FINGERPRINT}"  # other sources, another folder


def _map_unpacked(name: str, packed: bytes) -> np.ndarray:
    path = _unpacked_root() / "MNIST" / "raw" / name.removesuffix(".gz")
    crc, size = struct.unpack("<II", packed[-8:])  # a gzip file ends with those of its content
    if path.exists() and path.stat().st_size == size:
        content = np.memmap(path, np.uint8, mode="c")  # copy on write: changes stay in memory
        if zlib.crc32(content.data) == crc:
            return content
    _write_atomically(path, gzip.decompress(packed))
    return np.memmap(path, np.uint8, mode="c")


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other processes see either whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.replace(file.name, path)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


@functools.cache
def _warn_once(folder: Path, reason: str) -> None:
    warnings.warn(
        f"cannot keep unpacked data in {folder} ({reason}): it is unpacked again at every load; "
        "set GENTUTOR_CACHE to a folder that can be written",
        stacklevel=4,
    )
