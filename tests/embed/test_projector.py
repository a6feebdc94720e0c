from pathlib import Path

import numpy as np

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.projector import show_embeddings


def test_the_projector_shows_every_set_of_songs_the_run_s_own_first(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import ProjectorConfig

    run, others = tmp_path / "tuesday", tmp_path / "tuesday" / "embeddings" / "mine"
    tracks = [Track(Path("a.mp3"), "jazz", "The\tTabs", "New\nlines", "train"), Track(Path("b.mp3"), "")]
    vectors = np.array([[1.5, -2, 1e-6], [0.1, 3, 4]], np.float32)
    embeddings = Embeddings(Catalogue(tracks), ["jazz", "rock"], np.eye(2, dtype=np.float32), vectors, vectors[:, :2])
    for folder in (others, run, run):
        show_embeddings(run, folder, embeddings)
    config = text_format.Parse((run / "projector_config.pbtxt").read_text(), ProjectorConfig())
    assert [shown.tensor_name for shown in config.embeddings] == ["tuesday", "mine"]
    for shown in config.embeddings:
        lines = (run / shown.metadata_path).read_text(encoding="utf-8").splitlines()
        assert lines[0].split("\t") == ["title", "artist", "genre", "predicted", "split"]
        assert [line.split("\t") for line in lines[1:]] == [
            ["New lines", "The Tabs", "jazz", "jazz", "train"],
            ["b", "", "", "rock", "new"],
        ]
        assert np.allclose(np.loadtxt(run / shown.tensor_path, delimiter="\t"), vectors, rtol=1e-4)
