"""Whole runs with tracks=THEIRS.csv against the fake service."""

import csv
from dataclasses import replace

import pytest
import service as fake
from outcome import remembered, stopped
from service import API, TOKEN, artist_row, track_row
from yandex_music import Track as FoundTrack

from genre_lightning.data.catalogue import Catalogue, write_manifest
from genre_lightning.data.sources.folder import folder
from genre_lightning.data.splits import split_catalogue
from genre_lightning.errors import UserError
from genre_lightning.fetch.shared import answers


@pytest.fixture
def share(service, fetch, tmp_path):
    """Fetch what a list says, given as a line for each song: whether all of it is here."""

    def shared(*lines, overrides=(), columns="track_id,genre"):
        path = tmp_path / "THEIRS.csv"
        if lines:
            path.write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
        return fetch(service, f"tracks='{path.as_posix()}'", "pace.workers=1", *overrides)

    return shared


def paths(service, since=0):
    return [hit.path for hit in service.hits[since:]]


def test_the_songs_of_a_list_come_with_what_it_says_of_them(service, share, on_disk, manifest, told, capsys):
    columns = "track_id,genre,artist,title,split,mood,seconds,sha256,path"
    lines = ["20000,Rock | Live,Кто,Что,test,sad,1.00,abc,/music/x.mp3", "10000,jazz,,,train,,,,"]
    assert share(*lines, columns=columns)
    assert on_disk() == ["20000", "10000"]
    first, second = manifest()
    assert (first.genre, first.artist, first.title, first.split) == ("rock|live", "Кто", "Что", "test")
    assert first.extra["mood"] == "sad" and first.extra["sha256"] != "abc" and float(first.extra["seconds"]) > 39
    assert (second.genre, second.artist, second.title, second.split) == ("jazz", "Artist 1000", "Song 10000", "train")
    assert (second.extra["artist_ids"], second.extra["mode"], second.extra["route"]) == ("1000", "full", "list")
    assert told("jazz") == {"wanted": 1, "found": 1, "fetched": 1, "new": 1, "gone": {}, "failed": {},
                            "hours": pytest.approx(40 / 3600, rel=0.01)}  # fmt: skip
    assert "| jazz       | 1      | 1 " in capsys.readouterr().out


def test_nothing_is_listed_and_tracks_are_asked_for_many_at_once(service, share, on_disk):
    assert share(*(f"{number},rock" for number in list(service.tracks)[:4]))
    assert len(on_disk()) == 4 and paths(service)[:2] == ["/account/status", "/tracks"]
    assert {path.split("/")[1] for path in paths(service)[2:]} == {"tracks", "download-info", "get-mp3"}
    assert paths(service).count("/tracks") == 1
    assert {hit.token for hit in service.hits if hit.path == "/tracks"} == {f"OAuth {TOKEN}"}


def test_a_long_list_is_asked_for_in_parts(service, share):
    share(*(f"{number},rock" for number in range(1, 202)), overrides=["dry_run=true"])
    assert [len(hit.query["track-ids"]) for hit in service.hits[1:]] == [100, 100, 1]


def test_what_is_gone_is_counted_and_asked_for_again_only_if_wanted(service, share, on_disk, told, root, capsys):
    service.tracks["10010"]["available"] = False
    service.tracks["10020"]["error"] = "not-found"
    lines = [f"{number},rock" for number in (10000, 10010, 10020, 99, 10030)]
    assert not share(*lines) and on_disk() == ["10000", "10030"]
    gone = {"10010": "not available", "10020": "not-found", "99": "unknown id"}
    assert (told()["wanted"], told()["found"], told()["fetched"]) == (5, 2, 2)
    assert told()["gone"] == dict.fromkeys(gone.values(), 1) and remembered(root) == gone
    assert "rock, gone: 1 not available, 1 not-found, 1 unknown id" in capsys.readouterr().out
    hits = len(service.hits)
    assert not share() and paths(service, hits) == ["/account/status"]
    service.tracks["10010"]["available"] = True
    assert not share(overrides=["retry_failed=true"]) and on_disk() == ["10000", "10030", "10010"]
    assert service.fetched() == {"10000": 1, "10010": 1, "10030": 1}


def test_a_second_run_goes_on_where_the_first_was_stopped(service, share, on_disk, told):
    lines = [f"{number},rock" for number in list(service.tracks)[:5]]
    service.misbehave(API + "10010", fake.status(451))
    with pytest.raises(UserError, match="451"):
        share(*lines)
    assert told()["fetched"] == len(on_disk()) == 2 and (told()["found"], told()["gone"]) == (5, {})
    service.faults.clear()
    assert share() and len(on_disk()) == 5 and set(service.fetched().values()) == {1}


def test_a_failure_that_may_pass_is_no_loss_for_good(service, share, told, root, capsys):
    service.misbehave(API + "10010", fake.status(502))
    assert not share("10000,rock", "10010,rock") and remembered(root) == {}
    assert told()["failed"] == {"502 Bad Gateway": 1} and told()["gone"] == {}
    assert "rock, failed, the next run tries again: 1 502 Bad Gateway" in capsys.readouterr().out
    service.faults.clear()
    assert share()


def test_songs_that_need_a_subscription_are_counted(service, share, told, root):
    service.misbehave("/get-mp3/.*/10010", fake.body(fake.mp3("rock", 1, 30)))
    assert not share("10000,rock", "10010,rock")
    assert told()["failed"] == {"a preview instead of the song": 1} and told()["gone"] == remembered(root) == {}
    service.faults.clear()
    assert share()


def test_a_service_that_knows_no_track_at_all_is_in_trouble(service, share, told, root):
    service.misbehave("^/tracks$", fake.body(b'{"result": []}'))
    assert not share("10000,rock", "10010,rock") and remembered(root) == {}
    assert told()["failed"] == {"unknown id": 2}
    service.faults.clear()
    assert share()


def test_a_dry_run_says_what_is_still_there(service, share, told, root):
    assert not share("10000,rock", "99,rock", overrides=["dry_run=true"])
    assert (told()["wanted"], told()["found"], told()["fetched"], told()["gone"]) == (2, 1, 0, {"unknown id": 1})
    assert not service.fetched() and not list(root.glob("*/*"))
    assert share("10000,rock", overrides=["dry_run=true"])


@pytest.mark.parametrize("mode", ["full", "preview"])
def test_a_song_that_has_moved_keeps_the_id_of_the_list(mode, service, share, on_disk, manifest):
    service.tracks["7"] = service.tracks["10000"]  # answers with its new id
    service.tracks["10010"]["realId"] = "8"  # answers with its old one
    assert share("10010,rock", "7,rock", overrides=[f"mode={mode}"]) and on_disk() == ["10010", "7"]
    assert [song.title for song in manifest()] == ["Song 10010", "Song 10000"]
    assert service.fetched() == {"10010": 1, "10000": 1}


def test_who_has_moved_is_not_guessed():
    old, new, other = (FoundTrack(number) for number in ("1", "20", "30"))
    assert answers(["1", "2"], [old, new]) == {"1": old, "2": new}
    assert answers(["1", "2", "3"], [old, new]) == {"1": old}
    assert answers(["2"], [new, other]) == {}


def test_one_id_that_the_service_does_not_like_does_not_spoil_the_others(service, share, on_disk, told):
    def dislike(handler, normal):
        handler.reply(400, b"{}") if b'"id": "10010"' in normal else handler.reply(200, normal)

    service.misbehave("^/tracks$", dislike)
    assert not share("10000,rock", "10010,rock", "10020,rock") and on_disk() == ["10000", "10020"]
    assert told()["failed"] == {"400 Bad Request": 1}


def test_a_service_that_refuses_to_say_what_it_knows_ends_the_run(service, fetch, root, tmp_path):
    service.misbehave("^/tracks$", fake.status(403))
    (tmp_path / "list.csv").write_text("track_id,genre\n" + "".join(f"{n},rock\n" for n in range(1, 9)), "utf-8")
    text = stopped(fetch, service, f"tracks='{(tmp_path / 'list.csv').as_posix()}'")
    assert "403 Forbidden, 5 times in a row" in text and remembered(root) == {} and paths(service).count("/tracks") == 6


def test_songs_of_another_collection_stay(service, fetch, share, on_disk, manifest, caplog):
    fetch(service, "genres=[rock]", "per_genre=2", "pace.workers=1")
    before = on_disk()
    assert share("20000,jazz", f"{before[0]},blues")
    assert on_disk() == [*before, "20000"] and [song.genre for song in manifest()] == ["blues", "rock", "jazz"]
    assert "holds 1 songs that" in caplog.text and "1 songs that are here already differ from" in caplog.text
    caplog.clear()
    assert share() and "differ" not in caplog.text


def test_a_newer_list_corrects_what_is_here(service, share, manifest):
    assert share("10000,rock,Typo", "10010,rock,B", columns="track_id,genre,artist")
    assert share("10000,jazz,Kino", "10010,rock,B", columns="track_id,genre,artist")
    assert [(song.genre, song.artist) for song in manifest()] == [("jazz", "Kino"), ("rock", "B")]
    assert set(service.fetched().values()) == {1}


def test_another_kind_of_excerpt_is_told_of(share, caplog):
    assert share("10000,rock,excerpt", columns="track_id,genre,mode")
    assert "was fetched with mode=excerpt: with mode=full it is another data set" in caplog.text


def test_an_artist_has_one_name_also_where_the_list_names_none(share, manifest):
    assert share("10001,rock,", "10000,rock,Кто", columns="track_id,genre,artist")
    assert [song.artist for song in manifest()] == ["Кто", "Кто"]


def test_a_song_whose_artist_nobody_knows_is_fetched_too(service, share, manifest):
    service.add("rock", track_row(7, [artist_row(5, "Various Artists")], album={"type": "compilation"}))
    assert share("7,rock") and [song.artist for song in manifest()] == [""]


def test_of_a_list_with_several_kinds_none_is_told_of(share, caplog):
    share("10000,rock,excerpt", "10010,rock,preview", columns="track_id,genre,mode", overrides=["dry_run=true"])
    assert "another data set" not in caplog.text


def test_a_genre_never_leads_out_of_the_folder(share, root, manifest):
    assert share("10000,../../rock", "10010,R&B/Soul: 100 %")
    assert [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.mp3"))] == [
        "______rock/10000.mp3", "r&b_soul_ 100 _/10010.mp3",
    ]  # fmt: skip
    assert [song.genre for song in manifest()] == ["../../rock", "r&b/soul: 100 %"]


def without_paths(manifest, path):
    """Write a manifest as somebody shares it."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0])[1:], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def test_what_one_collects_and_splits_another_gets_with_the_same_splits(service, fetch, root, tmp_path):
    trio = [artist_row(5, "Simon & Garfunkel"), artist_row(6, "AC/DC"), artist_row(7, "Tyler, The Creator; x")]
    service.shelves["artists", "rock"] = ["10000", "10010", "10020", "10030"]
    service.add("rock", track_row(7, trio, seconds=50))
    assert fetch(service, "genres=[rock,jazz]", "per_genre=5", "seed=1")
    split = split_catalogue(folder(str(root)), "auto")
    write_manifest(split, tmp_path / "manifest.csv")
    without_paths(tmp_path / "manifest.csv", tmp_path / "shared.csv")
    theirs = tmp_path / "theirs"
    assert fetch(service, f"tracks='{(tmp_path / 'shared.csv').as_posix()}'", f"root='{theirs.as_posix()}'")
    again = split_catalogue(folder(str(theirs)), "auto")
    drawn_anew = split_catalogue(Catalogue([replace(song, split="") for song in again]), "auto")
    said = [{(t.extra["track_id"], t.genre, t.artist, t.split) for t in songs} for songs in (split, again, drawn_anew)]
    assert said[0] == said[1] == said[2] and len(said[0]) == 10
    assert "Simon & Garfunkel; AC/DC; Tyler, The Creator, x" in {song.artist for song in again}
