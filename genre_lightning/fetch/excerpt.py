"""The middle of an MP3, cut between its frames: no sound is encoded twice, and hardly a millisecond is spent."""

import itertools
from pathlib import Path

# A frame of an MP3 may draw on so many bytes of main data of the frames before it (ISO/IEC 11172-3, 2.4.2.7).
BIT_RESERVOIR_BYTES = 511
# So many frames hold as much, also where they are the shortest.
MOST_FRAMES_BEFORE = 256
# Bits in the second byte of a frame.
FIRST_VERSION, NO_CHECKSUM = 0x08, 0x01


def middle(path: Path, seconds: float) -> bytes:
    """The middle `seconds` of an MP3; a few silenced frames come first, on whose data those behind them draw."""
    import av

    with av.open(str(path), mode="r") as container:
        stream = container.streams.audio[0]
        frame_seconds = stream.frame_size / stream.rate
        count = sum(1 for packet in container.demux(stream) if packet.size)
    wanted = round(seconds / frame_seconds)
    begin = max(0, (count - wanted) // 2)
    before = min(begin, MOST_FRAMES_BEFORE)
    with av.open(str(path), mode="r") as container:  # once more: a long song would not fit into the memory
        packets = (packet for packet in container.demux(container.streams.audio[0]) if packet.size)
        frames = [bytes(packet) for packet in itertools.islice(packets, begin - before, begin + wanted)]
    return cut_frames(frames, before, wanted)


def cut_frames(frames: list[bytes], begin: int, wanted: int) -> bytes:
    """An MP3 of `wanted` frames from the one numbered `begin` on, which plays alike wherever it is cut from."""
    kept = [*lead_in(frames[:begin]), *frames[begin : begin + wanted]]
    return b"".join([inventory(kept), *kept])


def inventory(frames: list[bytes]) -> bytes:
    """The frame that tells decoders how many frames and bytes follow: a guess is wrong if the bit rate varies.

    It is what encoders write there, "Xing" and four numbers in place of the main data of a silent frame.
    """
    end = side_information(frames[0])[1]
    numbers = (3, len(frames), sum(map(len, frames)))
    told = b"Xing" + b"".join(number.to_bytes(4, "big") for number in numbers)
    return (frames[0][:4] + bytes(end - 4) + told).ljust(len(frames[0]), b"\0")


def lead_in(frames: list[bytes]) -> list[bytes]:
    """The last of some frames, silenced: as many as hold the data on which a frame behind them may draw."""
    begin, held = len(frames), 0
    while begin and held < BIT_RESERVOIR_BYTES:
        begin -= 1
        held += len(frames[begin]) - side_information(frames[begin])[1]
    silent, held = [], 0
    for frame in frames[begin:]:
        silent.append(silenced(frame, held))
        held += len(frame) - side_information(frame)[1]
    return silent


def silenced(frame: bytes, held: int) -> bytes:
    """An MP3 frame that plays nothing, but hands on its data and the `held` bytes of the frames before it.

    All it says is where these bytes begin (main_data_begin, 9 bits in MPEG-1, 8 in the later versions).
    """
    begin, end = side_information(frame)
    bits, shift = (9, 7) if frame[1] & FIRST_VERSION else (8, 0)
    said = (min(held, 2**bits - 1) << shift).to_bytes((bits + shift) // 8, "big")
    return frame[:begin] + said.ljust(end - begin, b"\0") + frame[end:]


def side_information(frame: bytes) -> tuple[int, int]:
    """The first byte of an MP3 frame's side information, and the one behind it."""
    single_channel = frame[3] >> 6 == 3
    sizes = (32, 17) if frame[1] & FIRST_VERSION else (17, 9)
    begin = 4 if frame[1] & NO_CHECKSUM else 6
    return begin, begin + sizes[single_channel]
