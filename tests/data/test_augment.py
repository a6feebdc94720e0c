import math
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from genre_lightning.data.augment import Equaliser, Gain, MixStyle, Mixup, SpecAugment
from genre_lightning.errors import UserError
from genre_lightning.features.mel import MFCC, LogMel
from genre_lightning.features.pretrained import Pretrained

LOGMEL = LogMel(sample_rate=8000, n_fft=512, hop_length=256, n_mels=24, top_db=None)
MFCCS = MFCC(sample_rate=8000, n_fft=512, hop_length=256, n_mels=24, n_mfcc=10, top_db=None)
CONF = Path(__file__).parents[2] / "conf"


def load(group, name):
    """A file of conf/, without what it wants of other groups."""
    config = OmegaConf.load(CONF / group / f"{name}.yaml")
    config.pop("defaults", None)
    return config.get(group, config)


AUGMENTS = {path.stem: load("augment", path.stem)[path.stem] for path in sorted((CONF / "augment").glob("*.yaml"))}
FEATURES = sorted(path.stem for path in (CONF / "features").glob("*.yaml"))


def make(name, features=LOGMEL, **settings):
    """The augmentation of conf/augment for these features; it changes every window, if it asks how often."""
    always = {"probability": 1.0} if "probability" in AUGMENTS[name] else {}
    return instantiate(AUGMENTS[name], _partial_=True, **always | settings)(features)


@pytest.fixture(autouse=True)
def fixed_rng():
    torch.manual_seed(0)


def batch(size=16, n_frames=20, n_features=24, n_genres=3):
    target = torch.eye(n_genres)[torch.arange(size) % n_genres]
    return torch.randn(size, n_frames, n_features), target


def change(augment, size=16, n_features=24):
    features, target = batch(size, n_features=n_features)
    return augment(features, target)[0] - features


@pytest.mark.parametrize("name", AUGMENTS)
@pytest.mark.parametrize("size", [1, 16])
def test_a_changed_copy_of_a_batch_is_returned_and_only_mixup_changes_the_target(name, size):
    features, target = batch(size)
    kept = features.clone(), target.clone()
    changed, new_target = make(name)(features, target)
    assert torch.equal(features, kept[0]) and torch.equal(target, kept[1])
    assert changed.shape == features.shape and new_target.shape == target.shape
    assert changed.dtype == new_target.dtype == torch.float32
    if size > 1:  # or there is no other window to blend with
        assert not torch.equal(changed, features) and torch.equal(new_target, target) == (name != "mixup")


@pytest.mark.parametrize("name", AUGMENTS)
@pytest.mark.parametrize("kind", FEATURES)
def test_features_are_changed_or_refused_by_their_name(name, kind):
    features = instantiate(load("features", kind))
    try:
        augment = make(name, features)
    except UserError as error:
        text = str(error)
        assert f"augment: {name} needs" in text and type(features).__name__ in text and f"leave {name} out" in text
    else:
        window, target = batch(n_features=features.n_features)
        changed = augment(window.abs(), target)[0]
        assert changed.isfinite().all() and not torch.equal(changed, window.abs())


def test_only_what_an_embedding_has_can_be_changed():
    for name in ("gain", "equaliser", "mixstyle"):
        with pytest.raises(UserError, match=f"{name} needs .*, which Pretrained features do not have"):
            make(name, Pretrained())
    assert make("mixup", Pretrained()) and make("specaugment", Pretrained())


@pytest.mark.parametrize(
    ("in_time", "in_features"), [((1, 0.25), (3, 0.1)), ((2, 0.1), (0, 0.5)), ((0, 0.5), (1, 0.25))]
)
def test_specaugment_hides_whole_stretches_no_wider_than_stated(in_time, in_features):
    features, target = batch(size=200, n_frames=40)
    hidden = SpecAugment(LOGMEL, *in_time, *in_features)(features, target)[0] != features
    times, bands = hidden.all(dim=2), hidden.all(dim=1)
    assert torch.equal(hidden, times[:, :, None] | bands[:, None])  # everything else is untouched
    for stretches, size, (masks, fraction) in ((times, 40, in_time), (bands, 24, in_features)):
        assert stretches.sum(1).max() <= masks * math.ceil(size * fraction) and stretches.any() == (masks > 0)


def test_specaugment_hides_each_position_now_and_then_behind_the_batch_s_mean():
    features, target = batch(size=2000)
    changed = make("specaugment")(features, target)[0]
    hidden = changed != features
    assert hidden.all(dim=2).any(dim=0).all() and hidden.all(dim=1).any(dim=0).all()
    torch.testing.assert_close(changed[hidden], features.mean(dim=(0, 1)).expand_as(features)[hidden])


def test_mixup_blends_features_and_targets_alike():
    _, target = batch(64)
    features = target[:, None].expand(-1, 20, -1)  # windows that tell how much of each genre is in them
    mixed, blended = make("mixup", alpha=1.0)(features, target)
    torch.testing.assert_close(mixed, blended[:, None].expand(-1, 20, -1))
    torch.testing.assert_close(blended.sum(dim=1), torch.ones(64))
    assert ((blended > 0.01) & (blended < 0.99)).any()


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", ["mixup", "mixstyle"])
def test_windows_are_blended_as_often_as_asked_for(name, probability):
    features, target = batch(1000)
    mixed, _ = make(name, alpha=1.0, probability=probability)(features, target)
    touched = (mixed - features).abs().amax(dim=(1, 2)) > 1e-5
    assert float(touched.float().mean()) == pytest.approx(probability, abs=0.06)


def two_songs():
    """A window of a soft song and one of a loud, restless song."""
    soft, loud = torch.randn(2, 20, 24)
    return torch.stack([soft - 50, 5 * loud - 10]), torch.eye(2)


def test_mixstyle_moves_loudness_and_restlessness_of_each_band_towards_another_window_s_and_leaves_the_tune():
    before, target = two_songs()
    blend = make("mixstyle", alpha=1.0, floor=0.0)
    after = torch.stack([blend(before, target)[0] for _ in range(50)])
    (old_std, old_mean), (std, mean) = torch.std_mean(before, dim=1), torch.std_mean(after, dim=2)
    tunes = (after - mean[:, :, None]) / std[:, :, None], (before - old_mean[:, None]) / old_std[:, None]
    torch.testing.assert_close(tunes[0], tunes[1].expand_as(after), atol=1e-4, rtol=0)
    for new, old in ((mean, old_mean), (std, old_std)):
        lam = (new - old) / (old.flip(0) - old)  # the other window's part
        torch.testing.assert_close(lam, lam[:, :, :1].expand_as(lam), atol=1e-3, rtol=0)  # the same in all bands
        assert lam.min() > -1e-3 and lam.max() < 1.001 and float(lam.std()) > 0.2


def test_mixstyle_does_not_blow_up_what_hardly_varies():
    before, target = two_songs()
    before[0] = -80 + 0.001 * torch.randn(20, 24)
    floored = MixStyle(LOGMEL, alpha=1.0, probability=1.0, floor=1.0)(before, target)[0]
    assert float(floored[0].std(dim=0).max()) < 0.1


@pytest.mark.parametrize("name", ["mixup", "mixstyle"])
def test_windows_cannot_be_blended_by_a_distribution_that_does_not_exist(name):
    with pytest.raises(UserError, match=f"augment.{name}.alpha must be above 0, not 0"):
        make(name, alpha=0.0)


def test_gain_moves_a_log_mel_window_by_one_constant():
    moved = change(Gain(LOGMEL, gain_db=3.0), size=4000)
    constant = moved[:, 0, 0]
    torch.testing.assert_close(moved, constant[:, None, None].expand_as(moved), atol=1e-5, rtol=0)
    assert float(constant.std()) == pytest.approx(3.0, rel=0.1) and abs(float(constant.mean())) < 0.3


@pytest.mark.parametrize("features", [LOGMEL, MFCCS], ids=["logmel", "mfcc"])
def test_gain_is_what_a_louder_waveform_sounds_like(features):
    waveform = torch.randn(8000) / 10
    window = features(waveform)[None]
    louder, _ = Gain(features, gain_db=3.0)(window, torch.ones(1, 1))
    decibels = (louder - window)[0, 0, 0]
    if features is MFCCS:
        decibels = decibels / MFCCS.cosines[:, 0].sum()
    assert abs(decibels) > 0.1
    torch.testing.assert_close(features(waveform * 10 ** (decibels / 20)), louder[0], atol=1e-3, rtol=0)


def test_the_equaliser_bends_a_window_by_one_smooth_curve():
    moved = change(Equaliser(LOGMEL, swell_db=2.0, swells=3), size=4000)
    curves = moved[:, 0]
    torch.testing.assert_close(moved, curves[:, None].expand_as(moved), atol=1e-5, rtol=0)
    position = (torch.arange(24) + 0.5) / 24
    cosines = torch.cos(torch.pi * torch.arange(24)[:, None] * position)
    heights = curves @ cosines.T / 12  # how much of each cosine is in a curve
    for k, std in enumerate(heights.std(dim=0)):
        expected = 2.0 / math.sqrt(k) if 1 <= k <= 3 else 0.0  # nothing rough, and no gain either
        assert float(std) == pytest.approx(expected, rel=0.1, abs=1e-5)


def test_the_equaliser_does_the_same_to_mfcc_as_to_the_bands_below_them():
    curves = []
    for features, n_features in ((LOGMEL, 24), (MFCCS, 10)):
        equalise = Equaliser(features, swell_db=2.0, swells=3)
        torch.manual_seed(1)
        curves.append(equalise(torch.zeros(8, 20, n_features), torch.ones(8, 1))[0])
    torch.testing.assert_close(curves[0] @ MFCCS.cosines, curves[1], atol=1e-4, rtol=0)


@pytest.mark.parametrize("features", [LOGMEL, MFCCS])
@pytest.mark.parametrize("name", AUGMENTS)
def test_nothing_on_the_device_is_float64_which_apple_s_gpus_do_not_know(name, features):
    assert not any(buffer.dtype == torch.float64 for buffer in make(name, features).buffers())


TOO_MUCH = {
    "equaliser.swells must be from 0 to 64": (Equaliser, {"swell_db": 1, "swells": 10**7}),
    "specaugment.time_masks": (SpecAugment, {"time_masks": 10**9}),
    "specaugment.feature_masks": (SpecAugment, {"feature_masks": -1}),
    "specaugment.time_fraction": (SpecAugment, {"time_fraction": 1e300}),
    "mixup.probability": (Mixup, {"alpha": 0.3, "probability": math.nan}),
}
MASKS = {"time_masks": 2, "time_fraction": 0.2, "feature_masks": 2, "feature_fraction": 0.15}


@pytest.mark.parametrize(("told", "asked"), TOO_MUCH.items())
def test_more_than_a_window_has_room_for_is_refused(told, asked):
    kind, settings = asked
    with pytest.raises(UserError, match=told):
        kind(LogMel(), **(MASKS if kind is SpecAugment else {}) | settings)
