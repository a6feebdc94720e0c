"""What fingerprints cost, how long 10,000 songs take to compare, and which copies of composed songs are found."""

import time

import numpy as np
import pytest
import soundfile
import soxr
from test_reading_speed import write_song

from genre_lightning.audio.fingerprint import BINS_A_FRAME, HOP_SECONDS, Fingerprint
from genre_lightning.audio.reading import decode, read_song
from genre_lightning.audio.recording import SAMPLES_A_BLOCK
from genre_lightning.data.twins import find_twins
from genre_lightning.demo.habits import GENRES
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.song import compose_song

pytestmark = pytest.mark.benchmark
COPIES = {
    "mp3": lambda path, song: soundfile.write(path, song, SAMPLE_RATE, format="MP3", compression_level=0.8),
    "ogg": lambda path, song: soundfile.write(path, song, SAMPLE_RATE, format="OGG", compression_level=0.9),
    "half the rate": lambda path, song: soundfile.write(
        path, soxr.resample(song, SAMPLE_RATE, SAMPLE_RATE / 2), SAMPLE_RATE // 2, format="WAV"
    ),
    "-12 dB": lambda path, song: soundfile.write(path, song / 4, SAMPLE_RATE, format="FLAC"),
    "mp3 from 1.23 s on": lambda path, song: COPIES["mp3"](path, song[round(1.23 * SAMPLE_RATE) :]),
    "the middle third": lambda path, song: soundfile.write(
        path, song[len(song) // 3 : 2 * len(song) // 3], SAMPLE_RATE, format="WAV"
    ),
}


def fingerprint(waveform, rate):
    finder = Fingerprint(rate)
    for begin in range(0, len(waveform), SAMPLES_A_BLOCK):
        finder.add(waveform[begin : begin + SAMPLES_A_BLOCK])
    return finder.finish()


@pytest.mark.parametrize(("kind", "least"), [("wav", 1.5), ("flac", 10), ("mp3", 10), ("ogg", 10)])
def test_a_fingerprint_costs_a_tenth_of_reading_a_song(kind, least, tmp_path, compare):
    path = write_song(tmp_path / f"song.{kind}")
    sound = decode(path)
    ratio = compare(
        f"fingerprint of 30 s against reading the {kind}, processor time of one thread",
        lambda: fingerprint(sound.waveform, sound.sample_rate),
        lambda: read_song(path, 22050),
        rounds=15,
        clock=time.thread_time,
    )
    assert ratio >= least


def made_up(rng, seconds=30, peaks_a_second=12):
    """Peaks of a song that has its own favourite frequencies, as a key and instruments give it."""
    count = seconds * peaks_a_second
    bins = rng.choice(np.arange(12, 116), count, p=rng.dirichlet(np.full(104, 0.5)))
    frames = rng.integers(0, int(seconds / HOP_SECONDS), count)
    return np.unique(frames * BINS_A_FRAME + bins).astype(np.uint32)


@pytest.mark.parametrize("seconds", [30, 240])
def test_ten_thousand_songs_are_compared_and_planted_copies_found(seconds, capsys):
    rng = np.random.default_rng(0)
    songs = [made_up(rng, seconds) for _ in range(10_000)]
    for number in range(100):
        kept = songs[number][rng.random(len(songs[number])) < 0.7] + np.uint32(100 * BINS_A_FRAME)
        songs.append(kept[: rng.integers(len(kept) // 4, len(kept))])
    begin = time.perf_counter()
    found = find_twins(songs)
    with capsys.disabled():
        print(f"\n{len(songs):,} songs of {seconds} s compared in {time.perf_counter() - begin:.1f} s")
    assert [(pair.first, pair.second) for pair in found] == [(number, 10_000 + number) for number in range(100)]


@pytest.fixture(scope="module")
def composed():
    """Songs that share instruments and drum patterns."""
    numbers = [(genre, artist, number) for genre in GENRES for artist in range(10) for number in range(2)]
    return [compose_song(0, genre, artist, number, 12, 0.06) for genre, artist, number in numbers]


@pytest.mark.parametrize("kind", COPIES)
def test_composed_songs_are_known_again_and_not_mixed_up(kind, composed, tmp_path, capsys):
    prints = [fingerprint(song, SAMPLE_RATE) for song in composed]
    for number, song in enumerate(composed):
        COPIES[kind](tmp_path / str(number), song)
        copy = decode(tmp_path / str(number))
        prints.append(fingerprint(copy.waveform, copy.sample_rate))
    pairs = find_twins(prints)
    right = {(number, len(composed) + number) for number in range(len(composed))}
    found = {(pair.first, pair.second) for pair in pairs}
    with capsys.disabled():
        print(f"\n{kind}: {len(found & right)} of {len(right)} found, share {min(pair.share for pair in pairs):.2f} up")
    assert len(found & right) >= 0.98 * len(right) and found <= right
