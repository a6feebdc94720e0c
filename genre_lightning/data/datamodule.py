"""GenreDataModule: from songs to batches of windows on the device."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import DataLoader

from genre_lightning.data.augment import Augment
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import Catalogue, linked
from genre_lightning.data.loading import WindowModule
from genre_lightning.data.recordings import Recordings
from genre_lightning.data.selection import Selection, check_listed, known_songs, report_selection, select_songs
from genre_lightning.data.sources.folder import folder
from genre_lightning.data.spec import Spec
from genre_lightning.data.splits import split_catalogue
from genre_lightning.data.stored import Numbers
from genre_lightning.data.tags import with_tags
from genre_lightning.data.windows import PADDING, Batch, RandomWindows, RegularWindows, Statistics, WindowDataset
from genre_lightning.errors import UserError
from genre_lightning.features.base import Features
from genre_lightning.features.mel import LogMel

CACHE = partial(FeatureCache, "cache")  # relative to the working directory
LEARNT_FROM = "learnt_from"  # the songs that a model is trained on: those of train, or of train and val
TRAIN_SONGS = "train_songs"  # a sample of those of train, judged whole as those of val are
LEAST_WINDOWS = 1600  # in an epoch: a network learns from few songs too, if it sees enough of each


class GenreDataModule(WindowModule):
    """Windows of songs, for any LightningModule.

    In a notebook, with a network of your own whose steps take `features, target, song = batch`:

        data = GenreDataModule("songs")  # songs/<genre>/<file>
        data.prepare_data()  # read the songs, cache their features
        data.setup()  # choose the split
        model = MyNetwork(data.n_features, data.n_frames, len(data.genres))
        trainer = Trainer(max_epochs=10)
        trainer.fit(model, data)

    Batches are `Batch`es: features `(batch, n_frames, n_features)`, float32 on the device; target `(batch, n_genres)`,
    the probability of each genre; song `(batch,)`, its index in the split. Training windows are random, those of
    validation and test cover every song from beginning to end.

    Args:
        source: Lists the songs, such as `partial(folder, "songs")`; or the path of a folder of songs.
        features: What the songs are turned into; LogMel by default.
        split: Gives every song of a catalogue its split.
        cache: Makes the cache from the features; a folder named cache by default.
        augment: By name, what makes an augmentation from the features.
        window_seconds: The length of a window; that of the longest training song if it is shorter.
        batch_size: Windows in a batch.
        windows_per_song: Windows of each training song in an epoch; None: LEAST_WINDOWS or more in all; "all": the ones
            that validation would have, not augmented.
        overlap: The part that neighbouring windows share in validation and test.
        balanced: Draw as many training windows of every genre.
        num_workers: Processes that load batches beside the main one.
        seed: The same seed gives the same training batches.

    After `setup`, `genres`, `n_frames`, `n_features` and `selection` (the songs, and those left out) are known, and
    `datasets` holds the windows of each split, and of what is learnt from: train until `learn_from` says otherwise.
    """

    genres: list[str]
    n_frames: int
    selection: Selection

    val_splits: Sequence[str] = ("val",)  # what val_dataloader serves
    test_splits: Sequence[str] = ("test",)  # what test_dataloader serves

    def __init__(
        self, source: Callable[[], Catalogue] | str | Path, features: Features | None = None, *,
        split: Callable[[Catalogue], Catalogue] = split_catalogue,
        cache: Callable[..., FeatureCache] = CACHE,
        augment: Mapping[str, Callable[[Features], Augment]] | None = None,
        window_seconds: float = 2.0, batch_size: int = 32, windows_per_song: int | Literal["all"] | None = None,
        overlap: float = 0.5, balanced: bool = False, num_workers: int = 0, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.source = source if callable(source) else partial(folder, str(source))
        self.features = LogMel() if features is None else features
        self.split, self.cache = split, cache(features=self.features)
        self.augments = torch.nn.ModuleList(make(self.features) for make in (augment or {}).values() if make)
        self.window_seconds, self.windows_per_song = window_seconds, windows_per_song
        self.batch_size, self.overlap, self.balanced = batch_size, overlap, balanced
        self.num_workers, self.seed = num_workers, seed
        self.broken: dict[Path, str] | None = None  # files that cannot be used, and why, once they were tried
        self.datasets: dict[str, WindowDataset] = {}
        self.learnt_from: Sequence[str] = ("train",)

    def prepare_data(self) -> None:
        """Read the songs and compute the features that are not cached yet: once, and in one process.

        Raises UserError if there are no songs, or too few as far as their names tell, or the cache cannot be written.
        """
        if self.broken is None:
            check_listed(self.listed, self.split)
            self.broken = self.cache.build([track.path for track in self.listed if track.genre])

    @cached_property
    def listed(self) -> Catalogue:
        """The songs of the source, with what their files' tags say."""
        return with_tags(self.source(), self.cache.root)

    @cached_property
    def known(self) -> tuple[Catalogue, Recordings]:
        """Those whose genre is known, and which of them are one recording: the same however they are divided."""
        return known_songs(self.listed, self.cache)

    def setup(self, stage: str = "fit") -> None:
        """Choose the songs and their splits, and get the windows ready; does nothing the second time.

        Raises UserError if there are fewer than two genres, one has no training songs, or a split has no songs.
        """
        if self.datasets:
            return
        self.cache.refresh()  # another process may have built it
        self.divide(self.split)
        if self.broken is not None:  # one process of several tells
            report_selection(self.selection)

    def divide(self, split: Callable[[Catalogue], Catalogue]) -> None:
        """Divide the songs, and get their windows ready. Raises UserError as `setup` does."""
        self.selection = select_songs(self.listed, self.known, self.cache, split, self.broken or {})
        self.genres = self.selection.catalogue.genres
        songs = {split: self.cached_songs(split) for split in self.selection.catalogue.splits}
        learnt_from = self.learnt_from if "train" in songs else [*songs]  # all folds
        longest = max(int(self.cache.rows["n_frames"][songs[split]].max()) for split in learnt_from)
        self.n_frames = min(longest, self.features.frames_in(self.window_seconds))
        self.datasets = {split: self.dataset([split], songs[split]) for split in songs}
        self.learn_from(*learnt_from)

    def learn_from(self, *splits: str) -> None:
        """Train on the songs of these splits from now on; `statistics` are theirs."""
        songs = np.concatenate([self.datasets[split].songs for split in splits])
        self.learnt_from, self.datasets[LEARNT_FROM] = splits, self.dataset(splits, songs)

    def watch(self, split: str) -> None:
        """From now on, serve a split for validation, and behind it a sample of the songs that are learnt from.

        As many as the split has, or fewer, so that judging them takes less than a tenth of an epoch's time: to learn
        from a window takes three times as long as to judge it, or longer, unless the head is solved.
        """
        train, val = self.datasets[LEARNT_FROM], self.datasets[split]
        windows, of_val = (RegularWindows(songs, 1, self.overlap).n_windows for songs in (train, val))
        learning = windows if self.windows_per_song == "all" else 3 * self.drawn_from(train) * len(train)
        affordable = int((learning + of_val) / 10 / windows * len(train))
        self.datasets[TRAIN_SONGS] = train.sample(max(1, min(len(val), affordable, len(train))))
        self.val_splits = (split, TRAIN_SONGS)

    def drawn_from(self, dataset: WindowDataset) -> float:
        """How many windows of each song a network learns from in an epoch."""
        if self.windows_per_song is None:
            return max(1.0, LEAST_WINDOWS / len(dataset))
        return float(self.windows_per_song)

    def cached_songs(self, split: str) -> Numbers:
        """The songs of a split, by their numbers in the cache. Raises UserError if the cache does not have them."""
        tracks = self.selection.catalogue.of_split(split)
        songs = [song.number for track in tracks if (song := self.cache.find(track.path))]
        if len(songs) != len(tracks):
            raise UserError("data: some files changed while they were being read; run again")
        return np.array(songs, np.int64)

    def dataset(self, splits: Sequence[str], songs: Numbers) -> WindowDataset:
        """The windows of the songs of some splits."""
        tracks = (track for split in splits for track in self.selection.catalogue.of_split(split))
        index = {genre: number for number, genre in enumerate(self.genres)}
        genres = [index[track.genre] for track in tracks]
        return WindowDataset(self.cache, songs, genres, self.n_frames, len(self.genres))

    @property
    def n_features(self) -> int:
        """The width of a frame."""
        return self.features.n_features

    @property
    def window_shape(self) -> tuple[int, int]:
        """`(n_frames, n_features)` of every window."""
        return self.n_frames, self.n_features

    @property
    def spec(self) -> Spec:
        """What a song goes through before a model sees it, and which genre is which."""
        seconds, cache = self.features.seconds_of(self.n_frames), self.cache
        return Spec(self.features, cache.dtype, cache.loudness, seconds, self.overlap, self.genres, cache.lengths)

    def state_dict(self) -> dict[str, Any]:
        """The spec and what is learnt from, which are in every checkpoint beside the weights."""
        return {**self.spec.plain(), LEARNT_FROM: [*self.learnt_from]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raise UserError if a checkpoint to go on from was written for another spec."""
        if state_dict != self.state_dict():
            raise UserError("ckpt_path: that checkpoint was written for other features, windows or genres")

    def statistics(self) -> Statistics:
        """Statistics of the songs that are learnt from."""
        return self.datasets[LEARNT_FROM].statistics()

    def artist_groups(self, *splits: str) -> list[int]:
        """The number of each song's group in these splits: songs that share an artist, or are linked so."""
        tracks = [track for split in splits for track in self.selection.catalogue.of_split(split)]
        return linked(track.links for track in tracks)

    def train_dataloader(self) -> DataLoader[Batch]:
        if self.windows_per_song == "all":
            return self.whole_songs(LEARNT_FROM)
        dataset = self.datasets[LEARNT_FROM]
        how = dataset, self.batch_size, self.drawn_from(dataset), self.balanced, self.seed
        return self.loader(dataset, RandomWindows(*how, *self.ranks()))

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        """The whole songs of validation, or those of each of `val_splits`; nothing but padding if they are learnt from.

        Lightning goes on from the end of an epoch as if it had never stopped only if there was a validation.
        """
        if self.val_splits[0] in self.learnt_from:
            return self.loader(self.datasets[self.val_splits[0]], [[PADDING]])
        loaders = [self.whole_songs(split) for split in self.val_splits]
        return loaders if len(loaders) > 1 else loaders[0]

    def test_dataloader(self) -> list[DataLoader[Batch]]:
        return [self.whole_songs(split) for split in self.test_splits]

    def whole_songs(self, split: str) -> DataLoader[Batch]:
        """Every song of a split from beginning to end, each on one device."""
        dataset = self.datasets[split]
        return self.loader(dataset, RegularWindows(dataset, self.batch_size, self.overlap, *self.ranks()))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Turn the cache's numbers into float32 and, in training, apply the augmentations, on the device."""
        features, target, song = super().on_after_batch_transfer(batch, dataloader_idx)
        if self.trainer is not None and self.trainer.training and self.windows_per_song != "all":
            for augment in self.augments.to(features.device):
                features, target = augment(features, target)
        return Batch(features, target, song)
