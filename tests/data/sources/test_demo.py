import _thread
import csv
import re
import shutil
import time
from collections import Counter
from functools import partial
from itertools import count, pairwise

import numpy as np
import pytest
import soundfile

from genre_lightning.audio.reading import read_audio
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import read_manifest
from genre_lightning.data.selection import known_songs, select_songs
from genre_lightning.data.sources import demo as source
from genre_lightning.data.sources.demo import demo, invent
from genre_lightning.data.splits import split_catalogue
from genre_lightning.data.tags import read_tags
from genre_lightning.errors import UserError

FEW = {"artists_per_genre": 2, "songs_per_artist": 2, "song_seconds": 1.0, "overlap": 0.5, "num_workers": 1}
GENRES = ["hiphop", "jazz", "rock"]


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """The root of a small set of songs, which nobody may change."""
    root = tmp_path_factory.mktemp("demo")
    demo(str(root), **FEW)
    return root


@pytest.fixture
def quick(monkeypatch):
    """Compose hiss instead of music, in no time; returns the numbers of the songs composed, in order."""
    numbers = []

    def compose(seed, genre, artist, number, seconds, overlap):
        numbers.append((genre, artist, number))
        rng = np.random.default_rng([seed, GENRES.index(genre), artist, number])
        return 0.1 * rng.standard_normal(round(100 * seconds), np.float32)

    monkeypatch.setattr(source, "compose_song", compose)
    return numbers


@pytest.fixture
def stop(quick, monkeypatch):
    """Have the composing of a song, counted from 0, interrupted in some way."""

    def at(song, interrupt):
        compose, places = source.compose_song, count()

        def interrupted(*numbers, **settings):
            waveform = compose(*numbers, **settings)
            if next(places) == song:
                interrupt()
            return waveform

        monkeypatch.setattr(source, "compose_song", interrupted)

    return at


@pytest.fixture
def slow(quick, monkeypatch):
    """Take so long for a song that what stops the first is noticed before the last."""
    compose = source.compose_song
    monkeypatch.setattr(
        source, "compose_song", lambda *numbers, **settings: time.sleep(0.03) or compose(*numbers, **settings)
    )


def contents(root):
    """Every file below a folder with what is in it."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def fail():
    raise RuntimeError("out of ideas")


def test_songs_are_files_like_any_others(composed):
    catalogue = demo(str(composed), **FEW)
    assert len(catalogue) == 12 and catalogue.genres == GENRES
    for track in catalogue:
        info = soundfile.info(track.path)
        assert (info.format, info.samplerate, info.channels, info.frames) == ("FLAC", 22050, 1, 22050)
        assert read_tags(track.path) == (track.artist, track.title) and track.artist and track.title
        assert 0.01 < np.std(read_audio(track.path, 22050)) < 0.3


def test_the_manifest_lists_what_is_returned_and_nothing_else(composed):
    catalogue = demo(str(composed), **FEW)
    (folder,) = composed.iterdir()
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["path", "genre", "artist", "title", "split"]
    assert list(read_manifest(folder / "manifest.csv")) == list(catalogue)
    assert len(list(folder.rglob("*.*"))) == 12 + 1


def test_one_worker_and_two_write_the_same_bytes(composed, tmp_path):
    demo(str(tmp_path), **FEW | {"num_workers": 2})
    assert contents(tmp_path) == contents(composed)


def test_a_second_call_composes_nothing(composed, quick):
    before = {path: path.stat().st_mtime_ns for path in composed.rglob("*")}
    assert demo(str(composed), **FEW).genres == GENRES
    assert quick == [] and {path: path.stat().st_mtime_ns for path in composed.rglob("*")} == before


@pytest.mark.parametrize(("artists", "songs"), [(1, 1), (3, 4)])
def test_every_genre_has_as_many_artists_and_songs_as_asked(quick, tmp_path, artists, songs):
    catalogue = demo(str(tmp_path), artists_per_genre=artists, songs_per_artist=songs, song_seconds=1)
    by_artist = Counter((track.genre, track.artist) for track in catalogue)
    assert set(by_artist.values()) == {songs} and len({artist for _, artist in by_artist}) == 3 * artists
    assert Counter(genre for genre, _ in by_artist) == dict.fromkeys(GENRES, artists)
    assert len(set(quick)) == len(quick) == 3 * artists * songs


def test_the_defaults_are_those_of_the_configuration(quick, configure, tmp_path):
    from hydra.utils import instantiate

    plain = demo(str(tmp_path))
    configured = instantiate(configure("data=demo").data, root=str(tmp_path), num_workers=None)()
    assert len(plain) == 216 and list(plain) == list(configured)


@pytest.mark.parametrize("artists", [24, 111])
def test_every_artist_has_a_name_and_a_folder_of_their_own(tmp_path, artists):
    tracks = [track for track, _ in invent(tmp_path, 0, artists, 2)]
    assert len({track.artist for track in tracks}) == len({track.path.parent for track in tracks}) == 3 * artists
    assert len({str(track.path).casefold() for track in tracks}) == 6 * artists
    assert all(re.fullmatch(r"[a-z0-9-]+/\d\.flac", track.path.relative_to(tmp_path).as_posix()) for track in tracks)


def test_names_and_order_do_not_tell_the_genre(tmp_path):
    tracks = [track for seed in range(20) for track, _ in invent(tmp_path, seed, 24, 1)]
    for text in {track.path.relative_to(tmp_path).as_posix() + track.artist + track.title for track in tracks}:
        assert not re.search(r"hip.?hop|jazz|rock", text.casefold())
    first, second = ([track.artist.split()[word] for track in tracks] for word in (0, 1))
    third = [track.title.split()[0] for track in tracks]
    places = [place % 72 // 8 for place in range(len(tracks))]
    for cue in (first, second, third, places):
        counts = Counter(zip(cue, (track.genre for track in tracks), strict=True))
        totals = Counter(cue)
        assert all(counts[word, genre] / totals[word] == pytest.approx(1 / 3, abs=0.15) for word, genre in counts)
    assert any(one.genre == two.genre for one, two in pairwise(tracks[:72]))


def test_the_same_settings_invent_the_same_songs_and_another_seed_others(tmp_path):
    first, again, other = (list(invent(tmp_path, seed, 5, 2)) for seed in (1, 1, 2))
    assert first == again and first != other


@pytest.mark.parametrize("other", [{"seed": 1}, {"songs_per_artist": 1}, {"overlap": 0.4}], ids=str)
def test_other_settings_have_a_folder_of_their_own(quick, tmp_path, other):
    (tmp_path / ".DS_Store").touch()
    first, second = demo(str(tmp_path), **FEW), demo(str(tmp_path), **FEW | other)
    assert not {track.path for track in first} & {track.path for track in second}
    assert len(list(tmp_path.iterdir())) == 1 + 2


def test_genres_can_be_chosen_and_an_unknown_one_is_named(composed):
    chosen = demo(str(composed), ["Rock", "JAZZ"], **FEW)
    assert list(chosen) == [track for track in demo(str(composed), **FEW) if track.genre != "hiphop"]
    with pytest.raises(UserError, match=r"data\.genres: no songs of polka; there are hiphop, jazz, rock"):
        demo(str(composed), ["polka"], **FEW)


@pytest.mark.parametrize(
    ("workers", "interrupt", "error"), [(1, fail, RuntimeError), (2, _thread.interrupt_main, KeyboardInterrupt)]
)
def test_an_interrupted_set_is_finished_without_composing_songs_twice(
    quick, slow, stop, tmp_path, workers, interrupt, error
):
    settings = FEW | {"num_workers": workers}
    demo(str(tmp_path / "whole"), **settings)
    every = quick.copy()
    quick.clear()
    stop(4, interrupt)
    with pytest.raises(error):
        demo(str(tmp_path / "parts"), **settings)
    begun, kept = quick.copy(), contents(tmp_path / "parts")
    assert 4 <= len(kept) <= len(begun) < 12 and {name.rsplit(".")[-1] for name in kept} == {"flac"}
    quick.clear()
    demo(str(tmp_path / "parts"), **settings)
    assert len(quick) == 12 - len(kept) and set(begun) | set(quick) == set(every)
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


@pytest.mark.parametrize("lost", ["song", "manifest"])
def test_what_was_deleted_comes_back(composed, tmp_path, lost):
    root = tmp_path / "demo"
    shutil.copytree(composed, root)
    (next if lost == "song" else min)(root.rglob("*.flac" if lost == "song" else "*.csv")).unlink()
    assert contents(root) != contents(composed)
    demo(str(root), **FEW)
    assert contents(root) == contents(composed)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"seed": -1}, r"data\.seed must be a number from 0 to 4294967295, not -1"),
        ({"songs_per_artist": 0}, r"data\.songs_per_artist must be a number from 1 to 100, not 0"),
        ({"song_seconds": float("nan")}, r"data\.song_seconds must be a number from 1 to 600, not nan"),
        ({"num_workers": -1}, r"num_workers must be 1 or more, or null for one per core, not -1"),
        ({"overlap": float("nan")}, r"data\.overlap must lie between 0 and 1, not nan"),
    ],
)
def test_an_impossible_setting_is_named_and_nothing_written(quick, tmp_path, bad, message):
    with pytest.raises(UserError, match=f"^{message}$"):
        demo(str(tmp_path / "demo"), **FEW | bad)
    assert not quick and not (tmp_path / "demo").exists()


def test_no_demo_song_is_put_among_somebodys_music(quick, songs):
    before = contents(root := songs())
    with pytest.raises(UserError, match=r"^data\.root: .* holds clicks; to train on your own songs, add data=folder$"):
        demo(str(root), **FEW)
    assert not quick and contents(root) == before


def test_a_folder_that_cannot_be_written_is_one_line(quick, slow, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match=r"^data\.root: .*taken.* cannot be written: [^\n]+$"):
        demo(str(tmp_path / "taken"), **FEW)
    assert len(quick) < 12  # the first failure ends it


def test_the_home_folder_can_be_named_by_a_tilde(quick, tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert all(track.path.is_relative_to(tmp_path) for track in demo("~/demo", **FEW))


def test_the_rate_is_told_and_no_line_says_it_where_nothing_was_composed(quick, tmp_path, caplog):
    caplog.set_level("INFO")
    demo(str(tmp_path), **FEW)
    assert re.search(r"composed 12 songs, 0 min, \d+ times as fast as they play", caplog.text)
    caplog.clear()
    demo(str(tmp_path), **FEW)
    assert not caplog.text


def test_too_few_artists_for_three_sides_are_told_by_the_split(composed, features, tmp_path):
    catalogue, cache = demo(str(composed), **FEW), FeatureCache(tmp_path / "cache", features)
    with pytest.raises(UserError, match=r"^split: no usable song of .* is left for .*add songs \(of other artists\)"):
        broken = cache.build([track.path for track in catalogue])
        select_songs(catalogue, known_songs(catalogue, cache), cache, partial(split_catalogue, method="artist"), broken)
