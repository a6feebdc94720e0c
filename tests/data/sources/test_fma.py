import csv
from collections import Counter

import pytest
from serving import serve

from genre_lightning.data.sources.fma import CUT_WRONGLY, fma
from genre_lightning.errors import UserError
from genre_lightning.train.checks import check_songs

# As in tracks.csv of fma_metadata.zip, with some of its 52 columns.
LEVELS = [
    ("album", "comments"), ("artist", "bio"), ("artist", "id"), ("artist", "name"), ("set", "split"),
    ("set", "subset"), ("track", "genre_top"), ("track", "genres"), ("track", "title"),
]  # fmt: skip
SMALL = [
    (2, "1", "AWOL", "training", "small", "Hip-Hop", "Food"),
    (5, "1", "AWOL", "training", "small", "Hip-Hop", "This World"),
    (140, "54", "Alec K. Redfearn & the Eyesores", "validation", "small", "Folk", "Queen"),
    (155066, "9", "AWOL", "test", "small", "Hip-Hop", "Ohm, \"live\""),
    (133297, "7", "Empty", "training", "small", "Folk", "Nothing"),
]  # fmt: skip
MEDIUM, LARGE = (10, "6", "Kurt Vile", "test", "medium", "Pop", "Freeway"), [
    (20, "4", "Nicky Cook", "training", "large", "", "Spiritual Level"),
    (12345, "5", "Someone", "training", "large", "International", "Far"),
]  # fmt: skip


def write_metadata(folder, songs):
    """tracks.csv as FMA has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tracks.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerows([["", *column] for column in zip(*LEVELS, strict=True)])
        rows.writerow(["track_id", *[""] * len(LEVELS)])
        for number, artist_id, artist, split, subset, genre, title in songs:
            bio = "A\nbiography " * 20_000 if number == 2 else ""  # longer than Python's csv takes it for
            rows.writerow([number, 0, bio, artist_id, artist, split, subset, genre, "[21]", title])


def place(number):
    """Where the song of a number lies in a folder of audio."""
    return f"{number // 1000:03}/{number:06}.mp3"


@pytest.fixture
def collection(tmp_path):
    """Make FMA's folder with empty songs in each of `audio`; returns it."""

    def make(*audio, songs=(*SMALL, MEDIUM, *LARGE), metadata="fma_metadata"):
        root = tmp_path / "fma"
        write_metadata(root / metadata, songs)
        for path in (root / name / place(number) for name in audio for number, *_ in songs):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return root

    return make


def test_songs_have_their_top_genres_artists_titles_and_published_splits(collection):
    root = collection("fma_small")
    first, *_, last = fma(str(root))
    assert (first.path, first.genre) == (root / "fma_small" / "000" / "000002.mp3", "hiphop")
    assert (first.artist, first.title, first.split) == ("AWOL", "Food", "train")
    assert (last.path, last.title) == (root / "fma_small" / "155" / "155066.mp3", 'Ohm, "live"')
    assert [track.split for track in fma(str(root))] == ["train", "train", "val", "test"]


def test_songs_of_one_artist_are_linked_by_number_however_the_name_is_spelt(collection):
    renamed = [(number, "1", f"name {number}", *rest) for number, _, _, *rest in SMALL]
    one, other, *_ = fma(str(collection("fma_small", songs=renamed)))
    assert one.artists != other.artists and one.links & other.links


@pytest.mark.parametrize(
    ("subset", "more"), [("small", set()), ("medium", {10}), ("large", {10, 12345})]
)  # fmt: skip
def test_a_subset_holds_the_smaller_ones(collection, subset, more):
    assert {int(track.path.stem) for track in fma(str(collection("fma_large")), subset)} == {2, 5, 140, 155066} | more


def test_known_faults_and_songs_without_a_top_genre_are_left_out_by_name(collection):
    others = fma(str(collection("fma_large")), "large").others
    assert {path.name: reason.partition(" of ")[0] for path, reason in others.items()} == {
        "133297.mp3": "is empty or cut off in every copy", "000020.mp3": "has no top genre in FMA",
    }  # fmt: skip
    assert all(path.is_file() for path in others)


def test_what_was_cut_wrongly_is_whole_where_nothing_was_cut(collection):
    assert 133297 in {int(track.path.stem) for track in fma(str(collection("fma_full")))}


def test_the_published_faults_of_the_small_subset_are_known():
    assert {98565, 98567, 98569, 99134, 108925, 133297} < CUT_WRONGLY and len(CUT_WRONGLY) == 21


@pytest.mark.parametrize("metadata", ["fma_metadata", "fma_small", "."])
def test_the_folder_of_the_songs_will_do_and_so_will_the_table_in_it(collection, metadata):
    root = collection("fma_small", metadata=metadata)
    for place in (root, root / "fma_small") if metadata == "fma_metadata" else [root / metadata]:
        catalogue = fma(str(place))
        assert all(track.path.is_file() for track in catalogue) and len(catalogue) == 4


def test_the_first_folder_that_has_the_subset_is_taken(collection):
    assert (
        fma(str(collection("fma_large", "fma_small", "fma_medium")), "medium").tracks[0].path.parts[-3] == "fma_medium"
    )


def test_what_is_missing_is_told_before_a_run_begins(collection, configure):
    root = collection("fma_small").as_posix()
    check_songs(configure("data=fma", f"data.root='{root}'").data)
    with pytest.raises(UserError, match=r"has no fma_large/ with folders such as 000"):
        check_songs(configure("data=fma", f"data.root='{root}'", "data.subset=large").data)


def test_genres_can_be_chosen(collection):
    root = collection("fma_small")
    assert Counter(track.genre for track in fma(str(root), genres=["Hip-Hop"])) == {"hiphop": 3}
    with pytest.raises(UserError, match=r"no songs of polka; there are folk, hiphop"):
        fma(str(root), genres=["polka"])


def test_what_is_missing_is_named_with_what_to_unpack(collection, tmp_path):
    with pytest.raises(UserError, match=r"data\.root: there is no folder .*nowhere"):
        fma(str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"has no fma_metadata/tracks\.csv; unpack fma_metadata\.zip"):
        fma(str(tmp_path))
    root = collection("fma_small")
    with pytest.raises(UserError, match=r"has no fma_medium/ with folders such as 000; unpack fma_medium\.zip"):
        fma(str(root), "medium")
    with pytest.raises(UserError, match=r"fma_small has no fma_medium/"):
        fma(str(root / "fma_small"), "medium")
    with pytest.raises(UserError, match=r"data\.subset: 'tiny' is none of small, medium, large"):
        fma(str(root), "tiny")


@pytest.mark.parametrize("content", ["", "path,genre\na.mp3,rock\n", "a\0b", "a,b\nc\n", "\udcff"])
def test_a_table_that_is_not_fmas_is_named(collection, content):
    root = collection("fma_small")
    (root / "fma_metadata" / "tracks.csv").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"tracks\.csv is not FMA's table of songs, or damaged"):
        fma(str(root))


def test_songs_are_served_by_the_published_split(collection, write_song, configure):
    songs = [
        (1000 * number + len(split), str(number), f"artist {number}", split, "small", genre, "")
        for split, count in (("training", 2), ("validation", 1), ("test", 1))
        for number, genre in enumerate(("Rock", "Folk") * count, 1)
    ]
    root = collection(songs=songs)
    for number, *_, genre, _ in songs:
        path = root / "fma_small" / place(number)
        write_song(path.with_suffix(".wav"), "noise" if genre == "Rock" else "tones", number).rename(path)
    data = serve(configure("data=fma", f"data.root='{root.as_posix()}'"))
    assert data.selection.published and data.genres == ["folk", "rock"]
    assert {split: len(data.datasets[split]) for split in ("train", "val", "test")} == {"train": 4, "val": 2, "test": 2}
