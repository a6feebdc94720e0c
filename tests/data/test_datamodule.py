from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from genre_lightning.data.augment import Gain, Mixup
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.spec import read_spec
from genre_lightning.data.splits import shared_artists, split_catalogue
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.features.mel import LogMel


@pytest.fixture
def make(selected, features):
    """A data module over the library with small windows, ready to serve."""
    selection, cache = selected

    def made(*augments, catalogue=selection.catalogue, **settings):
        published = partial(split_catalogue, method="published")
        data = GenreDataModule(
            lambda: catalogue, features, split=published, cache=lambda features: cache,
            augment={str(number): augment for number, augment in enumerate(augments)},
            **{"window_seconds": 0.5, "batch_size": 6} | settings,
        )  # fmt: skip
        data.prepare_data()
        data.setup()
        return data

    return made


def all_frames(data, *splits):
    tracks = [track for split in splits for track in data.selection.catalogue.of_split(split)]
    return np.concatenate([data.cache.frames(data.cache.find(track.path)) for track in tracks]).astype(np.float64)


def trainer(training=True, rank=0, world_size=1):
    """As much of a Trainer as the data module looks at."""
    device = SimpleNamespace(root_device=torch.device("cpu"))
    return SimpleNamespace(training=training, global_rank=rank, world_size=world_size, strategy=device)


def test_training_batches_have_the_documented_shapes(make):
    data = make(windows_per_song=2)
    batches = list(data.train_dataloader())
    assert len(batches) == 6  # 18 training songs, 2 windows of each, 6 a batch
    for batch in batches:
        assert batch.features.shape == (6, *data.window_shape) and batch.features.dtype == torch.float16
        assert batch.target.shape == (6, 3) and batch.target.dtype == torch.float32
        assert batch.song.shape == (6,) and batch.song.dtype == torch.int64


def test_all_windows_of_training_songs_are_those_that_validation_would_have(make):
    data = make(lambda features: Gain(features, gain_db=20.0), windows_per_song="all")
    data.trainer = trainer()
    first, second, regular = (
        list(loader()) for loader in 2 * [data.train_dataloader] + [lambda: data.whole_songs("train")]
    )
    for batch, again, expected in zip(first, second, regular, strict=True):
        assert torch.equal(batch.features, again.features) and torch.equal(batch.song, expected.song)
        assert torch.equal(data.on_after_batch_transfer(batch, 0).features, expected.features.float())  # not augmented
    assert set(torch.cat([batch.song for batch in first]).tolist()) == set(range(18))


def test_songs_that_share_an_artist_are_one_group(make, selected):
    tracks = [replace(track, artist=f"artist {number // 4}") for number, track in enumerate(selected[0].catalogue)]
    data = make(catalogue=Catalogue(tracks))
    for splits in (["train"], ["train", "val"]):
        data.learn_from(*splits)
        artists = [track.artist for split in splits for track in data.selection.catalogue.of_split(split)]
        pairs = set(zip(data.artist_groups(*data.learnt_from), artists, strict=True))
        assert len(pairs) == len(set(data.artist_groups(*data.learnt_from))) == len(set(artists)) < len(artists)


def test_a_window_is_as_long_as_asked_for_but_no_longer_than_the_longest_training_song(make, selected):
    assert [make(window_seconds=seconds).window_shape for seconds in (0.5, 0.128)] == [(16, 24), (4, 24)]
    selection, cache = selected
    longest = max(cache.find(track.path).n_frames for track in selection.catalogue.of_split("train"))
    assert make(window_seconds=600).window_shape == (longest, 24)


def test_each_split_serves_its_own_songs_with_their_genres(make):
    data = make()
    for split, count in (("train", 18), ("val", 6), ("test", 6)):
        dataset = data.datasets[split]
        tracks = list(data.selection.catalogue.of_split(split))
        assert (
            dataset.songs.tolist() == [data.cache.find(track.path).number for track in tracks] and len(dataset) == count
        )
        assert [data.genres[genre] for genre in dataset.genres] == [track.genre for track in tracks]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_batches_of_whole_songs_have_every_song(make, split):
    data = make()
    songs = torch.cat([batch.song for batch in data.whole_songs(split)])
    assert songs.unique().tolist() == list(range(len(data.datasets[split])))
    if split == "val":
        pairs = zip(data.val_dataloader(), data.whole_songs(split), strict=True)
        assert all(torch.equal(one.features, other.features) for one, other in pairs)


def test_statistics_are_those_of_all_training_frames_and_no_others(make):
    data = make()
    mean, std, _ = data.statistics()
    frames = all_frames(data, "train")
    np.testing.assert_allclose(mean, frames.mean(0), atol=0.01)
    np.testing.assert_allclose(std, frames.std(0), atol=0.01)
    assert np.abs(mean.numpy() - all_frames(data, "train", "val", "test").mean(0)).max() > 0.1
    assert mean.dtype == std.dtype == torch.float32


def test_a_feature_that_never_moves_is_not_blown_up(make, monkeypatch):
    data = make()
    stats = np.ones((2, 24), np.float32)
    stats[1, 5] = 0
    monkeypatch.setattr(data.cache, "stats_of", lambda numbers: np.tile(stats, (len(numbers), 1, 1)))
    std = data.statistics().std
    assert std[5] >= 1e-4 and std[6] == pytest.approx(1)


def test_class_weights_make_genres_weigh_the_same(make, selected):
    tracks = list(selected[0].catalogue)
    clicks = [track for track in tracks if track.genre == "clicks" and track.split == "train"]
    data = make(catalogue=Catalogue([track for track in tracks if track not in clicks[2:]]))
    counts, weights = np.array([2, 6, 6]), data.statistics().class_weights.numpy()
    np.testing.assert_allclose(counts * weights, (counts * weights).mean())
    assert (counts * weights).sum() == pytest.approx(counts.sum())


def test_the_same_seed_gives_the_same_batches(make):
    first, again, other = (
        torch.cat([batch.song for batch in make(seed=seed).train_dataloader()]) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("training", [True, False])
def test_augmentations_are_applied_in_training_only(make, training):
    torch.manual_seed(0)  # another order may leave every target as it is
    data = make(partial(Gain, gain_db=3.0), partial(Mixup, alpha=1.0, probability=1.0))
    data.trainer = trainer(training)
    (batch, *_) = data.train_dataloader()
    before = batch.features.clone(), batch.target.clone()
    ready = data.on_after_batch_transfer(batch, 0)
    assert torch.equal(ready.features, before[0].float()) is not training
    assert torch.equal(ready.target, before[1]) is not training
    assert torch.equal(batch.features, before[0]) and torch.equal(ready.song, batch.song)


def test_devices_share_the_songs_out(make):
    parts = []
    for rank in range(2):
        data = make(windows_per_song=1, batch_size=3)
        data.trainer = trainer(rank=rank, world_size=2)
        parts.append(torch.cat([batch.song for batch in data.train_dataloader()]))
    assert sorted(torch.cat(parts).tolist()) == list(range(18)) and len(parts[0]) == len(parts[1])


def test_songs_are_read_once_and_by_one_process(library, features, tmp_path, monkeypatch):
    def data():
        return GenreDataModule(library, features, cache=partial(FeatureCache, tmp_path))

    first = data()
    first.prepare_data()
    monkeypatch.setattr(FeatureCache, "build", lambda *_: pytest.fail("songs were read again"))
    first.prepare_data()
    for module in (first, data()):  # the other stands for another process
        module.setup()
        datasets = module.datasets
        module.setup("test")
        assert module.datasets is datasets and module.genres == ["clicks", "noise", "tones"]


class Foreign(LightningModule):
    """A network that knows nothing of this project."""

    def __init__(self, n_features, n_frames, n_genres):
        super().__init__()
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(n_features * n_frames, n_genres))

    def training_step(self, batch, batch_idx):
        features, target, _song = batch
        return nn.functional.cross_entropy(self.network(features), target)

    def validation_step(self, batch, batch_idx):
        features, target, _song = batch
        self.log("val_loss", nn.functional.cross_entropy(self.network(features), target), batch_size=len(features))

    test_step = validation_step

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


def test_any_network_can_be_trained_with_it(library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = GenreDataModule(library)
    data.prepare_data()
    data.setup()
    model = Foreign(data.n_features, data.n_frames, len(data.genres))
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", default_root_dir=tmp_path, logger=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    with without_harmless_warnings():
        trainer.fit(model, data)
        trainer.test(model, data, verbose=False)
    assert trainer.global_step == 50 and "val_loss" in trainer.callback_metrics  # 1600 windows, 32 a batch
    checkpoint = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)
    assert read_spec(checkpoint["GenreDataModule"]).genres == ["clicks", "noise", "tones"]


def test_training_does_not_go_on_with_other_features(make, features):
    data = make()
    data.load_state_dict(data.state_dict())
    with pytest.raises(UserError, match="ckpt_path: that checkpoint was written for other features, windows or genres"):
        data.load_state_dict(make(overlap=0.25).state_dict())


def test_what_is_learnt_from_decides_on_training_songs_and_statistics(make):
    data = make()
    assert len(data.datasets["learnt_from"]) == 18 and data.state_dict()["learnt_from"] == ["train"]
    data.learn_from("train", "val")
    assert {song for batch in data.train_dataloader() for song in batch.song.tolist()} == set(range(24))
    assert data.state_dict()["learnt_from"] == ["train", "val"]
    frames = all_frames(data, "train", "val")
    torch.testing.assert_close(data.statistics().mean, torch.from_numpy(frames.mean(axis=0)).float(), atol=0.01, rtol=0)
    assert [batch.song.tolist() for batch in data.val_dataloader()] == [[-1]]  # nothing but padding
    assert data.datasets["learnt_from"].genres.tolist() == [
        *data.datasets["train"].genres.tolist(), *data.datasets["val"].genres.tolist()
    ]  # fmt: skip
    with pytest.raises(UserError, match="ckpt_path: that checkpoint was written"):
        data.load_state_dict({**data.state_dict(), "learnt_from": ["train"]})


def test_validation_judges_as_many_training_songs_of_all_genres_once_it_is_to_watch_training(make):
    data = make()
    assert isinstance(data.val_dataloader(), DataLoader)  # the only one that other networks know of
    data.watch("val")
    val, train = data.val_dataloader()
    assert [batch.song.tolist() for batch in val] == [batch.song.tolist() for batch in data.whole_songs("val")]
    watched, learnt = data.datasets["train_songs"], data.datasets["train"]
    assert len(watched) == len(data.datasets["val"]) == 6 and set(watched.songs) <= set(learnt.songs)
    assert watched.genres.bincount().tolist() == [2, 2, 2] and data.val_splits == ("val", "train_songs")
    assert torch.cat([batch.song for batch in train]).unique().tolist() == [*range(6)]
    data.learn_from("train", "val")
    assert [batch.song.tolist() for batch in data.val_dataloader()] == [[-1]]


@pytest.mark.parametrize(("windows", "songs"), [(None, 6), (1, 3), ("all", 2)])
def test_the_training_songs_that_are_watched_cost_less_than_a_tenth_of_an_epoch(make, windows, songs):
    data = make(windows_per_song=windows)
    data.watch("val")
    watched = data.datasets["train_songs"]
    counts = {split: sum(len(batch.song) for batch in data.whole_songs(split)) for split in ("train", "val")}
    learning = {None: 3 * 1600, 1: 3 * 18, "all": counts["train"]}[windows]  # in windows that are judged
    judged = sum(len(batch.song) for batch in data.whole_songs("train_songs"))
    assert len(watched) == songs and judged <= 1.2 * (learning + counts["val"]) / 10


def test_a_sample_of_songs_is_of_each_genre_in_proportion_and_always_the_same(make):
    train = make().datasets["train"]
    for n_songs in (1, 3, 9, 18):
        sample = train.sample(n_songs)
        assert len(sample) == n_songs == len(set(sample.songs)) and np.array_equal(
            sample.songs, train.sample(n_songs).songs
        )
        assert max(sample.genres.bincount()) == -(-n_songs // 3)
    genre = dict(zip(train.songs, train.genres.tolist(), strict=True))
    assert [genre[song] for song in sample.songs] == sample.genres.tolist()
    assert torch.equal(sample.__getitems__([(2, 0)]).target, torch.eye(3)[sample.genres[2:3]])


def listed(root, cache):
    return GenreDataModule(root, LogMel(sample_rate=8000, n_fft=512, n_mels=16), cache=partial(FeatureCache, cache))


def test_tags_tell_the_artists_before_songs_are_split(tmp_path, write_song):
    root, artists = tmp_path / "songs", [f"{genre} artist {n}" for genre in ("noise", "tones") for n in range(4)]
    for number, artist in enumerate(artists * 3):
        genre = artist.split()[0]
        write_song(root / genre / f"{number}.flac", genre, number, seconds=0.2, artist=artist)
    data = listed(root, tmp_path / "cache")
    data.prepare_data()
    data.setup()
    assert {track.artist for track in data.selection.catalogue} == set(artists)
    assert shared_artists(data.selection.catalogue) == []


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["a.wav,rock", "b.wav,rock"], "at least two genres"),
        (["a.wav,rock", "b.wav,jazz"], "no usable song of"),
        (["a.wav,rock", "gone1.wav,rock", "gone2.wav,jazz", "gone3.wav,jazz", "gone4.wav,jazz"],
         r"of 5 songs that are listed 4 are not there: gone1.wav, gone2.wav, gone3.wav, ... \(looked for in .*songs\)"),
        (["a.wav,rock", "b.wav,jazz", "gone.wav,jazz"], r"of 3 songs that are listed 1 are not there: gone\.wav"),
    ],
)  # fmt: skip
def test_what_names_alone_show_is_refused_before_a_song_is_read(tmp_path, write_song, monkeypatch, rows, told):
    for name in ("a", "b"):
        write_song(tmp_path / "songs" / f"{name}.wav", seconds=0.2)
    (tmp_path / "songs" / "manifest.csv").write_text("\n".join(["path,genre", *rows]), encoding="utf-8")
    monkeypatch.setattr(FeatureCache, "build", lambda *_: pytest.fail("a song was read"))
    with pytest.raises(UserError, match=told):
        listed(tmp_path / "songs", tmp_path / "cache").prepare_data()
