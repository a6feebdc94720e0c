from types import SimpleNamespace

import torch

from genre_lightning.data.loading import WholeSongs


def trainer(training=True, rank=0, world_size=1):
    """As much of a Trainer as the data module looks at."""
    device = SimpleNamespace(root_device=torch.device("cpu"))
    return SimpleNamespace(training=training, global_rank=rank, world_size=world_size, strategy=device)


def test_whole_songs_are_served_once_and_shared_out_among_devices(selected):
    cache, seen = selected[1], []
    songs = [cache.find(track.path) for track in selected[0].catalogue][:5]
    for rank in range(2):
        data = WholeSongs(cache, songs, n_frames=16, batch_size=4, overlap=0.5)
        data.trainer = trainer(training=False, rank=rank, world_size=2)
        batches = list(data.predict_dataloader())
        seen += [song for batch in batches for song in batch.song.tolist()]
        assert data.on_after_batch_transfer(batches[0], 0).features.dtype == torch.float32
    alone = WholeSongs(cache, songs, n_frames=16, batch_size=4, overlap=0.5)
    windows = [song for batch in alone.predict_dataloader() for song in batch.song.tolist()]
    assert sorted(song for song in seen if song >= 0) == windows and set(windows) == set(range(5))
