import pytest
import torch
from torchaudio.compliance.kaldi import get_mel_banks

from genre_lightning.features.encoders.efficientat import EfficientAT, KaldiMel, onto_steps
from genre_lightning.pretrained.efficientat_weights import load_efficientat

pytestmark = pytest.mark.usefixtures("encoder_weights")


def noise(samples):
    return torch.randn(samples, generator=torch.Generator().manual_seed(0)) / 10


def as_upstream(waveform):
    """The front end as its authors describe it, with PyTorch's own STFT: `(samples,)` -> `(128, frames)`."""
    emphasised, window = waveform[1:] - 0.97 * waveform[:-1], torch.hann_window(800, periodic=False)
    spectrum = torch.stft(emphasised, 1024, 320, 800, window, center=True, pad_mode="reflect", return_complex=True)
    banks, _ = get_mel_banks(128, 1024, 32000.0, 0.0, 15000.0, 100.0, -500.0, 1.0)
    mel = torch.nn.functional.pad(banks, (0, 1)) @ spectrum.abs() ** 2
    return ((mel + 1e-5).log() + 4.5) / 5


@pytest.mark.parametrize("samples", [10240, 32000, 100_000])
def test_the_front_end_is_that_of_the_authors(samples):
    torch.testing.assert_close(KaldiMel()(noise(samples)), as_upstream(noise(samples)).T, atol=1e-4, rtol=0)
    silence = torch.zeros(samples)
    torch.testing.assert_close(KaldiMel()(silence), as_upstream(silence).T, atol=1e-4, rtol=0)


def test_ten_seconds_are_what_the_network_makes_of_them_averaged_over_frequency():
    waveform = noise(320_000)
    maps = load_efficientat().features(as_upstream(waveform)[None, None])
    vectors = maps.mean(dim=2)[0].T
    assert vectors.shape == (32, 384)
    torch.testing.assert_close(EfficientAT()(waveform, 32), vectors, atol=1e-4, rtol=0)
    torch.testing.assert_close(EfficientAT()(waveform, 10).mean(dim=0), vectors.mean(dim=0), atol=1e-4, rtol=0)


def test_a_longer_song_is_heard_in_equal_chunks():
    waveform = noise(480_000)  # 1500 frames
    bands, features = as_upstream(waveform)[None, None], load_efficientat().features
    chunks = [features(part).mean(dim=2)[0].T for part in bands.split(750, dim=3)]
    torch.testing.assert_close(EfficientAT()(waveform, 48), torch.cat(chunks), atol=1e-4, rtol=0)


@pytest.mark.parametrize("samples", [1, 100, 5000])
def test_a_clip_shorter_than_a_vector_is_repeated(samples):
    again = noise(samples)[torch.arange(10240) % samples]
    torch.testing.assert_close(EfficientAT()(noise(samples), 1), EfficientAT()(again, 1))


@pytest.mark.parametrize("steps", [1, 3, 7, 20])
def test_the_mean_of_the_steps_is_that_of_the_song(steps):
    vectors = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    found = onto_steps(vectors, steps)
    assert found.shape == (steps, 4)
    torch.testing.assert_close(found.mean(dim=0), vectors.mean(dim=0))
    if steps == 7:
        torch.testing.assert_close(found, vectors)


def test_a_vector_counts_in_a_step_as_far_as_it_lies_in_it():
    found = onto_steps(torch.tensor([[0.0], [3.0], [6.0]]), 2)
    torch.testing.assert_close(found, torch.tensor([[1.0], [5.0]]))


def test_its_tags_are_the_classes_of_the_whole_network():
    encoder, waveform = EfficientAT(), torch.randn(32000 * 5, generator=torch.Generator().manual_seed(0)) / 10
    expected = load_efficientat()(encoder.mel(waveform).T[None, None])[0].sigmoid()
    tags = encoder.tags(encoder(waveform, 5))
    assert [*tags][:2] == ["Sound 0", "Sound 1"] and len(tags) == 527
    assert [*tags.values()] == pytest.approx(expected.tolist(), abs=1e-4)
