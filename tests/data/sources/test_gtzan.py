from collections import Counter

import pytest
from torchaudio.datasets.gtzan import gtzan_genres

from genre_lightning.data.sources.gtzan import gtzan
from genre_lightning.data.splits import check_split, split_catalogue
from genre_lightning.errors import UserError


@pytest.fixture
def collection(tmp_path):
    """Make a complete collection of empty files below `layout`; returns its root."""

    def make(layout, suffix, root="gtzan"):
        for genre in gtzan_genres:
            (tmp_path / root / layout / genre).mkdir(parents=True)
            for number in range(100):
                (tmp_path / root / layout / genre / f"{genre}.{number:05}{suffix}").touch()
        return tmp_path / root

    return make


@pytest.mark.parametrize("layout", ["genres", "genres_original", "."])
@pytest.mark.parametrize("suffix", [".au", ".wav"])
def test_the_published_split_is_found_in_both_layouts(collection, layout, suffix):
    root = collection(layout, suffix)
    catalogue = gtzan(str(root))
    assert Counter(track.split for track in catalogue) == {"train": 442, "val": 197, "test": 290}
    assert all(track.path.is_file() and track.path.parent.name == track.genre for track in catalogue)
    assert {track.path.suffix for track in catalogue} == {suffix}
    assert catalogue.genres == sorted(gtzan_genres)


def test_no_excerpt_is_listed_twice(collection):
    catalogue = gtzan(str(collection("genres", ".au")))
    assert len({track.path for track in catalogue}) == len(catalogue) == 929


def test_the_broken_excerpt_is_left_out(collection):
    assert "jazz.00054" not in {track.path.stem for track in gtzan(str(collection("genres", ".wav")))}


def test_the_published_sides_pass_as_a_split(collection):
    catalogue = gtzan(str(collection("genres", ".au")))
    assert split_catalogue(catalogue, "auto") == catalogue
    check_split(catalogue, catalogue.genres)


def test_a_missing_excerpt_is_still_listed(collection):
    root = collection("genres", ".au")
    (root / "genres" / "blues" / "blues.00029.au").unlink()
    catalogue = gtzan(str(root))
    assert len(catalogue) == 929
    assert [track.path.stem for track in catalogue if not track.path.exists()] == ["blues.00029"]


def test_files_that_are_no_audio_are_not_taken_for_excerpts(collection):
    root = collection("genres", ".au")
    (root / "genres" / "blues" / "blues.00029.png").touch()
    (root / "genres" / "blues" / "._blues.00029.au").touch()
    assert {track.path.suffix for track in gtzan(str(root))} == {".au"}
    assert not any(track.path.name.startswith(".") for track in gtzan(str(root)))


def test_genres_can_be_chosen(collection):
    assert gtzan(str(collection("genres", ".au")), ["Hip-Hop", "jazz"]).genres == ["hiphop", "jazz"]


def test_an_unknown_genre_is_named(collection):
    with pytest.raises(UserError, match=r"polka; there are blues"):
        gtzan(str(collection("genres", ".au")), ["polka"])


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"data\.root: there is no folder .*nowhere"):
        gtzan(str(tmp_path / "nowhere"))


def test_an_empty_folder_is_not_gtzan(tmp_path):
    with pytest.raises(UserError, match=r"is not GTZAN; it needs genres/"):
        gtzan(str(tmp_path))


def test_songs_of_your_own_are_not_gtzan(songs):
    with pytest.raises(UserError, match=r"is not GTZAN; it needs genres/"):
        gtzan(str(songs()))
