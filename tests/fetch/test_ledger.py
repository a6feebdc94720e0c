import errno

import pytest
from filelock import FileLock

from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.download import FetchedSong
from genre_lightning.fetch.ledger import Ledger
from genre_lightning.fetch.settings import Mode


def candidate(number, names=("A",), genre="rock"):
    artists = {str(place): name for place, name in enumerate(names, 1)}
    return Candidate(number, number, "", f'Song "{number}", ä', artists, 40.0, 30.0, "9", "rap", genre, "search")


def put(ledger, one, sha256="0"):
    path = ledger.path(one)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mp3")
    ledger.add(one, FetchedSong(path, 30.0, sha256))
    return path


@pytest.fixture
def ledger(root):
    with Ledger(root) as opened:
        opened.settle_mode(Mode.full)
        yield opened


def reopened(ledger):
    ledger.held.close()
    with Ledger(ledger.root) as again:
        return again


def test_all_that_is_noted_is_read_again(ledger):
    ledger.add_batch("rock", [candidate("1"), candidate("2")], {"7": "no album"})
    put(ledger, candidate("1"))
    ledger.skip({"2": "silent"})
    again = reopened(ledger)
    assert again.batches == [[candidate("1"), candidate("2")]] and again.rejected == {"rock": {"7": "no album"}}
    assert list(again.songs) == ["1"] and again.songs["1"] == ledger.songs["1"]
    assert again.skipped == {"2": "silent"} and again.mode is Mode.full


def test_a_song_whose_file_is_gone_is_no_song(ledger):
    put(ledger, candidate("1")).unlink()
    put(ledger, candidate("2"))
    assert list(reopened(ledger).songs) == ["2"]


def test_what_others_have_written_into_the_manifest_stays(root, manifest):
    root.mkdir()
    (root / "manifest.csv").write_text("path,genre,artist,year\nmine.mp3,rock,Me,1999\n", encoding="utf-8")
    with Ledger(root) as ledger:
        ledger.settle_mode(Mode.full)
        put(ledger, candidate("1"))
    mine, theirs = manifest()
    assert (mine.path.name, mine.extra["year"], theirs.extra["track_id"]) == ("mine.mp3", "1999", "1")
    with Ledger(root) as ledger:
        assert list(ledger.songs) == ["1"] and len(ledger.others) == 1


def test_the_kind_is_known_from_the_songs_too(ledger):
    put(ledger, candidate("1"))
    (ledger.root / "fetch_listing.json").unlink()
    again = reopened(ledger)
    with pytest.raises(UserError, match="two kinds must not mix"):
        again.settle_mode(Mode.preview)


def test_what_a_killed_run_has_begun_is_removed(root):
    (root / "rock").mkdir(parents=True)
    (root / "rock" / "7.mp3.0123abcd.tmp").write_bytes(b"half")
    (root / "fetch_skipped.json.0123abcd.tmp").write_bytes(b"half")
    (root / "fetch_report.json.0123abcd.tmp").write_bytes(b"half")
    with Ledger(root):
        assert not list(root.rglob("*.tmp"))


def test_a_dropped_song_is_gone_from_the_list_and_the_disk(ledger, manifest):
    paths = [put(ledger, candidate(number), number) for number in "12"]
    ledger.drop("1")
    assert [path.is_file() for path in paths] == [False, True] and [song.path for song in manifest()] == paths[1:]


def test_a_twin_is_known_by_its_bytes(ledger):
    put(ledger, candidate("1"), "abc")
    assert [ledger.twin(FetchedSong(ledger.root, 1.0, sha256)) for sha256 in ("abc", "x")] == ["1", None]


def test_an_artist_keeps_the_first_name(ledger):
    put(ledger, candidate("1", ("Кино", "Guest")))
    put(ledger, candidate("2", ("Kino",)))
    assert [song.artist for song in reopened(ledger).songs.values()] == ["Кино; Guest", "Кино"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("fetch_listing.json", "{"), ("fetch_listing.json", '{"mode": "x"}'), ("fetch_skipped.json", "[]")],
)
def test_a_damaged_file_is_named(name, content, root):
    root.mkdir()
    (root / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} is damaged; remove it, the songs stay"), Ledger(root):
        pass


def test_one_run_at_a_time(ledger):
    with pytest.raises(UserError, match="another run is collecting songs in"), Ledger(ledger.root):
        pass


@pytest.mark.parametrize("error", [NotImplementedError("flock"), OSError(errno.ENOLCK, "No locks available")])
def test_on_a_disk_without_locks_songs_are_collected_and_a_line_says_so(root, monkeypatch, caplog, error):
    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: (_ for _ in ()).throw(error))
    with Ledger(root) as ledger:
        put(ledger, candidate("1"))
    assert "this disk knows no locks" in caplog.text and (root / "manifest.csv").is_file()


def test_a_folder_that_cannot_be_made_is_named(root):
    root.write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match="cannot write"), Ledger(root):
        pass
