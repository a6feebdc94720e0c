"""What headers claim of a file's length, against what is in the file."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from genre_lightning.audio.recording import UNKNOWN

# By a file's first bytes: where its chunks begin, how the size of each is packed, which one holds the sound. RIFF and
# RF64 are WAV, FORM is AIFF, caff is CAF.
CHUNKED = {
    b"RIFF": (12, "<I", b"data"),
    b"RIFX": (12, ">I", b"data"),
    b"RF64": (12, "<I", b"data"),
    b"FORM": (12, ">I", b"SSND"),
    b"caff": (8, ">q", b"data"),
}
AU, OGG = b".snd", b"OggS"
MOST_CHUNKS = 10_000  # a damaged file may hold any number of empty ones
# How tags begin that programs put behind the sound.
TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")
LONGEST_TAG = 4096  # bytes that are searched for a file behind it
MOST_JUNK = 0.02  # what lies behind the sound and is neither a chunk nor a tag, as a part of the sound
LONGEST_PAGE = 65307  # of Ogg, in bytes
NEW_STREAM, END_OF_STREAM = 2, 4  # flags of an Ogg page
FRAMES_AND_BYTES = 3  # flags of an MP3's first frame: it states both


class Chunk(NamedTuple):
    """A chunk: its name, where the number lies that states its size, how that is packed, where it begins, its size."""

    name: bytes
    field: int
    packing: str
    start: int
    size: int


class Mended(io.FileIO):
    """A file whose bytes from `at` on read as `new`."""

    def __init__(self, path: Path, at: int, new: bytes) -> None:
        super().__init__(path)
        self.at, self.new = at, new

    def readinto(self, buffer: bytearray, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        begin, view = self.tell(), memoryview(buffer)
        size = super().readinto(view) or 0
        first, end = max(begin, self.at), min(begin + size, self.at + len(self.new))
        if first < end:
            view[first - begin : end - begin] = self.new[first - self.at : end - self.at]
        return size


def is_joined(path: Path) -> bool:
    """Whether several files lie in this one, one after another, of which decoders take the first for the whole."""
    with path.open("rb") as file:
        magic, size = at(file, 0, 4), path.stat().st_size
        if at(file, 4, 4) == b"ftyp":
            return [*boxes(file, size)].count(b"ftyp") > 1
        if magic == AU:
            sound = sound_chunk(file, size)
            return sound is not None and at(file, sound.start + sound.size, 4) == AU
        return magic in CHUNKED and sum(chunk.name == magic for chunk in chunks(file, size)) > 1


def begins_anew(path: Path, place: int) -> bool:
    """Whether another file begins at a place of this one, where what was decoded of it ends, or behind a tag there."""
    with path.open("rb") as file:
        magic = at(file, 0, 4)
        begins_once = is_name(magic) and magic != OGG  # every page of which begins so
        return place > 0 and begins_once and magic in at(file, place, LONGEST_TAG)


def mended(path: Path) -> Mended | None:
    """The file with the true size of its sound in its header, if that has another one; None for all other files.

    A recorder that is killed leaves the size 0, or as it was a while ago, and programs that do not know it yet write
    the greatest one there is. What a file lacks that was cut off is not mended.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        sound = sound_chunk(file, size)
        if sound is None or (held := size - sound.start) <= 0 or ends_there(file, sound, size):
            return None
    most = 2 ** (8 * struct.calcsize(sound.packing)) - 1
    return Mended(path, sound.field, struct.pack(sound.packing, min(held, most)))


def ends_there(file: BinaryIO, sound: Chunk, size: int) -> bool:
    """Whether the sound may end where its chunk does by its header: at the end, or before a chunk or a tag."""
    left = size - sound.start - sound.size
    if left <= 0:
        return 0 < sound.size < UNKNOWN
    if left <= MOST_JUNK * sound.size:
        return True
    tail = at(file, sound.start + sound.size + sound.size % 2, 8)
    is_chunk = len(tail) == 8 and is_name(tail[:4]) and struct.unpack(f"{sound.packing[0]}4xI", tail)[0] <= left
    return is_chunk or tail.startswith(TAGS)


def sound_chunk(file: BinaryIO, size: int) -> Chunk | None:
    """The chunk that holds the sound of a WAV, AIFF, CAF or AU file; None if there is none."""
    magic, rest = at(file, 0, 4), at(file, 4, 8)
    if magic == AU and len(rest) == 8:
        return Chunk(AU, 8, ">I", *struct.unpack(">II", rest))
    if magic not in CHUNKED:
        return None
    return next((chunk for chunk in chunks(file, size) if chunk.name == CHUNKED[magic][2]), None)


def chunks(file: BinaryIO, size: int) -> Iterator[Chunk]:
    """The chunks of a file of `size` bytes; the head of each file in it counts as one, called as the first one is."""
    magic, place = at(file, 0, 4), 0
    begin, packing, sound = CHUNKED[magic]
    wide = None  # RF64 has the size of its sound in eight bytes, in a chunk before
    for _ in range(MOST_CHUNKS):
        if place >= size:
            return
        name, stated = at(file, place, 4), at(file, place + 4, struct.calcsize(packing))
        if not is_name(name) or len(stated) < struct.calcsize(packing):
            return
        chunk = Chunk(name, place + 4, packing, place + 4 + len(stated), *struct.unpack(packing, stated))
        if name == b"ds64" and len(content := at(file, chunk.start, 16)) == 16:
            wide = chunk.start + 8, "<Q", struct.unpack("<8xQ", content)[0]
        if name == sound and wide is not None:
            chunk = Chunk(name, wide[0], wide[1], chunk.start, wide[2])
        yield chunk
        place = place + begin if name == magic else chunk.start + max(0, chunk.size)
        place += place % 2 if magic != b"caff" else 0


def boxes(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The names of the boxes of an MP4 file of `size` bytes."""
    place = 0
    for _ in range(MOST_CHUNKS):
        if place >= size or len(head := at(file, place, 16)) < 16:
            return
        length, name, wide = struct.unpack(">I4sQ", head)
        yield name
        place += {0: size, 1: max(wide, 16)}.get(length, max(length, 8))


def is_name(name: bytes) -> bool:
    """Whether four bytes may be what a chunk is called."""
    return len(name) == 4 and name.isascii() and name.decode("ascii").isprintable()


def at(file: BinaryIO, place: int, count: int) -> bytes:
    """Some bytes of a file; fewer at its end."""
    file.seek(place)
    return file.read(count)


def states_length(mp3: Path) -> bool:
    """Whether the first frame of an MP3 file says how many there are, and that they are all of the file.

    Where files were joined, that of the first one speaks of itself. The format: Gabriel Bouvigne's "MP3 info tag".
    """
    with mp3.open("rb") as file:
        head = at(file, 0, 10)
        begin = 0
        if head[:3] == b"ID3":  # its size has seven bits in each of four bytes
            begin = 10 + sum(byte << 7 * index for index, byte in enumerate(reversed(head[6:10])))
        frame, held = at(file, begin, 2048), mp3.stat().st_size - begin
    if (place := frame.find(b"VBRI")) >= 0:
        size, frames = struct.unpack(">10xII", frame[place : place + 18].ljust(18, b"\0"))
    else:
        place = max(frame.find(b"Xing"), frame.find(b"Info"))
        flags, frames, size = struct.unpack(">4xIII", frame[place : place + 16].ljust(16, b"\0"))
        size *= place >= 0 and flags & FRAMES_AND_BYTES == FRAMES_AND_BYTES
    return 0 < frames < UNKNOWN and held * (1 - MOST_JUNK) <= size < UNKNOWN


def ogg_streams(path: Path) -> tuple[bool, bool]:
    """Whether the streams of an Ogg file follow one another, and whether its last page says that it is the last.

    Pages as in RFC 3533, section 6. Any other file has one stream, and an end.
    """
    size, place, begun, chained, ended = path.stat().st_size, 0, False, False, False
    with path.open("rb") as file:
        if at(file, 0, 4) != OGG:
            return False, True
        while len(head := at(file, place, 27)) == 27:
            if head[:4] != OGG:  # damaged: the next page is sought
                found = at(file, place, LONGEST_PAGE).find(OGG, 1)
                place += found if found > 0 else LONGEST_PAGE - len(OGG)
                continue
            flags, lengths = head[5], at(file, place + 27, head[26])
            chained |= begun and bool(flags & NEW_STREAM)
            begun |= not flags & NEW_STREAM
            place += 27 + len(lengths) + sum(lengths)
            ended = bool(flags & END_OF_STREAM) and place <= size
    return chained, ended
