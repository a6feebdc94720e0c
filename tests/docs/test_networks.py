import numpy as np
import pytest

from docs.figures import networks
from docs.figures.neighbours import REPRESENTATIONS
from docs.figures.stored import NETWORKS, STORED

FEW = ["data.artists_per_genre=6", "data.songs_per_artist=2", "data.song_seconds=3", "trainer.max_epochs=1"]
FEW += ["trainer=cpu", "loader.windows_per_song=8", "loader.batch_size=8", "learning.optimizer.lr=0.01", "logger=[]"]


@pytest.mark.slow
def test_the_command_stores_all_that_the_pictures_need(tmp_path, monkeypatch):
    sweeps = {name: [*typed, *FEW] for name, typed in networks.SWEEPS.items()}
    monkeypatch.setattr(networks, "SWEEPS", sweeps)
    monkeypatch.setattr(networks, "SPLIT_SEEDS", (0, 1))
    monkeypatch.setattr(networks, "STORED", path := tmp_path / "networks.npz")
    networks.main(tmp_path)
    made, kept = np.load(path), np.load(STORED)
    assert set(made.files) == set(kept.files)
    assert made["neighbours"].shape[:2] == (len(REPRESENTATIONS), 2) and made["accuracy"].shape == (len(NETWORKS), 2, 3)
    for name in made.files:
        assert made[name].dtype.kind == kept[name].dtype.kind and made[name].ndim == kept[name].ndim, name
        assert made[name].dtype.kind != "f" or np.isfinite(made[name]).all(), name
