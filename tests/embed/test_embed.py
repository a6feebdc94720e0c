import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from genre_lightning.data.building import Builder
from genre_lightning.data.cache import FeatureCache
from genre_lightning.embed import embeddings as embeddings_file
from genre_lightning.embed.embed import folder_name
from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.embed.projection import PCA, UMAP
from genre_lightning.embed.style import BACKGROUND
from genre_lightning.errors import UserError, is_for_users
from genre_lightning.runs.run import Run

pytestmark = pytest.mark.usefixtures("uncompiled")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def copied(embedded, tmp_path):
    """A run with embeddings that a test may spoil."""
    return Path(shutil.copytree(embedded, tmp_path / "run"))


@pytest.fixture
def new_songs(tmp_path, write_song):
    """Songs that the run never saw: with and without a genre, of a genre it does not know, and a broken file."""
    root = tmp_path / "new songs"
    for number in range(20, 24):
        write_song(root / "noise" / f"{number}.wav", "noise", number, artist="Somebody")
        write_song(root / "tones" / f"{number}.wav", "tones", number, 0.2)
    write_song(root / "polka" / "25.wav", "clicks", 25)
    write_song(root / "26.wav", "tones", 26)
    (root / "27.mp3").write_text("no sound")
    return root


def others(run):
    """The one folder for songs that are not the run's own."""
    (folder,) = (run / "embeddings").iterdir()
    return folder


def positions(folder):
    """Where each file lies."""
    embeddings = read_embeddings(folder)
    return {track.path: tuple(embeddings.positions[row]) for row, track in enumerate(embeddings.tracks)}


def test_every_song_of_the_run_is_there_with_its_split_and_the_model_s_prediction(embedded):
    run, embeddings = Run(embedded), read_embeddings(embedded)
    known = {track.path.absolute(): (track.genre, track.artist, track.split) for track in run.catalogue}
    assert {track.path: (track.genre, track.artist, track.split) for track in embeddings.tracks} == known
    pairs = zip(embeddings.tracks, embeddings.predicted, strict=True)
    right = [track.genre == predicted for track, predicted in pairs if track.split == "test"]
    figures = json.loads((embedded / "metrics.json").read_text())
    assert np.mean(right) == pytest.approx(figures["test"]["accuracy"])


def test_the_map_is_called_what_a_person_would_call_it(embedded, library):
    title = f"{library.name}: 30 songs, as the MLP on log-mel hears them, "
    assert title in (embedded / "map.html").read_text(encoding="utf-8")


def test_nothing_that_is_cached_is_computed_again(copied, map_run, monkeypatch):
    monkeypatch.setattr(Builder, "extract", lambda cache, path: pytest.fail(f"computed {path} again"))
    map_run(copied)


@pytest.mark.slow
def test_features_can_be_kept_elsewhere(copied, embedded, map_run, tmp_path):
    map_run(copied, f"cache.root='{(tmp_path / 'cache here').as_posix()}'")
    assert len(FeatureCache(tmp_path / "cache here", Run(copied).spec.features)) == 30
    assert np.allclose(read_embeddings(copied).vectors, read_embeddings(embedded).vectors, atol=1e-5)


@pytest.fixture
def reads(monkeypatch):
    """The folders whose embeddings.npz was read."""
    folders, read = [], embeddings_file.read_arrays
    monkeypatch.setattr(embeddings_file, "read_arrays", lambda path: folders.append(path.parent) or read(path))
    return folders


def test_a_map_does_not_change_unasked(copied, map_run, capsys, reads):
    arrays = embeddings_file.read_arrays(copied / "embeddings.npz")
    arrays["positions"] += 7
    np.savez(copied / "embeddings.npz", **arrays)
    reads.clear()
    map_run(copied)
    assert reads == [copied]
    assert np.array_equal(read_embeddings(copied).positions, arrays["positions"])
    assert "The map is the earlier one.\n" in capsys.readouterr().out


def test_embeddings_that_cannot_be_used_are_replaced_and_that_is_said(copied, map_run, caplog, capsys):
    arrays = embeddings_file.read_arrays(copied / "embeddings.npz")
    np.savez(copied / "embeddings.npz", **{name: array for name, array in arrays.items() if name != "format"})
    map_run(copied)
    assert "embeddings.npz was made by version 0.1, so it is not used" in caplog.text
    assert "The map is new." in capsys.readouterr().out and len(read_embeddings(copied).tracks) == 30


@pytest.mark.slow
def test_another_projection_or_model_draws_another_map_and_says_so(copied, map_run, capsys):
    before = read_embeddings(copied)
    map_run(copied, "projection=tsne", "projection.max_iter=250")
    after = read_embeddings(copied)
    assert not np.allclose(before.positions, after.positions) and np.allclose(before.vectors, after.vectors, atol=1e-5)
    changed = "The map is new: the model or the settings of the projection have changed, now "
    assert changed + "TSNE." in capsys.readouterr().out
    map_run(copied)
    best = copied / "checkpoints" / "model.ckpt"
    checkpoint = torch.load(best, weights_only=True)
    checkpoint["state_dict"]["encoder.2.0.weight"] += 0.3
    torch.save(checkpoint, best)
    capsys.readouterr()
    map_run(copied)
    assert changed + "PCA." in capsys.readouterr().out


def test_new_songs_lie_on_the_run_s_map_and_leave_it_alone(copied, map_run, new_songs, capsys, reads):
    own = (copied / "embeddings.npz").read_bytes()
    map_run(copied, f"data.root='{new_songs.as_posix()}'")
    assert reads == [copied]
    folder, printed = others(copied), capsys.readouterr().out
    assert (copied / "embeddings.npz").read_bytes() == own and folder.name.startswith("new songs-")
    embeddings = read_embeddings(folder)
    assert [track.genre for track in embeddings.tracks] == ["", *["noise"] * 4, "polka", *["tones"] * 4]
    assert {track.split for track in embeddings.tracks} == {""} and embeddings.genres == Run(copied).spec.genres
    assert {track.artist for track in embeddings.tracks} == {"", "Somebody"}
    assert "The map is the run's, drawn from 30 songs; new songs placed on it: 10." in printed
    assert "map, 10 new songs" in printed and str(folder / "embeddings.csv") in printed
    assert "PROJECTOR" in printed and "new songs: 10 songs, as the MLP on" in (folder / "map.html").read_text("utf-8")
    assert "27.mp3 is damaged, cut off or not audio" in printed and "\nsongs that cannot be read: 1\n" in printed


@pytest.fixture
def shown(monkeypatch):
    """The songs on every map that is drawn."""
    views, drawing = [], "genre_lightning.embed.embed.map_picture"
    monkeypatch.setattr(drawing, lambda view: views.append(view.embeddings) or Figure())
    return views


def test_in_the_background_lie_the_run_s_songs_that_are_not_new(copied, map_run, new_songs, library, shown):
    shutil.copy(library / "noise" / "0.wav", new_songs / "noise" / "known.wav")
    map_run(copied, f"data.root='{new_songs.as_posix()}'")
    folder = others(copied)
    (songs,) = shown
    assert list(songs.tracks)[:11] == list(read_embeddings(folder).tracks) and len(songs.tracks) == 11 + 29
    known = (library / "noise" / "0.wav").absolute()
    where = {path: position for path, position in positions(copied).items() if path != known}
    background = {track.path: row for row, track in enumerate(songs.tracks) if track.split == BACKGROUND}
    assert {path: tuple(songs.positions[row]) for path, row in background.items()} == where
    assert "song of the run" in (folder / "map.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_songs_on_a_map_of_their_own_or_an_earlier_one_of_the_run_are_alone(copied, map_run, new_songs, shown):
    new = f"data.root='{new_songs.as_posix()}'"
    map_run(copied, new)
    map_run(copied, "projection=tsne", "projection.max_iter=250")
    map_run(copied, new)
    assert [len(songs.tracks) for songs in shown] == [40, 30, 10]


@pytest.mark.slow
def test_songs_that_are_added_leave_the_others_where_they_were(copied, map_run, new_songs, write_song, reads):
    map_run(copied, f"data.root='{new_songs.as_posix()}'")
    before = positions(others(copied))
    write_song(new_songs / "noise" / "0.wav", "noise", 50)
    reads.clear()
    map_run(copied, f"data.root='{new_songs.as_posix()}'")
    assert reads == [others(copied), copied]
    after = positions(others(copied))
    assert len(after) == len(before) + 1 and before.items() <= after.items()


@pytest.mark.slow
def test_songs_of_the_run_found_elsewhere_have_the_split_they_had(copied, map_run, library, tmp_path, write_song):
    for number in (0, 5):  # of train and of test
        (tmp_path / "mine" / "noise").mkdir(parents=True, exist_ok=True)
        shutil.copy(library / "noise" / f"{number}.wav", tmp_path / "mine" / "noise" / f"copy of {number}.wav")
    write_song(tmp_path / "mine" / "noise" / "new.wav", "noise", 60)
    for setting in ([], [f"cache.root='{(tmp_path / 'empty cache').as_posix()}'"]):
        map_run(copied, f"data.root='{(tmp_path / 'mine').as_posix()}'", *setting)
        embeddings = read_embeddings(others(copied))
        assert [track.split for track in embeddings.tracks] == ["train", "test", ""]


def test_without_a_map_of_the_run_new_songs_have_one_of_their_own(run, map_run, new_songs, tmp_path, capsys):
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    map_run(copied, f"data.root='{new_songs.as_posix()}'")
    printed = capsys.readouterr().out
    assert "The map is new." in printed and "run embed.py without data.root first" in printed
    assert not (copied / "embeddings.npz").exists()


@pytest.mark.parametrize(("songs", "projection"), [(1, "umap"), (1, "pca"), (2, "tsne")])
def test_a_song_or_two_are_enough(run, map_run, write_song, tmp_path, songs, projection):
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    for number in range(songs):
        write_song(tmp_path / "few" / f"{number}.wav", "tones", number, 0.1)
    map_run(copied, f"data.root='{(tmp_path / 'few').as_posix()}'", f"projection={projection}")
    embeddings = read_embeddings(others(copied))
    assert embeddings.positions.shape == (songs, 2) and np.isfinite(embeddings.positions).all()
    assert embeddings.vectors.shape == (songs, 16)


def test_other_songs_have_another_folder(tmp_path):
    choices = [("a", None), ("b", None), ("a/../a", None), ("a", ["noise"])]
    settings = [{"_target_": "folder", "root": str(tmp_path / root / "songs"), "genres": g} for root, g in choices]
    names = [folder_name(OmegaConf.create(each)) for each in settings]
    assert len(set(names)) == 3 and names[0] == names[2] and all(name.startswith("songs-") for name in names)


def test_when_no_song_can_be_read_that_is_an_error(copied, map_run, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.mp3").write_text("no sound")
    with pytest.raises(UserError, match=r"none of the 1 songs can be read; the first is .*a\.mp3, which is damaged"):
        map_run(copied, f"data.root='{(tmp_path / 'broken').as_posix()}'")


def test_the_latest_run_is_taken_when_none_is_named(copied, map_run, monkeypatch, capsys):
    shutil.copytree(copied, copied.parent / "logs" / "a run")
    monkeypatch.chdir(copied.parent)
    map_run(copied, "run=null")
    assert str(Path("logs", "a run", "embeddings.npz")) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "line"),
    [("neighbours=few", "neighbours must be a whole number of at least 1"), ("run=nowhere", "is not a finished run"),
     ("data.genres=[noise]", "data.genres goes with data.root"), ("data.root=nowhere", "there is no folder nowhere"),
     ("audio=no", "audio must be true or false, not no"), ("data=gtzan", r"data\.root is not set"),
     ("projection=umap projection.n_neighbors=1", "n_neighbors 1 must be at least 2"),
     ("projection=umap projection.min_dist=lots", r"projection\.min_dist")],
)  # fmt: skip
def test_mistakes_are_told_before_any_work(copied, map_run, monkeypatch, setting, line):
    monkeypatch.setattr("genre_lightning.embed.embedder.embed_songs", lambda *work: pytest.fail("worked"))
    with pytest.raises(Exception, match=line) as error:  # Hydra 1.3 raises its own errors, 1.4 those of the classes
        map_run(copied, *setting.split())
    assert is_for_users(error.value)


@pytest.mark.slow  # as they do in training, tests/train/test_train.py
@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows lacks libuv, with which processes meet")
def test_two_processes_embed_together_what_one_embeds(embedded, run, tmp_path):
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    line = [sys.executable, str(ROOT / "embed.py"), f"run='{folder.as_posix()}'", "projection=pca"]
    line += ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, encoding="utf-8", errors="replace", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("squeezes 16 dimensions") == 1 and "Warning" not in done.stderr
    together, alone = read_embeddings(folder), read_embeddings(embedded)
    assert list(together.tracks) == list(alone.tracks)
    assert np.allclose(together.vectors, alone.vectors, atol=1e-5)
    assert np.allclose(together.probabilities, alone.probabilities, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # the run's folder is the only one that is written to


def test_a_table_that_is_open_elsewhere_is_named_and_the_rest_is_written(copied, map_run):
    (copied / "embeddings.csv").unlink(missing_ok=True)
    (copied / "embeddings.csv").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*embeddings\.csv: "):
        map_run(copied)
    assert (copied / "map.html").is_file() and read_embeddings(copied) and not list(copied.glob("*.tmp"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), SystemExit()])
def test_what_the_model_makes_of_songs_is_saved_before_their_map_is_drawn(error, run, map_run, tmp_path, monkeypatch):
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    with monkeypatch.context() as broken, pytest.raises(type(error)):
        broken.setattr(PCA, "fit", lambda *_: (_ for _ in ()).throw(error))
        map_run(copied)
    saved = read_embeddings(copied)
    assert len(saved.tracks) == 30 and np.isnan(saved.positions).all() and not (copied / "map.png").exists()
    map_run(copied)
    drawn = read_embeddings(copied)
    assert np.allclose(drawn.vectors, saved.vectors) and np.isfinite(drawn.positions).all()


@pytest.mark.slow
def test_where_umap_does_not_work_pca_draws_the_map_until_it_does(copied, map_run, monkeypatch, capsys):
    def fail():
        raise ImportError("Numba needs NumPy 2.3 or less. Got NumPy 2.9.")

    before = read_embeddings(copied)
    with monkeypatch.context() as broken:
        broken.setattr(UMAP, "mapper", lambda *_, **how: fail())
        map_run(copied, "projection=umap")
    told = capsys.readouterr().out
    assert "\nThe map is drawn by PCA: UMAP does not work here. " in told and "Got NumPy 2.9." in told
    assert np.array_equal(read_embeddings(copied).positions, before.positions) and (copied / "map.html").is_file()
    map_run(copied, "projection=umap")
    assert not np.allclose(read_embeddings(copied).positions, before.positions)


@pytest.mark.slow
def test_songs_that_are_added_are_saved_beside_the_earlier_map(copied, map_run, new_songs, write_song, monkeypatch):
    new = f"data.root='{new_songs.as_posix()}'"
    map_run(copied, new)
    before = positions(others(copied))
    write_song(new_songs / "noise" / "0.wav", "noise", 50)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(PCA, "place", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        map_run(copied, new)
    saved = positions(others(copied))
    assert before.items() <= saved.items() and len(saved) == len(before) + 1
    map_run(copied, new)
    after = positions(others(copied))
    assert before.items() <= after.items() and np.isfinite(list(after.values())).all()


def test_with_audio_the_page_holds_an_excerpt_of_every_song(copied, map_run, new_songs):
    map_run(copied, f"data.root='{new_songs.as_posix()}'", "audio=true")
    assert (others(copied) / "map.png").read_bytes().startswith(b"\x89PNG")
    page = (others(copied) / "map.html").read_text(encoding="utf-8")
    assert page.count('id="excerpt-') == len(read_embeddings(others(copied)).tracks) == 10
