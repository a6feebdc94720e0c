"""What embed.py spends its time on where the features are cached: the network and the projection, or the rest."""

import logging
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from serving import serve

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, read_manifest, write_manifest
from genre_lightning.data.extraction import Extracted, song_key
from genre_lightning.data.shards import write_shard
from genre_lightning.embed.embed import embed
from genre_lightning.embed.embedder import SongEmbedder
from genre_lightning.embed.projection import UMAP
from genre_lightning.features.mel import LogMel
from genre_lightning.runs.run import CONFIG, MODEL
from genre_lightning.train.train import build_model

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = str(Path(__file__).parents[2] / "conf")
SONGS, FRAMES = 200, 1292  # of 30 seconds


def write_songs(root: Path):
    """A manifest of songs whose files are empty, and whose features, at random, are in a cache."""
    rng, tracks, songs = np.random.default_rng(0), [], []
    for number in range(SONGS):
        path, split = root / f"{number}.mp3", ("train", "train", "val", "test")[number // 2 % 4]
        path.touch()
        tracks.append(Track(path, ("jazz", "rock")[number % 2], split=split))
        frames, stats = rng.random((FRAMES, 64)).astype(np.float16), np.zeros((2, 64), np.float32)
        songs.append(Extracted(path, song_key(path), frames, stats, 30.0, f"{number:064x}", np.zeros(0, np.uint32)))
    folder = FeatureCache(root / "cache", LogMel()).folder
    folder.mkdir(parents=True)
    write_shard(folder, "0" * 32, songs)
    write_manifest(Catalogue(tracks), root / MANIFEST)


@pytest.fixture
def run(tmp_path):
    """An untrained run of the CNN."""
    write_songs(tmp_path)
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose(
            "train", ["data=folder", f"data.root={tmp_path}", f"cache.root={tmp_path / 'cache'}", "trainer=cpu"]
        )
    folder = tmp_path / "run"
    for file in (CONFIG, MODEL):
        (folder / file).parent.mkdir(parents=True)
    write_manifest(read_manifest(tmp_path / MANIFEST), folder / MANIFEST)
    OmegaConf.save(cfg, folder / CONFIG)
    data = serve(cfg)
    model = build_model(cfg, data)
    checkpoint = {"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams)}
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint | {"GenreDataModule": data.state_dict()}, folder / MODEL)
    return folder


@pytest.fixture
def spent(monkeypatch):
    """The seconds that the network and the projection take."""
    spent = {}

    def watch(kind, name):
        work = getattr(kind, name)

        def watched(*arguments):
            begin = time.perf_counter()
            result = work(*arguments)
            spent[name] = spent.get(name, 0) + time.perf_counter() - begin
            return result

        monkeypatch.setattr(kind, name, watched)

    watch(SongEmbedder, "predict_step")
    watch(UMAP, "fit")
    return spent


def test_embedding_cached_songs_is_spent_in_the_network_and_the_projection(run, spent, capsys):
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    UMAP().fit(np.random.default_rng(0).random((50, 8), np.float32))  # compiled now, or it would make up for anything
    spent.clear()
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("embed", [f"run={run}", "trainer=cpu"])
    begin = time.perf_counter()
    embed(cfg)
    took = time.perf_counter() - begin
    fraction = sum(spent.values()) / took
    with capsys.disabled():
        parts = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in spent.items())
        print(f"\n{SONGS} cached songs of 30 s: {took:.2f} s, {100 * fraction:.0f} % of it in {parts}")
    assert fraction >= 0.8
