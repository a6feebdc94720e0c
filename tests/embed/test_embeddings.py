import csv
import os
import random
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.descriptors import DESCRIPTORS
from genre_lightning.embed.embeddings import (
    Embeddings,
    MappedSongs,
    read_embeddings,
    read_mapped_songs,
    write_embeddings,
    write_table,
)  # fmt: skip
from genre_lightning.embed.projection import PCA
from genre_lightning.embed.songmap import SongMap, map_settings
from genre_lightning.errors import UserError


@pytest.fixture
def songs():
    """Three songs, one of which nothing is known of, with names that no spreadsheet expects."""
    tracks = [
        Track(Path("/music/a, b.mp3"), "jazz", 'Björk "the" 乐队', "x\ty", "train"),
        Track(Path("/music/c.mp3"), "polka", "", "title", "test"),
        Track(Path("/music/d\udce9.mp3"), ""),
    ]
    rng = np.random.default_rng(0)
    probabilities = np.array([[0.75, 0.25], [0.1, 0.9], [0.5, 0.5]], np.float32)
    vectors, positions, heard = (rng.random((3, width)).astype(np.float32) for width in (5, 2, len(DESCRIPTORS)))
    heard[1, 0] = np.nan
    digests, fitted = np.array(["a", "b", "c"]), np.array([True, True, False])
    return MappedSongs(
        Embeddings(Catalogue(tracks), ["jazz", "rock"], probabilities, vectors, positions, digests, heard),
        SongMap(map_settings(PCA(), "a model"), digests, vectors, positions, fitted, "a base"),
    )


@pytest.fixture
def written(songs, tmp_path):
    write_embeddings(songs, tmp_path)
    return tmp_path / "embeddings.npz"


def test_what_is_written_is_read_back(songs, tmp_path):
    write_embeddings(songs, tmp_path / "new")
    again, embeddings = read_mapped_songs(tmp_path / "new"), read_embeddings(str(tmp_path / "new"))
    assert list(embeddings.tracks) == list(songs.embeddings.tracks) and embeddings.genres == songs.embeddings.genres
    assert embeddings.digests.tolist() == ["a", "b", "c"]
    for name in ("probabilities", "vectors", "positions", "descriptors"):
        assert np.array_equal(getattr(embeddings, name), getattr(songs.embeddings, name), equal_nan=True)
        assert getattr(embeddings, name).dtype == np.float32
    for name in SongMap.__slots__:
        assert np.array_equal(getattr(again.song_map, name), getattr(songs.song_map, name))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["embeddings.npz"]


def test_the_table_has_a_line_for_each_song(songs, tmp_path):
    write_table(songs.embeddings, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    first = {
        "path": str(Path("/music/a, b.mp3")), "genre": "jazz", "artist": 'Björk "the" 乐队', "title": "x\ty",
        "split": "train", "predicted_genre": "jazz", "confidence": "0.7500",
    }  # fmt: skip
    assert {name: rows[0][name] for name in first} == first
    assert [row["predicted_genre"] for row in rows[:2]] == ["jazz", "rock"] and not rows[2]["genre"] + rows[2]["split"]
    position = songs.embeddings.positions[1].tolist()
    assert [float(rows[1]["x"]), float(rows[1]["y"])] == pytest.approx(position, abs=1e-4)


def test_some_of_the_songs(songs):
    embeddings = songs.embeddings
    some = embeddings.only([2, 0])
    assert [track.genre for track in some.tracks] == ["", "jazz"] and some.predicted == ["jazz", "jazz"]
    assert some.confidence.tolist() == [0.5, 0.75] and np.array_equal(some.vectors, embeddings.vectors[[2, 0]])
    assert embeddings.only([]).vectors.shape == (0, 5)
    both = some.followed_by(embeddings.only([1]))
    assert np.array_equal(both.descriptors, embeddings.descriptors[[2, 0, 1]], equal_nan=True)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("run-by-embeddings",)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": None}, "was made by version 0.1"),
        ({"format": np.array(2)}, "has format 2, and this version reads format 3"),
        ({"vectors": np.array([1.0])}, "was not written by this program"),
        ({"settings": np.array("no JSON")}, "was not written by this program"),
        ({"fitted": None}, "was not written by this program"),
        ({"descriptors": np.zeros((3, 2))}, "was not written by this program"),
        ({"vectors": np.array([Evil()])}, "is damaged"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_runs_nothing(written, monkeypatch, line, change):
    monkeypatch.chdir(written.parent)
    with np.load(written) as file:
        arrays = dict(file) | change
    np.savez(written, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(UserError, match=rf"embeddings\.npz {line}; run embed\.py again$"):
        read_embeddings(written.parent)
    assert not Path("run-by-embeddings").exists()


def test_no_embeddings_are_said(tmp_path):
    with pytest.raises(UserError, match=r"there is no .*embeddings\.npz; run embed\.py first"):
        read_embeddings(tmp_path)


def test_damage_anywhere_is_one_line_or_harms_nothing(songs, written):
    """Cut off, or with a few bytes that differ: of a zip file, of arrays' headers, of their values."""
    whole, rng, told = written.read_bytes(), random.Random(0), 0
    cut = [whole[: rng.randrange(len(whole))] for _ in range(50)]
    for damaged in [b"", b"text", *cut, *(flipped(whole, rng) for _ in range(400))]:
        written.write_bytes(damaged)
        try:
            read = read_mapped_songs(written.parent)
        except UserError as error:
            told += "embeddings.npz" in str(error)
        else:
            assert np.array_equal(read.song_map.vectors, songs.song_map.vectors)
            assert list(read.embeddings.tracks) == list(songs.embeddings.tracks)
    assert told > 300


def flipped(whole, rng):
    """A copy in which one to eight bytes are others."""
    changed = bytearray(whole)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(whole))] = rng.choice([0, 8, 12, 14, 40, 91, 255, rng.randrange(256)])
    return bytes(changed)
