from pathlib import Path

import pytest

from genre_lightning.__main__ import main
from genre_lightning.errors import UserError
from genre_lightning.predict.playlists import Sorted, file_names, prepare, write_playlists


def songs_of(playlist):
    return [line for line in playlist.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def test_each_genre_gets_a_playlist_with_the_most_probable_songs_first_and_so_do_songs_of_none(tmp_path):
    songs = [Sorted(tmp_path / name, *rest) for name, *rest in (("é.mp3", "jazz", 0.5), ("b.mp3", "jazz", 0.9),
                                                               ("c.mp3", "", 0.4))]  # fmt: skip
    written = write_playlists(songs, ["jazz", "rock"], tmp_path)
    assert [path.name for path in written] == ["jazz.m3u8", "none.m3u8"] == sorted(map(str, names_in(tmp_path)))
    assert [*map(songs_of, written)] == [["b.mp3", "é.mp3"], ["c.mp3"]]


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_playlists_are_written_anew_and_keep_no_song_that_has_another_genre_now(tmp_path):
    write_playlists([Sorted(tmp_path / "a.mp3", "jazz", 0.5)], ["jazz", "rock"], tmp_path)
    written = write_playlists([Sorted(tmp_path / "a.mp3", "rock", 0.5)], ["jazz", "rock"], tmp_path)
    assert [*map(songs_of, written)] == [[], ["a.mp3"]]


def test_every_system_takes_the_names_of_playlists_and_no_two_are_the_same():
    genres = ["hip-hop/rap", "hip-hop:rap", "r&b", "con", "Nul.x", "..", "none", "none", "歌" * 90]
    names = file_names(genres)
    assert names[:5] == ["hip-hop-rap", "hip-hop-rap (2)", "r&b", "_con", "_Nul.x"]
    assert names[5:8] == ["-", "none", "none (2)"] and len(names[8].encode()) < 200


def test_what_no_playlist_can_hold_is_told_before_the_work(tmp_path):
    with pytest.raises(UserError, match=r"two\\nlines.*has a line break, which no playlist can hold; rename it"):
        prepare(tmp_path / "lists", [tmp_path / "two\nlines.mp3"])
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--m3u: cannot write to .*file"):
        prepare(tmp_path / "file", [])


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
    lists = []
    for options in (
        ("--csv",),
        ("--json",),
        (),
        ("--into", str(tmp_path / "into")),
        ("--into", str(tmp_path / "into")),
    ):
        status, _, told = predict(*options)
        assert status == 0 and f"playlists into {tmp_path / 'lists'}" in told
        found = {path.name: songs_of(path) for path in (tmp_path / "lists").iterdir()}
        lists.append(found)
    assert all(one == lists[0] for one in lists)
    assert sorted(song for songs in lists[0].values() for song in songs) == ["../music/0.wav", "../music/1.wav"]


def test_a_table_of_moments_makes_no_playlists(predict, tmp_path):
    status, *_ = predict("--into", str(tmp_path / "into"), "--timeline")
    assert "leave out --timeline or --into" in str(status) and not Path(tmp_path / "into").exists()
