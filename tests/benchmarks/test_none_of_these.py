"""What --precision is worth: a genre held out, vowels, noise, tones, speech; by confidence alone and by both limits.

It holds each genre of the composed songs in turn out of a linear model, or each genre of a finished run on songs of
yours out of others that are trained as that one was; all with folds=5:

    NONE_RUN=logs/RUN NONE_PRECISION=0.9 pytest -n 0 -m benchmark tests/benchmarks/test_none_of_these.py
"""

import os
from pathlib import Path
from shutil import which
from subprocess import run as call

import numpy as np
import pytest
import soundfile
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from scipy.signal import lfilter

from genre_lightning.data.catalogue import TESTED_IN, linked
from genre_lightning.embed.embedder import embed_songs, predicting_trainer
from genre_lightning.predict.abstain import limits
from genre_lightning.runs.known import known_songs
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import CONFIG, Run
from genre_lightning.text import mean_and_range, table
from genre_lightning.train.train import train

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
RATE, SECONDS = 22050, 10
PRECISION = float(os.environ.get("NONE_PRECISION", "0.7"))
VOICES = "en", "en-us+f3", "en+m7", "de", "fr", "es", "it+f2", "ru"
TEXTS = (
    "Tomorrow will be mostly cloudy, with showers in the west and some sun in the afternoon, at fifteen degrees.",
    "The railway line was opened in the spring, and closed again when nobody came who wanted to go anywhere.",
)
KNOWN, HELD_OUT, VOWELS = "known songs that get a genre", "the held-out genre: refused", "vowels: refused"
LEAST, FEW = 0.9, 0.1  # of what is like speech is refused with the distance, and of known songs by it


def vowels(number, rng):
    """A voice in syllables: pulses through two formants that wander, and pauses."""
    time, rate = np.arange(RATE * SECONDS) / RATE, 3 + number % 4  # syllables a second
    pitch = (90 + 20 * (number % 8)) * (1 + 0.15 * np.sin(2 * np.pi * 0.4 * time))
    pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0)
    parts = []
    for syllable in np.array_split(pulses, SECONDS * rate):
        poles = 0.985 * np.exp(2j * np.pi * rng.uniform((300, 900), (800, 2400)) / RATE)
        voice = lfilter([1], np.poly([*poles, *poles.conj()]).real, syllable)
        parts.append(voice * np.hanning(len(voice)) * (rng.uniform() > 0.15))
    return np.concatenate(parts)


def noise(number, rng):
    """White to brown; three of five in the rhythm of syllables."""
    spectrum = np.fft.rfft(rng.standard_normal(RATE * SECONDS))
    tilt = np.maximum(np.arange(len(spectrum)), 1) ** -(0.0, 0.5, 1.0, 0.25)[number % 4]
    heights = rng.uniform(0, 1, SECONDS * (3 + number % 4) + 1) ** 2
    times = np.linspace(0, len(heights) - 1, RATE * SECONDS)
    loud = np.interp(times, np.arange(len(heights)), heights) if number % 5 > 1 else 1
    return np.fft.irfft(spectrum * tilt) * loud


def tones(number, rng):
    """A tone, one that rises, or a chord of harmonics."""
    time, pitch = np.arange(RATE * SECONDS) / RATE, 100 * 2 ** (number / 2)
    if number % 3 < 2:
        return np.sin(2 * np.pi * pitch * (time + (number % 3) * time**2 / 20))
    return sum(np.sin(2 * np.pi * 50 * part * time) / part for part in range(1, 8))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Files of what is no music, by its kind; speech too where espeak-ng is installed."""
    root, rng, found = tmp_path_factory.mktemp("clips"), np.random.default_rng(0), {}
    for kind, count in ((vowels, 16), (noise, 20), (tones, 12)):
        found[kind.__name__] = [root / f"{kind.__name__}{number}.wav" for number in range(count)]
        for number, path in enumerate(found[kind.__name__]):
            sound = kind(number, rng)
            soundfile.write(path, 0.3 * sound / np.abs(sound).max(), RATE)
    if which("espeak-ng"):
        found["speech"] = [root / f"{voice}{text}.wav" for voice in VOICES for text in range(len(TEXTS))]
        for number, path in enumerate(found["speech"]):
            speak = ["espeak-ng", "-v", VOICES[number // len(TEXTS)], "-w", str(path), TEXTS[number % len(TEXTS)]]
            call(speak, check=True)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that is named, or a linear model of the composed songs."""
    if finished := os.environ.get("NONE_RUN"):
        return Run(Path(finished))
    own = [f"{group}.root='{tmp_path_factory.mktemp(group).as_posix()}'" for group in ("data", "cache")]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return trained(compose("train", overrides=["model=linear", "logger=[]", *own]), tmp_path_factory.mktemp("run"))


def trained(settings, folder):
    (folder / CONFIG).parent.mkdir(parents=True)
    OmegaConf.save(settings, folder / CONFIG)
    train(settings, folder)
    return Run(folder)


def without(genre, whole, folder):
    """A run with folds on all other genres."""
    others = [other for other in whole.spec.genres if other != genre]
    changes = {"folds": 5, "refit": True, "repeats": 1, "ckpt_path": None, "data": {"genres": others}}
    settings = OmegaConf.merge(whole.config, changes, {"report": {"calibration_draws": 100}})
    settings.logger = {}
    return trained(settings, folder)


def like_others(run):
    """Whether each song, by its path, is like those of other folds, by the limit of those: as new songs are."""
    tracks = [*run.catalogue]
    stats = run.cache.stats_of(np.array([run.cache.find(track.path).number for track in tracks]))
    folds, groups = np.array([track.extra[TESTED_IN] for track in tracks]), np.array(linked(t.links for t in tracks))
    like = {}
    for fold in np.unique(folds):
        others = folds != fold
        known = known_songs(stats[others].reshape(others.sum(), -1), groups[others].tolist())
        like |= {tracks[row].path.resolve(): known.distance(stats[row]) <= 1 for row in np.flatnonzero(~others)}
    return like


def known_answered(run, confidence):
    """The parts of a run's songs that get a genre out of fold: by confidence alone, and by both limits."""
    songs, like = [song for song in read_predictions(run.folder) if song.split == "test"], like_others(run)
    alone = np.array([max(song.probabilities.values()) >= confidence for song in songs])
    return alone.mean(), (alone & [like[song.path.resolve()] for song in songs]).mean()


def refused(run, found, paths):
    """The parts of files that get no genre: by confidence alone, and by both limits."""
    run.cache.build(paths)
    songs = [run.cache.find(path) for path in paths]
    sure = embed_songs(run, songs, predicting_trainer(accelerator="cpu", devices=1)).probabilities.max(axis=1)
    stats, alone = run.cache.stats_of(np.array([song.number for song in songs])), sure < found.confidence
    return alone.mean(), (alone | [found.known.distance(song) > 1 for song in stats]).mean()


def test_what_is_no_music_gets_no_genre(whole, clips, tmp_path, capsys):
    rows = []
    for number, genre in enumerate(whole.spec.genres):
        run = without(genre, whole, tmp_path / str(number))
        found, held_out = limits(run, PRECISION), [track.path for track in whole.catalogue if track.genre == genre]
        parts = {KNOWN: known_answered(run, found.confidence), HELD_OUT: refused(run, found, held_out)}
        rows.append(parts | {f"{kind}: refused": refused(run, found, paths) for kind, paths in clips.items()})
    told = [(what, *(mean_and_range([parts[what][way] for parts in rows]) for way in (0, 1))) for what in rows[0]]
    with capsys.disabled():
        print(f"\n--precision {PRECISION:g}, each of {len(rows)} genres held out of {len([*whole.catalogue])} songs: ")
        print(f"the mean and the range\n\n{table(('', 'by confidence alone', 'with the distance'), told)}")
    assert min(parts[VOWELS][1] for parts in rows) >= LEAST
    assert np.mean([parts[KNOWN][1] - parts[KNOWN][0] for parts in rows]) >= -FEW
