import json
import signal

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from genre_lightning.data.windows import Batch, RegularWindows, WindowDataset
from genre_lightning.embed.embedder import SongEmbedder, embed_songs, predicting_trainer
from genre_lightning.models.cnn import CNN
from genre_lightning.models.mlp import MLP
from genre_lightning.runs.run import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec"),
]


@pytest.fixture
def trainer():
    return predicting_trainer(accelerator="cpu", devices=1)


@pytest.fixture
def predict(trainer):
    """Run batches through the Trainer, and return the embedder."""

    def run(embedder, batches):
        trainer.predict(embedder, DataLoader(batches, batch_size=None), return_predictions=False)
        return embedder

    return run


def windows(*songs):
    """A batch of random windows of these songs."""
    return Batch(torch.randn(len(songs), 20, 12), torch.ones(len(songs), 1), torch.tensor(songs))


@pytest.mark.parametrize("kind", [MLP, CNN])
def test_a_song_is_the_mean_of_its_windows_whichever_batch_they_were_in(build, predict, kind):
    model, batches = build(kind).eval(), [windows(0, 1, 1), windows(2, 0), windows(1)]
    embedder = predict(SongEmbedder(model, 3), batches)
    features, songs = torch.cat([batch.features for batch in batches]), torch.cat([batch.song for batch in batches])
    with torch.inference_mode():
        vectors, logits = model.embed(features), model(features)
    for song in range(3):
        assert torch.allclose(embedder.vectors[song], vectors[songs == song].mean(dim=0), atol=1e-5)
        assert torch.allclose(embedder.probabilities[song], logits[songs == song].mean(dim=0).softmax(0), atol=1e-5)
    assert embedder.vectors.dtype == embedder.probabilities.dtype == torch.float32


def test_windows_that_only_fill_a_batch_are_dropped(build, predict):
    model, batch = build(MLP), windows(0, -1, 1)
    with_padding = predict(SongEmbedder(model, 2), [batch])
    without = predict(SongEmbedder(model, 2), [Batch(*(part[[0, 2]] for part in batch))])
    assert torch.allclose(with_padding.vectors, without.vectors, atol=1e-6)
    assert torch.allclose(with_padding.probabilities.sum(dim=1), torch.ones(2))


def test_every_window_goes_through_the_encoder_once(build, predict):
    model, seen = build(MLP), []
    model.encoder.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    predict(SongEmbedder(model, 2), [windows(0, 1, 1), windows(0)])
    assert seen == [3, 1]


def test_the_network_is_in_evaluation_mode(build, predict):
    model = build(MLP, dropout=0.9)
    batch = windows(0)
    once, again = (predict(SongEmbedder(model.train(), 1), [batch]).vectors for _ in range(2))
    assert torch.equal(once, again)


@pytest.fixture(scope="module")
def finished(run):
    return Run(run)


def cached(run):
    """The run's songs as its cache knows them."""
    return [run.cache.find(track.path) for track in run.catalogue]


def test_a_song_is_the_mean_of_the_windows_that_validation_looks_at(finished, trainer):
    songs, loader = cached(finished)[:4], finished.config.loader
    means = embed_songs(finished, songs, trainer)
    n_frames = finished.spec.window_shape[0]
    assert min(song.n_frames for song in songs) < n_frames < max(song.n_frames for song in songs)
    for row, song in enumerate(songs):
        dataset = WindowDataset(finished.cache, np.array([song.number]), [0], n_frames, 1)
        (windows,) = RegularWindows(dataset, 1000, loader.overlap)
        with torch.inference_mode():
            features = dataset.__getitems__(windows).features.float()
            vector, logits = finished.model.embed(features), finished.model(features)
        assert np.allclose(means.vectors[row], vector.mean(dim=0), atol=1e-5)
        assert np.allclose(means.probabilities[row], logits.mean(dim=0).softmax(dim=0), atol=1e-6)


def test_windows_are_as_long_as_those_of_training_where_songs_are_short(short_clips, trainer):
    brief = Run(short_clips)
    figures = json.loads((short_clips / "metrics.json").read_text())
    means = embed_songs(brief, cached(brief), trainer)
    judged = zip(means.probabilities.argmax(axis=1), brief.catalogue, strict=True)
    right = [brief.spec.genres[genre] == track.genre for genre, track in judged if track.split == "test"]
    assert np.mean(right) == pytest.approx(figures["test"]["accuracy"])


def test_ctrl_c_is_ctrl_c_to_the_program(finished, trainer, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)

    def stop(*step):
        raise KeyboardInterrupt

    monkeypatch.setattr(SongEmbedder, "predict_step", stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            embed_songs(finished, cached(finished)[:2], trainer)
    finally:
        signal.signal(signal.SIGINT, handler)


def test_mixed_precision_gives_about_the_same(finished, trainer):
    songs = cached(finished)[:3]
    mixed = embed_songs(finished, songs, predicting_trainer(accelerator="cpu", devices=1, precision="bf16-mixed"))
    full = embed_songs(finished, songs, trainer)
    assert np.allclose(mixed.vectors, full.vectors, atol=0.1) and mixed.vectors.dtype == np.float32
