import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader

from genre_lightning.data.windows import Batch
from genre_lightning.embed.embedder import SongEmbedder
from genre_lightning.models.cnn import CNN
from genre_lightning.models.mlp import MLP

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec"),
]


@pytest.fixture
def predict():
    """Run batches through the Trainer, and return the embedder."""

    def run(embedder, batches):
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = Trainer(accelerator="cpu", devices=1, **quiet)
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
        vectors, probabilities = model.embed(features), model(features).softmax(dim=1)
    for song in range(3):
        assert torch.allclose(embedder.vectors[song], vectors[songs == song].mean(dim=0), atol=1e-5)
        assert torch.allclose(embedder.probabilities[song], probabilities[songs == song].mean(dim=0), atol=1e-5)
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
