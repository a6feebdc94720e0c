import json
from pathlib import Path

import numpy as np

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.projector import bookmark, metadata, projector_hint, show_embeddings

TRACKS = [Track(Path("a.mp3"), "jazz", "The\tTabs", "New\nlines", "train"), Track(Path("b.mp3"), "")]
VECTORS = np.array([[1.5, -2, 1e-6], [0.1, 3, 4]], np.float32)
ARRAYS = np.eye(2, dtype=np.float32), VECTORS, VECTORS[:, :2], np.array(["a", "b"]), VECTORS
SONGS = Embeddings(Catalogue(TRACKS), ["jazz", "rock"], *ARRAYS)


def test_the_projector_shows_every_set_of_songs_the_run_s_own_first(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import ProjectorConfig

    run, others = tmp_path / "tuesday", tmp_path / "tuesday" / "embeddings" / "mine"
    for folder in (others, run, run):
        show_embeddings(run, folder, SONGS)
    config = text_format.Parse((run / "projector_config.pbtxt").read_text(), ProjectorConfig())
    assert [shown.tensor_name for shown in config.embeddings] == ["tuesday", "mine"]
    for shown in config.embeddings:
        assert (run / shown.metadata_path).is_file()
        assert np.allclose(np.loadtxt(run / shown.tensor_path, delimiter="\t"), VECTORS, rtol=1e-4)
        (one,) = json.loads((run / shown.bookmarks_path).read_text())
        places = [[song["linear-x"], song["linear-y"]] for song in one["projections"]]
        assert np.allclose(places, SONGS.positions, rtol=1e-3)


def test_what_is_known_of_songs_is_a_table_without_empty_cells():
    assert [line.split("\t") for line in metadata(SONGS)] == [
        ["title", "artist", "genre", "predicted", "split"],
        ["New lines", "The Tabs", "jazz", "jazz", "train"],
        ["b", "unknown", "unknown", "rock", "new"],
    ]


def test_a_bookmark_colours_by_genre_and_brings_the_principal_components_along(make_embeddings):
    tracks = [Track(Path("a.mp3"), genre) for genre in ("clicks", "noise", "tones") * 4]
    embeddings = make_embeddings(tracks)
    shown = bookmark(embeddings)
    assert shown["selectedColorOptionName"] == "genre" and shown["selectedProjection"] == "custom"
    assert shown["dataSetDimensions"] == [12, 3]
    found = np.array([[song[f"pca-{number}"] for number in range(3)] for song in shown["projections"]])
    centred = embeddings.vectors - embeddings.vectors.mean(axis=0)
    directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(found @ found.T, directions @ directions.T, atol=0.01)  # the same but for a rotation
    assert np.all(np.diff((found**2).sum(axis=0)) <= 0)


def test_embeddings_of_an_earlier_version_have_no_bookmarks_and_one_song_is_enough(tmp_path, make_embeddings):
    show_embeddings(tmp_path, tmp_path / "embeddings" / "earlier", make_embeddings([Track(Path("a.mp3"), "tones")]))
    (tmp_path / "embeddings" / "earlier" / "projector" / "bookmarks.json").unlink()
    show_embeddings(tmp_path, tmp_path, make_embeddings([Track(Path("a.mp3"), "tones")]))
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert config.count("metadata_path") == 2 and config.count("bookmarks_path") == 1


def test_where_to_look_is_said_if_the_run_has_anything_in_tensorboard(tmp_path):
    run = tmp_path / "logs" / "run"
    run.mkdir(parents=True)
    assert projector_hint(run) == []
    (run / "events.out.tfevents.1.host.0").touch()
    (line,) = projector_hint(run)
    assert str(run.parent) in line and "PROJECTOR" in line and "anew" in line
