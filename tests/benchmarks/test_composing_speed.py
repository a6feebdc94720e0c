"""Composing songs, against playing them."""

import os
import time

import pytest

from genre_lightning.data.sources.demo import demo

pytestmark = pytest.mark.benchmark
SECONDS = 12.0


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_two_workers_compose_songs_in_a_fortieth_of_the_time_they_play(tmp_path, capsys):
    few = {"artists_per_genre": 4, "songs_per_artist": 1, "song_seconds": SECONDS, "num_workers": 2}
    demo(str(tmp_path / "warm up"), **few)
    begin = time.perf_counter()
    songs = demo(str(tmp_path / "songs"), **few)
    ratio = len(songs) * SECONDS / (time.perf_counter() - begin)
    with capsys.disabled():
        print(f"\n{len(songs)} songs of {SECONDS:.0f} s, two workers: {ratio:.0f} times as fast as they play")
    assert ratio >= 40
