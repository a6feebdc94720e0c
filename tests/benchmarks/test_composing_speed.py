"""Composing songs, against playing them, and two workers against one."""

import os
import time

import pytest

from genre_lightning.data.sources.demo import demo

pytestmark = pytest.mark.benchmark
ARTISTS, SECONDS = 4, 12.0
TWO = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")


@pytest.fixture
def compose(tmp_path):
    """Compose a song by each of four artists a genre, into a folder of their own."""
    numbers = iter(range(1000))

    def run(workers):
        root = tmp_path / str(next(numbers))
        return demo(str(root), artists_per_genre=ARTISTS, songs_per_artist=1, song_seconds=SECONDS, workers=workers)

    return run


@TWO
def test_two_workers_compose_songs_in_a_fortieth_of_the_time_they_play(compose, capsys):
    compose(2)  # warm up
    begin = time.perf_counter()
    songs = compose(2)
    ratio = len(songs) * SECONDS / (time.perf_counter() - begin)
    with capsys.disabled():
        print(f"\n{len(songs)} songs of {SECONDS:.0f} s, two workers: {ratio:.0f} times as fast as they play")
    assert ratio >= 40


@TWO
def test_two_workers_compose_faster_than_one(compose, compare):
    assert compare("12 songs, two workers against one", lambda: compose(2), lambda: compose(1), rounds=3) >= 1.2
