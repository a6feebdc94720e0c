import pytest
from published_sets import rows, wav, write_parquet

from genre_lightning.data.hub.rows import column_of_sound, kind_of, rows_of, value_of
from genre_lightning.errors import UserError

datasets = pytest.importorskip("datasets")


def test_sound_is_handed_over_as_it_lies_there_and_what_is_no_text_is_left_out(tmp_path):
    folder = write_parquet(tmp_path / "train.parquet", [row | {"mel": [[0.5]], "by": {"a": 1}} for row in rows(40)])
    found = [*rows_of(datasets.load_dataset_builder(str(folder)), None)]
    assert [row.number for row in found] == [*range(40)] and {row.split for row in found} == {"train"}
    assert found[33].content == wav("rock", 33) and found[33].name == "train_song 33.wav"
    assert found[0].columns == {"audio": "sound", "genre": "text", "artist": "text", "fold": "number"}


def test_classes_are_texts_and_a_class_below_0_is_none():
    classes = datasets.ClassLabel(names=["rock", "jazz"])
    assert [value_of(value, classes) for value in (0, 1, -1, None)] == ["rock", "jazz", "", ""]
    assert value_of("two\n lines", datasets.Value("string")) == "two lines"
    assert value_of(None, datasets.Value("int64")) == ""


@pytest.mark.parametrize("kind", [datasets.List, datasets.LargeList])
def test_lists_of_texts_numbers_and_classes_are_read(kind):
    texts, numbers = (kind(datasets.Value(name)) for name in ("string", "int64"))
    classes = kind(datasets.ClassLabel(names=["rock"]))
    assert {kind_of(one) for one in (texts, numbers, classes)} == {"list"} and not kind_of(kind(texts))
    assert [value_of(value, texts) for value in (["a", None, "b", "a"], ["a"], [], None)] == ["a; b", "a", "", ""]
    assert value_of([0, -1], classes) == "rock" and value_of([7, 8], numbers) == "7; 8"
    assert len(value_of([*range(10**4)], numbers)) == 1000, "embeddings are lists too"


def test_which_column_of_sound_is_meant_is_asked_if_there_are_several():
    columns = {"mix": "sound", "vocals": "sound", "genre": "text"}
    assert column_of_sound(columns, "vocals") == "vocals"
    with pytest.raises(UserError, match=r"data\.audio_column: which column of sound is meant; there are mix, vocals"):
        column_of_sound(columns, None)
    with pytest.raises(UserError, match=r"there is no column of sound called 'genre'; there are mix, vocals"):
        column_of_sound(columns, "genre")
    with pytest.raises(UserError, match=r"data\.name: that set has no column of sound, only genre"):
        column_of_sound({"genre": "text"}, None)
