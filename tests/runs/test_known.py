import numpy as np
import pytest
import torch

from genre_lightning.errors import UserError
from genre_lightning.runs import known
from genre_lightning.runs.known import KNOWN, known_songs, read_known, write_known


@pytest.fixture
def stats():
    """Songs of twenty artists, five by each, whose stats have quite different units."""
    rng = np.random.default_rng(0)
    artists = rng.standard_normal((20, 6)).repeat(5, axis=0)
    return ((artists + 0.01 * rng.standard_normal((100, 6))) * [1, 1000, 1e-3, 1, 1, 0]).astype(np.float32)


GROUPS = [number // 5 for number in range(100)]


def test_a_song_is_as_near_as_those_of_other_artists_are_to_each_other_or_it_is_unlike_them(stats):
    songs = known_songs(stats, GROUPS)
    assert all(songs.distance(song) <= 1 for song in stats[:20]) and songs.distance(np.median(stats, axis=0)) <= 1
    assert min(songs.distance(stats[0] + [0, *far, 0, 0, 0]) for far in ((0, 0.01), (9000, 0))) > 1
    assert songs.limit > 20 * known_songs(stats, range(100)).limit  # of songs of one artist, all would be near


def test_the_third_nearest_song_counts_and_two_songs_in_a_hundred_do_not():
    places = np.append(np.arange(99), 1000).astype(np.float32)  # the third nearest is 2 away, at the ends 3
    songs = known_songs(np.stack([places, np.zeros(100, np.float32)], axis=1), range(100))
    new = [songs.distance(np.array([[place], [0]])) for place in (-1.2, -0.9, 50.5, 98.9, 99.2, 1000)]
    assert new == pytest.approx([3.2 / 3, 2.9 / 3, 1.5 / 3, 2.9 / 3, 3.2 / 3, 903 / 3], rel=1e-4)  # the limit is 3


def test_of_many_songs_some_are_kept_and_of_one_artist_nothing_is_too_far(stats, monkeypatch):
    monkeypatch.setattr(known, "MOST", 30)
    assert len(known_songs(stats, GROUPS).stats) == 25
    assert known_songs(stats, [0] * 100).distance(stats[0] + 1e6) == 0


def test_of_songs_that_are_all_alike_another_one_is_far():
    songs = known_songs(np.ones((9, 6), np.float32), range(9))
    assert songs.distance(np.ones((2, 3), np.float32)) == 0 and songs.distance(np.full((2, 3), 1.1, np.float32)) > 1


def test_songs_are_kept_and_those_of_other_features_are_named(stats, tmp_path):
    (tmp_path / KNOWN).parent.mkdir()
    write_known(known_songs(stats, GROUPS), tmp_path)
    assert read_known(tmp_path, 3).limit == known_songs(stats, GROUPS).limit
    with pytest.raises(UserError, match=r"known_songs\.pt is damaged, or of another model"):
        read_known(tmp_path, 4)


NINE = torch.ones(9, 6)
DAMAGES = [
    {"stats": NINE * torch.nan},
    {"stats": NINE.double()},
    {"stats": NINE[:0]},
    {"stats": torch.ones(1, 1).expand(known.MOST + 1, 6)},  # four bytes, of which as much as one likes can be made
    {"stats": 5.0},
    {"scale": torch.zeros(6)},
    {"scale": torch.full((6,), torch.inf)},
    {"limit": torch.nan},
    {"limit": "far"},
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_named(damage, tmp_path):
    (tmp_path / KNOWN).parent.mkdir()
    torch.save({"stats": NINE, "scale": torch.ones(6), "limit": 1.0} | damage, tmp_path / KNOWN)
    with pytest.raises(UserError, match=r"known_songs\.pt is damaged, or of another model"):
        read_known(tmp_path, 3)


def test_what_is_missing_comes_by_going_on_where_that_can_be_done(tmp_path):
    with pytest.raises(UserError, match=r"has no checkpoints/known_songs\.pt; train again$"):
        read_known(tmp_path, 3)
    (tmp_path / KNOWN).parent.mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    with pytest.raises(UserError, match=r"; it gets one by python train\.py .*last\.ckpt.* refit=true$"):
        read_known(tmp_path, 3)
