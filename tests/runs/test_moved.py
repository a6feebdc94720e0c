from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.runs import moved
from genre_lightning.runs.moved import places, where_they_were


@pytest.fixture
def began(tmp_path, monkeypatch):
    """A run that began in a folder with songs, and is gone on with in another one."""
    for folder in ("before/songs", "before/run/.hydra", "now"):
        (tmp_path / folder).mkdir(parents=True)
    hydra = OmegaConf.create({"hydra": {"runtime": {"cwd": str(tmp_path / "before")}}})
    OmegaConf.save(hydra, tmp_path / "before" / "run" / ".hydra" / "hydra.yaml")
    monkeypatch.chdir(tmp_path / "now")
    return tmp_path / "before"


def test_folders_of_a_run_that_goes_on_from_elsewhere_are_found_where_they_were(began):
    settings = OmegaConf.create({"data": {"root": "songs"}, "cache": {"root": "cache"}})
    where_they_were(settings, began / "run")
    assert settings == {"data": {"root": str(began / "songs")}, "cache": {"root": "cache"}}  # there is no cache there
    settings = OmegaConf.create({"data": {"root": ["songs", "/more", "gone"]}, "cache": {"root": "/caches"}})
    where_they_were(settings, began / "run")
    assert settings.data.root == [str(began / "songs"), "/more", "gone"] and settings.cache.root == "/caches"


@pytest.mark.parametrize(("name", "is_folder"), [("songs", True), ("OWNER/songs", False)])
def test_so_is_the_folder_of_a_published_set(name, is_folder, began):
    settings = OmegaConf.create({"data": {"root": "sets", "name": name}})
    where_they_were(settings, began / "run")
    assert settings.data.name == (str(began / name) if is_folder else name)


def test_whoever_is_where_the_run_began_finds_its_settings_as_they_are(began, monkeypatch):
    monkeypatch.chdir(began)
    settings = OmegaConf.create({"data": {"root": "songs"}, "cache": {"root": "cache"}})
    where_they_were(settings, began / "run")
    assert settings.data.root == "songs"


def catalogue(*paths):
    return Catalogue([Track(Path(path), "jazz") for path in paths])


def test_songs_that_have_moved_together_are_where_they_were(monkeypatch):
    before = places(catalogue("/a/songs/jazz/1.mp3", "/a/songs/rock/2.mp3"))
    assert before == ["jazz/1.mp3", "rock/2.mp3"] == places(catalogue("/b/c/jazz/1.mp3", "/b/c/rock/2.mp3"))
    assert before != places(catalogue("/b/c/jazz/1.mp3", "/b/c/rock/3.mp3"))
    monkeypatch.setattr(moved.os.path, "commonpath", lambda _: (_ for _ in ()).throw(ValueError("different drives")))
    assert places(catalogue("/a/1.mp3")) == [Path("/a/1.mp3").absolute().as_posix()]
