import numpy as np
import pytest
import torch

from genre_lightning.features.encoders import musicnn
from genre_lightning.features.encoders.musicnn import Musicnn
from genre_lightning.pretrained.musicnn_weights import load_musicnn

pytestmark = pytest.mark.usefixtures("encoder_weights")


def noise(n_frames):
    return torch.randn((n_frames - 1) * 256, generator=torch.Generator().manual_seed(0)) / 10


def test_musicnn_reads_compressed_slaney_bands(librosa):
    waveform = noise(188).numpy()
    bands = librosa.feature.melspectrogram(
        y=waveform, sr=16000, n_fft=512, hop_length=256, n_mels=96, pad_mode="constant"
    )
    np.testing.assert_allclose(Musicnn().bands(torch.from_numpy(waveform)), np.log10(10000 * bands + 1).T, atol=1e-4)


@pytest.mark.parametrize("blocks", [(512, 64), (64, 64), (100, 3)])
def test_a_song_in_blocks_is_what_it_is_in_one_piece(blocks, monkeypatch):
    monkeypatch.setattr(musicnn, "FRAMES_A_BLOCK", blocks[0])
    monkeypatch.setattr(musicnn, "STEPS_AT_ONCE", blocks[1])
    encoder, waveform, network = Musicnn(), noise(700), load_musicnn()
    found, whole = encoder(waveform, 11), network.convolutions[:-1](encoder.bands(waveform)[None])
    starts = np.linspace(0, 700 - 187, 11).round().astype(int)
    expected = torch.cat([network.convolutions[-1](whole[:, :, start : start + 187]) for start in starts])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_song_as_long_as_a_window_is_what_the_network_makes_of_it():
    waveform = noise(187)
    expected = load_musicnn().convolutions(Musicnn().bands(waveform)[None])
    torch.testing.assert_close(Musicnn()(waveform, 1), expected)
    torch.testing.assert_close(Musicnn()(waveform, 3), expected.expand(3, -1))  # there is no room for others


def test_a_clip_shorter_than_a_window_comes_again_until_it_is_full():
    encoder, waveform = Musicnn(), noise(100)
    bands = encoder.bands(waveform)
    expected = load_musicnn().convolutions(torch.cat([bands, bands[:87]])[None])
    torch.testing.assert_close(encoder(waveform, 1), expected)


def test_a_sound_is_heard_by_the_steps_around_it_only():
    quiet = noise(1000)
    loud = quiet.clone()
    loud[500 * 256 : 520 * 256] *= 30
    changed = (Musicnn()(loud, 16) != Musicnn()(quiet, 16)).any(dim=1)
    starts = np.linspace(0, 1000 - 187, 16)
    expected = (starts < 520 + musicnn.CONTEXT) & (starts + 187 > 500 - musicnn.CONTEXT)
    assert changed.any() and not (changed.numpy() & ~expected).any()


@pytest.mark.slow
def test_an_hour_needs_no_more_memory_at_once_than_a_few_minutes(monkeypatch):
    seen = []
    convolved = musicnn.convolved
    monkeypatch.setattr(musicnn, "STEPS_AT_ONCE", 4)
    monkeypatch.setattr(musicnn, "convolved", lambda *what: seen.append(len(what[1])) or convolved(*what))
    Musicnn()(noise(2000), 32)
    assert len(seen) == 8 and max(seen) < 187 + 3 * 59 + 2 * musicnn.CONTEXT + 10


def test_its_tags_are_those_of_the_whole_network_averaged_over_the_steps():
    encoder, waveform, network = Musicnn(), noise(187), load_musicnn()
    expected = network(encoder.bands(waveform)[None])[0].sigmoid()
    tags = encoder.tags(encoder(waveform, 1))
    assert len(tags) == 50 and {"rock", "jazz", "Hip-Hop"} <= set(tags)
    assert [*tags.values()] == pytest.approx(expected.tolist(), abs=1e-5)
    vectors = encoder(noise(700), 4)
    means = [sum(encoder.tags(step)[tag] for step in vectors.split(1)) / 4 for tag in tags]
    assert [*encoder.tags(vectors).values()] == pytest.approx(means, abs=1e-6)
