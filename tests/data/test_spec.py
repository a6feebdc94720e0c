import json
from dataclasses import replace

import pytest

from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.data.spec import Spec, read_spec
from genre_lightning.errors import UserError
from genre_lightning.features.mel import MFCC, LogMel

FEATURES = LogMel(sample_rate=8000, n_fft=512, hop_length=256)
RECIPE = Spec(FEATURES, "float16", Loudness(60.0, None), 0.5, 0.25, ["jazz", "rock"])


@pytest.mark.parametrize("features", [LogMel(n_mels=24, f_max=4000.0), MFCC(n_mfcc=13, top_db=None, mel_scale="htk")])
def test_a_recipe_survives_json(features):
    spec = replace(RECIPE, features=features)
    again = read_spec(json.loads(json.dumps(spec.plain())))
    assert again.plain() == spec.plain() and type(again.features) is type(features)
    assert again.features.settings == features.settings and again.loudness == Loudness(60.0, None)


def test_how_long_songs_may_be_survives_json_and_is_as_usual_if_nothing_is_said():
    plain = json.loads(json.dumps(replace(RECIPE, lengths=Lengths(2, None)).plain()))
    assert read_spec(plain).lengths == Lengths(2, None)
    del plain["lengths"]
    assert read_spec(plain).lengths == Lengths()


def test_the_shape_of_windows_follows():
    assert RECIPE.window_shape == (round(0.5 * 8000 / 256), 64)


WRONG = [
    {"dtype": "float8"}, {"window_seconds": 0}, {"window_seconds": None}, {"overlap": 1}, {"overlap": -0.1},
    {"genres": []}, {"genres": "jazz"}, {"genres": ["jazz", 2]}, {"loudness": {}},
    {"loudness": {"silence_db": -1.0, "level_db": None}}, {"format": 3}, {"features": {}},
    {"features": {"_target_": "genre_lightning.data.spec.Spec"}},
    {"features": {"_target_": "genre_lightning.features.mel.LogMel", "colour": "blue"}},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_anything_else_is_refused(wrong):
    with pytest.raises((KeyError, TypeError, ValueError, UserError)):
        read_spec(RECIPE.plain() | wrong)
    with pytest.raises(KeyError):
        read_spec({name: value for name, value in RECIPE.plain().items() if name not in wrong})
