import librosa
import numpy as np
import pytest
import torch

from genre_lightning.features.musicnn import MusicnnEmbedding, MusicnnMel
from genre_lightning.pretrained.weights import load_musicnn


def test_musicnn_reads_compressed_slaney_bands():
    waveform = np.random.default_rng(0).standard_normal(48000).astype(np.float32) / 10
    bands = librosa.feature.melspectrogram(
        y=waveform, sr=16000, n_fft=512, hop_length=256, n_mels=96, pad_mode="constant"
    )
    features = MusicnnMel()
    assert features.n_features == 96 and features.frames_in(2.992) == 187
    np.testing.assert_allclose(features(torch.from_numpy(waveform)), np.log10(10000 * bands + 1).T, atol=1e-4)


@pytest.mark.parametrize(("n_frames", "windows"), [(187, 1), (188, 2), (280, 2), (281, 3), (187 + 10 * 93, 11)])
def test_the_frozen_encoder_s_windows_cover_a_song_and_overlap_by_half(musicnn_weights, n_frames, windows):
    waveform = torch.randn((n_frames - 1) * 256, generator=torch.Generator().manual_seed(0)) / 10
    frames = MusicnnEmbedding()(waveform)
    assert frames.shape == (windows, 1506)
    convolutions, bands = load_musicnn().convolutions, MusicnnMel()(waveform)
    assert len(bands) == n_frames
    torch.testing.assert_close(frames[0], convolutions(bands[None, :187])[0])
    torch.testing.assert_close(frames[-1], convolutions(bands[None, -187:])[0])
    if windows > 2:
        torch.testing.assert_close(frames[1], convolutions(bands[None, 93:280])[0])


def test_a_clip_shorter_than_a_window_comes_again_until_it_is_full(musicnn_weights):
    waveform = torch.randn(99 * 256, generator=torch.Generator().manual_seed(0)) / 10
    bands = MusicnnMel()(waveform)
    assert len(bands) == 187 and torch.equal(bands[100:], bands[:87])
    torch.testing.assert_close(MusicnnEmbedding()(waveform), load_musicnn().convolutions(bands[None]))


def test_a_window_of_the_frozen_encoder_counts_as_a_frame_and_shares_half_of_its_sound_with_the_next_one():
    features = MusicnnEmbedding()
    assert [features.frames_in(seconds) for seconds in (0.5, 2.992, 4.48, 30)] == [1, 1, 2, 19]
    assert features.seconds_of(1) == pytest.approx(2.992) and features.seconds_of(3) == pytest.approx(2.992 + 2 * 1.488)
    assert 1 / features.frames_per_second == pytest.approx(1.488)
    assert MusicnnMel().seconds_of(187) == pytest.approx(2.992)


def test_silence_stays_silent_for_musicnn_however_loud_it_is_played():
    features = MusicnnMel()
    silence = torch.zeros(1, 5, 96)
    assert torch.equal(features.amplified(silence, torch.full((1, 96), 20.0)), silence)
