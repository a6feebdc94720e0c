import hashlib
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.demo import song
from genre_lightning.demo.habits import GENRES, HABITS, Artist
from genre_lightning.demo.instruments import SAMPLE_RATE, Band
from genre_lightning.demo.mix import mix
from genre_lightning.demo.score import write_score
from genre_lightning.demo.song import compose_song

NUMBERS = {"seed": 0, "genre": "jazz", "artist": 1, "number": 2, "seconds": 1.0, "overlap": 0.5}
OPTIONS = max(sum(len(HABITS[genre][name]) for genre in GENRES) for name in HABITS["jazz"])


@pytest.fixture(scope="module")
def composed():
    """Two songs a genre of a second each, by two artists."""
    return {genre: [compose_song(7, genre, artist, 0, 1.0, 0.1) for artist in range(2)] for genre in GENRES}


@pytest.fixture
def artists(monkeypatch):
    """The artists for whom scores are written from now on."""
    seen: list[Artist] = []
    monkeypatch.setattr(song, "write_score", lambda who, *rest: seen.append(who) or write_score(who, *rest))
    return seen


def level_db(waveform):
    return 20 * np.log10(np.sqrt(np.mean(waveform**2)) + 1e-9)


def play(habits, seconds=1.5, seed=0):
    """The song of an artist with these habits."""
    artist = Artist(habits, np.mean(habits["tempo"].bpm), 0.2, 1.1, 1.2, 55.0)
    rng = np.random.default_rng(seed)
    score, band = write_score(artist, seconds, rng), Band(artist, rng)
    samples = round(seconds * SAMPLE_RATE)
    return mix({name: band.play(notes, samples) for name, notes in score.items()}, habits["production"], rng)


@pytest.mark.parametrize("number", range(OPTIONS))
def test_every_option_of_every_habit_makes_music(number):
    options = {name: [option for genre in GENRES for option in HABITS[genre][name]] for name in HABITS["jazz"]}
    waveform = play({name: choices[number % len(choices)] for name, choices in options.items()})
    assert np.isfinite(waveform).all() and -30 < level_db(waveform) < -12


def test_songs_are_neither_silent_nor_clipped_and_begin_and_end_amid_the_music(composed):
    for waveform in chain(*composed.values()):
        assert waveform.shape == (SAMPLE_RATE,) and waveform.dtype == np.float32
        assert -30 < level_db(waveform) < -12 and np.abs(waveform).max() < 1
        assert min(level_db(waveform[:2000]), level_db(waveform[-2000:])) > level_db(waveform) - 30


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"genre": "rock"}, {"artist": 2}, {"number": 3}, {"overlap": 1.0}], ids=str
)
def test_another_number_composes_another_song(other):
    songs = [compose_song(**NUMBERS), compose_song(**NUMBERS | other)]
    correlation = np.corrcoef(*songs)[0, 1]
    assert abs(correlation) < 0.9


def test_another_process_composes_the_same_song():
    program = (
        "import hashlib; from genre_lightning.demo.song import compose_song; "
        f"print(hashlib.sha256(compose_song(**{NUMBERS}).tobytes()).hexdigest())"
    )
    command, root = [sys.executable, "-c", program], Path(__file__).parents[2]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    found = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == hashlib.sha256(compose_song(**NUMBERS).tobytes()).hexdigest()


def test_an_artist_is_the_same_in_all_their_songs(artists):
    for number in range(3):
        compose_song(**NUMBERS | {"number": number})
    assert artists[0] == artists[1] == artists[2]
