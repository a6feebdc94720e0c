from pathlib import Path

import pytest

from genre_lightning.data.catalogue import PUBLISHED_FOLD, Catalogue, Track
from genre_lightning.data.published import published, published_folds
from genre_lightning.errors import UserError


def songs(folds, split="train"):
    return Catalogue([Track(Path(str(n)), "rock", split=split, extra={PUBLISHED_FOLD: f}) for n, f in enumerate(folds)])


def test_folds_are_in_the_order_of_their_numbers():
    numbers = [10, 9, 1, 2, 3, 4, 5, 6, 7, 8]
    divided = published_folds(songs(map(str, numbers)), 10, 0)
    assert [track.split for track in divided] == [f"fold{number}" for number in numbers]


def test_a_song_without_a_fold_or_a_split_is_told():
    with pytest.raises(UserError, match=r"folds: 1 songs are in no published_fold"):
        published_folds(songs(["1", "", "2"]), 2, 0)
    with pytest.raises(UserError, match=r"split\.method=published: 2 songs have no split, the first is 0"):
        published(songs(["1", "2"], split=""))
