import errno
from pathlib import Path

import numpy as np
import pytest
from damaging import array_of, build_shards, write_songs

from genre_lightning.data.shards import HEADER_BYTES, write_array

FULL = Path("/dev/full")


def test_arrays_are_what_other_programs_read(tmp_path):
    paths = write_songs(tmp_path, 3)
    cache = build_shards(tmp_path / "cache", paths)
    songs = sorted(map(cache.find, paths), key=lambda song: cache.rows["row"][song.number])
    expected = {"features": cache.frames, "peaks": cache.fingerprint}
    for kind, part in expected.items():
        np.testing.assert_array_equal(np.load(array_of(cache.folder, kind)), np.concatenate([*map(part, songs)]))
    np.testing.assert_array_equal(np.load(array_of(cache.folder, "stats")), np.stack([*map(cache.stats, songs)]))
    assert np.load(array_of(cache.folder, "songs")).tolist() == cache.rows.tolist() and len(cache.rows) == 3
    assert all(song.n_frames for song in songs) and cache.rows["n_peaks"].all()


@pytest.mark.parametrize("shape", [(0,), (7,), (10**9, 10**5), (10**7, 2, 10**5)])
def test_every_header_is_as_long(tmp_path, shape):
    array = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), shape, (0,) * len(shape))
    with (tmp_path / "header").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        assert file.tell() == HEADER_BYTES


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_known_by_its_error():
    with pytest.raises(OSError) as raised, FULL.open("wb", buffering=0) as file:
        write_array(np.zeros(10**5), file)
    assert raised.value.errno == errno.ENOSPC
