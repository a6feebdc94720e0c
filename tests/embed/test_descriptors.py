import numpy as np
import pytest
import torch

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.engine import Threads
from genre_lightning.embed.descriptors import DESCRIPTORS, describe, describe_songs
from genre_lightning.features.chroma import Chroma
from genre_lightning.features.mel import MFCC, LogMel

RATE = 22050
LEVEL, HIGHS, NOISE, ONSETS, CHANGE = range(len(DESCRIPTORS))
FEATURES = [LogMel(), MFCC()]
TIME = np.arange(4 * RATE) / RATE
TONES = sum(np.sin(2 * np.pi * 110 * number * TIME) / number for number in range(1, 9))
HISS = np.random.default_rng(0).standard_normal(len(TIME))


def heard(sound, features=FEATURES[0]):
    frames = features(torch.tensor(0.1 * sound, dtype=torch.float32))
    return describe(features.spectrum(frames.numpy().astype(np.float16)), features.frames_per_second)


def clicks(a_second):
    """So many short bursts of noise a second, over soft tones."""
    return TONES * 0.05 + HISS * (TIME % (1 / a_second) < 0.03)


@pytest.mark.parametrize("features", FEATURES)
def test_each_descriptor_is_larger_of_what_its_word_says(features):
    swelling = TONES * (1.02 + np.sin(2 * np.pi * 0.5 * TIME))
    for column, more, less in [
        (LEVEL, 2 * TONES, TONES), (HIGHS, np.diff(HISS), HISS[1:]), (HIGHS, HISS, np.cumsum(HISS) / 50),
        (NOISE, HISS, TONES), (ONSETS, clicks(6), clicks(2)), (CHANGE, swelling, TONES),
    ]:  # fmt: skip
        assert heard(more, features)[column] > heard(less, features)[column] + 0.5


def test_figures_are_what_they_are_said_to_be():
    assert heard(2 * TONES)[LEVEL] - heard(TONES)[LEVEL] == pytest.approx(20 * np.log10(2), abs=0.05)
    assert heard(HISS)[HIGHS] == pytest.approx(10 * np.log10(1 - 2000 / (RATE / 2)), abs=0.3)
    for rate in (2, 5):
        assert heard(clicks(rate))[ONSETS] == pytest.approx(rate, abs=0.3)


def test_what_a_short_sound_or_few_bands_do_not_tell_is_unknown():
    known = np.isfinite(
        [heard(TONES[: RATE // 2]), heard(TONES, LogMel(n_mels=1)), heard(TONES, LogMel(hop_length=4096))]
    )
    assert known[:, [LEVEL, HIGHS, NOISE]].tolist() == [[True] * 3, [False] * 3, [True] * 3]
    assert known[:, [ONSETS, CHANGE]].tolist() == [[False, False], [False, False], [False, True]]


@pytest.mark.parametrize(
    ("features", "level_db", "known"),
    [(LogMel(), -20.0, 4), (LogMel(), None, 5), (MFCC(), -20.0, 4), (Chroma(), None, 0)],
)
def test_of_songs_in_a_cache_all_that_their_features_tell_is_known(features, level_db, known, tmp_path, write_song):
    paths = [write_song(tmp_path / f"{number}.wav", "tones", number) for number in range(2)]
    cache = FeatureCache(tmp_path / "cache", features, level_db=level_db, engine=Threads(1))
    assert not cache.build(paths)
    found = describe_songs(cache, [cache.find(path) for path in paths])
    assert found.shape == (2, len(DESCRIPTORS)) and found.dtype == np.float32
    assert np.isfinite(found).sum(axis=1).tolist() == [known] * 2
