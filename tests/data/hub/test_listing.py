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

    requests, build = [], datasets.load_dataset_builder

    def info(self, name, revision, timeout):
        requests.append((name, revision))
        return SimpleNamespace(sha=SHA, card_data={"license": ["cc-by-4.0", "mit"]})

    def fetched(place, subset, revision):
        requests.append((place, revision))
        builder = build(str(parquet), subset)
        there = SimpleNamespace(data_files={"train": [f"hf://datasets/{place}@{revision}/train.parquet"]})
        return SimpleNamespace(config=there, info=builder.info, as_streaming_dataset=builder.as_streaming_dataset)

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(datasets, "load_dataset_builder", fetched)
    return requests


@pytest.mark.parametrize(
    ("card", "told"),
    [("license: cc-by-nc-4.0", "cc-by-nc-4.0: not for commercial use"), ("{}", "unknown: its card names none")],
)
def test_the_licence_is_told_as_that_of_networks(asked, parquet, card, told):
    (parquet / "README.md").write_text(f"---\n{card}\n---\n", encoding="utf-8")
    assert listing_of(asked).licence == told


def test_songs_in_rows_become_files_once(asked, parquet):
    listing = listing_of(asked)
    assert [song.path.read_bytes() for song in listing.songs] == [
        wav(g, n) for n, g in enumerate(("jazz", "rock", "jazz"))
    ]
    assert listing.columns == {"audio": "sound", "genre": "text", "artist": "text", "fold": "number"}
    assert listing.songs[1].values == {"genre": "rock", "artist": "train 1", "fold": "1"}


def test_what_is_here_needs_neither_the_library_nor_the_set(parquet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    asked = Asked(
        str(tmp_path / "kept"), f"{tmp_path.name}/{parquet.name}"
    )  # which is what sets of the hub are called, too
    first = listing_of(asked)
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert listing_of(asked) == first
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


def test_a_folder_that_has_changed_is_read_again(asked, parquet):
    before = revision_of(asked)
    assert len(listing_of(asked).songs) == 3
    (parquet / ".DS_Store").touch()
    assert revision_of(asked) == before, "hidden files are not read"
    write_parquet(parquet / "train.parquet", rows(5))
    assert len(listing_of(asked).songs) == 5


def test_a_run_goes_on_with_the_songs_it_had_if_they_are_here(asked, parquet, monkeypatch):
    pinned = asked._replace(revision=revision_of(asked))
    songs = listing_of(pinned).songs
    write_parquet(parquet / "train.parquet", rows(5))
    with pytest.raises(UserError, match=rf"data\.revision: .* changed, and is now \w+, not {pinned.revision}; start"):
        listing_of(pinned._replace(root="elsewhere"))
    monkeypatch.delattr("genre_lightning.data.hub.listing.digest_of")
    assert listing_of(pinned).songs == songs and is_kept(pinned)
    assert not is_kept(pinned._replace(root="elsewhere")) and not is_kept(asked), "a folder would have to be read"


def test_a_folder_has_no_branches(asked):
    with pytest.raises(UserError, match=r"data\.revision: .*set is a folder, which has no main; leave it out"):
        listing_of(asked._replace(revision="main"))


@pytest.mark.parametrize("pattern", ["../other/*.parquet", "{above}/other/*.parquet"])
def test_a_card_that_names_tables_elsewhere_is_refused(asked, parquet, pattern):
    write_parquet(parquet.parent / "other" / "train.parquet", rows(2))
    card = f"---\nconfigs:\n- config_name: default\n  data_files: {pattern.format(above=parquet.parent)}\n---\n"
    (parquet / "README.md").write_text(card, encoding="utf-8")
    with pytest.raises(UserError, match=r"data\.name: .*set names a file outside of itself, .*other.*; it is not read"):
        listing_of(asked)


def test_what_is_broken_is_one_line_and_what_was_half_written_is_removed(asked, parquet, caplog, capfd):
    (left := asked.folder / revision_of(asked) / "train" / "a.wav.0123abcd.tmp").parent.mkdir(parents=True)
    left.touch()
    listing_of(asked)
    assert not left.exists()
    (parquet / "README.md").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"data\.name: .*set cannot be read: .* decode byte 0xff"):
        listing_of(asked)
    (parquet / "README.md").unlink()
    (parquet / "train.parquet").write_bytes((parquet / "train.parquet").read_bytes()[:99])
    with pytest.raises(UserError, match=r"data\.name: .*set cannot be read: Parquet magic bytes not found"):
        listing_of(asked)
    (parquet / "train.parquet").unlink()
    (parquet / "train.csv").write_text("file,genre\na,b\n")
    with pytest.raises(UserError, match=r"no column of sound, only file, genre; a table of paths is one if") as raised:
        listing_of(asked)
    assert raised.value.__cause__ is None, "an error that caused itself is followed forever"
    assert "Failed" not in caplog.text + capfd.readouterr().err


def test_a_bar_has_an_end_where_a_set_says_how_many_songs_it_has(asked, parquet, monkeypatch):
    totals = []
    monkeypatch.setattr("tqdm.tqdm", lambda rows, _, total, **__: totals.append(total) or rows)
    counted = "dataset_info:\n  splits:\n  - name: train\n    num_examples: 3\n    num_bytes: 9\n"
    (parquet / "README.md").write_text(f"---\n{counted}---\n", encoding="utf-8")
    listing_of(asked)
    assert totals == [3]


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
    whole = json.loads(path.read_text())
    wrong = {"songs": [["a.wav", "train", {"genre": 7}]], "others": [[1, 2]], "columns": [], "name": None, "format": 0}
    for content in ("", "[]", *(json.dumps(whole | {name: value}) for name, value in wrong.items())):
        path.write_text(content)
        with pytest.raises(UserError, match=r"songs\.json is damaged; remove it"):
            listing_of(asked)


@pytest.mark.parametrize("name", ["/nowhere", "../nowhere", "a/b/c", "~/nowhere"])
def test_a_folder_that_is_not_there_is_told(name, tmp_path):
    with pytest.raises(UserError, match=r"data\.name: there is no folder .*; sets of the hub are called OWNER/DATASET"):
        listing_of(Asked(str(tmp_path), name))


def test_a_file_is_answered_with_its_folder_also_if_it_is_called_like_a_set(parquet, tmp_path, monkeypatch):
    monkeypatch.chdir(parquet.parent)
    for name in str(parquet / "train.parquet"), f"{parquet.name}/train.parquet":
        with pytest.raises(UserError, match=r"data\.name: .*train\.parquet is a file; name its folder, .*set$"):
            listing_of(Asked(str(tmp_path / "kept"), name))
