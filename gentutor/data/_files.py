"""The packed data files: checked by SHA-256, unpacked once into the user's cache, memory-mapped after."""

import functools
import gzip
import hashlib
import io
import math
import os
import struct
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, features

from gentutor._files import write_atomically

PACKED = Path(__file__).parent / "files"
SHA256 = {
    "MNIST/raw/train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",  # noqa: E501
    "MNIST/raw/train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",  # noqa: E501
    "MNIST/raw/t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "MNIST/raw/t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "fashion_mnist/images-idx3-ubyte.gz": "f63b5f3a005caedab708d16a900babd905c8331b1cd2188b91245c032cfe6acd",
    "fashion_mnist/labels-idx1-ubyte.gz": "09f5dc909c8586184bae0fbde44202a1b007bf6f2bd2bc952652fa22dc323f95",
    "text/shakespeare_plays.txt.gz": "5d554edec2b01633dbb18a27c1e8a33143ffa5a93f276b5e6ec6af69798f5763",
    "text/shakespeare_sonnets.txt.gz": "e7f49f9f11c761f9208a39a5a72ef2ce1cf81fd6bd6646161f26bdecedf63eb0",
    "text/tang_jueju.tsv.gz": "05d6b145ebc6b8116034d5d8ba3e5229de81c9090fdde0bb4da44a6b8cfc92a9",
    "emoji/noto_64.webp": "6a67c0b350cd9e494aa42cead8888575b2cf9bf28db709876d08486dba45568a",
    "emoji/openmoji_black_64.webp": "cc73f1b229d5f1ab841def8e014a1cd0e3767dd4b03103896996f7051b827ece",
    "emoji/emoji.csv": "3eacfe28975f41f9f0ddeabdfaddbd37c8d7bbb3f1602ec22de4c81abfef29c4",
    "hanzi/sans_32.webp": "0a135a1f148a77580c08ec866c74e33f1514e7531d8d0d076322637314da9c25",
    "hanzi/brush_32.webp": "cae12586ff160222576a1345d34899815db1d69f370adb773907388f0b56b06a",
    "hanzi/chars.txt": "14c324b00b3ab325095cb3647e0c9d015eba0c5a05fa9ecc094e4806e9579951",
    "printed_digits/printed_digits_28.npz": "eddbd5b34ad52b365655bef6dd39fea287cba631e8fa1e6a9f822a7f01f74d89",  # noqa: E501
}
# CRC-32 and bytes of the IDX arrays that the images decode to; a gzip file ends with those of its content
DECODED = {
    "emoji/noto_64.webp": (0xD536A630, 26_214_416),
    "emoji/openmoji_black_64.webp": (0xE3F97EE3, 6_553_616),
    "hanzi/sans_32.webp": (0x4EA5E75F, 3_872_784),
    "hanzi/brush_32.webp": (0x558BB754, 3_872_784),
}


def cache_folder() -> Path:
    """Where unpacked data is kept: ``GENTUTOR_CACHE``, else a folder in the user's cache.

    That one is ``$XDG_CACHE_HOME/gentutor``, or ``~/.cache/gentutor`` where the variable is unset,
    or a temporary folder for a user without a home.
    """
    if chosen := os.environ.get("GENTUTOR_CACHE"):
        return Path(chosen).expanduser()
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches).expanduser() / "gentutor"
    try:
        return Path.home() / ".cache" / "gentutor"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "gentutor"


def read_array(name: str) -> np.ndarray:
    """The array in the packed IDX file or WebP image ``name``, as uint8; writing to it changes no file.

    An image is (height, width, channels): 4 with transparency, 1 if it is grey, else 3.
    """
    packed = read_packed(name)
    try:
        content = _map_unpacked(name, packed)
    except OSError as error:
        _warn_once(cache_folder(), error.strerror)
        content = np.frombuffer(bytearray(_unpack(name, packed)), np.uint8)
    return parse_idx(content)


def read_text(name: str) -> str:
    """The text in the UTF-8 file ``name``, unpacked at every call."""
    return _unpack(name, read_packed(name)).decode("utf-8")


def read_packed(name: str) -> bytes:
    """The bytes of the packed file ``name``, known to be the right ones.

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


def unpack_all(data_set: str) -> Path:
    """Unpack every file of a data set into the cache and return the folder that holds ``data_set``.

    Raises:
        OSError: the cache folder cannot be written.
    """
    for name in _names(data_set):
        _map_unpacked(name, read_packed(name))
    return _unpacked_root(data_set)


def _names(data_set: str) -> list[str]:
    return [name for name in SHA256 if name.startswith(f"{data_set}/")]


def _unpacked_root(data_set: str) -> Path:
    fingerprint = hashlib.sha256("".join(SHA256[name] for name in _names(data_set)).encode()).hexdigest()
    return cache_folder() / f"{data_set.lower()}-{fingerprint[:12]}"  # other sources, another folder


def _map_unpacked(name: str, packed: bytes) -> np.ndarray:
    unpacked_name = name.removesuffix(".gz").replace(".webp", "-idx3-ubyte")
    path = _unpacked_root(name.split("/")[0]) / unpacked_name
    crc, size = struct.unpack("<II", packed[-8:]) if name.endswith(".gz") else DECODED[name]
    if path.exists() and path.stat().st_size == size:
        content = np.memmap(path, np.uint8, mode="c")  # copy on write: changes stay in memory
        if zlib.crc32(content.data) == crc:
            return content
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _unpack(name, packed))
    return np.memmap(path, np.uint8, mode="c")


def _unpack(name: str, packed: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(packed)
    return _decode_webp(name, packed) if name.endswith(".webp") else packed


def _decode_webp(name: str, packed: bytes) -> bytes:
    """The pixels of a lossless WebP image as an IDX file of shape (height, width, channels)."""
    if not features.check("webp"):
        raise RuntimeError(f"this Pillow was built without WebP and cannot read {name}")
    with Image.open(io.BytesIO(packed), formats=["WEBP"]) as image:
        pixels = np.asarray(image)
    if pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, :1]
    content = struct.pack(">BBBB3I", 0, 0, 8, 3, *pixels.shape) + pixels.tobytes()
    if (zlib.crc32(content), len(content)) != DECODED[name]:
        raise RuntimeError(f"this Pillow decodes {name} to other pixels than those it was made from")
    return content


@functools.cache
def _warn_once(folder: Path, reason: str) -> None:
    warnings.warn(
        f"cannot keep unpacked data in {folder} ({reason}): it is unpacked again at every load; "
        "set GENTUTOR_CACHE to a folder that can be written",
        stacklevel=5,  # the call of data.mnist or its like
    )
