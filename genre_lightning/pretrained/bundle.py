"""Read TensorFlow's tensor bundles without TensorFlow: the file `.index` has the offset of each tensor in `.data`.

The index is a LevelDB table (github.com/google/leveldb, doc/table_format.md) whose values are protocol buffers
(BundleEntryProto in TensorFlow's tensor_bundle.proto).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

FOOTER_BYTES = 48
MAGIC = bytes.fromhex("57fb808b247547db")
UNCOMPRESSED = 0
FLOAT32 = 1  # DT_FLOAT
DTYPE, SHAPE, OFFSET = 1, 2, 4  # fields of a BundleEntryProto
DIMENSION, SIZE = 2, 1  # fields of a shape, and of a dimension


def read_bundle(index: bytes, data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """The float32 tensors of a bundle in one part, by their names. Raises ValueError if `index` is not an index."""
    if index[-len(MAGIC) :] != MAGIC:
        raise ValueError("this is not a tensor bundle")
    numbers = varints(index[-FOOTER_BYTES:])
    _, _, *index_block = (next(numbers) for _ in range(4))  # the first two are those of the empty meta block
    blocks = [[*varints(handle)] for _, handle in entries(index, *index_block)]
    tensors = {name: dict(fields(entry)) for block in blocks for name, entry in entries(index, *block) if name}
    return {name.decode(): read_tensor(entry, data) for name, entry in tensors.items() if entry[DTYPE] == FLOAT32}


def read_tensor(entry: dict[int, Any], data: bytes) -> npt.NDArray[np.float32]:
    """The tensor that an entry of the index describes."""
    dimensions = [dict(fields(value)) for field, value in fields(entry.get(SHAPE, b"")) if field == DIMENSION]
    shape = [dimension.get(SIZE, 0) for dimension in dimensions]
    return np.frombuffer(data, "<f4", int(np.prod(shape)), entry.get(OFFSET, 0)).reshape(shape)


def entries(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; a key says how much of its beginning it shares with the one before."""
    if table[start + size] != UNCOMPRESSED:
        raise ValueError("the index of this tensor bundle is compressed")
    block, key, offset = table[start : start + size], b"", 0
    restarts = int.from_bytes(block[-4:], "little")
    while offset < size - 4 * (restarts + 1):
        shared, offset = varint(block, offset)
        unshared, offset = varint(block, offset)
        length, offset = varint(block, offset)
        key, offset = key[:shared] + block[offset : offset + unshared], offset + unshared
        yield key, block[offset : offset + length]
        offset += length


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The numbers and values of a protocol buffer's fields: integers, and bytes for everything else."""
    offset = 0
    while offset < len(message):
        tag, offset = varint(message, offset)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            value, offset = varint(message, offset)
        else:
            length, offset = varint(message, offset) if kind == 2 else ({1: 8, 5: 4}[kind], offset)
            value, offset = message[offset : offset + length], offset + length
        yield field, value


def varints(numbers: bytes) -> Iterator[int]:
    """Integers of variable length, one after the other."""
    offset = 0
    while offset < len(numbers):
        number, offset = varint(numbers, offset)
        yield number


def varint(numbers: bytes, offset: int) -> tuple[int, int]:
    """The integer at `offset`, seven bits a byte and the lowest first, and the offset behind it."""
    number, shift = 0, 0
    while True:
        byte = numbers[offset]
        number, shift, offset = number | (byte & 127) << shift, shift + 7, offset + 1
        if byte < 128:
            return number, offset
