"""data=demo: songs that the project composes itself and writes as FLAC files on first use."""

import io
import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, write_manifest
from genre_lightning.demo.habits import GENRES
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.song import compose_song
from genre_lightning.devices import threads
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole

logger = logging.getLogger(__name__)
VERSION = 1  # of the composer: a new one composes other songs
FIRST = ["Amber", "Blue", "Distant", "Electric", "Golden", "Hollow", "Iron", "Little", "Northern", "Velvet"]
SECOND = ["Anchors", "Birds", "Cities", "Foxes", "Gardens", "Lanterns", "Mirrors", "Rivers", "Stations", "Waves"]
THIRD = ["After", "Before", "Beyond", "Toward", "Under", "Without"]
Numbers = tuple[str, int, int]  # a song's genre, its artist's number and its own


def demo(
    root: str, genres: list[str] | None = None, seed: int = 0, artists_per_genre: int = 24, songs_per_artist: int = 3,
    song_seconds: float = 12.0, overlap: float = 0.06, num_workers: int | None = None,
) -> Catalogue:  # fmt: skip
    """Compose the songs of invented artists in three genres: hiphop, jazz and rock.

    Args:
        root: The folder for all demo songs. Each choice of the settings below has its own folder in it, and the same
            settings give the same files; those that are there already are not composed again.
        genres: The genres wanted; None: all three.
        seed: Of everything that is invented.
        artists_per_genre: How many artists each genre has.
        songs_per_artist: How many songs each artist has.
        song_seconds: How long a song is.
        overlap: The probability with which an artist takes each of eight habits from another genre.
        num_workers: How many songs are composed at once; None: one on each core.

    Returns:
        The songs, each with its artist and title.

    Raises:
        UserError: A setting is impossible, or `root` holds other files.
    """
    check_demo(seed, artists_per_genre, songs_per_artist, song_seconds, overlap)
    settings = f"v{VERSION}-seed{seed}-{artists_per_genre}x{songs_per_artist}-{song_seconds:g}s-overlap{overlap:g}"
    folder = own_folder(root) / settings
    songs = dict(invent(folder, seed, artists_per_genre, songs_per_artist))
    missing = {track: numbers for track, numbers in songs.items() if not track.path.is_file()}
    if missing:
        compose_all(missing, partial(compose_song, seed, seconds=song_seconds, overlap=overlap), threads(num_workers))
    if missing or not (folder / MANIFEST).is_file():
        write_manifest(Catalogue(list(songs)), folder / MANIFEST)
    return Catalogue(list(songs)).of_genres(genres)


def check_demo(seed: int, artists_per_genre: int, songs_per_artist: int, song_seconds: float, overlap: float) -> None:
    """Raise UserError for settings that make no songs."""
    asked = {"seed": (seed, 0, 2**32 - 1), "artists_per_genre": (artists_per_genre, 1, 1000)}
    asked |= {"songs_per_artist": (songs_per_artist, 1, 100), "song_seconds": (song_seconds, 1, 600)}
    for name, (value, lowest, highest) in asked.items():
        if not lowest <= value <= highest:
            raise UserError(f"data.{name} must be a number from {lowest} to {highest}, not {value}")
    if not 0 <= overlap <= 1:
        raise UserError(f"data.overlap must lie between 0 and 1, not {overlap}")


def own_folder(root: str) -> Path:
    """The folder called `root`. Raises UserError if it holds anything else than demo songs."""
    folder = Path(root).expanduser()
    foreign = [path.name for path in folder.glob("*") if not re.match(r"v\d+-seed|\.", path.name)]
    if foreign:
        raise UserError(f"data.root: {folder} holds {sorted(foreign)[0]}; to train on your own songs, add data=folder")
    return folder


def invent(folder: Path, seed: int, artists: int, songs: int) -> Iterator[tuple[Track, Numbers]]:
    """Every song with its artist, title and file, and the genre and numbers it is composed from."""
    rng = np.random.default_rng(seed)
    names = rng.permutation([f"{first} {second}" for first in FIRST for second in SECOND])
    numbers = rng.permutation(len(GENRES) * artists)  # so that no name and no order tells a genre
    for count, number in enumerate(numbers.tolist()):
        artist = str(names[count % len(names)]) + (f" {count // len(names) + 1}" if count >= len(names) else "")
        genre = GENRES[number % len(GENRES)]
        for song in range(songs):
            title = f"{THIRD[(count + song) % len(THIRD)]} the {SECOND[rng.integers(len(SECOND))]}"
            path = folder / artist.lower().replace(" ", "-") / f"{song + 1}.flac"
            yield Track(path, genre, artist, title), (genre, number // len(GENRES), song)


def compose_all(songs: dict[Track, Numbers], compose: Callable[..., np.ndarray], num_workers: int) -> None:
    """Compose and write songs, one a thread."""
    from tqdm import tqdm

    def work(track: Track) -> int:
        write_song(waveform := compose(*songs[track]), track.path, track.artist, track.title)
        return len(waveform)

    begin, samples = time.perf_counter(), 0
    with ThreadPoolExecutor(num_workers) as pool:
        try:
            for length in tqdm(pool.map(work, songs), "composing", len(songs), unit="song", disable=None):
                samples += length
        except BaseException:
            pool.shutdown(cancel_futures=True)  # or it would compose the rest before it stops
            raise
    seconds = samples / SAMPLE_RATE
    rate = f"{seconds / (time.perf_counter() - begin):.0f} times as fast as they play"
    logger.info("composed %d songs, %.0f min, %s", len(songs), seconds / 60, rate)


def write_song(waveform: np.ndarray, path: Path, artist: str, title: str, named: str = "data.root") -> None:
    """Write a FLAC file. Raises UserError, which says by what the user `named` the folder, if it cannot be written."""
    with soundfile.SoundFile(flac := io.BytesIO(), "w", SAMPLE_RATE, 1, format="FLAC") as file:
        file.artist, file.title = artist, title
        file.write(waveform)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(flac.getbuffer()))
    except OSError as error:
        raise UserError(f"{named}: {path} cannot be written: {error.strerror or error}") from None
