"""Damage the content of files for benchmarks/fuzz.py."""

import bz2
import gzip
import lzma
import random
import re
from collections.abc import Callable

import pyarrow as pa

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".xz": lambda content: lzma.compress(content, preset=0),
    ".bz2": bz2.compress,
    ".zst": lambda content: pa.compress(content, codec="zstd", asbytes=True),
}
NUMBER = re.compile(rb"-?\d+(\.\d+)?")
NUMBERS = [b"-1", b"0", b"1", b"65536", b"2147483648", b"999999999999", b"1e400", b"nan", b"9" * 40, b""]
LENGTHS = [0, 1, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1]
PIECES = [
    b"\0",
    b"\n",
    b"\r",
    b"\t",
    b'"',
    b"{",
    b"[[[[",
    b",",
    b";",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\\u0000",
]


def damage(content: bytes, suffix: str, rng: random.Random) -> bytes:
    """Change a file in one to four places; of a compressed file the content as often as the whole."""
    if suffix in PACK and rng.random() < 0.5:
        return PACK[suffix](damage(_unpacked(content, suffix), "", rng))
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 4])):
        rng.choice(DAMAGES)(changed, rng)
    return bytes(changed)


def _unpacked(content: bytes, suffix: str) -> bytes:
    match suffix:
        case ".gz":
            return gzip.decompress(content)
        case ".xz":
            return lzma.decompress(content)
        case ".bz2":
            return bz2.decompress(content)
    return bytes(pa.input_stream(pa.BufferReader(content), compression="zstd").read())


def _flip(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 2, 8])):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _put_length(content: bytearray, rng: random.Random) -> None:
    width, order = rng.choice([1, 2, 4, 8]), rng.choice(["little", "big"])
    # Most formats have their lengths at one of their ends.
    place = rng.choice(
        [rng.randrange(64), max(len(content) - rng.randrange(1, 64), 0), rng.randrange(len(content) + 1)]
    )
    value = rng.choice(LENGTHS) & ((1 << 8 * width) - 1)
    content[place : place + width] = value.to_bytes(width, order)  # type: ignore[arg-type]


def _put_number(content: bytearray, rng: random.Random) -> None:
    found = list(NUMBER.finditer(bytes(content)))
    if found:
        match = found[0] if rng.random() < 0.3 else rng.choice(found)
        content[match.start() : match.end()] = rng.choice(NUMBERS)


def _swap(content: bytearray, rng: random.Random) -> None:
    length = rng.choice([1, 4, 16, 64])
    a, b = (rng.randrange(max(len(content) - length, 0) + 1) for _ in range(2))
    content[a : a + length], content[b : b + length] = content[b : b + length], content[a : a + length]


def _truncate(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _repeat(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content) + 1)
    content[start:start] = content[start : start + rng.choice([1, 10, 100])] * rng.choice([1, 2, 50])


def _drop(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content) + 1)
    del content[start : start + rng.choice([1, 4, 50])]


def _insert(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content) + 1)
    content[start:start] = rng.choice([rng.choice(PIECES), rng.randbytes(rng.choice([1, 8, 100]))])


DAMAGES = [_flip, _flip, _put_length, _put_number, _swap, _truncate, _repeat, _drop, _insert]
