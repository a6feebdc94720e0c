"""What disks, kills and people do to a cache: by name, something that is done to its folder; `rng` chooses where.

A cache has shards of NAME.features.npy, NAME.stats.npy, NAME.peaks.npy and NAME.songs.npy; the first by name is hit.
"""

import pickle
import shutil
from functools import partial

import numpy as np
import soundfile
from building import open_cache
from conftest import SAMPLE_RATE, compose_song

from genre_lightning.data.index import read_index, write_index

ARRAYS = ("features", "stats", "peaks")
PAGE = 4096


def array_of(folder, kind):
    return min(folder.glob(f"*.{kind}.npy"))


def index_of(folder):
    return array_of(folder, "songs")


def in_bytes(change, find, folder, rng):
    """Put what `change` makes of a file's bytes in its place."""
    path = find(folder)
    path.write_bytes(change(bytearray(path.read_bytes()), rng))


def in_numbers(change, kind, folder, rng):
    """The same for an array."""
    path = array_of(folder, kind)
    np.save(path, change(np.load(path), rng))


def in_songs(change, folder, rng):
    """The same for the rows of an index, which is then as whole as ever."""
    shard = index_of(folder).name.split(".")[0]
    index = read_index(folder, shard)
    write_index(folder, shard, change(index.rows.copy(), rng), index.files)


def in_one_song(name, change, folder, rng):
    """The same for a number of one song in an index."""

    def changed(rows, rng):
        row = rows[rng.integers(len(rows))]
        row[name] = change(row[name].item())
        return rows

    in_songs(changed, folder, rng)


def flipped(data, rng, bits=1):
    for place in rng.integers(0, 8 * len(data), bits):
        data[place // 8] ^= 1 << (place % 8)
    return data


def zeroed(data, rng):
    first = rng.integers(0, max(1, len(data) - 128) // PAGE + 1) * PAGE + 128  # behind the header
    data[first : first + PAGE] = bytes(len(data[first : first + PAGE]))
    return data


def torn(data, rng):
    """Its second half comes from another time."""
    half = len(data) // 2
    return data[:half] + bytes(rng.integers(0, 256, len(data) - half, np.uint8))


def moved(data, rng):
    """A byte is lost, so that all behind it move up."""
    place = rng.integers(128, len(data))
    return data[:place] + data[place + 1 :]


def replaced_by_folder(find, folder, rng):
    path = find(folder)
    path.unlink()
    path.mkdir()


def swapped_keys(rows, rng):
    rows["key"] = np.roll(rows["key"], 1)
    return rows


def swapped_paths(folder, rng):
    shard = index_of(folder).name.split(".")[0]
    index = read_index(folder, shard)
    write_index(folder, shard, index.rows, index.files[::-1])


def copied(folder, rng):
    shutil.copy(index_of(folder), folder / f"{'f' * 32}.songs.npy")


def of_every_file(find):
    """What can happen to any file."""
    return {
        "cut off": partial(in_bytes, lambda data, rng: data[: rng.integers(1, len(data))], find),
        "empty": partial(in_bytes, lambda data, rng: b"", find),
        "gone": lambda folder, rng: find(folder).unlink(),
        "noise": partial(in_bytes, lambda data, rng: bytes(rng.integers(0, 256, len(data), np.uint8)), find),
        "all zero": partial(in_bytes, lambda data, rng: bytes(len(data)), find),
        "a bit flipped": partial(in_bytes, flipped, find),
        "many bits flipped": partial(in_bytes, partial(flipped, bits=99), find),
        "torn": partial(in_bytes, torn, find),
        "a byte lost": partial(in_bytes, moved, find),
        "a page zeroed": partial(in_bytes, zeroed, find),
        "a folder": partial(replaced_by_folder, find),
        "a pickle": partial(in_bytes, lambda data, rng: pickle.dumps([1, 2]), find),
    }


def of_arrays(kind):
    """What only arrays can suffer: they can be read, and are wrong."""
    changes = {
        "reversed": lambda array, rng: array[::-1],
        "rolled": lambda array, rng: np.roll(array, 1, axis=0),
        "shuffled": lambda array, rng: rng.permutation(array),
        "a row short": lambda array, rng: array[:-1],
        "narrow": lambda array, rng: array.reshape(len(array), -1)[:, :-1],
        "of another type": lambda array, rng: array.astype(np.float64),
        "of integers": lambda array, rng: array.view(f"i{array.itemsize}") + 1,
        "of another byte order": lambda array, rng: array.byteswap(),
        "in another order": lambda array, rng: np.asfortranarray(array[:, ..., ::-1] if array.ndim > 1 else array + 1),
        "not numbers": lambda array, rng: np.full_like(array, np.nan) if array.dtype.kind == "f" else array * 0,
        "objects": lambda array, rng: np.array([{"a": 1}] * len(array), object),
    }
    return {name: partial(in_numbers, change, kind) for name, change in changes.items()}


OF_INDEXES = {
    "no song": partial(in_songs, lambda rows, rng: rows[:0]),
    "a song less": partial(in_songs, lambda rows, rng: rows[1:]),
    "another order": partial(in_songs, lambda rows, rng: rows[::-1]),
    "another version's": partial(in_songs, lambda rows, rng: np.zeros(len(rows), [("start", "<i8"), ("crc", "<u4")])),
    "somebody else's": partial(in_bytes, lambda data, rng: b'{"name": "something", "version": 2}', index_of),
    "more songs than there are": partial(in_bytes, lambda data, rng: data[:-8] + b"\xff" * 4 + data[-4:], index_of),
    "of another shard": lambda folder, rng: shutil.copy(max(folder.glob("*.songs.npy")), index_of(folder)),
    "frames beyond the end": partial(in_one_song, "n_frames", lambda count: count + 10**6),
    "frames beyond all ends": partial(in_one_song, "start", lambda start: 2**63 - 1),
    "frames before the beginning": partial(in_one_song, "start", lambda start: -1000),
    "off by some frames": partial(in_one_song, "start", lambda start: start + 5),
    "a frame less": partial(in_one_song, "n_frames", lambda count: count - 1),
    "fewer than no frames": partial(in_one_song, "n_frames", lambda count: -count),
    "another song's stats": partial(in_one_song, "row", lambda row: row + 1),
    "stats before the beginning": partial(in_one_song, "row", lambda row: -1),
    "another song's fingerprint": partial(in_one_song, "first_peak", lambda peak: peak + 1),
    "no fingerprint": partial(in_one_song, "n_peaks", lambda count: 0),
    "another length": partial(in_one_song, "seconds", lambda seconds: 3 * seconds),
    "no length": partial(in_one_song, "seconds", lambda seconds: float("nan")),
    "another digest": partial(in_one_song, "digest", lambda digest: digest[::-1]),
    "songs for each other": partial(in_songs, swapped_keys),
    "paths for each other": swapped_paths,
    "twice": copied,
}
STRAYS = {
    "notes": lambda folder, rng: (folder / "notes.json").write_text('{"mine": [1]}'),
    "a copy": lambda folder, rng: shutil.copy(index_of(folder), folder / "Copy of index.songs.npy"),
    "an index without arrays": lambda folder, rng: (folder / f"{'e' * 32}.songs.npy").write_bytes(b""),
    "an index of long ago": lambda folder, rng: (folder / f"{'c' * 32}.json").write_text("[]"),
    "half a file": lambda folder, rng: (folder / "0.features.npy.01234567.tmp").write_bytes(b"half"),
    "a folder for an index": lambda folder, rng: (folder / f"{'d' * 32}.songs.npy").mkdir(),
    "settings that are none": lambda folder, rng: (folder / "settings.json").write_text("{"),
    "no settings": lambda folder, rng: (folder / "settings.json").unlink(),
}


def all_kinds():
    found = {
        f"{kind}: {name}": do for kind in ARRAYS for name, do in of_every_file(partial(array_of, kind=kind)).items()
    }
    found |= {f"{kind}: {name}": do for kind in ARRAYS for name, do in of_arrays(kind).items()}
    found |= {f"index: {name}": do for name, do in (of_every_file(index_of) | OF_INDEXES).items()}
    return found | {f"stray: {name}": do for name, do in STRAYS.items()}


KINDS = all_kinds()


def write_songs(folder, count=9):
    """Short songs, each another one."""
    paths = [folder / f"{number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, compose_song("noise", number, 0.8), SAMPLE_RATE)
    return paths


def contents(cache, paths):
    """All that the cache has of songs, as bytes."""
    songs = [cache.find(path) for path in paths]
    parts = [(cache.frames(song), cache.stats(song), cache.fingerprint(song)) for song in songs]
    return [
        [song.n_frames, song.seconds, *(part.tobytes() for part in kept)]
        for song, kept in zip(songs, parts, strict=True)
    ]


def build_shards(root, *parts):
    """A cache with a shard for each part of some songs."""
    for paths in parts:
        assert open_cache(root).build(paths) == {}
    return open_cache(root)


def in_first_shard(cache, paths):
    """The songs in the shard that damage hits."""
    return [path for path in paths if cache.shard[cache.find(path).number] == 0]
