from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.nearest import nearest, nearest_recordings, recordings_of

VECTORS = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32)


def cosines(vectors):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units @ units.T


def test_the_nearest_are_those_of_the_greatest_cosine_whatever_their_lengths():
    vectors = VECTORS * np.arange(1, 41)[:, None]
    rows, similarities = nearest(vectors, 5)
    others = cosines(VECTORS) - 3 * np.eye(40)
    assert np.array_equal(rows, np.argsort(-others, axis=1)[:, :5])
    assert similarities == pytest.approx(-np.sort(-others, axis=1)[:, :5], abs=1e-5)
    asked = nearest(vectors, 3, vectors[:2])
    assert asked.rows[:, 0].tolist() == [0, 1] and asked.similarities[:, 0] == pytest.approx([1, 1])


def test_more_than_there_are_are_all_and_of_nothing_nothing():
    assert nearest(VECTORS, 100).rows.shape == (40, 39) and nearest(VECTORS[:1], 10).rows.shape == (1, 0)
    assert nearest(VECTORS, 2, VECTORS[:0]).rows.shape == (0, 0)


def test_each_recording_is_a_neighbour_once_and_never_its_own():
    copied = np.repeat(np.arange(10), 4)  # four copies of each of ten songs
    rows, similarities = nearest_recordings(VECTORS[copied], np.arange(0, 40, 4)[copied], 5)
    expected = nearest(VECTORS[:10], 5)
    assert np.array_equal(rows, 4 * expected.rows[copied])
    assert similarities == pytest.approx(expected.similarities[copied], abs=1e-5)
    alone = nearest_recordings(VECTORS[:3], np.zeros(3, int), 5)
    assert alone.rows.shape == alone.similarities.shape == (3, 0)


def test_one_recording_has_one_digest_or_one_artist_and_title_and_sounds_the_same(make_embeddings):
    names = [("Böhrk", "One"), ("", ""), ("bohrk", "ONE"), ("Böhrk", "One"), ("", ""), ("", ""), ("Böhrk", "Two")]
    tracks = [Track(Path(f"{row}.mp3"), "tones", *name) for row, name in enumerate(names)]
    embeddings = make_embeddings(tracks)
    vectors = np.array([[1, 0, 0], [0, 1, 0], [2, 0.01, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0]], np.float32)
    digests = np.array(["a", "b", "c", "d", "e", "b", "f"])
    found = recordings_of(replace(embeddings, vectors=vectors, digests=digests))
    assert found.tolist() == [0, 1, 0, 3, 4, 1, 6]
