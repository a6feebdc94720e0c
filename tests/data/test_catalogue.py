import csv
from pathlib import Path
from unicodedata import normalize

import pytest

from genre_lightning.data.catalogue import (
    Catalogue,
    Track,
    genre_name,
    linked,
    read_manifest,
    write_manifest,
)
from genre_lightning.errors import UserError


@pytest.fixture
def manifest(tmp_path):
    """Write the lines of a manifest.csv; returns its path."""

    def write(*lines, encoding="utf-8"):
        (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n", encoding=encoding)
        return tmp_path / "manifest.csv"

    return write


@pytest.mark.parametrize("text", ["hiphop", "Hip-Hop", "hip hop", " HIP_HOP ", "Hip - Hop", "hip  hop"])
def test_spellings_of_a_genre_are_one(text):
    assert genre_name(text) == "hiphop"


@pytest.mark.parametrize(
    ("one", "other"), [("R&B", "R & B"), ("Hip-Hop/Rap", "hip hop / rap"), ("Rock|Live", "rock | live")]
)
def test_spaces_around_signs_make_no_other_genre(one, other):
    assert genre_name(one) == genre_name(other)


@pytest.mark.parametrize(("one", "other"), [("1-2", "12"), ("rock", "punk rock"), ("r&b", "rb"), ("Öl", "Ol")])
def test_different_genres_stay_apart(one, other):
    assert genre_name(one) != genre_name(other)


def test_songs_are_linked_by_artists_and_by_the_recording_that_they_are_of():
    one = Track(Path("a"), "rock", "Anna feat. Boris", extra={"recording_of": "x.mp3"})
    assert one.links == {"anna", "boris", "recording_of x.mp3"} and one.artists == ["anna", "boris"]
    assert Track(Path("b"), "rock", "Various Artists").links == frozenset()


def test_things_that_share_a_key_are_linked_through_others_too():
    assert linked([["a"], ["b"], [], ["c", "b"], ["d"], ["a", "c"], []]) == [0, 0, 2, 0, 4, 0, 6]
    assert linked([]) == []


def test_links_do_not_depend_on_the_order_of_things():
    chain = [[number, number + 1] for number in range(500)]
    assert set(linked(chain)) == set(linked(reversed(chain))) == set(linked(chain[::2] + chain[1::2])) == {0}


def test_genres_are_chosen_however_spelt():
    catalogue = Catalogue([Track(Path("a"), "rock"), Track(Path("b"), "hiphop"), Track(Path("c"), "jazz")])
    assert catalogue.of_genres(["Hip-Hop", "ROCK"]).genres == ["hiphop", "rock"]
    assert catalogue.of_genres(None).genres == ["hiphop", "jazz", "rock"]


def test_an_unknown_genre_is_named_beside_those_there_are():
    with pytest.raises(UserError, match=r"data\.genres.*polka.*there are jazz, rock"):
        Catalogue([Track(Path("a"), "rock"), Track(Path("b"), "jazz")]).of_genres(["polka", "rock"])


def test_a_manifest_is_read(manifest):
    path = manifest("path,genre,artist,title,split", "a/1.mp3,Hip-Hop,Jay-Z,99 Problems,test", " b.mp3 , rock ,,,")
    assert list(read_manifest(path)) == [
        Track(path.parent / "a" / "1.mp3", "hiphop", "Jay-Z", "99 Problems", "test"),
        Track(path.parent / "b.mp3", "rock"),
    ]


def test_columns_may_stand_in_any_order_and_more_are_kept(manifest):
    path = manifest("year,genre,path,album", "1999,rock,a.mp3,Issues")
    (track,) = read_manifest(path)
    assert track == Track(path.parent / "a.mp3", "rock", extra={"year": "1999", "album": "Issues"})


def test_an_absolute_path_stays_absolute(manifest, tmp_path):
    song = tmp_path.parent / "elsewhere" / "a.mp3"
    assert next(iter(read_manifest(manifest("path,genre", f"{song},rock")))).path == song


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_umlauts_are_read_with_and_without_a_byte_order_mark(manifest, encoding):
    path = manifest("path,genre,artist", "Füße.mp3,Jödel,Die Ärzte", encoding=encoding)
    assert list(read_manifest(path)) == [Track(path.parent / "Füße.mp3", "jödel", "Die Ärzte")]


FAULTS = [
    (["path,artist", "a.mp3,x"], "first line must name the column genre"),
    (["a.mp3,rock", "b.mp3,rock"], "first line must name the column genre"),
    (["path,genre", "a.mp3,rock", ",rock"], "line 3: the path is empty"),
    (["path,genre", "a.mp3,rock", "b.mp3, "], "line 3: the genre is empty"),
    (["path,genre,split", "a.mp3,rock,dev"], "line 2: the split 'dev' is none of train, val, test"),
    (["path,genre", "Crosby, Stills.mp3,rock"], "line 2: has 3 values, and the first line 2"),
    (["path,genre,title", 'a.mp3,rock,"two', 'lines"', ",rock,x"], "line 4: the path is empty"),
    (["path,genre", "", "", ",rock"], "line 4: the path is empty"),
]


@pytest.mark.parametrize(("lines", "complaint"), FAULTS, ids=str)
def test_a_fault_in_a_manifest_is_named_with_its_line(manifest, lines, complaint):
    path = manifest(*lines)
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    assert complaint in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("again", ["a.mp3", "./a.mp3", "b/../a.mp3"])
def test_a_song_listed_twice_is_refused(manifest, again):
    with pytest.raises(UserError, match=r"line 4: lists .*a\.mp3, as line 2 does"):
        read_manifest(manifest("path,genre", "a.mp3,rock", "b.mp3,rock", f"{again},jazz"))


@pytest.mark.parametrize(("name", "encoding"), [("Füße.mp3", "cp1252"), ("Песня.mp3", "cp1251")])
def test_a_manifest_in_an_encoding_of_windows_is_read_where_it_has_one_meaning(manifest, name, encoding):
    assert read_manifest(manifest("path,genre", f"{name},rock", encoding=encoding)).tracks[0].path.name == name


def test_a_manifest_of_two_meanings_is_refused(manifest):
    with pytest.raises(UserError, match="UTF-8"):
        read_manifest(manifest("path,genre", "Ü.mp3,rock", encoding="cp1252"))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_files_are_found_however_systems_write_their_names(manifest, form, slash):
    path = manifest("path,genre", normalize(form, f"rock{slash}Füße.mp3,rock"))
    song = path.parent / "rock" / normalize("NFC", "Füße.mp3")
    song.parent.mkdir()
    song.touch()
    assert read_manifest(path).tracks[0].path.samefile(song)


def test_what_is_written_is_read_again(tmp_path):
    tracks = [
        Track(tmp_path / "a" / "Füße, nackt.mp3", "hiphop", 'The "Who"', "two\nlines", "train", {"year": "1999"}),
        Track(tmp_path / "b.mp3", "r&b", split="val", extra={"year": ""}),
        Track(tmp_path.parent / "elsewhere" / "c.mp3", "jazz", "Ärzte", extra={"year": "7"}),
    ]
    write_manifest(Catalogue(tracks), tmp_path / "manifest.csv")
    assert list(read_manifest(tmp_path / "manifest.csv")) == tracks


def test_written_paths_are_relative_with_slashes(tmp_path):
    write_manifest(Catalogue([Track(tmp_path / "rock" / "a.mp3", "rock")]), tmp_path / "manifest.csv")
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()[1] == "rock/a.mp3,rock,,,"


def test_songs_with_different_extra_columns_are_written_together(tmp_path):
    tracks = [Track(tmp_path / f"{name}.mp3", "rock", extra={name: "1"}) for name in ("year", "bpm")]
    write_manifest(Catalogue(tracks), tmp_path / "manifest.csv")
    extras = [track.extra for track in read_manifest(tmp_path / "manifest.csv")]
    assert extras == [{"year": "1", "bpm": ""}, {"year": "", "bpm": "1"}]


def test_what_somebody_has_heard_wins_over_the_genre(manifest):
    rows = ["a.mp3,jazz,", "b.mp3,jazz,Hip-Hop", "c.mp3,jazz, Drop ", "d.mp3,,rock", "e.mp3,,"]
    tracks = list(read_manifest(manifest("path,genre,genre_checked", *rows)))
    assert [track.genre for track in tracks] == ["jazz", "hiphop", "", "rock", ""]
    assert [track.checked for track in tracks] == ["", "hiphop", "drop", "rock", ""]
    assert Catalogue(tracks).genres == ["hiphop", "jazz", "rock"]


def test_what_was_heard_stands_however_often_the_manifest_is_read_and_written(manifest):
    path = manifest("path,genre,genre_checked", "a.mp3,jazz,rock", "b.mp3,jazz,drop", "c.mp3,jazz,", "d.mp3,jazz,jazz")
    once = read_manifest(path)
    for _ in range(2):
        write_manifest(read_manifest(path), path)
    assert list(read_manifest(path)) == list(once)


def test_a_shared_list_without_paths_is_for_the_files_that_are_called_like_its_ids(manifest):
    path = manifest("track_id,genre,artist,split", "20,Rock,Anna,test", "10,jazz,Boris,train", "30,jazz,,train")
    for name in ("rock/20.mp3", "other/10.flac"):
        (path.parent / name).parent.mkdir()
        (path.parent / name).touch()
    found = [(track.path.relative_to(path.parent).as_posix(), track.split) for track in read_manifest(path)]
    assert found == [("rock/20.mp3", "test"), ("other/10.flac", "train"), ("30.mp3", "train")]


def test_a_list_with_neither_paths_nor_ids_is_refused(manifest):
    with pytest.raises(UserError, match=r"manifest\.csv: its first line must name the column path, or track_id"):
        read_manifest(manifest("genre,artist", "rock,Anna"))


def test_artists_are_linked_by_their_numbers_too_whatever_they_are_called():
    one, other = (Track(Path("a"), "rock", name, extra={"artist_ids": "7; 8"}) for name in ("Anna", "Анна"))
    assert one.links & other.links == {"artist 7", "artist 8"}


def test_titles_that_a_spreadsheet_would_compute_are_texts_in_a_manifest_and_come_back(tmp_path):
    names = ["=^_^=", "-1", "+44", "@home", "'=1", "'tis"]
    tracks = [Track(tmp_path / f"-{name}.wav", "rock", name, name, extra={"=key": name}) for name in names]
    write_manifest(Catalogue(tracks), tmp_path / "manifest.csv")
    cells = [
        cell for row in csv.reader((tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()) for cell in row
    ]
    assert not any(cell.startswith(("=", "-", "+", "@")) for cell in cells)
    assert [*read_manifest(tmp_path / "manifest.csv")] == tracks
