import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

import genre_lightning.data.windows
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.windows import PADDING, RandomWindows, RegularWindows, WindowDataset, regular_starts

WINDOW = 16


@pytest.fixture
def dataset(selected):
    """All 30 songs, the shortest of which are shorter than a window."""
    selection, cache = selected
    genres = selection.catalogue.genres
    tracks = list(selection.catalogue)
    songs = np.array([cache.find(track.path).number for track in tracks])
    return WindowDataset(cache, songs, [genres.index(track.genre) for track in tracks], WINDOW, len(genres))


@pytest.fixture
def lopsided(dataset):
    """Ten songs of the first genre and two of the second."""
    return WindowDataset(dataset.cache, dataset.songs[:12], dataset.genres[:12], WINDOW, 3)


def batches_of(sampler):
    return [[tuple(window) for window in batch.tolist()] for batch in sampler]


def windows_of(sampler):
    return [window for batch in batches_of(sampler) for window in batch]


def random_windows(dataset, epoch=0, batch_size=5, windows_per_song=2, balanced=False, seed=0, rank=0, world_size=1):
    sampler = RandomWindows(dataset, batch_size, windows_per_song, balanced, seed, rank, world_size)
    sampler.set_epoch(epoch)
    return sampler


def frames_of(dataset, song):
    begin = dataset.starts[song]
    return dataset.cache.array(dataset.shards[song], "features")[begin : begin + dataset.lengths[song]]


def long_songs(dataset):
    return np.flatnonzero(dataset.lengths > WINDOW).tolist()


def test_windows_are_the_cached_frames_at_the_position_asked_for_with_their_genre(dataset):
    song = long_songs(dataset)[0]
    last = dataset.lengths[song] - WINDOW
    batch = dataset.__getitems__([(song, 0), (song, 3), (song, last)])
    frames = frames_of(dataset, song)
    for window, start in zip(batch.features.numpy(), (0, 3, last), strict=True):
        np.testing.assert_array_equal(window, frames[start : start + WINDOW])
    assert batch.features.dtype == torch.float16 and batch.song.tolist() == [song] * 3
    targets = dataset.__getitems__([(0, 0), (12, 0), (29, 0)]).target
    assert targets.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_clip_shorter_than_a_window_repeats(dataset):
    song = int(np.argmin(dataset.lengths))
    frames = frames_of(dataset, song)
    assert len(frames) < WINDOW
    for start in (0, 4):
        (window,) = dataset.__getitems__([(song, start)]).features.numpy()
        np.testing.assert_array_equal(window, np.concatenate([frames[start:], frames, frames])[:WINDOW])


def test_an_epoch_has_as_many_windows_of_every_song_as_asked_for_in_random_order(dataset):
    songs = [song for song, _ in windows_of(random_windows(dataset, windows_per_song=3))]
    assert Counter(songs) == dict.fromkeys(range(30), 3) and songs != sorted(songs)


def test_batches_are_all_of_the_same_size(dataset):
    sampler = random_windows(dataset, batch_size=7)
    assert [len(batch) for batch in sampler] == [7] * len(sampler) and len(sampler) == 60 // 7
    assert [len(batch) for batch in random_windows(dataset, batch_size=100)] == [60], "fewer windows than a batch"


def test_random_windows_begin_everywhere_in_a_song_and_stay_within_it(dataset):
    starts = [set() for _ in dataset.songs]
    for epoch in range(150):
        for song, start in windows_of(random_windows(dataset, epoch)):
            starts[song].add(start)
    for length, seen in zip(dataset.lengths.tolist(), starts, strict=True):  # a shorter one than a window is repeated
        assert seen == set(range(length - WINDOW + 1 if length >= WINDOW else length))


@pytest.mark.parametrize("balanced", [False, True])
def test_seed_and_epoch_decide_on_the_batches_and_what_ran_before_does_not(dataset, balanced):
    first = batches_of(random_windows(dataset, 3, balanced=balanced))
    used = random_windows(dataset, balanced=balanced)
    assert batches_of(used) != first
    used.set_epoch(3)
    assert batches_of(used) == first != batches_of(random_windows(dataset, 3, balanced=balanced, seed=1))


@pytest.mark.parametrize(("balanced", "share"), [(True, 1 / 2), (False, 1 / 6)])
def test_balanced_draws_every_genre_equally_often(lopsided, balanced, share):
    epochs = [windows_of(random_windows(lopsided, epoch, balanced=balanced)) for epoch in range(60)]
    rare = np.mean([lopsided.genres[song] == 1 for windows in epochs for song, _ in windows])
    assert rare == pytest.approx(share, abs=0.06)


def test_devices_share_an_epoch_s_songs_equally(dataset):
    parts = [windows_of(random_windows(dataset, rank=rank, world_size=2)) for rank in range(2)]
    assert len(parts[0]) == len(parts[1]) == 30 and parts[0] != parts[1]
    assert Counter(song for song, _ in parts[0] + parts[1]) == dict.fromkeys(range(30), 2)


@pytest.mark.parametrize("world_size", [2, 4, 7])
def test_every_device_has_as_many_batches(dataset, world_size):
    samplers = [random_windows(dataset, batch_size=4, rank=rank, world_size=world_size) for rank in range(world_size)]
    assert len({len(list(sampler)) for sampler in samplers} | {len(sampler) for sampler in samplers}) == 1


@pytest.mark.parametrize(
    ("n_frames", "window", "overlap", "step"),
    [(100, 16, 0.5, 8), (97, 16, 0, 16), (33, 32, 0.99, 1), (16, 16, 0.75, 4)],
)
def test_regular_windows_reach_from_the_first_frame_to_the_last(n_frames, window, overlap, step):
    starts = regular_starts(n_frames, window, overlap)
    assert starts[0] == 0 and starts[-1] == n_frames - window
    assert all(0 < there - here <= step for here, there in pairwise(starts))
    assert regular_starts(window - 1, window, overlap) == [0]


@pytest.mark.parametrize(("window", "overlap"), [(16, 0.5), (7, 0.3), (1, 0.9), (500, 0.5)])
def test_regular_windows_are_those_of_numpy_whose_ends_are_included(window, overlap):
    for n_frames in range(1, 400, 7):
        room, step = max(0, n_frames - window), max(1, round(window * (1 - overlap)))
        expected = [round(start) for start in np.linspace(0, room, -(-room // step) + 1)]
        assert regular_starts(n_frames, window, overlap) == expected


def test_statistics_are_the_same_however_many_songs_are_read_at_once(dataset, monkeypatch):
    means, stds = dataset.cache.stats_of(dataset.songs).astype(float).swapaxes(0, 1)
    mean = np.average(means, axis=0, weights=dataset.lengths)
    std = np.sqrt(np.average(stds**2 + (means - mean) ** 2, axis=0, weights=dataset.lengths))
    whole = dataset.statistics()
    np.testing.assert_array_equal(whole.mean, mean.astype(np.float32))
    np.testing.assert_array_equal(whole.std, std.astype(np.float32))
    monkeypatch.setattr(genre_lightning.data.windows, "SONGS_AT_ONCE", 7)
    for part, expected in zip(dataset.statistics(), whole, strict=True):
        torch.testing.assert_close(part, expected)


def test_every_frame_of_every_song_is_in_a_regular_window(dataset):
    seen = [np.zeros(length, bool) for length in dataset.lengths]
    for song, start in windows_of(RegularWindows(dataset, 4, overlap=0.0)):
        seen[song][start : start + WINDOW] = True
    assert all(frames.all() for frames in seen)


def test_regular_batches_hold_every_window_once(dataset):
    sampler = RegularWindows(dataset, 7, 0.5)
    batches = list(sampler)
    assert len(batches) == len(sampler) and {len(batch) for batch in batches[:-1]} == {7}
    lengths = enumerate(dataset.lengths.tolist())
    assert windows_of(sampler) == [(song, start) for song, n in lengths for start in regular_starts(n, WINDOW, 0.5)]


@pytest.mark.parametrize("world_size", [2, 3, 7])
def test_devices_together_judge_every_window_once(dataset, world_size):
    parts = [RegularWindows(dataset, 4, 0.5, rank, world_size) for rank in range(world_size)]
    assert len({part.n_windows for part in parts}) == 1
    together = [window for part in parts for window in windows_of(part)]
    real = [window for window in together if window != PADDING]
    assert sorted(real) == sorted(windows_of(RegularWindows(dataset, 4, 0.5)))
    assert len(together) - len(real) < world_size


def test_padding_is_marked_as_no_song(dataset):
    batch = dataset.__getitems__([(2, 0), PADDING])
    assert batch.song.tolist() == [2, -1] and batch.features.isfinite().all()


def test_a_dataset_can_be_sent_to_another_process(dataset):
    windows = [(4, 0), (20, 2)]
    here = dataset.__getitems__(windows)
    sent = pickle.dumps(dataset)
    assert len(sent) < 50_000  # the songs' places, not their frames
    for ours, theirs in zip(here, pickle.loads(sent).__getitems__(windows), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # Python 3.12 on Linux
def test_a_worker_process_reads_the_same_batches(selected):
    selection, cache = selected

    def batches(num_workers):
        how = {"cache": lambda features: cache, "window_seconds": 0.5, "num_workers": num_workers}
        data = GenreDataModule(lambda: selection.catalogue, cache.features, **how)
        data.setup()
        return list(data.val_dataloader())

    alone, helped = batches(0), batches(1)
    assert len(alone) == len(helped)
    assert all(torch.equal(a.features, b.features) for a, b in zip(alone, helped, strict=True))
