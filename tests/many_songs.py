"""Made-up songs by the million: their indexes are whole, their features are holes in files and take no room."""

import uuid
import zlib
from unittest.mock import patch

import numpy as np

from genre_lightning.data.index import ROW, key_hash, write_index
from genre_lightning.data.shards import HEADER_BYTES, array_of, checksum

N_PEAKS = 8


def write_songs(cache, n_songs, in_shard, n_frames):
    """Put songs of as many frames, all zero, into a cache: their keys are "0", "1" ..."""
    cache.folder.mkdir(parents=True)
    blank = np.zeros((2, cache.n_features), np.float32), np.zeros(N_PEAKS, np.uint32)
    frame = cache.n_features * np.dtype(cache.dtype).itemsize
    crc = zlib.crc32(bytes(n_frames * frame))
    with patch("os.fsync"):
        for first in range(0, n_songs, in_shard):
            shard, numbers = uuid.uuid4().hex, range(first, min(first + in_shard, n_songs))
            sizes = {"features": n_frames * frame, "stats": blank[0].nbytes, "peaks": blank[1].nbytes}
            for kind, size in sizes.items():
                with array_of(cache.folder, shard, kind).open("wb") as file:
                    file.truncate(HEADER_BYTES + size * len(numbers))
            rows = made_up_rows(numbers, n_frames, crc)
            rows["checksum"] = [checksum(cache.folder.name, shard, row, *blank) for row in rows]
            files = [f"/music/genre/name of an artist/name of an album/{number} title.mp3" for number in numbers]
            write_index(cache.folder, shard, rows, files)


def made_up_rows(numbers, n_frames, crc):
    """The rows of an index, but for their checksums."""
    rows, places = np.zeros(len(numbers), ROW), np.arange(len(numbers))
    rows["key"] = [key_hash(str(number)) for number in numbers]
    rows["digest"] = [key_hash(str(number)) * 2 for number in numbers]
    rows["start"], rows["row"], rows["first_peak"] = places * n_frames, places, places * N_PEAKS
    rows["n_frames"], rows["n_peaks"], rows["crc"], rows["seconds"] = n_frames, N_PEAKS, crc, 30.0
    return rows
