from collections import Counter

import pytest
from torchaudio.datasets.gtzan import filtered_train, filtered_valid, gtzan_genres

from genre_lightning.data.sources.gtzan import gtzan
from genre_lightning.data.splits import check_split, split_catalogue
from genre_lightning.errors import UserError


@pytest.fixture
def collection(tmp_path):
    """Make a complete collection of empty files below `layout`; returns its root."""

    def make(layout="genres", suffix=".au"):
        for genre in gtzan_genres:
            (tmp_path / "gtzan" / layout / genre).mkdir(parents=True)
            for number in range(100):
                (tmp_path / "gtzan" / layout / genre / f"{genre}.{number:05}{suffix}").touch()
        return tmp_path / "gtzan"

    return make


@pytest.mark.parametrize(("layout", "suffix"), [("genres", ".au"), ("genres_original", ".wav"), (".", ".wav")])
def test_the_published_split_is_found_in_any_layout(collection, layout, suffix):
    catalogue = gtzan(str(collection(layout, suffix)))
    assert Counter(track.split for track in catalogue) == {"train": 442, "val": 197, "test": 290}
    assert all(track.path.is_file() and track.path.parent.name == track.genre for track in catalogue)
    assert {track.path.suffix for track in catalogue} == {suffix}
    assert len({track.path for track in catalogue}) == len(catalogue) == 929
    assert "jazz.00054" not in {track.path.stem for track in catalogue}, "it is broken in every copy"
    assert split_catalogue(catalogue, "auto") == catalogue
    check_split(catalogue, gtzan_genres)


def test_the_part_that_the_experiments_use_is_divided_as_it_was(collection):
    catalogue = gtzan(str(collection()), manifest="gtzan_dev")
    assert Counter(track.split for track in catalogue) == {"train": 306, "val": 79, "test": 130}
    names = {split: {track.path.stem for track in catalogue.of_split(split)} for split in ("train", "val", "test")}
    assert names["test"] < set(filtered_valid) and names["train"] | names["val"] < set(filtered_train)
    assert [track.path for track in catalogue] == sorted(track.path for track in catalogue)
    assert all(track.path.is_file() for track in catalogue)
    check_split(catalogue, gtzan_genres)


def test_a_manifest_of_ones_own_says_what_takes_part(collection, tmp_path):
    manifest = tmp_path / "some.csv"
    manifest.write_text("path,genre,split\nrock/rock.00007.wav,rock,test\nanywhere/jazz.00001.mp3,jazz,train\n")
    catalogue = gtzan(str(collection()), manifest=str(manifest))
    assert [(track.path.name, track.split) for track in catalogue] == [
        ("rock.00007.au", "test"), ("jazz.00001.au", "train"),
    ]  # fmt: skip


def test_a_manifest_that_is_not_there_is_named(collection):
    with pytest.raises(UserError, match=r"data\.manifest: there is no file nowhere; name a CSV file, or gtzan_dev"):
        gtzan(str(collection()), manifest="nowhere")


def test_a_missing_excerpt_is_still_listed_and_other_files_are_not(collection):
    root = collection()
    (root / "genres" / "blues" / "blues.00029.au").unlink()
    (root / "genres" / "blues" / "blues.00029.png").touch()
    (root / "genres" / "blues" / "._blues.00029.au").touch()
    catalogue = gtzan(str(root))
    assert len(catalogue) == 929
    assert [track.path.stem for track in catalogue if not track.path.exists()] == ["blues.00029"]


def test_genres_can_be_chosen(collection):
    assert gtzan(str(collection()), ["Hip-Hop", "jazz"]).genres == ["hiphop", "jazz"]
    with pytest.raises(UserError, match=r"polka; there are blues"):
        gtzan(str(collection(".")), ["polka"])


def test_a_folder_that_is_not_gtzan_is_named(tmp_path, songs):
    with pytest.raises(UserError, match=r"data\.root: there is no folder .*nowhere"):
        gtzan(str(tmp_path / "nowhere"))
    for root in (tmp_path, songs()):
        with pytest.raises(UserError, match=r"is not GTZAN; it needs genres/"):
            gtzan(str(root))
