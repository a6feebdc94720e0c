from collections import Counter

import pytest
from conftest import CONF
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from published_sets import rows, wav, write_parquet

from genre_lightning.data.sources.hub import hub
from genre_lightning.data.splits import fold_catalogue, split_catalogue
from genre_lightning.errors import UserError

pytest.importorskip("datasets")


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """List the songs of a set of these rows, by the names of its files."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def make(files, **settings):
        for name, found in files.items():
            write_parquet(tmp_path / "set" / f"{name}.parquet", found)
        return hub(str(tmp_path / "kept"), str(tmp_path / "set"), **settings)

    return make


def test_columns_are_found_by_their_names(listed):
    catalogue = listed({"train": rows(2, title="So What", label=7)})
    assert [(track.genre, track.artist, track.title) for track in catalogue] == [
        ("jazz", "train 0", "So What"), ("rock", "train 1", "So What"),
    ]  # fmt: skip
    assert [track.path.read_bytes() for track in catalogue] == [wav("jazz", 0), wav("rock", 1)]


def test_columns_can_be_named(listed):
    found = [{"audio": row["audio"], "mood": "calm", "by": "Anna", "Called": "Ohm"} for row in rows(2)]
    named = {"label_column": "mood", "artist_column": "by", "title_column": "Called"}
    (track, _) = listed({"train": found}, **named)
    assert (track.genre, track.artist, track.title) == ("calm", "Anna", "Ohm")


def test_a_set_that_does_not_say_which_column_has_the_genres_is_answered_with_its_columns(listed):
    with pytest.raises(UserError, match=r"data\.label_column: .* name one of mood \(text\), bpm \(numbers\)"):
        listed({"train": [{"audio": row["audio"], "mood": "calm", "bpm": 90} for row in rows(2)]})
    with pytest.raises(UserError, match=r"data\.artist_column: there is no column 'by'; there are mood"):
        listed({}, label_column="mood", artist_column="by")


def test_sound_alone_is_no_set_of_genres(listed):
    with pytest.raises(UserError, match=r"data\.name: that set has nothing beside its sound that is .* no genres"):
        listed({"train": [{"audio": row["audio"], "mel": [[0.5]]} for row in rows(2)]}, label_column="genre")


def test_a_list_may_have_the_artists_and_the_genre_but_one_only(listed):
    genres = ["blues"], ["blues", "other"], [], ["other"]
    found = [row | {"genre": genre, "artist": ["Anna", "Ohm"]} for row, genre in zip(rows(4), genres, strict=True)]
    catalogue = listed({"train": found})
    assert [(track.genre, track.artists) for track in catalogue] == [
        (genre, ["anna", "ohm"]) for genre in ("blues", "other")
    ]
    assert {path.name: reason for path, reason in catalogue.others.items()} == {
        "train_song 1.wav": "has several labels in its data set", "train_song 2.wav": "has no label in its data set",
    }  # fmt: skip


def test_what_the_library_has_saved_is_a_set(listed, tmp_path):
    import datasets
    import pyarrow as pa

    classes = datasets.List(datasets.ClassLabel(names=["jazz", "rock"]))
    features = datasets.Features({"audio": datasets.Audio(), "genre": classes})
    found = {split: [row | {"genre": [1]} for row in rows(2, split)] for split in ("train", "test")}
    tables = {split: pa.Table.from_pylist(some, features.arrow_schema) for split, some in found.items()}
    datasets.DatasetDict({split: datasets.Dataset(table) for split, table in tables.items()}).save_to_disk(
        tmp_path / "set"
    )
    assert Counter((track.genre, track.split) for track in listed({})) == {("rock", "train"): 2, ("rock", "test"): 2}


def test_only_lists_have_several_labels_and_are_told_as_lists(listed):
    found = [row | {"genre": "a; b", "tags": ["x"]} for row in rows(1)]
    assert [track.genre for track in listed({"train": found})] == ["a; b"]
    with pytest.raises(UserError, match=r"data\.label_column: there is no column 'x'; .*, tags \(lists\)$"):
        listed({}, label_column="x")
    with pytest.raises(UserError, match=r"no song has one label in tags, as it must; there are genre \(text\)"):
        listed({"train": [row | {"tags": ["x", "y"]} for row in found]}, label_column="tags")


def test_rows_of_one_file_are_one_song_and_told(listed, tmp_path, write_song, caplog):
    caplog.set_level("INFO")
    song = write_song(tmp_path / "set" / "a.wav", "tones", 1)
    twice = [{"audio": {"bytes": None, "path": str(song)}, "genre": genre} for genre in ("jazz", "rock")]
    found = listed({"train": twice})
    assert [(track.path, track.genre, track.split) for track in found] == [(song, "jazz", "")]
    assert "rows left out, since they name a file that one before them names: 1" in caplog.text


def test_splits_that_are_none_are_told(listed, tmp_path, caplog):
    caplog.set_level("INFO")
    card = "configs:\n- config_name: default\n  data_files:\n"
    card += "".join(f"  - split: {split}\n    path: {split}.parquet\n" for split in ("train", "extra"))
    (folder := tmp_path / "set").mkdir()
    (folder / "README.md").write_text(f"---\n{card}---\n", encoding="utf-8")
    assert {track.split for track in listed({"train": rows(2), "extra": rows(2, "test")})} == {""}
    assert "the set is divided into train, extra, which is not train and test" in caplog.text


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ({"train": 4, "validation": 2, "test": 2}, {"train": 4, "val": 2, "test": 2}),
        ({"train": 4, "validation": 2}, {"train": 4, "test": 2}),
        ({"train": 4}, {"": 4}),
    ],
)
def test_splits_of_a_set_are_published_ones(listed, names, splits):
    catalogue = listed({name: rows(count, name) for name, count in names.items()})
    assert Counter(track.split for track in catalogue) == splits


def test_a_test_split_that_nobody_may_see_is_none(listed):
    hidden = [row | {"label": ""} for row in rows(2, "test")]
    named = {"train": rows(4, label="jazz"), "validation": rows(2, "validation", label="jazz"), "test": hidden}
    catalogue = listed(named, label_column="label")
    assert Counter(track.split for track in catalogue) == {"train": 4, "test": 2} and len(catalogue.others) == 2


def test_a_set_without_validation_gives_a_part_of_its_training_songs(listed):
    catalogue = listed({"train": rows(12), "test": rows(4, "test")})
    divided = split_catalogue(catalogue)
    assert Counter(track.split for track in divided) == {"train": 10, "val": 2, "test": 4}
    assert {track.path.name for track in divided.of_split("test")} == {f"test_song {number}.wav" for number in range(4)}


def test_published_folds_are_those_of_cross_validation_and_make_a_split(listed):
    catalogue = listed({"train": rows(10)}, fold_column="fold")
    assert [track.split for track in catalogue] == ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    folds = fold_catalogue(catalogue, 5)
    assert [track.split for track in folds] == [f"fold{1 + number // 2}" for number in range(10)]
    with pytest.raises(UserError, match=r"folds=4: these songs have 5 published folds; use folds=5"):
        fold_catalogue(catalogue, 4)
    with pytest.raises(UserError, match=r"repeats: published folds are what they are"):
        fold_catalogue(catalogue, 5, repeat=1)
    assert {track.split for track in fold_catalogue(catalogue, 4, method="artist")} == {f"fold{n}" for n in range(1, 5)}
    with pytest.raises(UserError, match=r"data\.fold_column: genre has 2 values, which are no folds"):
        listed({}, fold_column="genre")


def test_songs_without_a_label_are_named_and_left_out(listed):
    found = rows(3)
    found[1]["genre"] = None
    catalogue = listed({"train": found})
    assert len(catalogue) == 2
    assert {path.name: reason for path, reason in catalogue.others.items()} == {
        "train_song 1.wav": "has no label in its data set"
    }


def test_genres_can_be_chosen(listed):
    assert listed({"train": rows(4)}, genres=["Jazz"]).genres == ["jazz"]


@pytest.mark.slow
def test_a_run_learns_from_a_set_and_its_report_says_which_and_under_which_licence(train_run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for split, count in {"train": 6, "validation": 4, "test": 4}.items():
        folder = write_parquet(tmp_path / "set" / f"{split}.parquet", rows(count, split))
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n", encoding="utf-8")
    places = f"data.name='{folder.as_posix()}'", f"data.root='{(tmp_path / 'kept').as_posix()}'"
    run = train_run("data=hub", *places, "model=linear", "augment=[]")
    report = (run / "report.md").read_text(encoding="utf-8")
    assert "- licence of the songs: cc-by-nc-4.0: not for commercial use" in report and "- split: published" in report
    assert f"- data set: {folder}, revision " in report


def test_a_set_without_a_name_is_asked_for_it(configure):
    from genre_lightning.train.checks import check_songs

    with pytest.raises(UserError, match=r"data\.name: is not set; add data\.name=OWNER/DATASET"):
        check_songs(configure("data=hub", "data.root=data/hub").data)
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        data = compose("embed", ["data=hub"]).data
    with pytest.raises((UserError, InstantiationException), match=r"data\.name: is not set"):  # Hydra 1.3 wraps it
        instantiate(data)()
