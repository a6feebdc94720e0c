import json
import sys
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf
from published_sets import rows, wav, write_parquet

from genre_lightning.data.hub.asked import Asked
from genre_lightning.data.hub.listing import LISTING, is_kept, listing_of, pin, revision_of
from genre_lightning.errors import UserError

pytest.importorskip("datasets")
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def parquet(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return write_parquet(tmp_path / "set" / "train.parquet", rows(3))


@pytest.fixture
def asked(parquet, tmp_path):
    return Asked(str(tmp_path / "kept"), str(parquet))


@pytest.fixture
def hub(parquet, tmp_path, monkeypatch):
    """A hub that has OWNER/songs at the commit SHA; returns what is asked of it."""
    import datasets
    import huggingface_hub

    requests, load = [], datasets.load_dataset

    def info(self, name, revision, timeout):
        requests.append((name, revision))
        return SimpleNamespace(sha=SHA, card_data={"license": ["cc-by-4.0", "mit"]})

    def fetched(place, subset, revision, streaming):
        assert streaming and revision == SHA
        requests.append((place, revision))
        return load(str(parquet), subset, streaming=True)

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(datasets, "load_dataset", fetched)
    return requests


def test_songs_in_rows_become_files_once(asked, parquet):
    listing = listing_of(asked)
    assert [song.path.read_bytes() for song in listing.songs] == [
        wav(g, n) for n, g in enumerate(("jazz", "rock", "jazz"))
    ]
    assert listing.columns == {"audio": "sound", "genre": "text", "artist": "text", "fold": "number"}
    assert listing.songs[1].values == {"genre": "rock", "artist": "train 1", "fold": "1"}


def test_what_is_here_needs_neither_the_library_nor_the_set(asked, parquet, monkeypatch):
    first = listing_of(asked)
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert listing_of(asked) == first and is_kept(asked)
    (parquet / "train.parquet").unlink()
    parquet.rmdir()
    assert listing_of(asked) == first and is_kept(asked)


def test_songs_that_are_files_stay_where_they_are(write_song, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "songs"
    paths = {write_song(folder / "train" / genre / "a.wav", "tones", 1) for genre in ("jazz", "rock")}
    listing = listing_of(Asked(str(tmp_path / "kept"), str(folder)))
    assert {song.path for song in listing.songs} == paths
    assert {song.values["label"] for song in listing.songs} == {"jazz", "rock"} and listing.columns["label"] == "names"
    assert [path.name for path in (tmp_path / "kept").rglob("*") if path.is_file() and path.suffix != ".lock"] == [
        LISTING
    ]


def test_a_folder_that_has_changed_is_read_again_and_not_taken_for_what_it_was(asked, parquet):
    before = revision_of(asked)
    assert len(listing_of(asked).songs) == 3
    (parquet / ".DS_Store").touch()
    assert revision_of(asked) == before, "hidden files are not read"
    write_parquet(parquet / "train.parquet", rows(5))
    assert len(listing_of(asked).songs) == 5 and not is_kept(asked._replace(root="elsewhere"))
    for ask in revision_of, is_kept:
        with pytest.raises(UserError, match=rf"data\.revision: .* has changed, and is now \w+, not {before}; start"):
            ask(asked._replace(revision=before))


def test_a_set_of_the_hub_is_fetched_once_and_pinned(hub, tmp_path):
    asked = Asked(str(tmp_path / "kept"), "OWNER/songs")
    data = OmegaConf.create({"_target_": "genre_lightning.data.sources.hub.hub", **asked._asdict()})
    pin(data)
    assert data.revision == SHA and not is_kept(asked)
    listing = listing_of(asked._replace(revision=SHA))
    assert (listing.revision, listing.licence, len(listing.songs)) == (SHA, "cc-by-4.0, mit", 3)
    assert hub == [("OWNER/songs", None), ("OWNER/songs", SHA), ("OWNER/songs", SHA)]
    assert listing_of(asked) == listing and is_kept(asked) and len(hub) == 3, "the hub is not asked again"
    assert all(path.is_relative_to(tmp_path / "kept" / "OWNER--songs" / SHA) for path, *_ in listing.songs)


def test_songs_are_not_kept_in_the_folder_that_is_read(asked, parquet):
    with pytest.raises(UserError, match=r"data\.root: .* lies in .*; keep songs outside of it"):
        listing_of(asked._replace(root=str(parquet / "kept")))


@pytest.mark.parametrize("revision", ["", "/v1", "*", ".."])
def test_a_revision_is_no_pattern_of_names(revision, hub, tmp_path):
    asked = Asked(str(tmp_path / "kept"), "OWNER/songs")
    listing_of(asked)
    assert not is_kept(asked._replace(revision=revision)) and is_kept(asked._replace(revision=SHA))


def test_other_sources_are_not_pinned():
    pin(data := OmegaConf.create({"_target_": "genre_lightning.data.sources.folder.folder", "root": "songs"}))
    assert "revision" not in data


def test_what_is_damaged_is_told(asked):
    listing_of(asked)
    (path,) = asked.folder.glob(f"*/{LISTING}")
    for content in ("", "[]", json.dumps({"format": 0})):
        path.write_text(content)
        with pytest.raises(UserError, match=r"songs\.json is damaged; remove it"):
            listing_of(asked)


@pytest.mark.parametrize("name", ["/nowhere", "../nowhere", "a/b/c", "~/nowhere"])
def test_a_folder_that_is_not_there_is_told(name, tmp_path):
    with pytest.raises(UserError, match=r"data\.name: there is no folder .*; sets of the hub are called OWNER/DATASET"):
        listing_of(Asked(str(tmp_path), name))
