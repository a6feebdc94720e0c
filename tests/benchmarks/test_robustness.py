"""Songs that are disturbed in ways that leave their genre alone: how many of a run's test songs keep the one it heard.

It trains the default network on the demo songs first, or takes a finished run on songs that libsndfile reads:

    ROBUSTNESS_RUN=logs/RUN pytest -n 0 -m benchmark -s tests/benchmarks/test_robustness.py
"""

import os
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
import soundfile
from hydra import compose, initialize_config_dir
from scipy.signal import butter, sosfilt

from genre_lightning import Predictor
from genre_lightning.data.catalogue import read_manifest
from genre_lightning.text import percent, table
from genre_lightning.train.train import train

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
MP3_KBIT_S = 48
LEAST = 0.95  # of the songs keep their genre with silence and at other levels


def rms(song):
    return np.sqrt(np.square(song).mean())


def hush(song, rate):
    """As much noise as song, 70 dB below it."""
    return np.concatenate([song, 10**-3.5 * rms(song) * np.random.default_rng(0).standard_normal(song.shape)])


def hum(song, rate):
    """The mains and its harmonics, 6 dB below the song."""
    seconds = np.arange(len(song))[:, None] / rate
    mains = sum(np.sin(2 * np.pi * 50 * number * seconds) / number for number in range(1, 9))
    return song + rms(song) / 2 * mains / rms(mains)


def telephone(song, rate):
    return sosfilt(butter(8, (300, 3400), "bandpass", fs=rate, output="sos"), song, axis=0)


# What is done to the samples `(n, channels)` of a song at so many Hz: none of it changes the genre.
SILENCE_AND_LEVEL = {
    "as much silence again": lambda song, rate: np.concatenate([song, 0 * song]),
    "as much hush again, 70 dB below": hush,
    "20 dB quieter": lambda song, rate: song / 10,
    "40 dB quieter": lambda song, rate: song / 100,
}
OTHERS = {  # change how a song sounds too
    "6 dB louder and clipped": lambda song, rate: (2 * song).clip(-1, 1),
    "hum, 6 dB below": hum,
    "300 to 3,400 Hz": telephone,
    f"mp3, {MP3_KBIT_S} kbit/s": lambda song, rate: song,
    "one dead channel": lambda song, rate: np.stack([song[:, 0], 0 * song[:, 0]], axis=1),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    if finished := os.environ.get("ROBUSTNESS_RUN"):
        return Path(finished)
    folder = tmp_path_factory.mktemp("run")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        own = [f"{group}.root='{(folder.parent / group).as_posix()}'" for group in ("data", "cache")]
        train(compose("train", overrides=own), folder)
    return folder


def write_disturbed(path, into, name, disturb):
    song, rate = soundfile.read(path, always_2d=True)
    disturbed = disturb(song, rate)
    if not name.startswith("mp3"):
        soundfile.write(into.with_suffix(".wav"), disturbed, rate, "PCM_16")
        return into.with_suffix(".wav")
    lowest, highest = (32, 320) if rate >= 32000 else (8, 160)  # kbit/s, between which libsndfile goes evenly
    effort = (highest - MP3_KBIT_S) / (highest - lowest)
    how = {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": effort}
    soundfile.write(into.with_suffix(".mp3"), disturbed, rate, **how)
    return into.with_suffix(".mp3")


def genres(predictor, paths):
    return [prediction.genre for _, prediction in predictor.predict_all(paths)]


def test_songs_keep_their_genre(run, tmp_path, capsys):
    tracks, predictor, kept = list(read_manifest(run / "manifest.csv").of_split("test")), Predictor(run), {}
    undisturbed, rows = genres(predictor, [track.path for track in tracks]), []
    for name, disturb in (SILENCE_AND_LEVEL | OTHERS).items():
        where = [tmp_path / str(number) for number in range(len(tracks))]
        paths = [write_disturbed(track.path, into, name, disturb) for track, into in zip(tracks, where, strict=True)]
        heard = genres(predictor, paths)
        kept[name] = mean(one == before for one, before in zip(heard, undisturbed, strict=True))
        right = mean(one == track.genre for one, track in zip(heard, tracks, strict=True))
        rows.append((name, percent(kept[name]), percent(right)))
    right = mean(one == track.genre for one, track in zip(undisturbed, tracks, strict=True))
    with capsys.disabled():
        print(f"\n{run.name}, {len(tracks)} test songs, of which {percent(right)} are heard right\n")
        print(table(("disturbed by", "keep their genre", "are heard right"), rows))
    assert not {name: kept[name] for name in SILENCE_AND_LEVEL if kept[name] < LEAST}
