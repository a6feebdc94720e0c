"""Packages like the one in which musicnn's weights are published, with weights of our own."""

import io
import zipfile

import pytest
import torch

from genre_lightning.pretrained import musicnn_weights as weights
from genre_lightning.pretrained.musicnn import Tagger


def varint(number):
    """An integer seven bits a byte, the lowest first."""
    numbers = []
    while number > 127:
        numbers.append(number & 127 | 128)
        number >>= 7
    return bytes([*numbers, number])


def entry(tensor, offset, dtype=1):
    """The protocol buffer that says of what type and shape a tensor is and where it lies."""
    dimensions = b"".join(field(2, field(1, size) if size else b"") for size in tensor.shape)
    message = field(1, dtype) + field(2, dimensions) + (field(4, offset) if offset else b"")
    return message + field(5, tensor.nbytes) + b"\x35" + bytes(4)  # the checksum, four bytes


def field(number, value):
    """A field of a protocol buffer: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries, restart_every):
    """A block of a table: every key but now and then one leaves out what it shares with the one before."""
    written, before, restarts = b"", b"", []
    for index, (key, value) in enumerate(entries):
        if index % restart_every == 0:
            restarts.append(len(written))
            before = b""
        shared = next((i for i, (old, new) in enumerate(zip(before, key, strict=False)) if old != new), len(before))
        written += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    restarts_written = b"".join(restart.to_bytes(4, "little") for restart in (restarts or [0]))
    return written + restarts_written + max(1, len(restarts)).to_bytes(4, "little")


def bundle(tensors, others=(), in_a_block=5, compression=0):
    """The index and the data of a tensor bundle; `others` are names of tensors that hold integers."""
    data, entries = b"", [(b"", b"\x08\x01")]  # the empty key has the header
    for name in sorted(tensors):
        entries.append((name.encode(), entry(tensors[name], len(data), 9 if name in others else 1)))
        data += tensors[name].tobytes()
    table, handles = b"", []
    parts = [entries[first : first + in_a_block] for first in range(0, len(entries), in_a_block)]
    for written, last in [(block(part, 3), part[-1][0]) for part in parts]:
        handles.append((last, varint(len(table)) + varint(len(written))))
        table += written + bytes([compression]) + bytes(4)
    index = block(handles, 1)
    footer = varint(0) + varint(0) + varint(len(table)) + varint(len(index))
    magic = 0xDB4775248B80FB57
    return table + index + bytes(5) + footer.ljust(40, b"\0") + magic.to_bytes(8, "little"), data


@pytest.fixture
def write_bundle():
    return bundle


@pytest.fixture
def tagger():
    """A network with weights of our own, none of them alike."""
    torch.manual_seed(0)
    network = Tagger().eval()
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return network.requires_grad_(False)


@pytest.fixture
def wheel(tagger):
    """The tagger's weights as a package has them."""
    numbers, tensors = {}, {}
    for kind, parts in filter(None, map(weights.as_tensorflow, tagger.modules())):
        number = numbers[kind] = numbers.get(kind, -1) + 1
        for part, weight in parts.items():
            tensors[f"{kind}_{number}/{part}" if number else f"{kind}/{part}"] = weight.contiguous().numpy()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, content in zip((".index", ".data-00000-of-00001"), bundle(tensors), strict=True):
            package.writestr(f"musicnn/MSD_musicnn/{name}", content)
        package.writestr("musicnn/__init__.py", "raise SystemExit('this must never be imported')")
    return file.getvalue()
