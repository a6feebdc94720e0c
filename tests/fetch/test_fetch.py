"""Whole runs against the fake service, with the real client in between."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import service as fake
from outcome import remembered, stopped
from service import API, AUDIO, LINK, TOKEN, Service, artist_row, track_row

from genre_lightning.data.sources.folder import folder
from genre_lightning.data.splits import shared_artists, split_catalogue
from genre_lightning.errors import UserError
from genre_lightning.fetch.client import PacedRequest

ROOT = Path(__file__).parents[2]
ONE = ("genres=[rock]", "per_genre=2", "pace.workers=1")
TWO = ("genres=[rock,jazz]", "per_genre=2", "pace.workers=1")


def test_a_labelled_set_lies_in_a_folder_for_each_genre(service, fetch, on_disk, manifest, told, capsys):
    assert fetch(service, "mode=excerpt")
    assert len(on_disk()) == 12
    for song in manifest():
        assert song.path.parent.name == song.genre and song.path.name == f"{song.extra['track_id']}.mp3"
        assert song.artist == f"Artist {song.extra['artist_ids']}" and song.title == f"Song {song.extra['track_id']}"
        assert song.extra["mode"] == "excerpt" and song.extra["album_genre"] == fake.ALBUM_GENRES[song.genre]
        assert song.extra["route"] == "artists" and 29.5 < float(song.extra["seconds"]) < 30.5
    assert len({song.extra["artist_ids"] for song in manifest()}) == 12
    assert (told("hiphop")["wanted"], told("hiphop")["fetched"], told("hiphop")["artists"]) == (4, 4, 4)
    assert re.search(r"\| hiphop +\| 4 +\| 15 +\| 4 +\| 4 ", capsys.readouterr().out)


def test_a_second_run_has_nothing_to_do(service, fetch, on_disk):
    fetch(service)
    before, hits = on_disk(), len(service.hits)
    assert fetch(service)
    assert on_disk() == before and [hit.path for hit in service.hits[hits:]] == ["/account/status"]


def test_more_songs_and_another_genre_add_to_the_set(service, fetch, on_disk, told):
    fetch(service, "genres=[rock]", "per_genre=2")
    first = on_disk()
    fetch(service, "genres=[rock,jazz]", "per_genre=6")
    assert on_disk()[:2] == first and len(on_disk()) == 12
    assert set(service.fetched().values()) == {1}
    assert told()["new"] == 4
    assert fetch(service, "genres=[rock]", "per_genre=1") and len(on_disk()) == 12, "asking for fewer takes none away"


def test_the_seed_decides_which_songs(service, fetch, manifest, tmp_path):
    sets = []
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        fetch(service, *ONE, f"seed={seed}", f"root='{(tmp_path / place).as_posix()}'")
        sets.append(sorted(path.name for path in (tmp_path / place).glob("rock/*")))
    assert sets[0] == sets[1] != sets[2]


def test_how_many_workers_there_are_changes_nothing(service, fetch, tmp_path):
    service.misbehave(AUDIO + ".*/10[0246]0", fake.body(b"\0" * 4000))
    sets = []
    for place, workers in (("a", 1), ("b", 4)):
        fetch(service, "genres=[rock]", f"pace.workers={workers}", f"root='{(tmp_path / place).as_posix()}'")
        sets.append((tmp_path / place / "manifest.csv").read_bytes())
    assert sets[0] == sets[1]


def test_a_dry_run_lists_and_downloads_nothing(service, fetch, root, told, capsys):
    assert fetch(service, "dry_run=true")
    assert not service.fetched() and not list(root.glob("*/*"))
    assert told()["found"] >= 4 and told()["fetched"] == 0 and "rock" in capsys.readouterr().out
    assert not fetch(service, "dry_run=true", "per_genre=100", "genres=[rock]")


def test_without_a_token_there_are_previews_and_a_sentence(service, fetch, manifest, monkeypatch, caplog):
    monkeypatch.delenv("YANDEX_MUSIC_TOKEN")
    assert fetch(service, *ONE)
    assert "neither YANDEX_MUSIC_TOKEN nor nowhere holds a token: the songs will be previews" in caplog.text
    assert {song.extra["mode"] for song in manifest()} == {"preview"}
    assert not any(hit.token for hit in service.hits)


def test_previews_are_asked_for_without_the_token(service, fetch, manifest):
    assert fetch(service, *ONE, "mode=preview")
    assert {song.extra["mode"] for song in manifest()} == {"preview"}
    assert {hit.token for hit in service.hits if "artists" in hit.path} == {f"OAuth {TOKEN}"}
    assert {hit.token for hit in service.hits if "download-info" in hit.path} == {None}


def test_whole_songs_are_kept_as_they_come(service, fetch, manifest):
    assert fetch(service, *ONE, "mode=full")
    for song in manifest():
        assert song.path.read_bytes() == service.audio[song.extra["track_id"]]


def test_two_kinds_never_mix(service, fetch, on_disk):
    fetch(service, *ONE)
    assert "two kinds must not mix" in stopped(fetch, service, *ONE, "mode=excerpt", "per_genre=3")
    assert len(on_disk()) == 2


def test_one_song_an_artist_and_more_only_where_a_genre_falls_short(service, fetch, manifest, caplog, told):
    assert fetch(service, "genres=[rock,jazz]", "per_genre=11")
    songs = Counter(song.extra["artist_ids"] for song in manifest() if song.genre == "rock")
    assert sorted(songs.values()) == [1] * 7 + [2] * 2
    assert "rock: too few artists; up to 2 songs of one are taken" in caplog.text
    assert told()["most_songs_of_an_artist"] == 2


@pytest.mark.slow
def test_a_song_under_two_genres_is_dropped_when_the_second_turns_up(service, fetch, on_disk, told):
    fetch(service, *ONE)
    twin = on_disk()[0]
    who = service.tracks[twin]["artists"]
    service.add("jazz", track_row(777, who, "jazz", 40, isrc=service.tracks[twin]["isrc"]))
    fetch(service, *TWO, "per_genre=9", "dry_run=true")
    assert twin in on_disk(), "a dry run takes nothing away"
    assert fetch(service, *TWO, "per_genre=9")
    assert not {twin, "777"} & set(on_disk()) and len(on_disk()) == 18
    assert told()["skipped"] == {"under two genres": 1}


def test_the_same_file_under_two_ids_is_kept_once(service, fetch, on_disk, told):
    audio = service.sound_of("10000")
    service.audio = {number: audio for number in service.tracks if number.startswith("100")}
    fetch(service, "genres=[rock]", "per_genre=9")
    assert len(on_disk()) == 1
    assert told()["skipped"]["the same file as another song"] == 17


def test_artists_of_a_duet_are_both_named(service, fetch, manifest):
    service.shelves.clear()
    service.add("rock", track_row(1, [artist_row(5, "A; B"), artist_row(6, "C")]))
    fetch(service, "genres=[rock]", "per_genre=1")
    (song,) = manifest()
    assert song.artists == ["a, b", "c"] and song.extra["artist_ids"] == "5; 6"


TITLES = ["../../etc/passwd", "a/b\\c", "x\x00y\r\nz\x1b[31m", "🎸🔥 Ñandú", "t" * 300, "", "con", '"a", b', "\ud83d!"]


def test_no_title_finds_its_way_into_a_path(service, fetch, on_disk, manifest, root):
    service.shelves.clear()
    for number, title in enumerate(TITLES):
        service.add("rock", track_row(number + 1, [artist_row(number + 50, title)]) | {"title": title})
    assert fetch(service, "genres=[rock]", f"per_genre={len(TITLES)}")
    assert sorted(map(int, on_disk())) == list(range(1, len(TITLES) + 1))
    assert {path.parent for path in root.parent.rglob("*.mp3")} == {root / "rock"}
    titles = {song.title for song in manifest()}
    assert {"../../etc/passwd", "x y z [31m", "🎸🔥 Ñandú", "t" * 300} <= titles


def test_an_expired_token_stops_before_anything_is_listed(service, fetch, root):
    service.misbehave("^/account/status", fake.status(401))
    assert "login=true" in stopped(fetch, service)
    assert len(service.hits) == 1 and not list(root.glob("*/*"))


def test_without_a_subscription_previews_can_be_had_and_no_song_is_given_up(service, fetch, on_disk, root, caplog):
    service.has_plus = False
    text = stopped(fetch, service, *ONE)
    assert "no Plus subscription" in caplog.text and remembered(root) == {}
    assert "only a preview is offered, 5 times in a row; the account may lack a subscription" in text
    assert fetch(service, *ONE, "mode=preview") and len(on_disk()) == 2


def test_what_was_listed_for_other_album_genres_is_not_fetched(service, fetch, root):
    fetch(service, *ONE, "dry_run=true")
    assert not fetch(service, *ONE, "album_genres.rock=[hardrock]") and not list(root.glob("rock/*.mp3"))
    assert fetch(service, *ONE)


def test_a_service_that_is_not_there_is_named_in_a_sentence(fetch, on_disk):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = type("Closed", (), {"url": f"http://127.0.0.1:{free.getsockname()[1]}"})
    assert "connection refused or lost" in stopped(fetch, closed)
    assert on_disk() == []


def test_listing_that_fails_in_parts_goes_on_with_the_other_routes(service, fetch, on_disk, root):
    service.misbehave("/artists$", fake.status(404))
    service.shelves = {("search" if route == "artists" else route, genre): ids
                       for (route, genre), ids in service.shelves.items()}  # fmt: skip
    assert fetch(service, *ONE) and len(on_disk()) == 2
    report = json.loads((root / "fetch_report.json").read_text(encoding="utf-8"))
    assert report["listing_failures"]["404 Not Found"] >= 1 and report["genres"]["rock"]["routes"] == {"search": 2}
    assert (report["mode"], report["seed"], report["dry_run"]) == ("full", 0, False)


@pytest.mark.parametrize(
    ("fault", "said"),
    [(fake.reset, "the service cannot be reached"), (fake.status(403), "403 Forbidden, 5 times in a row")],
)
def test_listing_that_gets_no_answer_or_is_refused_ends_the_run(fault, said, service, fetch):
    service.misbehave("^/(metatags|genres|landing3|tags|search|rotor)", fault)
    assert said in stopped(fetch, service, *ONE)


def test_a_disk_that_is_full_is_named_and_all_songs_are_kept(service, fetch, on_disk, monkeypatch):
    fetch(service, *ONE)
    fsync = os.fsync

    def full(number):
        fsync(number)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device; all songs are kept" in stopped(fetch, service, *TWO)
    monkeypatch.undo()
    assert len(on_disk()) == 2


@pytest.mark.slow
def test_ctrl_c_ends_a_long_pause_at_once(service, start, on_disk):
    if os.name != "posix":
        pytest.skip("sends a signal")
    service.misbehave("^/tracks/2", fake.status(429, {"Retry-After": "600"}))
    process = start(service, *TWO, wait=False)
    while not [hit for hit in service.hits if hit.path.startswith("/tracks/2")]:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130 and "what was done so far is kept" in said
    assert len(on_disk()) == 2


@pytest.mark.parametrize("stalled", [LINK, AUDIO])
def test_ctrl_c_does_not_wait_for_a_transfer_that_stalls(stalled, service, start, on_disk):
    if os.name != "posix":
        pytest.skip("sends a signal")
    waiting = threading.Event()
    service.misbehave(stalled + ".*2\\d{4}", lambda *_: waiting.wait(60))
    process = start(service, *TWO, "pace.timeout_seconds=60", "pace.workers=2", wait=False)
    while not [hit for hit in service.hits if re.search(stalled + ".*2\\d{4}", hit.path)]:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    said, _ = process.communicate(timeout=50)
    waiting.set()
    assert process.returncode == 130 and "what was done so far is kept" in said and "Traceback" not in said
    assert time.monotonic() - begin < 20 and len(on_disk()) == 2


@contextmanager
def cut_off(ending):
    """Let a run end with an error when it asks for the third page of a list."""
    send = PacedRequest.send

    def send_or_end(request, method, url, kwargs, *where):
        if (kwargs.get("params") or {}).get("offset") == 50:
            raise ending("now")
        send(request, method, url, kwargs, *where)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PacedRequest, "send", send_or_end)
        yield


@pytest.mark.parametrize("ending", [UserError, KeyboardInterrupt])
def test_what_was_listed_when_a_run_was_cut_off_is_not_asked_for_again(ending, sounds, fetch, tmp_path):
    whole, parts = (f"root='{(tmp_path / name).as_posix()}'" for name in ("whole", "parts"))
    line = ("genres=[rock]", "per_genre=28", "dry_run=true")
    with Service(artists=60, songs=1, genres=("rock",)) as service:
        assert fetch(service, *line, whole)
        with cut_off(ending), pytest.raises(ending):
            fetch(service, *line, parts)
        hits = len(service.hits)
        assert fetch(service, *line, parts)
        asked = [hit for hit in service.hits[hits:] if hit.path != "/account/status"]
    assert [hit.query["offset"] for hit in asked] == [["50"]], "only the third page was missing"
    listings = [(tmp_path / name / "fetch_listing.json").read_bytes() for name in ("whole", "parts")]
    assert listings[0] == listings[1] and not list(tmp_path.glob("*/fetch_answers.txt"))


def test_the_pace_holds_for_listing_and_downloading_on_the_service_s_side(service, fetch):
    fetch(service, "genres=[rock]", "pace.requests_per_second=20", "pace.workers=4", "per_genre=3")
    times = [hit.time for hit in service.hits]
    assert len(times) > 12
    for span in range(6, len(times)):  # a machine under load may hold a request of each worker back
        shortest = min(times[n + span] - times[n] for n in range(len(times) - span))
        assert shortest >= (span - 4) / 20, f"{span + 1} requests within {shortest:.3f} s"
    assert service.most_in_flight <= 4


def test_never_more_than_four_requests_are_under_way(service, fetch):
    service.misbehave(AUDIO, lambda handler, normal: (time.sleep(0.2), handler.reply(200, normal)))
    fetch(service, "genres=[rock]", "pace.workers=4", "per_genre=9")
    assert 2 <= service.most_in_flight <= 4


def test_a_password_file_of_the_user_does_not_replace_the_token(service, fetch, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert fetch(service, *ONE)
    assert {hit.token for hit in service.hits} == {None, f"OAuth {TOKEN}"}


def test_the_token_stays_with_the_host_it_is_for(service, fetch):
    with Service() as elsewhere:
        service.misbehave(
            API, lambda handler, _: handler.reply(302, b"", {"Location": elsewhere.url + handler.path}), 1
        )
        fetch(service, *ONE)
        assert [hit.token for hit in elsewhere.hits] == [None]


def test_mistakes_are_told_in_a_line_which_is_searched_for_the_token(service, fetch, start, transcript):
    begin = transcript.stat().st_size
    fetch(service, *ONE, "per_genre=11")
    stopped(fetch, service, "genres=[polka]")
    status, line = start(service, "per_genre=many")
    assert status == 1 and line.startswith("error: per_genre: ") and line.count("\n") == 1
    said = transcript.read_text(encoding="utf-8")[begin:]
    assert "too few artists" in said and "the service has no genre polka" in said and "error: per_genre" in said


def test_a_user_s_whole_command(service, start, on_disk, told, root):
    status, said = start(service, "hydra.verbose=true", "genres=[rock]", "per_genre=19")
    assert status == 1, "a genre is short, and all is well otherwise"
    assert "| rock" in said and "Traceback" not in said and TOKEN not in said
    assert (told()["wanted"], told()["fetched"]) == (19, 18) == (19, len(on_disk()))
    assert [path.name for path in root.parent.iterdir()] == [root.name], "something is written elsewhere"


def test_the_set_is_split_by_artist_and_duets_keep_both_on_one_side(service, fetch, root):
    duet = [*service.tracks["10000"]["artists"], *service.tracks["10010"]["artists"]]
    service.add("rock", track_row(7, duet, seconds=50))
    fetch(service, "genres=[rock,jazz]", "per_genre=19", "seed=3")
    split = split_catalogue(folder(str(root)), "auto")
    assert {track.split for track in split} == {"train", "val", "test"} and shared_artists(split) == []
    sides = {number: track.split for track in split for number in track.extra["artist_ids"].split("; ")}
    assert sides["1000"] == sides["1001"] and len(sides) == 18


@pytest.mark.slow
def test_150_songs_are_fetched_and_trained_on_with_no_further_setting(sounds, start, tmp_path):
    """`python fetch.py` and then `python train.py data=yandex`, in one folder, as a user does it."""
    home = tmp_path / "home"
    home.mkdir()
    with Service(artists=110, sound={"alike": False}) as service:  # or they are parts of one recording
        status, said = start(service, "per_genre=50", "mode=excerpt", "root=data/yandex", cwd=home)
        assert status == 0, said
        assert len(list(home.glob("data/yandex/*/*.mp3"))) == 150 and service.most_in_flight <= 4
    small = ("model=mlp", "model.hidden=[8]", "trainer=cpu", "trainer.max_epochs=1", "report.calibration_draws=100")
    line = [sys.executable, str(ROOT / "train.py"), "data=yandex", *small]
    trained = subprocess.run(line, cwd=home, capture_output=True, text=True, timeout=500, check=False)
    assert trained.returncode == 0, trained.stderr
    (metrics,) = home.glob("logs/*/metrics.json")
    figures = json.loads(metrics.read_text(encoding="utf-8"))
    sides = [figures["learnt_from"], figures["test"]]
    assert sum(side["songs"] for side in sides) == sum(side["artists"] for side in sides) == 150
    assert figures["shared_artists"] == {} and sides[0]["unknown_artists"] == 0


def kill_at_random(service, start, root, times, rng):
    """Start runs and kill each at some moment; see after each that it has not fetched what was there."""
    for _ in range(times):
        hits, there = len(service.hits), {path.stem for path in root.glob("*/[0-9]*.mp3")}
        process = start(service, *BOTH, wait=False)
        begin = time.monotonic()
        until = rng.uniform(0, 1.3)
        while time.monotonic() - begin < until and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        now = {path.stem for path in root.glob("*/[0-9]*.mp3")}
        fetched = service.fetched(hits)
        assert not there & set(fetched), "fetched again"
        lost = set(fetched) - now - set(remembered(root))
        assert len(lost) <= 4, "more is lost than was under way or waited to be entered: twice the workers"
        assert there <= now


BOTH = ("genres=[rock,jazz]", "per_genre=10")


@pytest.mark.parametrize("times", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_again_and_again_the_set_is_that_of_an_undisturbed_run(
    times, service, fetch, start, root, on_disk, tmp_path
):
    service.misbehave(AUDIO + r".*/\d+[02]0$", fake.body(fake.silence(40)))
    service.misbehave(AUDIO, lambda handler, normal: (time.sleep(0.02), handler.reply(200, normal)))
    undisturbed = tmp_path / "undisturbed"
    fetch(service, *BOTH, f"root='{undisturbed.as_posix()}'")
    kill_at_random(service, start, root, times, random.Random(times))
    assert fetch(service, *BOTH) and len(on_disk()) == 20
    assert (root / "manifest.csv").read_bytes() == (undisturbed / "manifest.csv").read_bytes()
    assert remembered(root) == remembered(undisturbed)
