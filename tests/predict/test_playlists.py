import pytest

from genre_lightning.__main__ import main
from genre_lightning.errors import UserError
from genre_lightning.predict.playlists import Sorted, file_names, prepare, write_playlists

GENRES = ["jazz", "rock"]


def songs_of(playlist):
    return [line for line in playlist.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def test_each_genre_gets_a_playlist_with_the_most_probable_songs_first_and_so_do_songs_of_none(tmp_path):
    named = ("é.mp3", "jazz", 0.5), ("b.mp3", "jazz", 0.9), ("c.mp3", "", 0.4)
    songs = [Sorted(tmp_path / name, genre, confidence, 200) for name, genre, confidence in named]
    assert write_playlists(songs, GENRES, tmp_path) == 2
    assert all_in(tmp_path) == {"jazz.m3u8": ["b.mp3", "é.mp3"], "none.m3u8": ["c.mp3"]}
    assert "#EXTINF:200,b\n" in (tmp_path / "jazz.m3u8").read_text(encoding="utf-8")


def all_in(folder):
    return {path.name: songs_of(path) for path in sorted(folder.iterdir())}


def test_playlists_are_written_anew_and_keep_no_song_that_has_another_genre_now(tmp_path):
    for genre in GENRES:
        write_playlists([Sorted(tmp_path / "a.mp3", genre, 0.5, 200)], GENRES, tmp_path)
    assert all_in(tmp_path) == {"jazz.m3u8": [], "rock.m3u8": ["a.mp3"]}


def test_every_system_takes_the_names_of_playlists_and_no_two_are_the_same():
    genres = ["hip-hop/rap", "hip-hop:rap", "r&b", "con", "Nul.x", "..", "none", "none", "歌" * 90]
    names = file_names(genres)
    assert names[:5] == ["hip-hop-rap", "hip-hop-rap (2)", "r&b", "_con", "_Nul.x"]
    assert names[5:8] == ["-", "none", "none (2)"] and len(names[8].encode()) < 200


def test_what_no_playlist_can_hold_is_told_before_the_work(tmp_path):
    with pytest.raises(UserError, match=r"two\\nlines.*has a line break, which no playlist can hold; rename it"):
        prepare(tmp_path / "lists", GENRES, [tmp_path / "two\nlines.mp3"])
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--m3u: cannot write to .*file"):
        prepare(tmp_path / "file", GENRES, [])
    (tmp_path / "none.m3u8").write_text("mine.mp3\n")
    with pytest.raises(UserError, match=r"none\.m3u8 is there already"):
        prepare(tmp_path, GENRES, [])


@pytest.fixture
def predict(exported, tmp_path, write_song, capsys, survive_the_end):
    """Predict two songs with options; returns the status and what is on stdout and stderr."""
    for number in range(2):
        write_song(tmp_path / "music" / f"{number}.wav", "tones", number)

    def run(*options):
        with pytest.raises(SystemExit) as ended:
            main(["predict", str(exported), str(tmp_path / "music"), "--m3u", str(tmp_path / "lists"), *options])
        return ended.value.code, *capsys.readouterr()

    return run


def test_playlists_come_beside_all_other_formats_and_are_the_same(predict, tmp_path):
    lists, into = [], ("--into", str(tmp_path / "into"))
    for options in (("--csv",), ("--json",), (), into, into):
        status, _, told = predict(*options)
        assert status == 0 and f" into {tmp_path / 'lists'}" in told
        lists.append(sorted(path.read_text() for path in (tmp_path / "lists").iterdir()))
    assert all(one == lists[0] for one in lists)
    listed = all_in(tmp_path / "lists").values()
    assert sorted(song for songs in listed for song in songs) == ["../music/0.wav", "../music/1.wav"]


def test_a_table_that_somebody_has_damaged_is_named(predict, tmp_path):
    predict("--into", str(tmp_path / "into"))
    (table,) = (tmp_path / "into").glob("*.csv")
    for damage in (("0.wav,0.0,", "0.wav,0.0,long"), ("0.wav,0.0", "0.wav\n")):
        whole = table.read_text()
        table.write_text(whole.replace(*damage))
        assert "cannot be read; remove it" in predict("--into", str(tmp_path / "into"))[0]
        table.write_text(whole)


def test_a_table_of_moments_makes_no_playlists(predict, tmp_path):
    status, *_ = predict("--into", str(tmp_path / "into"), "--timeline")
    assert "leave out --timeline or --into" in str(status) and not (tmp_path / "into").exists()
