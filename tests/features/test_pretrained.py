import pytest
import soxr
import torch

from genre_lightning.features.encoders.efficientat import EfficientAT
from genre_lightning.features.encoders.musicnn import Musicnn
from genre_lightning.features.pretrained import Pretrained

pytestmark = pytest.mark.usefixtures("encoder_weights")


def noise(samples):
    return torch.randn(samples, generator=torch.Generator().manual_seed(0)) / 10


@pytest.mark.parametrize(
    ("encoders", "sample_rate", "n_features"),
    [(["efficientat"], 32000, 384), (["musicnn"], 16000, 1506), (["musicnn", "efficientat"], 32000, 1890)],
)
def test_a_song_is_read_at_the_highest_rate_that_an_encoder_wants(encoders, sample_rate, n_features):
    features = Pretrained(encoders)
    assert (features.sample_rate, features.n_features) == (sample_rate, n_features)
    assert features(noise(4 * sample_rate)).shape == (4, n_features)


def test_vectors_of_several_encoders_lie_side_by_side_each_of_the_song_at_its_own_rate():
    song = noise(5 * 32000)
    both, other_way = Pretrained(["efficientat", "musicnn"])(song), Pretrained(["musicnn", "efficientat"])(song)
    torch.testing.assert_close(both[:, :384], EfficientAT()(song, 5))
    slower = torch.from_numpy(soxr.resample(song.numpy(), 32000, 16000, "HQ"))
    torch.testing.assert_close(both[:, 384:], Musicnn()(slower, 5))
    torch.testing.assert_close(other_way, both.roll(1506, dims=1))


@pytest.mark.parametrize(("seconds", "steps"), [(0.1, 1), (1.4, 1), (1.6, 2), (6.0, 6)])
def test_there_is_a_frame_for_every_step(seconds, steps):
    assert len(Pretrained(["efficientat"])(noise(round(32000 * seconds)))) == steps
    assert len(Pretrained(["efficientat"], step_seconds=0.5)(noise(round(16000 * seconds)))) == steps


@pytest.mark.parametrize("encoders", [[], ["vggish"], ["musicnn", "musicnn"]])
def test_encoders_that_do_not_exist_or_come_twice_are_refused(encoders):
    with pytest.raises(
        ValueError, match="encoders are some of efficientat, musicnn, OWNER/NAME of a hub, and folders, each once"
    ):
        Pretrained(encoders)


def test_a_run_cannot_have_a_hub_asked_for_any_number_of_networks():
    with pytest.raises(ValueError, match="there are 17 encoders, and 16 are the most"):
        Pretrained([f"a/b{number}" for number in range(17)])


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_step_has_a_length(seconds):
    with pytest.raises(ValueError, match=r"step_seconds must be at least 0\.01"):
        Pretrained(["musicnn"], step_seconds=seconds)


def test_each_encoder_is_a_band_of_its_own_numbers():
    parts = Pretrained(["efficientat", "musicnn"]).parts()
    assert [(band, type(encoder)) for band, encoder in parts] == [
        (("efficientat", 0, 384), EfficientAT),
        (("musicnn", 384, 1890), Musicnn),
    ]
